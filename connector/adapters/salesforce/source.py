"""Reading: the ContactSource of Salesforce."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.adapters.salesforce import campaigns
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.columns import RECORD_TYPE, Columns, type_field
from connector.adapters.salesforce.owners import Owners
from connector.adapters.salesforce.pages import pull, visible
from connector.adapters.salesforce.records import company_of, contact_of, own_name
from connector.adapters.salesforce.segments import catalogue, count, segments
from connector.adapters.salesforce.soql import is_address, is_id, long_id, pieces, select, soql
from connector.domain import Company, Contact, Facet, Segment
from connector.errors import RejectedError
from connector.ports import Cursor, OwnerFound, Page, Scope

# What each object is for, in the words of `check`.
_OBJECTS = {
    "Campaign": "campaigns (audiences by marketing group)",
    "CampaignMember": "campaign members (audiences by marketing group)",
    "Case": "cases (follow-up tickets, and what became of them)",
    "Task": "tasks",
    "User": "users (owners of tickets)",
}
_BOUNCES = ("IsEmailBounced", "EmailBouncedReason", "EmailBouncedDate")
_REMEDY = "give the user's permission set Read on it (field-level security)"


class SalesforceSource:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._owners = Owners(org)

    def check(self) -> list[str]:
        """One read that proves the credentials and says what is hidden; see `ContactSource.check`. Raises AuthError,
        also where the user may not see what no pull goes without."""
        found = self._org.describe("Contact", "Account", *_OBJECTS)
        contacts, accounts = visible(self._org)
        blind = [self._told(contacts, name) for name in contacts.hidden]
        blind += [self._told(accounts, name) for name in accounts.hidden]
        for facet in (Facet.CONTACT_TYPE, Facet.COMPANY_TYPE):
            blind += self._no_record_types(facet)
        for name, what in _OBJECTS.items():
            described = found[name]
            if described is None:
                blind.append(f"cannot see {what}: give the user's permission set Read on {name}")
            elif name == "Case" and not described.wire.createable:
                blind.append("cannot create cases (follow-up tickets): give the user's permission set Create on Case")
            elif name == campaigns.MEMBER and (unseen := campaigns.blind(self._org)) is not None:
                blind.append(unseen)
        return blind

    def segments(self, facet: Facet) -> list[Segment]:
        return segments(self._org, facet)

    def catalogue(self, thing: str) -> list[tuple[str, str]]:
        return catalogue(self._org, thing)

    def count(self, segment: Segment) -> int:
        return count(self._org, segment)

    def pages(self, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
        return pull(self._org, scope, cursor)

    def look(self, term: str) -> list[tuple[Contact, Company | None]]:
        """By id, or by e-mail address, further ones included; raises RejectedError for anything else."""
        term = term.strip()
        columns, _ = visible(self._org)
        if is_id(term, "003"):
            condition = soql("Id = {id}", id=long_id(term))
        elif is_address(term):
            names = ["Email", *self._org.settings.other_email_fields]
            seen = dict.fromkeys(name for name in names if name in columns.fields)
            if not seen:
                return []
            forms = list(dict.fromkeys((term, term.lower())))  # whether every field ignores case is not documented
            condition = f"({' OR '.join(soql(f'{name} IN {{forms}}', forms=forms) for name in seen)})"
        else:
            raise RejectedError(f"{term[:80]!r} cannot be looked up: write a contact's id or a plain e-mail address")
        query = select(columns.selected(deleted=False), "Contact", condition)
        contacts = [contact_of(self._org.connection, row, columns) for row in self._org.rows(query, columns.row)]
        companies = self._companies([contact.company_id for contact in contacts if contact.company_id])
        return [(contact, companies.get(contact.company_id or "")) for contact in contacts]

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[str, str] | None:
        found = self._owners.owner(company_id, chain)
        return (found[0].username, found[1]) if found else None

    def owners(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        return self._owners.of_companies(company_ids, chain)

    def _companies(self, ids: Sequence[str]) -> dict[str, Company]:
        _, columns = visible(self._org)
        own = own_name(self._org.settings.own_company)
        found: dict[str, Company] = {}
        for piece in pieces(ids):
            query = select(columns.selected(deleted=False), "Account", soql("Id IN {ids}", ids=piece))
            for row in self._org.rows(query, columns.row):
                found[row.id] = company_of(self._org.connection, row, columns, own=own)
        return found

    def _told(self, columns: Columns, name: str) -> str:  # type: ignore[type-arg]
        settings, place = self._org.settings, f"cannot see {columns.source}.{name}"
        described = self._org.described(columns.source)
        if described is not None and described.has(name):
            return (
                f"{columns.source}.{name} is no checkbox: whether somebody opted out stays unknown; name another field"
            )
        if columns.source == "Contact" and name in settings.opt_out_fields:
            return f"{place}: whether somebody opted out stays unknown, and unknown is not yes; {_REMEDY}"
        if name in _BOUNCES:
            return f"{place}: addresses that bounced are not all known; {_REMEDY}"
        facets = {type_field(settings, facet): facet.value for facet in (Facet.CONTACT_TYPE, Facet.COMPANY_TYPE)}
        if facet := facets.get((columns.source, name)):
            return f"{place}: audiences by {facet.replace('_', ' ')} find nobody; {_REMEDY}, or name another field"
        return f"{place}; {_REMEDY}"

    def _no_record_types(self, facet: Facet) -> list[str]:
        """A record type that was asked for in words, in an org that has none; by default nobody asked."""
        name, field = type_field(self._org.settings, facet)
        described = self._org.described(name)
        written = facet is Facet.COMPANY_TYPE or "contact_type_field" in self._org.settings.model_fields_set
        if field != RECORD_TYPE or not written or described is None:
            return []
        if described.has(field) and described.record_types:
            return []
        audiences = f"audiences by {facet.value.replace('_', ' ')} find nobody"
        return [f"{name} has no record types that this user may see: {audiences}"]
