"""What the vendor demands of contacts and of the rows that hang on them (facts 4.1, 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .refusals import invalid, refuse
from .state import Row
from .tenant import ACTIVE
from .views import one_default

if TYPE_CHECKING:
    from .world import World

# What the recorded answer to a new contact held (facts 4.1).
_NEW_CONTACT: Row = {
    "inactiveFlag": False,
    "portalSecurityLevel": 1,
    "disablePortalLoginFlag": True,
    "unsubscribeFlag": False,
    "defaultBillingFlag": False,
    "defaultFlag": False,
    "ignoreDuplicates": False,
}


def contact(world: World, _: int, row: Row, old: Row | None) -> Row:
    kept = items(world, row.get("communicationItems") or [])
    row = {**_NEW_CONTACT, "types": [], "customFields": {}, **row, "communicationItems": kept}
    if old is None:
        if row.get("typeIds"):
            known = world.tables["contact_types"]
            for number in row["typeIds"]:
                if known.row(0, number) is None:
                    raise invalid("contact", ("NotFound", f"Type {number} not found", "typeIds"))
            row["types"] = list(dict.fromkeys([*row["types"], *row.pop("typeIds")]))
        if world.readings["duplicate_contact"] == "error" and not row["ignoreDuplicates"]:
            _refuse_duplicate(world, kept)
    phone = next((i for i in kept if i["communicationType"] == "Phone" and i.get("defaultFlag")), None)
    if phone is not None:
        row["defaultPhoneNbr"] = phone["value"]
    return row


def company(world: World, _: int, row: Row, old: Row | None) -> Row:
    flags = {"leadFlag": False, "unsubscribeFlag": False, "deletedFlag": False, "isVendorFlag": False}
    row = {**flags, "status": ACTIVE, "types": [], "customFields": {}, **row}
    if old is None:
        companies = world.tables["companies"]
        for number in companies.ids(0):
            other = companies.row(0, number) or {}
            if other["identifier"].casefold() == row["identifier"].casefold():
                raise invalid("company", ("ObjectExists", "The identifier is already in use.", "identifier"))
    return row


def communication(world: World, parent: int, row: Row, _: Row | None) -> Row:
    [item] = items(world, [{**row, "type": row["type"]}])
    return {**item, "contactId": parent, "_info": row["_info"]}


def type_association(_world: World, parent: int, row: Row, _: Row | None) -> Row:
    return {**row, "contact": parent, "id": parent * 100 + row["type"]}


def contact_group(_world: World, parent: int, row: Row, _: Row | None) -> Row:
    return {"unsubscribeFlag": False, **row, "contact": parent, "id": row["group"]}


def note(_world: World, parent: int, row: Row, _: Row | None) -> Row:
    return {"flagged": False, "enteredBy": row["_info"]["enteredBy"], **row, "contactId": parent}


def group_contact(world: World, parent: int, row: Row, old: Row | None) -> Row:
    """A member is created by the contact's id: `{"id": 1001}`; whether that suffices is a reading."""
    number = _member_id(world, "contacts", "marketingContact", row, old)
    there = world.tables["group_contacts"].row(parent, number) if old is None else None
    if there is not None and world.readings["membership_post_again"] == "error":
        raise invalid("marketingContact", ("ObjectExists", "The contact is already in the group.", "id"))
    return {"note": "", "unsubscribeFlag": False, **row, "id": number, "groupId": parent}


def group_company(world: World, parent: int, row: Row, old: Row | None) -> Row:
    number = _member_id(world, "companies", "marketingCompany", row, old)
    flags = {"defaultContactFlag": False, "allContactsFlag": False, "unsubscribeFlag": False}
    return {**flags, **row, "id": number, "groupId": parent}


def custom_field(world: World, _: int, row: Row, old: Row | None) -> Row:
    """A definition: captions are unique on their screen."""
    if old is None and world.readings["custom_field_creation"] == "refused":
        raise refuse(403, "Forbidden", "The security role of this member may not change the set-up.")
    fields = world.tables["user_defined_fields"]
    for number in fields.ids(0):
        other = fields.row(0, number) or {}
        same = str(other.get("caption")).casefold() == str(row["caption"]).casefold()
        if number != row.get("id") and same and other.get("screenId") == row.get("screenId"):
            raise invalid("userDefinedField", ("ObjectExists", "The caption is already in use.", "caption"))
    return {"entryTypeIdentifier": "EntryField", "numberDecimals": 0, "displayOnScreenFlag": True, **row}


def activity(_world: World, _parent: int, row: Row, _old: Row | None) -> Row:
    return {"type": 1, "status": 1, "notifyFlag": False, "customFields": {}, **row}


def in_use(world: World, number: int) -> bool:
    """Return whether a ticket points at the contact."""
    tickets = world.tables["tickets"]
    return any((tickets.row(0, n) or {}).get("contact") == number for n in tickets.ids(0))


def _member_id(world: World, table: str, name: str, row: Row, old: Row | None) -> int:
    number = row.get("id")
    if not isinstance(number, int) or world.tables[table].row(0, number) is None:
        raise invalid(name, ("NotFound", f"Record {number} not found", "id"))
    if old is None and world.readings["membership_post_by_id"] == "needs_group" and "groupId" not in row:
        raise invalid(name, ("MissingRequiredField", "The groupId field is required.", "groupId"))
    return number


def items(world: World, given: list[Any]) -> list[Row]:
    """Return communication items in stored form, with one default for each kind."""
    types = world.tables["communication_types"]
    found: list[Row] = []
    for element in given:
        if not isinstance(element, dict) or element.get("value") in (None, ""):
            raise invalid("contact", ("MissingRequiredField", "The value field is required.", "communicationItems"))
        number = element.get("type")
        if isinstance(number, dict):
            number = number.get("id")
        number = int(number) if isinstance(number, str) and number.isdecimal() else number
        kind = types.row(0, number) if isinstance(number, int) else None
        if kind is None:
            raise invalid("contact", ("NotFound", f"Communication type {number} not found", "type/id"))
        word = "Email" if kind["emailFlag"] else "Fax" if kind["faxFlag"] else "Phone"
        value = str(element["value"])
        if len(value) > 250:
            raise invalid("contact", ("InvalidField", "The field value has a maximum length of 250.", "value"))
        item: Row = {
            "id": element.get("id") or world.next_communication_id(),
            "type": number,
            "value": value,
            "defaultFlag": bool(element.get("defaultFlag")),
            "communicationType": word,
        }
        if element.get("extension"):
            item["extension"] = str(element["extension"])
        if word == "Email":
            item["domain"] = f"@{value.rpartition('@')[2]}"
        found = one_default([*found, item], item)
    return found


def _refuse_duplicate(world: World, kept: list[Row]) -> None:
    addresses = {item["value"].strip().casefold() for item in kept if item["communicationType"] == "Email"}
    contacts = world.tables["contacts"]
    for number in contacts.ids(0) if addresses else ():
        row = contacts.row(0, number) or {}
        if addresses & {item["value"].strip().casefold() for item in row.get("communicationItems", ())}:
            raise invalid(
                "contact", ("ObjectExists", f"Contact {number} has the same e-mail address.", "communicationItems")
            )
