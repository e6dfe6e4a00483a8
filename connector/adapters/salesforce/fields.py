"""Values in fields of contacts, accounts and answers: what each type takes, which differ, whether one is newer.

Fields are named by their label or API name, case ignored; lengths, types and picklists come from describe:
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.text import lines, one_line, same_text
from connector.adapters.salesforce.wire_types import PicklistValue, WireField
from connector.domain import RecordResponse, SetField
from connector.errors import RejectedError

_NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})
_DIGITS = 18  # a number field holds no more: as an integer, a larger exponent alone would take minutes
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0", "")
_LISTED = frozenset({"picklist", "multipicklist"})
Value = str | int | float | bool | None
Stored = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One value that is to stand in a field; `caption` is how the rule calls it."""

    caption: str
    field: WireField
    value: Value


def values_of(change: RecordResponse | SetField) -> dict[str, Value]:
    """Caption to value, with the time of the answer; an empty text clears."""
    given: dict[str, Value] = (
        dict(change.fields) if isinstance(change, RecordResponse) else {change.field: change.value or None}
    )
    named = {_folded(caption) for caption in given}
    if change.responded_at_field and _folded(change.responded_at_field) not in named:
        given[change.responded_at_field] = change.responded_at.isoformat()
    return given


def wanted(values: Mapping[str, Value], described: Described) -> list[Wanted]:
    """Those that the org has and the user may write, in their fields' own types. Raises RejectedError."""
    found = []
    for caption, value in values.items():
        field = described.find(caption)
        if field is not None and field.updateable:
            found.append(Wanted(caption=caption, field=field, value=typed(field, value)))
    return found


def differing(wants: Iterable[Wanted], stored: Stored) -> list[Wanted]:
    return [each for each in wants if not same(each.field, stored.get(each.field.name), each.value)]


def before(wants: Iterable[Wanted], stored: Stored) -> dict[str, Value]:
    """By the rule's own caption, what stands in the fields."""
    return {each.caption: _plainly(each.field, stored.get(each.field.name)) for each in wants}


def newer_answer(change: RecordResponse | SetField, described: Described, stored: Stored) -> datetime | None:
    """When the answer on record was given, if that is later than this one."""
    field = described.find(change.responded_at_field) if change.responded_at_field else None
    at = moment(str(stored.get(field.name) or "")) if field is not None else None
    if at is None or field is None:
        return None
    if field.type == "date":  # of one day the hour is forgotten, so the same day is not later
        return at if at.date() > change.responded_at.astimezone(UTC).date() else None
    return at if at > change.responded_at.replace(microsecond=0) else None


def typed(field: WireField, value: Value) -> Value:
    """As the field takes it; raises RejectedError where it cannot."""
    if value is None or (value == "" and field.type not in ("boolean",)):
        return False if field.type == "boolean" else None
    try:
        if field.type in _NUMBERS:
            number = Decimal(str(value))
            if not number.is_finite() or number.adjusted() > _DIGITS:
                raise ValueError(value)
            return int(number) if number == number.to_integral_value() else float(number)
        if field.type == "boolean":
            return _flag(value)
        if field.type in ("datetime", "date"):
            at = moment(str(value))
            if at is None:
                raise ValueError(value)
            return moment_text(at) if field.type == "datetime" else at.date().isoformat()
        if field.type in _LISTED:
            return _listed(field, str(value))
    except (ValueError, InvalidOperation, OverflowError):
        raise RejectedError(
            f'field "{field.name}" is of type {field.type}, which cannot hold {str(value)[:40]!r}', code="BadValue"
        ) from None
    cap = field.length or 255
    return lines(str(value), cap=cap) if field.type == "textarea" else one_line(str(value), cap=cap)


def same(field: WireField, stored: Any, value: Value) -> bool:
    """An empty text is stored as null; a number comes back with a fraction, a time with its milliseconds."""
    if value is None or stored is None:
        return stored in (None, "") and value in (None, "")
    if field.type in _NUMBERS:
        try:
            return Decimal(str(stored)) == Decimal(str(value))
        except InvalidOperation:
            return False
    if field.type == "datetime":
        one, other = moment(str(stored)), moment(str(value))
        return one is not None and other is not None and one.replace(microsecond=0) == other.replace(microsecond=0)
    if field.type == "boolean":
        return bool(stored) is bool(value)
    return same_text(str(stored), str(value))


def choice(field: WireField | None, value: str, *, what: str) -> str:
    """The picklist's own value for what a rule calls it, by value or label; raises RejectedError naming those there."""
    if field is None or not field.createable:
        raise RejectedError(f"{what}: the org has no such field that the connector may set", code="UnknownField")
    if not field.picklist_values:
        return one_line(value, cap=field.length or 255)
    found = _spelt(field, value)
    if found is None:
        there = ", ".join(sorted((_shown(each) for each in _active(field)), key=str.casefold)[:12])
        raise RejectedError(f"{what} {value[:60]!r} is not there; there are: {there}", code="UnknownName")
    return found


def moment(text: str) -> datetime | None:
    """A time as Salesforce (…+0000) or a rule writes it, aware; a date is its first moment in UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return datetime.combine(date.fromisoformat(text.strip()[:10]), datetime.min.time(), UTC)
        except ValueError:
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def moment_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(field: WireField, value: str) -> str:
    """A picklist's own spelling; one that takes no others refuses what it does not have."""
    found = _spelt(field, value)
    if found is None and field.restricted_picklist:
        raise ValueError(value)
    return found if found is not None else one_line(value, cap=field.length or 255)


def _spelt(field: WireField, value: str) -> str | None:
    for each in _active(field):
        if _folded(value) in (_folded(each.value or ""), _folded(each.label or "")):
            return each.value
    return None


def _active(field: WireField) -> list[PicklistValue]:
    return [each for each in field.picklist_values if each.active and each.value]


def _shown(each: PicklistValue) -> str:
    return each.label or each.value or ""


def _flag(value: Value) -> bool:
    text = str(value).strip().casefold()
    if text in _YES or text in _NO:
        return text in _YES
    raise ValueError(value)


def _plainly(field: WireField, value: Any) -> Value:
    """Numbers come back with a fraction that they were not given."""
    if field.type in _NUMBERS and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _folded(caption: str) -> str:
    return caption.strip().casefold()
