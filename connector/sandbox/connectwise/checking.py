"""Check the members of a written record and turn them into their stored form (facts 4, 5)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from .refusals import Refusal, invalid, refuse
from .shapes import Member, shape
from .state import Row
from .tenant import SCREENS

if TYPE_CHECKING:
    from .world import World

_REFERENCE = frozenset({"id", "identifier", "name", "summary", "_info", "sort", "level", "dailyCapacity"})
UNDER_BOARD = {
    "status": "statuses",
    "type": "board_types",
    "subType": "subtypes",
    "item": "items",
    "team": "board_teams",
}
_NAMES = {
    "statuses": "Service Status",
    "board_types": "Service Type",
    "subtypes": "Service SubType",
    "items": "Service Item",
}


def decoded(body: bytes, of: str) -> Any:
    """Return the JSON of a body; raise 400 for what is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refuse(400, "ConnectWiseApi", f"The body could not be read as {of}.") from None


def members(world: World, table: str, name: str, body: Row, *, board: int | None = None) -> Row:
    """Return the stored form of the members given.

    Raise 400: ConnectWiseApi for an unknown member or a value of the wrong kind, InvalidObject for one that is
    too long, not in its enumeration, or refers to nothing.
    """
    known = shape(table)
    stored: Row = {}
    errors: list[tuple[str, str, str]] = []
    for key, value in body.items():
        if key == "_info":
            continue
        member = known.get(key)
        if member is None:
            raise _no_member(key, name)
        if value is None:
            stored[key] = None
            continue
        try:
            stored[key] = value_of(world, table, member, value, board)
        except _Wrong as wrong:
            errors.append((wrong.code, str(wrong), wrong.field or key))
    if errors:
        raise invalid(name, *errors)
    return stored


def problems(table: str, row: Row) -> list[tuple[str, str, str]]:
    """Return what today's rules say about texts and numbers of a stored row, as inner errors."""
    found = []
    for key, member in shape(table).items():
        value = row.get(key)
        if isinstance(value, str) and member.limit and len(value) > member.limit:
            found.append(("InvalidField", _too_long(member), key))
        if key == "yearEstablished" and isinstance(value, int) and not 1000 <= value <= 9999:
            found.append(("OutOfRange", "The field yearEstablished must be between 1000 and 9999.", key))
    return found


def value_of(world: World, table: str, member: Member, value: Any, board: int | None = None) -> Any:
    """Return one member's value in its stored form; see `members`."""
    kind = member.kind
    if kind == "ref":
        return _reference(world, member, value, board if table == "tickets" else None)
    if kind == "text":
        if isinstance(value, dict | list):
            raise _cast(value, "System.String", member)
        text = value if isinstance(value, str) else str(value)
        if member.limit and len(text) > member.limit and not (table == "tickets" and member.name == "summary"):
            raise _Wrong("InvalidField", _too_long(member))
        return text
    if kind == "flag":
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise _cast(value, "System.Boolean", member)
    if kind in ("int", "num"):
        return _number(member, value)
    if kind == "enum":
        for choice in member.choices:
            if isinstance(value, str) and choice.lower() == value.lower():
                return choice
        raise _Wrong("InvalidField", f"{value} is not one of {', '.join(member.choices)}.")
    if kind == "when":
        return _moment(member, value)
    if kind == "list":
        return _list(world, table, member, value)
    return value


class _Wrong(Exception):  # noqa: N818 - becomes one inner error of a Refusal
    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


def _reference(world: World, member: Member, value: Any, board: int | None) -> Any:
    if not isinstance(value, dict):
        raise _cast(value, f"{member.name} reference", member)
    for key in value:
        if key not in _REFERENCE:
            raise _no_member(key, f"{member.name} reference")
    if member.of == "free":
        return {key: item for key, item in value.items() if key != "_info"}
    table = world.tables[member.of]
    number = value.get("id")
    scoped = board is not None and member.name in UNDER_BOARD
    parent = board if scoped and board is not None else 0
    if number is None:
        return _by_name(world, member, value, parent)
    if isinstance(number, str) and number.isdecimal():  # recorded: the id of a type given as "13" (facts 4.1)
        number = int(number)
    found = table.parent_of(number) if member.of in _BOARD_TABLES and not scoped and isinstance(number, int) else parent
    if not isinstance(number, int) or table.row(found or 0, number) is None:
        raise _missing(member, f"{member.name}/id", number, board if scoped else None)
    return number


_BOARD_TABLES = frozenset(UNDER_BOARD.values())


def _by_name(world: World, member: Member, value: Row, parent: int) -> int:
    """Resolve a reference given by identifier or name; one of them suffices on write (facts 4)."""
    for key in ("identifier", "name"):
        word = value.get(key)
        if not isinstance(word, str):
            continue
        if member.of == "contacts":
            break
        table = world.tables[member.of]
        for number in table.ids(parent):
            row = table.row(parent, number) or {}
            if str(row.get(key, row.get("description", ""))).casefold() == word.casefold():
                return number
        raise _missing(member, f"{member.name}/{key}", word, parent or None)
    raise _Wrong("MissingRequiredField", f"The {member.name} field needs an id.", f"{member.name}/id")


def _missing(member: Member, field: str, key: object, board: int | None) -> _Wrong:
    if board is not None:
        return _Wrong("NotFound", f"{_NAMES.get(member.of, member.name)} not found for Service Board {board}", field)
    return _Wrong("NotFound", f"{member.name[:1].upper()}{member.name[1:]} {key} not found", field)


def _list(world: World, table: str, member: Member, value: Any) -> Any:
    if not isinstance(value, list):
        words = {"communicationItems": "ContactCommunicationItem[]", "customFields": "CustomFieldValue[]"}
        raise _cast(value, words.get(member.name, f"{member.name}[]"), member)
    if member.name == "customFields":
        return custom_values(world, table, value)
    word, _, of = member.of.partition(".")
    if word == "ref":
        inner = Member(name=member.name, kind="ref", of=of)
        return [_reference(world, inner, element, None) for element in value]
    if word == "int":
        return [_number(member, element) for element in value]
    return value


def custom_values(world: World, table: str, given: list[Any]) -> dict[int, Any]:
    """Return custom field values by field id; the whole array counts, so fields left out are cleared (facts 5)."""
    fields = world.tables["user_defined_fields"]
    rows = {number: fields.row(0, number) or {} for number in fields.ids(0)}
    rows = {number: row for number, row in rows.items() if row.get("screenId") == SCREENS.get(table)}
    by_caption = {str(row["caption"]).casefold(): number for number, row in rows.items()}
    values: dict[int, Any] = {}
    for element in given:
        if not isinstance(element, dict):
            raise refuse(400, "ConnectWiseApi", "Could not cast or convert to CustomFieldValue.")
        number = element.get("id") or by_caption.get(str(element.get("caption", "")).casefold())
        if number not in rows:
            raise _Wrong(
                "NotFound", f"Custom field {element.get('id') or element.get('caption')} not found", "customFields"
            )
        value = element.get("value")
        if value is not None:
            values[number] = _custom_value(rows[number], value)
    return values


def _custom_value(field: Row, value: Any) -> Any:
    kind = field["fieldTypeIdentifier"]
    if kind in ("Number", "Percent", "Currency"):
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise _Wrong("InvalidField", f"{field['caption']} must be a number.", "customFields") from None
        return int(number) if number == int(number) else number
    if kind == "Text" and len(str(value)) > 100:
        raise _Wrong("InvalidField", f"{field['caption']} must not exceed 100 characters.", "customFields")
    return value if kind == "Checkbox" else str(value)


def _number(member: Member, value: Any) -> Any:
    try:
        if isinstance(value, bool):
            raise ValueError(value)
        return int(value) if member.kind in ("int", "list") else float(value)
    except (TypeError, ValueError):
        raise _cast(value, "System.Int32" if member.kind == "int" else "System.Double", member) from None


def _moment(member: Member, value: Any) -> str:
    try:
        return datetime.fromisoformat(str(value)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise _cast(value, "System.DateTime", member) from None


def _too_long(member: Member) -> str:
    return f"The field {member.name} must be a string with a maximum length of {member.limit}."


def _no_member(key: str, name: str) -> Refusal:
    kind = name[:1].upper() + name[1:]
    return refuse(
        400,
        "ConnectWiseApi",
        f"Could not find member '{key}' on object of type '{kind}'. Path '{key}'. Check your accept header.",
    )


def _cast(value: Any, kind: str, member: Member) -> Refusal:
    given = {str: "System.String", bool: "System.Boolean", int: "System.Int64"}.get(type(value), "System.Object")
    return refuse(400, "InvalidPatch", f"Could not cast or convert from {given} to {kind}. Path '{member.name}'.")
