"""What a client may write: names, rights, types, lengths, picklists and references, each with the vendor's refusal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import moments
from .catalogue import PICKLISTS
from .ids import whole
from .naming import is_visible
from .refusals import RowError
from .shapes import SHAPES, Field, Shape, object_of
from .state import Row

if TYPE_CHECKING:
    from .world import World

_EMAIL = re.compile(r"[^\s@,;<>()\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def checked(world: World, shape: Shape, body: Row, *, creating: bool) -> Row:
    """Return the values to store; raise RowError for the first thing that is wrong."""
    values: Row = {}
    forbidden: list[str] = []
    for name, given in body.items():
        if name == "attributes":
            continue
        relation = shape.relation(name) if isinstance(given, dict) else None
        field = relation or shape.find(name)
        if field is None or not is_visible(world, shape, field):
            raise RowError("INVALID_FIELD", f"No such column '{name}' on sobject of type {shape.name}")
        if field.type == "id":
            verb = "insert" if creating else "update"
            raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", f"cannot specify Id in an {verb} call", [field.name])
        if not _may(world, shape, field, creating=creating):
            forbidden.append(field.name)
            continue
        value = _related(world, field, given) if relation else given
        values[field.name] = _value(world, shape, field, value)
    if forbidden:
        raise RowError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(forbidden)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set.",
            forbidden,
        )
    if creating:
        missing = [f.name for f in shape.fields.values() if f.required and values.get(f.name) in (None, "")]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise RowError("REQUIRED_FIELD_MISSING", message, missing)
    return values


def _may(world: World, shape: Shape, field: Field, *, creating: bool) -> bool:
    if {f"{shape.name}.{field.name}", shape.name} & world.state.readonly:
        return False
    if field.name == "IsEmailBounced" and world.readings["is_email_bounced_writable"] == "yes":
        return True
    return field.createable if creating else field.updateable


def _value(world: World, shape: Shape, field: Field, given: Any) -> Any:
    if given is None or (given == "" and field.type != "boolean"):
        if field.type == "boolean":
            raise _wrong_type(field, given)
        if not field.nillable:
            message = f"Required fields are missing: [{field.name}]"
            raise RowError("REQUIRED_FIELD_MISSING", message, [field.name])
        return None
    if field.type == "boolean":
        if not isinstance(given, bool):
            raise _wrong_type(field, given)
        return given
    if field.type in ("double", "int"):
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise _wrong_type(field, given)
        return float(given) if field.type == "double" else int(given)
    if isinstance(given, bool | int | float):
        given = str(given).lower() if isinstance(given, bool) else str(given)
    if not isinstance(given, str):
        raise _wrong_type(field, given)
    if field.type in ("datetime", "date"):
        read = moments.read(given) if field.type == "datetime" else moments.read_date(given[:10])
        if read is None:
            raise _wrong_type(field, given)
        return read
    if field.type == "reference":
        return _reference(world, field, given)
    return _text(shape, field, given)


def _text(shape: Shape, field: Field, given: str) -> str:
    # A comment's body is measured in bytes (facts 3.2).
    size = len(given.encode()) if shape.name == "CaseComment" else len(given)
    if field.length and size > field.length:
        message = f"{field.label}: data value too large: {given[:80]} (max length={field.length})"
        raise RowError("STRING_TOO_LONG", message, [field.name])
    if field.type == "email" and not _EMAIL.fullmatch(given):
        raise RowError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {given}", [field.name])
    if field.restricted:
        values = PICKLISTS[field.picklist]
        known = {value.lower(): value for value in values}
        if given.lower() not in known:
            message = f"{field.label}: bad value for restricted picklist field: {given}"
            raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])
        return known[given.lower()]
    return given


def _reference(world: World, field: Field, given: str) -> str:
    kind = object_of(given)
    if kind is None or kind not in field.refers:
        raise RowError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {given[:30]}", [field.name])
    table = world.tables[kind]
    position = table.position(given)
    if position is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])
    if "IsDeleted" in table.shape.fields and table.column("IsDeleted", (position,))[0]:
        raise RowError("ENTITY_IS_DELETED", "entity is deleted", [field.name])
    return whole(given)


def _related(world: World, field: Field, given: Row) -> str:
    """Return the id of the parent that an external id names: {"Contact__r": {"Legacy_Id__c": "x"}} (facts 3.1)."""
    parent = SHAPES[field.refers[0]]
    keys = [(parent.find(name), value) for name, value in given.items() if name != "attributes"]
    if len(keys) != 1 or keys[0][0] is None or not keys[0][0].external:
        raise RowError("INVALID_FIELD", f"{field.relationship} needs exactly one external id of {parent.name}")
    key, value = keys[0][0], str(keys[0][1])
    found = world.tables[parent.name].find(key.name, value)
    if len(found) != 1:
        message = f"Foreign key external ID: {value.lower()} not found for field {key.name} in entity {parent.name}"
        raise RowError("INVALID_FIELD", message)
    return world.tables[parent.name].ids.of(found[0])


def _wrong_type(field: Field, given: object) -> RowError:
    message = f"{field.label}: value not of required type: {str(given)[:40]}"
    return RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [field.name])
