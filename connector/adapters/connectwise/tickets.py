"""Follow-up tickets: found by `externalXRef`, opened once, mailing nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import id_in, key_equals, key_in, moment_text, number
from connector.adapters.connectwise.owners import Owners
from connector.adapters.connectwise.segments import named, resolve
from connector.adapters.connectwise.text import marked, plain, summary
from connector.adapters.connectwise.wire_types import TICKET_KEY_FIELDS, WireTicket
from connector.domain import OpenTicket, Receipt, WriteBack
from connector.errors import ContractError, RejectedError

TICKETS = "/service/tickets"
_BILL_TIMES = ("Billable", "DoNotBill", "NoCharge", "NoDefault")
_log = logging.getLogger(__name__)
Asked = tuple[WriteBack, OpenTicket]


class Tickets:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa
        self._owners = Owners(psa)
        self._setup: dict[str, dict[str, str]] = {}
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

    def open(self, key: str, change: OpenTicket) -> Receipt:
        """Open it, without looking first. Raises RejectedError, OutcomeUnknownError, ContractError."""
        body = self._body(key, change)
        ticket = self._psa.write("POST", TICKETS, body, WireTicket)
        self._verify(key, change, body, ticket)
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
        for condition in id_in("company/id", [change.company_id for _, change in asked]):
            yield from self._where(condition)

    def _where(self, condition: str) -> Iterator[WireTicket]:
        return self._psa.rows(TICKETS, WireTicket, {"conditions": condition, "fields": TICKET_KEY_FIELDS})

    def _judge(self, key: str, change: OpenTicket, ticket: WireTicket) -> Receipt | ContractError:
        company = str(ticket.company.id) if ticket.company and ticket.company.id else ""
        contact = str(ticket.contact.id) if ticket.contact and ticket.contact.id else ""
        if company != change.company_id or (change.contact_id and contact and contact != change.contact_id):
            return ContractError(
                f"ticket {ticket.id} carries key {key} but is of company {company or '(none)'}, contact "
                f"{contact or '(none)'}, not of company {change.company_id}, contact {change.contact_id}; "
                "see in the PSA who moved or copied it"
            )
        return self._receipt(key, ticket.id, already_there=True)

    # ------------------------------------------------------------ opening
    def _body(self, key: str, change: OpenTicket) -> dict[str, Any]:
        """https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/Tickets: the initial… texts only on POST.

        Severity and impact are left to the board, as is everything else we have no opinion on.
        """
        if change.bill_time not in _BILL_TIMES:
            raise RejectedError(f"bill_time {change.bill_time!r} is none of {', '.join(_BILL_TIMES)}", code="BadValue")
        settings = self._psa.settings
        board = resolve("board", change.board, self._named("/service/boards"))
        under = f"/service/boards/{board}"
        body: dict[str, Any] = {
            "summary": summary(change.summary),
            "company": {"id": int(number(change.company_id))},
            "board": {"id": int(board)},
            "externalXRef": key,
            "billTime": change.bill_time,
            "initialInternalAnalysis": marked(change.internal, key),
            "processNotifications": False,
            "automaticEmailContactFlag": False,
            "automaticEmailResourceFlag": False,
            "automaticEmailCcFlag": False,
            "allowAllClientsPortalView": False,
        }
        if change.contact_id:
            body["contact"] = {"id": int(number(change.contact_id))}
        if change.discussion:
            body["initialDescription"] = plain(change.discussion)
        if change.due_at:
            body["requiredDate"] = moment_text(change.due_at)
        for member, what, name, path in (
            ("status", "status", change.status, f"{under}/statuses"),
            ("priority", "priority", change.priority, "/service/priorities"),
            ("type", "ticket type", settings.ticket_type, f"{under}/types"),
            ("subType", "ticket subtype", settings.ticket_subtype, f"{under}/subtypes"),
            ("source", "ticket source", settings.ticket_source, "/service/sources"),
        ):
            if name:
                body[member] = {"id": int(resolve(what, name, self._named(path)))}
        owner = self._owners.owner(change.company_id, change.owner)
        if owner:
            body["owner"] = {"id": owner[0].id}
        return body

    def _named(self, path: str) -> dict[str, str]:
        if path not in self._setup:
            self._setup[path] = named(self._psa, path)
        return self._setup[path]

    def _verify(self, key: str, change: OpenTicket, body: dict[str, Any], ticket: WireTicket) -> None:
        """A tenant may drop a field without a word. The ticket is there all the same: no reason for another."""
        if ticket.company and ticket.company.id and str(ticket.company.id) != change.company_id:
            raise ContractError(
                f"ticket {ticket.id} was opened for company {change.company_id} but is of {ticket.company.id}"
            )
        dropped = [] if ticket.external_x_ref == key else ["externalXRef"]
        for member in ("contact", "board", "status", "priority", "owner"):
            kept = getattr(ticket, member)
            if member in body and (kept is None or kept.id != body[member]["id"]):
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
