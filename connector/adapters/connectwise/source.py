"""Reading: the ContactSource of ConnectWise PSA."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.adapters.connectwise.client import KNOWN_GOOD, Psa
from connector.adapters.connectwise.conditions import has_address, number
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.owners import Owners
from connector.adapters.connectwise.pages import STATUSES, pull
from connector.adapters.connectwise.records import company_of, contact_of
from connector.adapters.connectwise.segments import catalogue, count, segments
from connector.adapters.connectwise.wire_types import (
    COMPANY_FIELDS,
    CONTACT_FIELDS,
    WireCompany,
    WireContact,
    WireStatus,
)
from connector.domain import Company, Contact, Facet, Segment
from connector.errors import AuthError, RejectedError
from connector.ports import Cursor, OwnerFound, Page, Scope

# What each right is for, in the words of `check`.
_RIGHTS = (
    ("/company/companies/count", "companies (to leave out deleted, inactive and own ones)"),
    ("/company/companies/statuses/count", "company statuses (to tell inactive companies)"),
    ("/company/contacts/types/count", "contact types (audiences by contact type)"),
    ("/company/companies/types/count", "company types (audiences by company type)"),
    ("/marketing/groups/count", "marketing groups (audiences by group)"),
    ("/service/boards/count", "service boards (follow-up tickets)"),
    ("/service/tickets/count", "service tickets (follow-up tickets and what became of them)"),
    ("/system/members/count", "members (owners of tickets, and who closed them)"),
)


class ConnectWiseSource:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa
        self._owners = Owners(psa)
        self._statuses: dict[str, bool] | None = None

    def check(self) -> list[str]:
        """One read that proves the keys, then one for each right. Raises AuthError; see `ContactSource.check`."""
        self._psa.count(KNOWN_GOOD, {})
        blind = []
        for path, what in _RIGHTS:
            try:
                self._psa.count(path, {})
            except (AuthError, RejectedError) as error:
                blind.append(f"cannot see {what}: {error}")
        return blind

    def segments(self, facet: Facet) -> list[Segment]:
        return segments(self._psa, facet)

    def catalogue(self, thing: str) -> list[tuple[str, str]]:
        return catalogue(self._psa, thing)

    def count(self, segment: Segment) -> int:
        return count(self._psa, segment)

    def pages(self, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
        return pull(self._psa, scope, cursor)

    def look(self, term: str) -> list[tuple[Contact, Company | None]]:
        """By id, or by a plain e-mail address; raises RejectedError for anything else."""
        term = term.strip()
        if term.isascii() and term.isdigit():
            found = [self._contact(term)]
        elif has_address(term):
            found = list(self._with_address(term))
        else:
            raise RejectedError(f"{term[:80]!r} cannot be looked up: write a contact's id or a plain e-mail address")
        contacts = [contact_of(self._psa.connection, row) for row in found if row is not None]
        return [(contact, self._company(contact.company_id)) for contact in contacts]

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[str, str] | None:
        found = self._owners.owner(company_id, chain)
        return (found[0].identifier, found[1]) if found else None

    def owners(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        return self._owners.of_companies(company_ids, chain)

    def _contact(self, contact_id: str) -> WireContact | None:
        try:
            return self._psa.one(f"/company/contacts/{number(contact_id)}", WireContact, fields=CONTACT_FIELDS)
        except RejectedError as error:
            if is_missing(error):
                return None
            raise

    def _with_address(self, address: str) -> Iterator[WireContact]:
        """Whether `=` minds upper case is not documented, so the lower-case form is asked for too."""
        seen: set[int] = set()
        for form in dict.fromkeys((address, address.lower())):
            query = {"fields": CONTACT_FIELDS, "childConditions": has_address(form) or ""}
            for row in self._psa.rows("/company/contacts", WireContact, query):
                values = [(item.value or "").casefold() for item in row.communication_items or ()]
                if address.casefold() in values and row.id not in seen:
                    seen.add(row.id)
                    yield row

    def _company(self, company_id: str | None) -> Company | None:
        if company_id is None:
            return None
        try:
            row = self._psa.one(f"/company/companies/{company_id}", WireCompany, fields=COMPANY_FIELDS)
        except RejectedError as error:
            if is_missing(error):
                return None
            raise
        if self._statuses is None:
            rows = self._psa.rows(STATUSES, WireStatus, {})
            self._statuses = {str(status.id): bool(status.inactive_flag) for status in rows}
        own = self._psa.settings.own_identifier
        return company_of(self._psa.connection, row, inactive_statuses=self._statuses, own=own)
