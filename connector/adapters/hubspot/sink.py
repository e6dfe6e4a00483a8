"""Writing: the ChangeSink of HubSpot.

Tickets are keyed (a property with unique values), notes and tasks are marked (the key stands in the text), properties
and members of lists converge. Changes of one kind travel together, a hundred in a request.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.adapters.hubspot.batches import Batches
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.membership import Membership
from connector.adapters.hubspot.names import record_id
from connector.adapters.hubspot.notes import Note, Notes, note_of
from connector.adapters.hubspot.owners import Owners
from connector.adapters.hubspot.pipelines import Pipelines
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.recording import KINDS, Recording
from connector.adapters.hubspot.survivors import Survivors
from connector.adapters.hubspot.tasks import Tasks
from connector.adapters.hubspot.tickets import Tickets
from connector.adapters.hubspot.updates import Updates
from connector.domain import (
    AddNote,
    AddToGroup,
    EffectClass,
    Receipt,
    RecordResponse,
    SetField,
    UpdateTicket,
    WriteBack,
)
from connector.errors import ConfigError, ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Outcome, Superseded, in_hand

_CLASSES = {
    "open_ticket": EffectClass.KEYED,
    "record_response": EffectClass.MARKED,
    "add_note": EffectClass.MARKED,
    "create_task": EffectClass.MARKED,
    "add_to_group": EffectClass.CONVERGENT,
    "set_field": EffectClass.CONVERGENT,
    "update_ticket": EffectClass.CONVERGENT,
}
_GRACE = 120.0  # a write under way may still be worked on; no figure is published
Told = Sequence[tuple[str, Receipt | Superseded | ConnectorError]]
Found = Mapping[str, Receipt | ConnectorError]
Asked = Sequence[tuple[str, Any]]
"""Key and change of write-backs of one kind."""


class HubSpotSink:
    def __init__(self, portal: Portal) -> None:
        batches, properties, pipelines = Batches(portal), Properties(portal), Pipelines(portal)
        owners, self._survivors = Owners(portal), Survivors(batches)
        self._tickets = Tickets(portal, batches, properties, pipelines, owners, self._survivors)
        self._tasks = Tasks(portal, batches, properties, owners)
        self._notes = Notes(portal, batches)
        self._recording = Recording(portal, batches, properties, self._notes)
        self._members = Membership(portal, batches, properties)
        self._updates = Updates(portal, batches, properties, pipelines)

    def effect_class(self, kind: str) -> EffectClass:
        if kind not in _CLASSES:
            raise ConfigError(f"hubspot does not serve {kind}; it serves {', '.join(sorted(_CLASSES))}")
        return _CLASSES[kind]

    def grace(self) -> float:
        return _GRACE

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """See `ChangeSink.apply`. Those of one kind go together, in the order in which the first of each kind stands;
        two for one record keep theirs."""
        for some in together(write_backs):
            left = {write_back.key for write_back in some}
            asked = [(write_back.key, write_back.change) for write_back in some]
            try:
                for told in self._apply(some[0], asked):
                    for key, result in told:
                        left.discard(key)
                        yield Outcome(key=key, result=result)
            except (RejectedError, OutcomeUnknownError, ContractError) as error:
                # None of these leaves a writing request without outcomes, so this was met while looking.
                for key, _ in asked:
                    if key in left:
                        yield Outcome(key=key, result=error)
            except ConnectorError:
                raise
            except Exception as bug:
                for key, _ in asked:
                    if key in left:
                        yield Outcome(key=key, result=in_hand(bug))
                raise

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:
        found: dict[str, Receipt | ConnectorError] = {}
        for some in together(write_backs):
            asked = [(write_back.key, write_back.change) for write_back in some]
            found |= _each_if_not_all(lambda these, of=some[0]: self._find(of, these), asked)  # type: ignore[misc]
        return found

    # ------------------------------------------------------------ one kind
    def _apply(self, first: WriteBack, asked: Asked) -> Iterator[Told]:
        kind, change = first.kind, first.change
        if kind == "open_ticket":
            return self._missing_only(asked, self._tickets.find, self._tickets.open)
        if kind == "create_task":
            return self._missing_only(asked, self._tasks.find, self._tasks.create)
        if isinstance(change, RecordResponse):
            return self._recording.record(asked)
        if isinstance(change, SetField):
            return self._recording.set(_kind_of(change), asked)
        if isinstance(change, AddNote):
            return self._note(asked)
        if isinstance(change, AddToGroup):
            return self._join(change.group, asked)
        if isinstance(change, UpdateTicket):
            return self._updates.apply(asked)
        raise RejectedError(f"hubspot does not serve {kind}", code="NotServed")

    def _find(self, first: WriteBack, asked: Asked) -> Found:
        kind, change = first.kind, first.change
        if kind == "open_ticket":
            return self._tickets.find(asked)
        if kind == "create_task":
            return self._tasks.find(asked)
        if isinstance(change, RecordResponse):
            return self._recording.find_recorded(asked)
        if isinstance(change, SetField):
            return self._recording.find_set(_kind_of(change), asked)
        if isinstance(change, AddNote):
            notes, _ = _notes(asked)
            return self._notes.find(notes)
        if isinstance(change, AddToGroup):
            return self._members.find(change.group, asked)
        if isinstance(change, UpdateTicket):
            return self._updates.find(asked)
        return {}

    def _missing_only(
        self, asked: Asked, find: Callable[[Asked], Found], make: Callable[[Asked], Iterable[Sequence[Any]]]
    ) -> Iterator[Told]:
        """Look for all, then make those that are not there."""
        found = find(asked)
        if found:
            yield list(found.items())
        yield from self._survivors.made([(key, change) for key, change in asked if key not in found], make)

    def _note(self, asked: Asked) -> Iterator[Told]:
        notes, refused = _notes(asked)
        if refused:
            yield refused
        good = {note.key for note in notes}
        yield from self._missing_only(
            [(key, change) for key, change in asked if key in good],
            lambda these: self._notes.find(_notes(these)[0]),
            lambda these: self._notes.add(_notes(these)[0]),
        )

    def _join(self, group: str, asked: Asked) -> Iterator[Told]:
        refused: list[tuple[str, RejectedError]] = []
        good: list[tuple[str, AddToGroup]] = []
        for key, change in asked:
            try:
                record_id(change.contact_id)
            except RejectedError as error:
                refused.append((key, error))
            else:
                good.append((key, change))
        if refused:
            yield refused
        found = self._members.find(group, good)
        if found:
            yield list(found.items())
        yield from self._members.add(group, [(key, change) for key, change in good if key not in found])


def together(write_backs: Iterable[WriteBack]) -> Iterator[list[WriteBack]]:
    """Those that can travel together: of one kind, none for a record that one before it, still to go, is for too."""
    left = list(write_backs)
    while left:
        family = _family(left[0])
        taken: list[WriteBack] = []
        rest: list[WriteBack] = []
        touched: set[Hashable] = set()
        for each in left:
            record = _record(each)
            (taken if _family(each) == family and record not in touched else rest).append(each)
            if record is not None:
                touched.add(record)
        yield taken
        left = rest


def _family(write_back: WriteBack) -> Hashable:
    change = write_back.change
    of = change.on if isinstance(change, SetField) else change.group if isinstance(change, AddToGroup) else ""
    return write_back.kind, of


def _record(write_back: WriteBack) -> Hashable:
    """What it changes, where the order of two changes counts."""
    change = write_back.change
    if isinstance(change, RecordResponse):
        return "contact", change.contact_id
    if isinstance(change, SetField):
        return change.on, change.record_id
    if isinstance(change, AddToGroup):
        return "member", change.contact_id
    return ("ticket", change.ticket_id) if isinstance(change, UpdateTicket) else None


def _each_if_not_all(find: Callable[[Asked], Found], asked: Asked) -> Found:
    """What is there; where all cannot be asked for at once, each alone, with its refusal."""
    try:
        return find(asked)
    except (RejectedError, ContractError) as error:
        if len(asked) == 1:
            return {asked[0][0]: error}
    found: dict[str, Receipt | ConnectorError] = {}
    for one in asked:
        found |= _each_if_not_all(find, [one])
    return found


def _notes(asked: Asked) -> tuple[list[Note], list[tuple[str, RejectedError]]]:
    """Those that have a parent, and the refusals of the others."""
    notes: list[Note] = []
    refused: list[tuple[str, RejectedError]] = []
    for key, change in asked:
        try:
            parent = change.parent_id if change.on == "ticket" else change.contact_id
            notes.append(note_of(key, change.on, parent, change.text))
        except RejectedError as error:
            refused.append((key, error))
    return notes, refused


def _kind_of(change: SetField) -> str:
    if change.on not in KINDS:
        raise RejectedError(f"a field is set on a contact or a company, not on {change.on[:20]!r}", code="BadParent")
    return KINDS[change.on]
