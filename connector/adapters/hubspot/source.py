"""Reading: the ContactSource of HubSpot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.lists import Lists
from connector.adapters.hubspot.owners import Owners, called
from connector.adapters.hubspot.pages import pull
from connector.adapters.hubspot.paths import COMPANIES, CONTACT_LISTS, CONTACTS, TICKETS
from connector.adapters.hubspot.records import SUBSCRIPTION, Companies, ContactRow, Contacts
from connector.adapters.hubspot.segments import Segments
from connector.adapters.hubspot.wire_types import Nothing, WireObject, WirePage, WireProperty
from connector.domain import Company, Contact, Facet, Segment
from connector.errors import ForbiddenError, RejectedError
from connector.ports import Cursor, OwnerFound, Page, Scope

_ADDRESS = re.compile(r"[^\s@\"'\\<>()]{1,64}@[^\s@\"'\\<>()]{1,190}")
_ONE = {"limit": "1"}
_IMPORTANT = {
    "hs_email_optout": "who opted out of e-mail is unknown, and nobody is asked whose consent is unknown",
    "associatedcompanyid": "whose contact somebody is, is unknown; set company_from: associations",
}


class HubSpotSource:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._lists = Lists(portal)
        self._owners = Owners(portal)
        self._segments = Segments(portal, self._lists, self._owners)
        self._contacts = Contacts(portal.settings, portal.connection)
        self._companies = Companies(portal.settings, portal.connection)

    def check(self) -> list[str]:
        """One read that proves the token, then one for each right. Raises AuthError; see `ContactSource.check`."""
        self._portal.get(self._portal.path("objects", type=CONTACTS), WirePage[WireObject[Nothing]], _ONE)
        blind = []
        for path, what in self._rights():
            try:
                self._may_see(path)
            except (ForbiddenError, RejectedError) as error:
                blind.append(f"cannot see {what}: {error}")
        return blind + self._hidden()

    def segments(self, facet: Facet) -> list[Segment]:
        return self._segments.of(facet)

    def catalogue(self, thing: str) -> list[tuple[str, str]]:
        return self._segments.catalogue(thing)

    def count(self, segment: Segment) -> int:
        return self._segments.count(segment)

    def pages(self, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
        return pull(self._portal, self._lists, scope, cursor)

    def look(self, term: str) -> list[tuple[Contact, Company | None]]:
        """By id (one that was merged away too) or address (additional ones too); RejectedError for anything else."""
        term = term.strip()
        if term.isascii() and term.isdecimal():
            rows = self._contacts_by([term], id_property="")
        elif _ADDRESS.fullmatch(term):
            rows = self._contacts_by([term.lower()], id_property="email")
        else:
            raise RejectedError(f"{term[:80]!r} cannot be looked up: write a contact's id or a plain e-mail address")
        contacts = [self._contacts.contact(row) for row in rows]
        companies = self._companies_by({contact.company_id for contact in contacts if contact.company_id})
        return [(contact, companies.get(contact.company_id or "")) for contact in contacts]

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[str, str] | None:
        found = self._owners.owner(company_id, chain)
        return (called(found[0]), found[1]) if found else None

    def owners(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        return self._owners.of_companies(company_ids, chain)

    def _contacts_by(self, ids: Sequence[str], *, id_property: str) -> list[ContactRow]:
        """https://developers.hubspot.com/docs/api-reference/crm-contacts-v3: a batch read takes addresses too, and
        puts them into the body: an address does not belong into a URL, which everybody on the way may keep."""
        body = {
            "inputs": [{"id": each} for each in ids],
            "properties": self._contacts.properties,
            "propertiesWithHistory": [],
            **({"idProperty": id_property} if id_property else {}),
        }
        where = self._portal.path("batch_read", type=CONTACTS)
        return list(self._portal.ask_each(where, body, self._contacts.page).results)

    def _companies_by(self, ids: set[str]) -> dict[str, Company]:
        if not ids:
            return {}
        body = {
            "inputs": [{"id": each} for each in sorted(ids)],
            "properties": self._companies.properties,
            "propertiesWithHistory": [],
        }
        found = self._portal.ask_each(self._portal.path("batch_read", type=COMPANIES), body, self._companies.page)
        return {row.id: self._companies.company(row) for row in found.results}

    def _rights(self) -> list[tuple[str, str]]:
        path = self._portal.path
        return [
            (path("objects", type=COMPANIES), "companies (crm.objects.companies.read)"),
            (path("properties", type=CONTACTS), "contact properties (crm.schemas.contacts.read)"),
            (path("properties", type=COMPANIES), "company properties (crm.schemas.companies.read)"),
            (path("lists_search"), "lists (crm.lists.read; audiences by list)"),
            (path("objects", type=TICKETS), "tickets (scope tickets; follow-up tickets and what became of them)"),
            (path("owners"), "owners (crm.objects.owners.read; owners of tickets)"),
        ]

    def _may_see(self, path: str) -> None:
        if path == self._portal.path("lists_search"):
            self._portal.ask(path, {"query": "", "offset": 0, "count": 1, "objectTypeId": CONTACT_LISTS}, Nothing)
        else:
            self._portal.get(path, Nothing, _ONE)

    def _hidden(self) -> list[str]:
        """Properties that matter and that the token is not shown."""
        try:
            found = self._portal.get(self._portal.path("properties", type=CONTACTS), WirePage[WireProperty])
        except (ForbiddenError, RejectedError):
            return []  # told above
        there, settings = {each.name for each in found.results}, self._portal.settings
        wanted = {**_IMPORTANT, settings.contact_type: "audiences by contact type"}
        if settings.subscription:
            wanted[SUBSCRIPTION.format(settings.subscription)] = "who opted out of that subscription is unknown"
        if settings.company_from == "associations":
            del wanted["associatedcompanyid"]
        return [f"cannot see the contact property {name}: {why}" for name, why in wanted.items() if name not in there]
