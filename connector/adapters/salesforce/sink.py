"""Writing: the ChangeSink of Salesforce.

Cases are keyed (an external-id field), tasks too where activities have the field; comments and notes are marked (the
key stands in the text); fields and campaign members converge. Each kind is looked up and written many in a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from connector.adapters.salesforce.answers import Answers, target
from connector.adapters.salesforce.case_body import CaseBody
from connector.adapters.salesforce.case_names import CaseNames
from connector.adapters.salesforce.cases import Cases
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections
from connector.adapters.salesforce.comments import Comments
from connector.adapters.salesforce.comments import case_of as noted_case
from connector.adapters.salesforce.membership import Membership
from connector.adapters.salesforce.owners import Owners
from connector.adapters.salesforce.responses import Responses
from connector.adapters.salesforce.soql import record_id
from connector.adapters.salesforce.tasks import Tasks, parent_of
from connector.adapters.salesforce.updates import Updates
from connector.adapters.salesforce.updates import case_of as changed_case
from connector.domain import (
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    EffectClass,
    OpenTicket,
    Receipt,
    RecordResponse,
    SetField,
    UpdateTicket,
    WriteBack,
)
from connector.errors import ConfigError, ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Outcome, in_hand

_CLASSES = {
    "open_ticket": EffectClass.KEYED,
    "record_response": EffectClass.KEYED,
    "add_note": EffectClass.MARKED,
    "create_task": EffectClass.MARKED,
    "add_to_group": EffectClass.CONVERGENT,
    "set_field": EffectClass.CONVERGENT,
    "update_ticket": EffectClass.CONVERGENT,
}
# A query sees what was committed; a request that we gave up may run on for ten minutes of triggers and flows. Two
# looks, a grace apart, are later than that: https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/
_GRACE = 300.0


class Lane(Protocol):
    """One kind of effect: what of it is there already, and the rest done, many in a request."""

    def find(self, asked: Sequence[Any]) -> Mapping[str, Receipt | ConnectorError]: ...

    def apply(self, asked: Sequence[Any]) -> Iterator[Outcome]: ...


class SalesforceSink:
    def __init__(self, org: Org) -> None:
        names, owners = CaseNames(org), Owners(org)
        self._collections = many = Collections(org)
        tasks = Tasks(org, names, owners, many)
        answers = Answers(org, Responses(org, many), tasks, many)
        self._lanes: dict[str, Lane] = {
            "open_ticket": Cases(org, CaseBody(org, names, owners), many),
            "update_ticket": Updates(org, many),
            "ticket_note": Comments(org, many),
            "task": tasks,
            "answer": answers,
            "group": Membership(org, many),
        }

    def effect_class(self, kind: str) -> EffectClass:
        if kind not in _CLASSES:
            raise ConfigError(f"salesforce does not serve {kind}; it serves {', '.join(sorted(_CLASSES))}")
        return _CLASSES[kind]

    def grace(self) -> float:
        return _GRACE

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """See `ChangeSink.apply`. Kind by kind, in the order in which the first of each comes; one that cannot be asked
        for is refused before any request."""
        good, bad = _sorted(write_backs)
        for key, error in bad.items():
            yield Outcome(key=key, result=error)
        for name, asked in good.items():
            yield from self._lane(self._lanes[name], asked)

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:
        """See `ChangeSink.find`. What was never on a record cannot be there: a note without a ticket."""
        good, bad = _sorted(write_backs)
        found: dict[str, Receipt | ConnectorError] = {
            key: error for key, error in bad.items() if error.code != "NoParent"
        }
        for name, asked in good.items():
            try:
                found |= self._lanes[name].find(asked)
            except (RejectedError, ContractError) as error:
                found |= dict.fromkeys((write_back.key for write_back, _ in asked), error)
        return found

    def _lane(self, lane: Lane, asked: Sequence[tuple[WriteBack, Change]]) -> Iterator[Outcome]:
        """The outcomes of one lane. Whatever ends it: those in hand get theirs first."""
        left = {write_back.key for write_back, _ in asked}
        hand = self._collections.in_hand
        try:
            for outcome in lane.apply(asked):
                left.discard(outcome.key)
                hand.discard(outcome.key)
                yield outcome
        except (RejectedError, ContractError) as error:
            # Of a look-up: what was not begun is refused with it.
            for key in sorted(left):
                yield Outcome(key=key, result=_half_done(error) if key in hand else error)
        except ConnectorError as error:
            for key in sorted(left & hand):
                yield Outcome(key=key, result=_half_done(error))
            raise
        except Exception as bug:
            for key in sorted(left & hand):
                yield Outcome(key=key, result=in_hand(bug))
            raise
        finally:
            hand.clear()


def _half_done(error: ConnectorError) -> OutcomeUnknownError:
    return OutcomeUnknownError(f"begun, but not finished: {error}")


def _sorted(
    write_backs: Sequence[WriteBack],
) -> tuple[dict[str, list[tuple[WriteBack, Change]]], dict[str, RejectedError]]:
    """By lane those that can be asked for, in their order; by key why the others cannot."""
    good: dict[str, list[tuple[WriteBack, Change]]] = {}
    bad: dict[str, RejectedError] = {}
    for write_back in write_backs:
        try:
            name = _checked(write_back)
        except RejectedError as error:
            bad[write_back.key] = error
        else:
            good.setdefault(name, []).append((write_back, write_back.change))
    return good, bad


def _checked(write_back: WriteBack) -> str:
    """The lane of a change whose ids can be asked for; raises RejectedError."""
    change = write_back.change
    if isinstance(change, OpenTicket):
        if not change.own_company:
            record_id(change.company_id, "001")
        return "open_ticket"
    if isinstance(change, UpdateTicket):
        changed_case(change)
        return "update_ticket"
    if isinstance(change, AddNote) and change.on == "ticket":
        noted_case(change)
        return "ticket_note"
    if isinstance(change, AddNote | CreateTask):
        if isinstance(change, AddNote) and change.on != "contact":
            raise RejectedError(f"a note goes on a contact or a ticket, not on {change.on[:20]!r}", code="BadParent")
        parent_of(change)
        return "task"
    if isinstance(change, RecordResponse | SetField):
        target(change)
        return "answer"
    if isinstance(change, AddToGroup):
        record_id(change.contact_id, "003")
        return "group"
    raise RejectedError(f"salesforce does not serve {write_back.kind}", code="NotServed")
