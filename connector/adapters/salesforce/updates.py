"""A changed answer on a Case that is open: subject and priority, in as far as they differ.

Convergent: the cases are read first, and repeating changes nothing. One that is closed, merged or deleted stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Row
from connector.adapters.salesforce.fields import choice
from connector.adapters.salesforce.keyed import seen
from connector.adapters.salesforce.soql import pieces, record_id, soql
from connector.adapters.salesforce.text import SUBJECT_CAP, one_line, same_text
from connector.domain import Receipt, UpdateTicket, WriteBack
from connector.errors import ConnectorError, ContractError, RejectedError
from connector.ports import Outcome, Superseded

Asked = tuple[WriteBack, UpdateTicket]


class WireHead(msgspec.Struct, rename="pascal", gc=False):
    """What a changed answer may change of a case, and what keeps it from that."""

    id: str
    subject: str | None = None
    priority: str | None = None
    account_id: str | None = None
    is_closed: bool | None = None


class Updates:
    def __init__(self, org: Org, collections: Collections) -> None:
        self._org, self._collections = org, collections

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ConnectorError]:
        """Those whose case says already what the answer says."""
        there = [(write_back, change) for write_back, change in asked if change.ticket_id]
        heads = self._heads(there)
        found: dict[str, Receipt | ConnectorError] = {}
        for write_back, change in there:
            try:
                head = self._head(change, heads)
                if head is not None and not self._differs(head, change):
                    found[write_back.key] = self._receipt(write_back.key, head.id, already_there=True)
            except (RejectedError, ContractError) as error:
                found[write_back.key] = error
        return found

    def apply(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        """Two changes of one case are made one after the other, in their order."""
        rest = list(asked)
        while rest:
            turn = {case_of(change): (write_back, change) for write_back, change in reversed(rest)}
            rest = [each for each in rest if turn[case_of(each[1])][0] is not each[0]]
            yield from self._turn(list(turn.values()))

    def _turn(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        heads = self._heads(asked)
        rows: list[Row] = []
        for write_back, change in asked:
            try:
                done = self._without_writing(write_back.key, change, heads)
            except (RejectedError, ContractError) as error:
                done = error
            if isinstance(done, Row):
                rows.append(done)
            else:
                yield Outcome(key=write_back.key, result=done)
        for results in self._collections.update(rows):
            for row, result in results:
                made = self._receipt(row.key, result, already_there=False) if isinstance(result, str) else result
                yield Outcome(key=row.key, result=made)

    def _without_writing(
        self, key: str, change: UpdateTicket, heads: dict[str, WireHead]
    ) -> Receipt | Superseded | ConnectorError | Row:
        """What is decided already; else what is to be written."""
        head = self._head(change, heads)
        if head is None:
            return Superseded(why=f"case {change.ticket_id} is deleted, or merged into another")
        if head.is_closed:
            return Superseded(why=f"case {head.id} is closed; its note says it")
        differs = self._differs(head, change)
        if not differs:
            return self._receipt(key, head.id, already_there=True)
        return Row(key=key, object="Case", values=differs, record_id=head.id, near=head.account_id or "")

    def _heads(self, asked: Sequence[Asked]) -> dict[str, WireHead]:
        found: dict[str, WireHead] = {}
        for some in pieces(case_of(change) for _, change in asked):
            query = soql("SELECT Id, Subject, Priority, AccountId, IsClosed FROM Case WHERE Id IN {ids}", ids=some)
            found |= {row.id: row for row in self._org.rows(query, WireHead)}
        return found

    def _head(self, change: UpdateTicket, heads: dict[str, WireHead]) -> WireHead | None:
        head = heads.get(case_of(change))
        if head and change.company_id and head.account_id and head.account_id != change.company_id:
            raise ContractError(
                f"case {head.id} is of account {head.account_id}, not of {change.company_id}; who moved it?"
            )
        return head

    def _differs(self, head: WireHead, change: UpdateTicket) -> dict[str, Any]:
        """What must be written, by the vendor's name."""
        case = seen(self._org, "Case")
        differs: dict[str, Any] = {}
        field = case.find("Subject")
        said = one_line(change.summary, cap=field.length if field and field.length else SUBJECT_CAP)
        if said and not same_text(head.subject or "", said):
            differs["Subject"] = said
        if change.priority:
            priority = choice(case.find("Priority"), change.priority, what="ticket priority")
            if head.priority != priority:
                differs["Priority"] = priority
        return differs

    def _receipt(self, key: str, case_id: str, *, already_there: bool) -> Receipt:
        link = self._org.settings.link(case_id)
        return Receipt(key=key, record_id=case_id, record_type="ticket_update", link=link, already_there=already_there)


def case_of(change: UpdateTicket) -> str:
    """Raises RejectedError where there is no case to change."""
    if not change.ticket_id:
        raise RejectedError("no ticket to change", code="NoParent")
    return record_id(change.ticket_id, "500")
