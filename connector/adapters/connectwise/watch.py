"""What became of our tickets: the TicketWatch of ConnectWise PSA."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import cached_property

from connector.adapters.connectwise.client import KNOWN_GOOD, Psa
from connector.adapters.connectwise.conditions import id_in, is_number, key_begins, number
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.records import moment
from connector.adapters.connectwise.segments import members
from connector.adapters.connectwise.tickets import TICKETS
from connector.adapters.connectwise.wire_types import OWNER_FIELDS, TICKET_STATE_FIELDS, WireOwner, WireTicket
from connector.domain import Receipt, TicketState, TicketStatus
from connector.errors import AuthError, RejectedError

_API_MEMBER = "A"  # licence class of members that are programs
_SYSTEM = "zadmin"  # the account under which workflow rules act
_log = logging.getLogger(__name__)


class ConnectWiseWatch:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa

    def states(self, receipts: Iterable[Receipt]) -> Iterator[TicketStatus]:
        """One for each ticket among the receipts, in their order; other records are passed over.

        An id that is none of this CRM's (a person may have settled a ticket by hand) is that of no ticket: deleted.
        """
        ids = list(dict.fromkeys(receipt.record_id for receipt in receipts if receipt.record_type == "ticket"))
        seen: dict[str, WireTicket] = {}
        try:
            for condition in id_in("id", filter(is_number, ids)):
                seen |= {str(row.id): row for row in self._where(condition)}
        except AuthError as error:
            self._psa.count(KNOWN_GOOD, {})  # raises if it is the credentials
            _log.warning("tickets are not visible to this API member: %s", error)
            for ticket_id in ids:
                yield TicketStatus(record_id=ticket_id, state=TicketState.NOT_VISIBLE)
            return
        for ticket_id in ids:
            yield self._state(seen[ticket_id]) if ticket_id in seen else self._gone(ticket_id, others=bool(seen))

    def ours(self, prefix: str) -> Iterator[TicketStatus]:
        """By the key in externalXRef, which the tenant must be able to compare; a look at each would cost too much."""
        try:
            for row in self._where(key_begins("externalXRef", prefix)):
                if (row.external_x_ref or "").startswith(prefix):
                    yield self._state(row)
        except AuthError as error:
            self._psa.count(KNOWN_GOOD, {})
            raise RejectedError(f"tickets are not visible to this API member: {error}") from None

    def _where(self, condition: str) -> Iterator[WireTicket]:
        return self._psa.rows(TICKETS, WireTicket, {"conditions": condition, "fields": TICKET_STATE_FIELDS})

    def _state(self, ticket: WireTicket) -> TicketStatus:
        info = ticket.info
        by = ticket.closed_by or (info.updated_by if info else None) or ""
        parent = ticket.merged_parent_ticket
        merged_into = str(parent.id) if parent is not None and parent.id else None
        closed = bool(ticket.closed_flag or (ticket.closed_flag is None and ticket.closed_date))
        state = TicketState.OPEN
        if merged_into:
            state = TicketState.MERGED
        elif closed:
            person = self._is_person(by, ticket)
            state = TicketState.CLOSED_BY_PERSON if person else TicketState.CLOSED_AUTOMATICALLY
        owner = self._owners.get(ticket.owner.id) if ticket.owner and ticket.owner.id else None
        touched = info is not None and self._is_person(info.updated_by or "", ticket)
        return TicketStatus(
            record_id=str(ticket.id),
            state=state,
            status=(ticket.status.name or "") if ticket.status else "",
            by=by,
            merged_into=merged_into,
            key=ticket.external_x_ref or "",
            board=(ticket.board.name or "") if ticket.board else "",
            company_id=str(ticket.company.id) if ticket.company and ticket.company.id else "",
            owner=((ticket.owner.identifier or ticket.owner.name) or "") if ticket.owner else "",
            owner_mail=_mail(owner) if owner else "",
            opened_at=moment(info.date_entered) if info else None,
            touched_at=moment(info.last_updated) if info and touched else None,
            closed_at=moment(ticket.closed_date or (info.last_updated if info else None)) if closed else None,
        )

    def _gone(self, ticket_id: str, *, others: bool) -> TicketStatus:
        """A list leaves out both what is deleted and what the key may not see; asked for alone, they differ."""
        if not is_number(ticket_id):
            return TicketStatus(record_id=ticket_id, state=TicketState.DELETED)
        try:
            path = f"{TICKETS}/{number(ticket_id)}"
            return self._state(self._psa.one(path, WireTicket, fields=TICKET_STATE_FIELDS))
        except AuthError:
            self._psa.count(KNOWN_GOOD, {})
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

    def _is_person(self, identifier: str, ticket: WireTicket) -> bool:
        """A member who is no program, and not the key that opened the ticket: that is ours."""
        name = identifier.casefold()
        if not name or name == _SYSTEM or (ticket.info is not None and identifier == ticket.info.entered_by):
            return False
        return self._people is None or name in self._people

    @cached_property
    def _members(self) -> list[WireOwner] | None:
        """Every member, inactive ones too; None where members are not visible. Without addresses where the tenant
        knows no such field."""
        try:
            return list(self._psa.rows("/system/members", WireOwner, {"fields": OWNER_FIELDS}))
        except AuthError:
            return None
        except RejectedError as error:
            _log.info("members are read without their addresses: %s", error)
        return [
            WireOwner(id=m.id, identifier=m.identifier, inactive_flag=m.inactive_flag, license_class=m.license_class)
            for m in members(self._psa)
        ]

    @cached_property
    def _people(self) -> set[str] | None:
        """Identifiers of members who are people, in lower case; None where members are not visible."""
        if self._members is None:
            return None
        return {row.identifier.casefold() for row in self._members if row.license_class != _API_MEMBER}

    @cached_property
    def _owners(self) -> dict[int, WireOwner]:
        return {row.id: row for row in self._members or ()}


def _mail(owner: WireOwner) -> str:
    """Where the owner can be written to; nowhere if he has left."""
    return "" if owner.inactive_flag else (owner.office_email or owner.primary_email or "").strip()
