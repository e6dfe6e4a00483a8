"""Follow-up tickets: keyed by a property with unique values, found by it, created a hundred in a request.

https://developers.hubspot.com/docs/api-reference/crm-tickets-v3: contact and company are associated in the create, as
an upsert could not. The API mails nobody; what workflows of the portal do with a new ticket it does not tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import tzinfo
from typing import Any

from connector.adapters.hubspot.batches import Batches, Result, Row
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.names import record_id
from connector.adapters.hubspot.notes import association
from connector.adapters.hubspot.owners import Owners
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS, TICKETS
from connector.adapters.hubspot.pipelines import Pipelines
from connector.adapters.hubspot.properties import Properties, settable
from connector.adapters.hubspot.survivors import Survivors
from connector.adapters.hubspot.text import due_text, one_line, plain, subject
from connector.adapters.hubspot.values import typed
from connector.adapters.hubspot.written_types import WireRecord
from connector.domain import OpenTicket, Receipt
from connector.errors import ConnectorError, ContractError, RejectedError

_TO_CONTACT, _TO_COMPANY = 16, 339  # from a ticket, HUBSPOT_DEFINED
_OPTIONS = {"priority": "hs_ticket_priority", "type": "hs_ticket_category", "source": "source_type"}
Asked = tuple[str, OpenTicket]
Told = list[tuple[str, Receipt | ConnectorError]]


class Tickets:
    def __init__(
        self,
        portal: Portal,
        batches: Batches,
        properties: Properties,
        pipelines: Pipelines,
        owners: Owners,
        survivors: Survivors,
    ) -> None:
        self._portal, self._batches, self._properties = portal, batches, properties
        self._pipelines, self._owners, self._survivors = pipelines, owners, survivors
        self._key = portal.settings.ticket_key

    # ------------------------------------------------------------ looking
    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ConnectorError]:
        """By key, those that are there: a Receipt, or a ContractError where another company's and contact's has the
        key."""
        if not asked:
            return {}
        try:
            self.keyed()
        except RejectedError as error:
            return dict.fromkeys((key for key, _ in asked), error)
        changes = dict(asked)
        there = self._by_key(changes)
        contacts = self._batches.associated(TICKETS, CONTACTS, there.values()) if there else {}
        companies = self._batches.associated(TICKETS, COMPANIES, there.values()) if there else {}
        found: dict[str, Receipt | ConnectorError] = {}
        for key, ticket in there.items():
            found[key] = self._judged(key, changes[key], ticket, contacts[ticket], companies[ticket])
        doubtful = {key: changes[key] for key, result in found.items() if isinstance(result, ContractError)}
        for key, change in self._survivors.moved(doubtful).items():  # its contact or company was merged since
            found[key] = self._judged(key, change, there[key], contacts[there[key]], companies[there[key]])
        return found

    def keyed(self) -> None:
        """Raises RejectedError unless tickets have the property that holds our key, and it is unique."""
        prop = self._properties.of(TICKETS).get(self._key)
        remedy = f"connector setup {self._portal.connection} creates it"
        if prop is None:
            raise RejectedError(
                f'tickets have no property "{self._key}" to hold our key; {remedy}', code="NoKeyProperty"
            )
        if prop.has_unique_value is False:
            raise RejectedError(
                f'the values of ticket property "{self._key}" are not unique, which cannot be changed: name another '
                f"one as ticket_key of connection {self._portal.connection}; {remedy}",
                code="NoKeyProperty",
            )

    def _by_key(self, keys: Collection[str]) -> dict[str, str]:
        found = self._batches.read(TICKETS, keys, [self._key], id_property=self._key)
        return {key: record.id for record in found if (key := record.properties.get(self._key) or "") in keys}

    def _judged(
        self, key: str, change: OpenTicket, ticket: str, contacts: list[str], companies: list[str]
    ) -> Receipt | ContractError:
        contact, company = change.contact_id or "", self._placed(change)
        if contact in contacts or company in companies or not (contact or company):
            return self._receipt(key, ticket, already_there=True)
        return ContractError(
            f"ticket {ticket} carries key {key} but is of company {', '.join(companies) or '(none)'}, contact "
            f"{', '.join(contacts) or '(none)'}, not of company {company or '(none)'}, contact {contact or '(none)'}; "
            "see in HubSpot who moved or copied it"
        )

    # ------------------------------------------------------------ opening
    def open(self, asked: Sequence[Asked]) -> Iterator[Told]:
        """Create each, without looking first; after each request what became of its tickets."""
        at_once: Told = []
        rows: list[Row] = []
        changes = dict(asked)
        self._read_owners_ahead([change for _, change in asked])
        for key, change in asked:
            try:
                rows.append(Row(trace=key, body=self._body(key, change)))
            except RejectedError as error:
                at_once.append((key, error))
        if at_once:
            yield at_once
        for told in self._batches.create(TICKETS, rows, lambda record: record.properties.get(self._key) or ""):
            taken = [key for key, result in told if isinstance(result, RejectedError) and self._is_taken(result)]
            yield [(key, self._settled(key, result)) for key, result in told if key not in taken]
            if taken:  # one of the keys is there already: the look before was answered from a copy that was behind
                refused = dict(told)
                found = self.find([(key, changes[key]) for key in taken])
                yield [(key, found.get(key) or self._settled(key, refused[key])) for key in taken]

    def _is_taken(self, refusal: RejectedError) -> bool:
        """Whether it may be about our key: with which status such a conflict comes is not documented."""
        return refusal.status == 409 or self._key in str(refusal)

    def _settled(self, key: str, result: Result) -> Receipt | ConnectorError:
        return self._receipt(key, result.id, already_there=False) if isinstance(result, WireRecord) else result

    def _read_owners_ahead(self, changes: Sequence[OpenTicket]) -> None:
        for step in dict.fromkeys(step for change in changes for step in change.owner):
            self._owners.read_ahead([c.company_id for c in changes if c.company_id and step in c.owner], step)

    def _body(self, key: str, change: OpenTicket) -> dict[str, Any]:
        """Raises RejectedError for a name the portal does not have."""
        pipeline = self._pipelines.pipeline(change.board)
        properties: dict[str, str] = {
            "subject": subject(change.summary) or "NPS follow-up",
            "content": _content(change, self._portal.context.zone),
            "hs_pipeline": pipeline.id,
            "hs_pipeline_stage": self._pipelines.stage(pipeline, change.status).id,
            self._key: key,
        }
        for option, name in _OPTIONS.items():
            if given := getattr(change, option):
                prop = self._properties.of(TICKETS).get(name)
                if prop is None or not settable(prop):
                    raise RejectedError(
                        f"tickets have no {option} (property {name}); leave it out", code="UnknownField"
                    )
                properties[name] = typed(prop, given)
        owner = self._owners.owner(change.company_id, change.owner) if change.owner else None
        if owner is not None:
            properties["hubspot_owner_id"] = owner[0].id
        associations = []
        if change.contact_id:
            associations.append(association(record_id(change.contact_id), _TO_CONTACT))
        if company := self._placed(change):
            associations.append(association(record_id(company), _TO_COMPANY))
        return {"properties": properties, "associations": associations}

    def _placed(self, change: OpenTicket) -> str:
        """The company it is opened at; the house's own one only where the settings name it by its id."""
        if not change.own_company:
            return change.company_id
        own = self._portal.settings.own_company
        return own if own.isascii() and own.isdigit() else ""

    def _receipt(self, key: str, ticket: str, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=ticket,
            record_type="ticket",
            link=self._portal.settings.link("0-5", ticket),
            already_there=already_there,
        )


def _content(change: OpenTicket, zone: tzinfo) -> str:
    """Everything people need, in the one description that a ticket has; it has no due date of its own."""
    person = ", ".join(
        filter(None, (one_line(t, cap=200) for t in (change.contact_name, change.contact_email, change.contact_phone)))
    )
    parts = [
        plain(change.internal),
        plain(change.discussion),
        f"Contact: {person}" if person else "",
        due_text(change.due_at, zone) if change.due_at else "",
    ]
    return plain("\n\n".join(part for part in parts if part))
