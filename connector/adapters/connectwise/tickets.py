"""Follow-up tickets: found by `externalXRef`, opened once, mailing nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import id_in, key_equals, key_in
from connector.adapters.connectwise.own_company import OwnCompany
from connector.adapters.connectwise.owners import Owners
from connector.adapters.connectwise.setup_names import SetupNames
from connector.adapters.connectwise.ticket_body import TicketBody
from connector.adapters.connectwise.wire_types import TICKET_KEY_FIELDS, WireTicket
from connector.domain import OpenTicket, Receipt, WriteBack
from connector.errors import ContractError, RejectedError

TICKETS = "/service/tickets"
_KEPT = {
    "contact": "contact", "board": "board", "status": "status", "priority": "priority", "owner": "owner",
    "type": "type", "subType": "sub_type", "item": "item", "team": "team", "source": "source", "location": "location",
    "agreement": "agreement", "severity": "severity", "impact": "impact",
}  # fmt: skip
_log = logging.getLogger(__name__)
Asked = tuple[WriteBack, OpenTicket]


class Tickets:
    def __init__(self, psa: Psa, names: SetupNames, owners: Owners, own: OwnCompany) -> None:
        self._psa, self._own = psa, own
        self._bodies = TicketBody(psa, names, owners)
        self._ways: list[Callable[[Sequence[Asked]], Iterator[WireTicket]]] = [
            self._by_list,
            self._by_equals,
            self._by_company,
        ]

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ContractError]:
        """By key, those that are there: a Receipt, or a ContractError where another company or contact has the key."""
        changes = {write_back.key: change for write_back, change in asked}
        tickets: dict[str, WireTicket] = {}
        for ticket in self._tickets_of(asked):
            key = ticket.external_x_ref or ""
            if key in changes and (key not in tickets or ticket.id < tickets[key].id):
                tickets[key] = ticket
        return {key: self._judge(key, changes[key], ticket) for key, ticket in tickets.items()}

    def open(self, write_back: WriteBack, change: OpenTicket) -> Receipt:
        """Open it, without looking first. Raises RejectedError, OutcomeUnknownError, ContractError."""
        key = write_back.key
        body = self._bodies.of(key, change, self._placed(change))
        try:
            ticket = self._psa.write("POST", TICKETS, body, WireTicket)
        except RejectedError as error:
            raise self._bodies.explained(error, change, write_back.rule_id, write_back.action_id) from None
        self._verify(key, body, ticket)
        return self._receipt(key, ticket.id, already_there=False)

    # ------------------------------------------------------------ looking
    def _tickets_of(self, asked: Sequence[Asked]) -> list[WireTicket]:
        """All tickets that may carry one of the keys. A tenant that refuses one way of asking is asked in the next."""
        while asked:
            try:
                return list(self._ways[0](asked))
            except RejectedError as error:
                if error.status != 400 or len(self._ways) == 1:
                    raise
                _log.info("tickets cannot be found %s: %s", self._ways.pop(0).__name__.strip("_"), error)
        return []

    def _by_list(self, asked: Sequence[Asked]) -> Iterator[WireTicket]:
        for _, condition in key_in("externalXRef", [write_back.key for write_back, _ in asked]):
            yield from self._where(condition)

    def _by_equals(self, asked: Sequence[Asked]) -> Iterator[WireTicket]:
        for start in range(0, len(asked), 12):
            keys = [write_back.key for write_back, _ in asked[start : start + 12]]
            yield from self._where(key_equals("externalXRef", keys))

    def _by_company(self, asked: Sequence[Asked]) -> Iterator[WireTicket]:
        """Where conditions know no externalXRef: every ticket of the companies, compared here."""
        for condition in id_in("company/id", [self._placed(change) for _, change in asked]):
            yield from self._where(condition)

    def _where(self, condition: str) -> Iterator[WireTicket]:
        return self._psa.rows(TICKETS, WireTicket, {"conditions": condition, "fields": TICKET_KEY_FIELDS})

    def _judge(self, key: str, change: OpenTicket, ticket: WireTicket) -> Receipt | ContractError:
        company = str(ticket.company.id) if ticket.company and ticket.company.id else ""
        contact = str(ticket.contact.id) if ticket.contact and ticket.contact.id else ""
        placed = self._placed(change)
        if company != placed or (change.contact_id and contact and contact != change.contact_id):
            return ContractError(
                f"ticket {ticket.id} carries key {key} but is of company {company or '(none)'}, contact "
                f"{contact or '(none)'}, not of company {placed}, contact {change.contact_id}; "
                "see in the PSA who moved or copied it"
            )
        return self._receipt(key, ticket.id, already_there=True)

    # ------------------------------------------------------------ opening
    def _placed(self, change: OpenTicket) -> str:
        """The company it is opened at."""
        return self._own.id if change.own_company else change.company_id

    def _verify(self, key: str, body: dict[str, Any], ticket: WireTicket) -> None:
        """A tenant may drop a field without a word. The ticket is there all the same: no reason for another."""
        placed = body["company"]["id"]
        if ticket.company and ticket.company.id and ticket.company.id != placed:
            raise ContractError(f"ticket {ticket.id} was opened for company {placed} but is of {ticket.company.id}")
        dropped = [] if ticket.external_x_ref == key else ["externalXRef"]
        for member, attribute in _KEPT.items():
            sent, kept = body.get(member), getattr(ticket, attribute)
            same = kept is not None and (kept.id == sent.get("id", kept.id) if isinstance(sent, dict) else kept == sent)
            if sent is not None and not same:
                dropped.append(member)
        if dropped:
            _log.warning("ticket %s was opened, but the tenant did not keep %s", ticket.id, ", ".join(dropped))

    def _receipt(self, key: str, ticket_id: int, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=str(ticket_id),
            record_type="ticket",
            link=self._psa.settings.link("ServiceFv", str(ticket_id)),
            already_there=already_there,
        )
