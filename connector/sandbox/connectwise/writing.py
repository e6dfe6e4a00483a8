"""Create, change, replace and delete records as the vendor does (facts 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import callbacks, checking, contact_rules, ticket_rules
from .patching import patched
from .refusals import invalid, not_found, refuse
from .resources import Place, Resource
from .state import Row
from .tenant import API_MEMBER

if TYPE_CHECKING:
    from .world import World

_BY = API_MEMBER
# What a kind of record demands beyond its shape: called with (world, parent, new row, row before or None).
Rule = Callable[["World", int, Row, Row | None], Row]
_RULES: dict[str, Rule] = {
    "contacts": contact_rules.contact,
    "companies": contact_rules.company,
    "communications": contact_rules.communication,
    "type_associations": contact_rules.type_association,
    "contact_groups": contact_rules.contact_group,
    "contact_notes": contact_rules.note,
    "group_contacts": contact_rules.group_contact,
    "group_companies": contact_rules.group_company,
    "tickets": ticket_rules.ticket,
    "callbacks": callbacks.entry,
    "user_defined_fields": contact_rules.custom_field,
    "activities": contact_rules.activity,
    "ticket_notes": ticket_rules.note,
}
# Rows whose id is given by another record, not drawn from the table.
_OWN_IDS = frozenset({"group_contacts", "group_companies", "type_associations", "contact_groups"})


def create(world: World, place: Place, body: bytes) -> Row:
    """Store a new record and return its row; raise a 400 for what the vendor would refuse."""
    resource = place.resource
    given = _object(checking.decoded(body, resource.label))
    _demand(resource, given)
    if resource.table == "callbacks":
        _check_callback(world, given)
    row = checking.members(world, resource.table, resource.name, given, board=_board(world, resource.table, given))
    row = {name: value for name, value in row.items() if value is not None and name != "id"} | (
        {"id": given["id"]} if resource.table in _OWN_IDS and "id" in given else {}
    )
    row["_info"] = world.new_info()
    if resource.parent in ("companies", "boards"):
        row["company" if resource.parent == "companies" else "board"] = place.parent
    rule = _RULES.get(resource.table)
    if rule is not None:
        row = rule(world, place.parent, row, None)
    table = world.tables[resource.table]
    number = row["id"] if resource.table in _OWN_IDS else table.new_id()
    row = {"id": number} | row | {"id": number}
    table.put(place.parent, number, row)
    if resource.table == "tickets":
        ticket_rules.created(world, row)
    elif resource.table == "ticket_notes":
        ticket_rules.note_created(world, place.parent, row)
    return table.row(place.parent, number) or row


def change(world: World, place: Place, number: int, body: bytes) -> Row:
    """Apply a PATCH and return the row; what the vendor ignores changes nothing, not even lastUpdated."""
    resource = place.resource
    table = world.tables[resource.table]
    old = table.row(place.parent, number)
    if old is None:
        raise not_found(resource.label, number)
    changes = patched(world, resource, old, checking.decoded(body, resource.label))
    if not changes:
        return old
    row = {**old, **changes}
    row = {name: value for name, value in row.items() if value is not None}
    _demand(resource, row)
    rule = _RULES.get(resource.table)
    if rule is not None:
        row = rule(world, place.parent, row, old)
    if world.readings["patch_revalidates"] == "yes":
        # Old text that today's rules refuse blocks every change of the record, whatever it touches (facts 5).
        wrong = checking.problems(resource.table, row)
        if wrong:
            raise invalid(resource.name, *wrong)
    row = world.restamped(row, by=_BY)
    table.put(place.parent, number, row)
    if resource.table == "tickets":
        ticket_rules.changed(world, old, row)
    return table.row(place.parent, number) or row


def substitute(world: World, place: Place, number: int, body: bytes) -> Row:
    """Replace a record by PUT: members left out go back to nothing."""
    resource = place.resource
    table = world.tables[resource.table]
    old = table.row(place.parent, number)
    if old is None:
        raise not_found(resource.label, number)
    given = _object(checking.decoded(body, resource.label))
    _demand(resource, given)
    row = checking.members(world, resource.table, resource.name, given, board=_board(world, resource.table, given))
    row = {name: value for name, value in row.items() if value is not None}
    row = {**row, "id": number, "_info": old["_info"]}
    if resource.table == "contacts":
        row["types"] = old["types"]
    rule = _RULES.get(resource.table)
    if rule is not None:
        row = rule(world, place.parent, row, None if resource.table in ("contacts", "tickets") else old)
    table.put(place.parent, number, world.restamped({**row, "id": number, "_info": old["_info"]}, by=_BY))
    return table.row(place.parent, number) or row


def delete(world: World, place: Place, number: int) -> None:
    """Delete a record; one that others point at is refused."""
    resource = place.resource
    table = world.tables[resource.table]
    if table.row(place.parent, number) is None:
        raise not_found(resource.label, number)
    if resource.table == "contacts" and contact_rules.in_use(world, number):
        status = int(world.readings["delete_in_use"])
        raise refuse(status, "Conflict" if status == 409 else "InvalidObject", f"Contact {number} is in use.")
    table.remove(place.parent, number)


def _object(body: Any) -> Row:
    if not isinstance(body, dict):
        raise refuse(400, "ConnectWiseApi", "The body must be one object.")
    return body


def _demand(resource: Resource, given: Row) -> None:
    missing = [
        ("MissingRequiredField", f"The {name} field is required.", name)
        for name in resource.required
        # The contact of a type association is the one in the path.
        if given.get(name) in (None, "", {}) and not (name == "contact" and resource.parent)
    ]
    if missing:
        raise invalid(resource.name, *missing)


def _board(world: World, table: str, given: Row) -> int | None:
    return ticket_rules.board_of(world, given) if table == "tickets" else None


def _check_callback(world: World, given: Row) -> None:
    level = str(given.get("level", "")).lower()
    known = {"owner"} if world.readings["callback_levels"] == "owner_only" else {"owner", "company", "status", "type"}
    if level not in known:
        raise refuse(400, "InvalidObject", f"Unrecognized level for type {given.get('type')}: {level}")
    table = world.tables["callbacks"]
    same = ("url", "type", "level", "objectId")
    for number in table.ids(0):
        row = table.row(0, number) or {}
        if all(row.get(name) == given.get(name) for name in same):
            raise invalid("callbackEntry", ("ObjectExists", "The callback already exists.", "url"))
