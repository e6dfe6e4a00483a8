"""What one search filter means for one stored value (facts 2.1)."""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .refusals import invalid
from .schema import Property

Test = Callable[[str | None], bool]
OPERATORS = (
    "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN",
)  # fmt: skip
_TOKEN = re.compile(r"[^\W_]+", re.UNICODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter: a property, an operator, and its operands as text."""

    name: str
    operator: str
    value: str = ""
    high: str = ""
    values: tuple[str, ...] = ()


def read(given: Any) -> Filter:
    """Return a filter of a request; raise a 400 for one that cannot be read."""
    if not isinstance(given, dict):
        raise invalid("Invalid input JSON: a filter must be an object")
    name, operator = str(given.get("propertyName", "")), str(given.get("operator", ""))
    if operator not in OPERATORS:
        raise invalid(f"Cannot deserialize value of type `Operator` from String {operator!r}; accepted: {OPERATORS}")
    found = Filter(
        name=name,
        operator=operator,
        value=str(given.get("value", "")),
        high=str(given.get("highValue", "")),
        values=tuple(str(value) for value in given.get("values") or ()),
    )
    if operator in ("IN", "NOT_IN") and not found.values:
        raise invalid(f"operator {operator} requires values")
    if operator == "BETWEEN" and not (found.value and found.high):
        raise invalid("operator BETWEEN requires value and highValue")
    if operator in ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN") and not found.value:
        raise invalid(f"operator {operator} requires a value")
    return found


def test(found: Filter, known: Property, *, lower_only: bool) -> Test:
    """Return the test of a stored value; `lower_only`: IN never finds text given with capitals."""
    operator = found.operator
    if operator == "HAS_PROPERTY":
        return bool
    if operator == "NOT_HAS_PROPERTY":
        return lambda value: not value
    if operator in ("LT", "LTE", "GT", "GTE", "BETWEEN"):
        return _range(found, known)
    if operator in ("EQ", "NEQ", "IN", "NOT_IN"):
        wanted = found.values if operator.endswith("IN") else (found.value,)
        equal = _equal(wanted, known, lower_only=lower_only and operator.endswith("IN"))
        return equal if operator in ("EQ", "IN") else lambda value: not equal(value)
    contains = _contains(found.value)
    return contains if operator == "CONTAINS_TOKEN" else lambda value: not contains(value)


def number_of(text: str, known: Property) -> float:
    """Return a number or a time (milliseconds, or ISO) as a number; raise a 400 for text that is neither."""
    try:
        return float(text)
    except ValueError:
        pass
    if known.type in ("datetime", "date"):
        try:
            when = dt.datetime.fromisoformat(text)
        except ValueError:
            raise invalid(f"{text!r} is not a valid {known.type} for {known.name}") from None
        return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp() * 1000
    raise invalid(f"{text!r} is not a valid number for {known.name}")


def _is_numeric(known: Property) -> bool:
    return known.type in ("number", "datetime", "date")


def _range(found: Filter, known: Property) -> Test:
    if not _is_numeric(known):
        low, high = found.value.lower(), (found.high or found.value).lower()
        return lambda value: bool(value) and _compare(found.operator, (value or "").lower(), low, high)
    least = number_of(found.value, known)
    most = number_of(found.high, known) if found.high else least
    return lambda value: bool(value) and _compare(found.operator, number_of(value or "0", known), least, most)


def _compare(operator: str, value: Any, low: Any, high: Any) -> bool:
    if operator == "BETWEEN":
        return bool(low <= value <= high)
    if operator == "LT":
        return bool(value < low)
    if operator == "LTE":
        return bool(value <= low)
    return bool(value > low) if operator == "GT" else bool(value >= low)


def _equal(wanted: tuple[str, ...], known: Property, *, lower_only: bool) -> Test:
    if _is_numeric(known):
        numbers = {number_of(text, known) for text in wanted}
        return lambda value: bool(value) and number_of(value or "0", known) in numbers
    plain_text = known.type == "string"
    if lower_only and plain_text:
        texts = {text for text in wanted if text == text.lower()}
    else:
        texts = {text.lower() for text in wanted}
    if known.field_type == "checkbox" and known.type == "enumeration":
        return lambda value: bool(value) and not texts.isdisjoint((value or "").lower().split(";"))
    return lambda value: bool(value) and (value or "").lower() in texts


def _contains(wanted: str) -> Test:
    if "*" in wanted:
        pattern = wanted.lower()
        return lambda value: (
            fnmatch.fnmatchcase((value or "").lower(), pattern)
            or any(fnmatch.fnmatchcase(token, pattern) for token in _TOKEN.findall((value or "").lower()))
        )
    tokens = set(_TOKEN.findall(wanted.lower()))
    return lambda value: bool(tokens) and tokens <= set(_TOKEN.findall((value or "").lower()))
