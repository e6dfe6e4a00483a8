"""Answers as records of their own: NPS_Response__c, or the object the admin names, upserted by our key.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_upsert.htm.
What is there already is left as it is: it was looked for first. The upsert only keeps two writers from making two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Results, Row
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.fields import Value, typed
from connector.adapters.salesforce.keyed import WireKeyed, by_key, keys_of
from connector.adapters.salesforce.settings import SalesforceSettings
from connector.adapters.salesforce.wire_types import WireField
from connector.domain import Receipt, RecordResponse, WriteBack
from connector.errors import ContractError, RejectedError

USUAL = {
    "contact": "Contact__c",
    "account": "Account__c",
    "responded_at": "Responded_At__c",
    "note": "Note__c",
    "nps score": "Score__c",
    "nps band": "Category__c",
    "nps comment": "Comment__c",
    "nps date": "Responded_At__c",
}
Asked = tuple[WriteBack, RecordResponse]


def response_field(described: Described, settings: SalesforceSettings, caption: str) -> WireField | None:
    """The field for a caption: the one that `response_fields` names, else the usual one, else the one of that label."""
    wanted = caption.strip().casefold()
    named = {each.strip().casefold(): name for each, name in settings.response_fields.items()}
    if wanted in named:
        return described.fields.get(named[wanted].casefold())
    return described.fields.get(USUAL.get(wanted, "").casefold()) or described.find(caption)


class WireResponse(WireKeyed):
    contact: str | None = None  # its name on the wire is the admin's


class Responses:
    def __init__(self, org: Org, collections: Collections) -> None:
        self._org, self._collections = org, collections

    @cached_property
    def described(self) -> Described | None:
        """The object; None where the org has none, or the user may not write it. Raises RejectedError where it has no
        field for our key."""
        name = self._org.settings.response_object
        described = self._org.described(name) if name else None
        if described is None or not described.wire.createable:
            return None
        key = described.fields.get(self._org.settings.response_key.casefold())
        if key is None or not key.external_id or not key.createable:
            raise RejectedError(
                f"{described.name} has no external id {self._org.settings.response_key} that the connector's user may "
                "write; deploy docs/salesforce and give the user the permission set NPS Connector (docs/salesforce.md)",
                code="NoKeyField",
            )
        return described

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ContractError]:
        """By key, those that are there; a ContractError where it is another contact's."""
        described = self.described
        found: dict[str, Receipt | ContractError] = {}
        if described is None:
            return {}
        contacts = {write_back.key: change.contact_id for write_back, change in asked}
        contact = self._field("contact")
        called = (("contact", contact.name),) if contact else ()
        field = self._org.settings.response_key
        for row in by_key(self._org, described.name, WireResponse, keys_of(asked), (), field=field, called=called):
            key = row.key or ""
            if key in contacts and key not in found:
                found[key] = self._judge(key, contacts[key], row)
        return found

    def write(self, asked: Sequence[Asked], accounts: Mapping[str, str]) -> Iterator[Results]:
        """Without looking first. `accounts`: of each contact."""
        rows = []
        for write_back, change in asked:
            account = accounts.get(change.contact_id, "")
            values = self.values(write_back.key, change, account)
            rows.append(Row(key=write_back.key, object=self._org.settings.response_object, values=values, near=account))
        return self._collections.upsert(rows, self._org.settings.response_key)

    def values(self, key: str, change: RecordResponse, account: str) -> dict[str, Any]:
        """What the object has fields for; raises RejectedError for a value that one of them cannot hold."""
        given: dict[str, Value] = {
            **change.fields,
            "responded_at": change.responded_at.isoformat(),
            "contact": change.contact_id,
            "account": account or None,
            "note": change.note or None,
        }
        values: dict[str, Any] = {self._org.settings.response_key: key}
        for caption, value in given.items():
            field = self._field(caption)
            if field is not None and field.createable:
                values[field.name] = value if field.type == "reference" else typed(field, value)
        return values

    def receipt(self, key: str, record_id: str, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=record_id,
            record_type="response",
            link=self._org.settings.link(record_id),
            already_there=already_there,
        )

    def _judge(self, key: str, contact_id: str, row: WireResponse) -> Receipt | ContractError:
        if row.contact and row.contact != contact_id:
            return ContractError(
                f"{self._org.settings.response_object} {row.id} carries key {key} but is of contact {row.contact}, not "
                f"of {contact_id}; see in Salesforce who moved it, or whether the two were merged"
            )
        return self.receipt(key, row.id, already_there=True)

    def _field(self, caption: str) -> WireField | None:
        described = self.described
        if described is None:
            return None
        return response_field(described, self._org.settings, caption)
