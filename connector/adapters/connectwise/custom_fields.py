"""Values in custom fields of contacts and companies: which differ, what each type takes, whether the tenant kept it.

A PATCH carries the whole array: fields left out of it would be cleared
(https://developer.connectwise.com/Best_Practices/Manage_API_Requests, "Custom fields").
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connector.adapters.connectwise.conditions import moment_text
from connector.adapters.connectwise.records import moment
from connector.adapters.connectwise.text import plain
from connector.domain import RecordResponse, SetField
from connector.errors import RejectedError

Field = dict[str, Any]
_NUMBERS = ("Number", "Currency", "Percent")
_NOT_SETTABLE = ("Button", "Password")
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0", "")


def values_of(change: RecordResponse | SetField) -> dict[str, Any]:
    """Folded caption to value, with the time of the answer; an empty text clears."""
    given = change.fields if isinstance(change, RecordResponse) else {change.field: change.value or None}
    values: dict[str, Any] = {_folded(caption): value for caption, value in given.items()}
    if change.responded_at_field:
        values.setdefault(_folded(change.responded_at_field), moment_text(change.responded_at))
    return values


def newer_answer(change: RecordResponse | SetField, fields: list[Field]) -> datetime | None:
    """When the answer on record was given, if that is later than this one."""
    for field in fields:
        if change.responded_at_field and _caption(field) == _folded(change.responded_at_field):
            stored = moment(str(field.get("value") or ""))
            return stored if stored is not None and stored > change.responded_at else None
    return None


def wanted(values: dict[str, Any], fields: list[Field]) -> dict[str, Any]:
    """The values in their fields' own types, for those that the tenant has. Raises RejectedError."""
    known = {_caption(field): field for field in fields if field.get("type") not in _NOT_SETTABLE}
    return {caption: _typed(known[caption], value) for caption, value in values.items() if caption in known}


def overwritten(fields: list[Field], values: dict[str, Any]) -> dict[str, str | int | float | bool | None]:
    """By the tenant's own caption, what stands where the values differ."""
    found = {}
    for field in fields:
        if _caption(field) in values and not _same(field, values[_caption(field)]):
            value = field.get("value")
            plainly = value is None or isinstance(value, str | int | float | bool)
            found[str(field.get("caption"))] = value if plainly else str(value)
    return found


def merged(fields: list[Field], values: dict[str, Any]) -> list[Field] | None:
    """The whole array with the new values; None where nothing differs."""
    if not missing(fields, values):
        return None
    return [{**field, "value": values[_caption(field)]} if _caption(field) in values else field for field in fields]


def missing(fields: list[Field], values: dict[str, Any]) -> list[str]:
    """Captions whose value is not the wanted one."""
    known = {_caption(field): field for field in fields}
    return [
        str(known[caption].get("caption")) if caption in known else caption
        for caption, value in values.items()
        if caption not in known or not _same(known[caption], value)
    ]


def _typed(field: Field, value: Any) -> Any:
    if value is None:
        return None
    kind = field.get("type")
    try:
        if kind in _NUMBERS:
            number = float(value)
            return int(number) if number.is_integer() else number
        if kind == "Checkbox":
            return _flag(value)
        if kind == "Date":
            at = moment(str(value))
            if at is None:
                raise ValueError(value)
            return moment_text(at)
    except (ValueError, OverflowError):
        raise RejectedError(
            f'custom field "{field.get("caption")}" is of type {kind}, which cannot hold {str(value)[:40]!r}',
            code="BadValue",
        ) from None
    return plain(str(value))


def _same(field: Field, value: Any) -> bool:
    """Live servers send numbers as text, and nothing, null or "" for an empty field; a Date may lose its time."""
    stored = field.get("value")
    if value is None or stored is None:
        return stored in (None, "") and value in (None, "")
    kind = field.get("type")
    if kind in _NUMBERS:
        try:
            return float(stored) == float(value)
        except (ValueError, TypeError):
            return False
    if kind == "Checkbox":
        try:
            return _flag(stored) is value
        except ValueError:
            return False
    if kind == "Date":
        return str(stored)[:10] == str(value)[:10]
    return str(stored) == str(value)


def _flag(value: Any) -> bool:
    text = str(value).strip().casefold()
    if text in _YES or text in _NO:
        return text in _YES
    raise ValueError(value)


def _caption(field: Field) -> str:
    return _folded(str(field.get("caption") or ""))


def _folded(caption: str) -> str:
    return caption.strip().casefold()
