"""What became of our tickets: the TicketWatch of ConnectWise PSA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import id_in, number
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.segments import members
from connector.adapters.connectwise.tickets import TICKETS
from connector.adapters.connectwise.wire_types import TICKET_STATE_FIELDS, WireTicket
from connector.domain import Receipt, TicketState, TicketStatus
from connector.errors import AuthError, RejectedError

_API_MEMBER = "A"  # licence class of members that are programs
_SYSTEM = "zadmin"  # the account under which workflow rules act


class ConnectWiseWatch:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa

    def states(self, receipts: Iterable[Receipt]) -> Iterator[TicketStatus]:
        """One for each ticket among the receipts, in their order; other records are passed over."""
        ids = list(dict.fromkeys(receipt.record_id for receipt in receipts if receipt.record_type == "ticket"))
        seen: dict[str, WireTicket] = {}
        for condition in id_in("id", ids):
            query = {"conditions": condition, "fields": TICKET_STATE_FIELDS}
            seen |= {str(row.id): row for row in self._psa.rows(TICKETS, WireTicket, query)}
        for ticket_id in ids:
            yield self._state(seen[ticket_id]) if ticket_id in seen else self._gone(ticket_id, others=bool(seen))

    def _state(self, ticket: WireTicket) -> TicketStatus:
        by = ticket.closed_by or (ticket.info.updated_by if ticket.info else None) or ""
        parent = ticket.merged_parent_ticket
        merged_into = str(parent.id) if parent is not None and parent.id else None
        state = TicketState.OPEN
        if merged_into:
            state = TicketState.MERGED
        elif ticket.closed_flag or (ticket.closed_flag is None and ticket.closed_date):
            ours = ticket.info is not None and by == ticket.info.entered_by  # our own key opened it
            person = not ours and self._is_person(by)
            state = TicketState.CLOSED_BY_PERSON if person else TicketState.CLOSED_AUTOMATICALLY
        return TicketStatus(
            record_id=str(ticket.id),
            state=state,
            status=(ticket.status.name or "") if ticket.status else "",
            by=by,
            merged_into=merged_into,
        )

    def _gone(self, ticket_id: str, *, others: bool) -> TicketStatus:
        """A list leaves out both what is deleted and what the key may not see; asked for alone, they differ."""
        try:
            path = f"{TICKETS}/{number(ticket_id)}"
            return self._state(self._psa.one(path, WireTicket, fields=TICKET_STATE_FIELDS))
        except AuthError:
            return TicketStatus(record_id=ticket_id, state=TicketState.NOT_VISIBLE)
        except RejectedError as error:
            if not is_missing(error):
                raise
        deleted = others or self._sees_tickets
        return TicketStatus(record_id=ticket_id, state=TicketState.DELETED if deleted else TicketState.NOT_VISIBLE)

    @cached_property
    def _sees_tickets(self) -> bool:
        try:
            return self._psa.count(f"{TICKETS}/count", {}) > 0
        except AuthError:
            return False

    def _is_person(self, identifier: str) -> bool:
        name = identifier.casefold()
        if not name or name == _SYSTEM:
            return False
        return self._people is None or name in self._people

    @cached_property
    def _people(self) -> set[str] | None:
        """Identifiers of members who are people, inactive ones too; None where members are not visible."""
        try:
            rows = members(self._psa)
        except AuthError:
            return None
        return {row.identifier.casefold() for row in rows if row.license_class != _API_MEMBER}
