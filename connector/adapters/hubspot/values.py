"""Values of properties: what each type takes, whether two are the same, and how they are kept in a receipt.

https://developers.hubspot.com/docs/guides/api/crm/properties: every value travels as a text; an empty one clears.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from connector.adapters.hubspot.names import folded
from connector.adapters.hubspot.text import moment_text, plain
from connector.adapters.hubspot.written_types import WireProperty
from connector.errors import RejectedError

Shown = str | int | float | bool | None
_DIGITS = 30  # 1e999999 is a number too
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


def typed(prop: WireProperty, value: object) -> str:
    """The value as this property takes it. Raises RejectedError, which names the property and what it cannot hold."""
    text = "" if value is None else str(value).strip()
    if not text:
        return ""
    try:
        return _typed(prop, text)
    except (ValueError, OverflowError, InvalidOperation):
        raise RejectedError(
            f'property "{prop.label or prop.name}" is of type {prop.type}, which cannot hold {text[:40]!r}'
            + (f" (it has {_options(prop)})" if prop.type == "enumeration" else ""),
            code="BadValue",
        ) from None


def same(prop: WireProperty, stored: str | None, wanted: str) -> bool:
    """Whether what is stored is what would be written."""
    if not stored or not wanted:
        return not stored and not wanted
    if stored == wanted:
        return True
    if prop.type == "number":
        try:
            return Decimal(stored) == Decimal(wanted)
        except InvalidOperation:
            return False
    if prop.type in ("date", "datetime"):
        one, other = moment(stored), moment(wanted)
        if one is None or other is None:
            return False
        return one.date() == other.date() if prop.type == "date" else one == other
    if prop.type == "bool":
        return stored.casefold() == wanted.casefold()
    if prop.type == "enumeration":
        return set(stored.strip(";").split(";")) == set(wanted.strip(";").split(";"))
    return False


def shown(prop: WireProperty, stored: str | None) -> Shown:
    """As a receipt keeps it; None where it is empty."""
    if not stored:
        return None
    if prop.type == "number":
        try:
            number = Decimal(stored)
            return int(number) if _whole(number) else float(number)
        except (InvalidOperation, OverflowError, ValueError):
            return stored
    return stored


def moment(text: str | None) -> datetime | None:
    """One of the vendor's times: ISO 8601 or milliseconds since 1970; None where there is none or it is not one."""
    given = (text or "").strip()
    try:
        if given.lstrip("-").isdigit() and len(given) > 8:
            return datetime.fromtimestamp(int(given) / 1000, UTC)
        at = datetime.fromisoformat(given)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _typed(prop: WireProperty, text: str) -> str:
    if prop.type == "number":
        number = Decimal(text)
        if not number.is_finite() or abs(number.adjusted()) > _DIGITS:
            raise ValueError(text)
        return str(int(number)) if _whole(number) else f"{number:f}"
    if prop.type == "bool":
        if text.casefold() not in _YES + _NO:
            raise ValueError(text)
        return "true" if text.casefold() in _YES else "false"
    if prop.type in ("date", "datetime"):
        at = moment(text)
        if at is None:
            raise ValueError(text)
        return at.astimezone(UTC).date().isoformat() if prop.type == "date" else moment_text(at)
    if prop.type == "enumeration" and prop.options:
        return _chosen(prop, text)
    return plain(text) if prop.field_type in ("textarea", "html") else " / ".join(filter(None, plain(text).split("\n")))


def _whole(number: Decimal) -> bool:
    return abs(number.adjusted()) <= _DIGITS and number == number.to_integral_value()


def _chosen(prop: WireProperty, text: str) -> str:
    """The internal value of an option, by it or by its label; several of a multiple one, parted by semicolons."""
    options = prop.options or []
    chosen = []
    for part in text.split(";") if prop.field_type == "checkbox" else [text]:
        wanted = folded(part)
        exact = [each.value for each in options if each.value == part.strip()]
        found = exact or [each.value for each in options if wanted in (folded(each.value), folded(each.label or ""))]
        if not found:
            raise ValueError(part)
        chosen.append(found[0])
    return ";".join(dict.fromkeys(chosen))


def _options(prop: WireProperty) -> str:
    there = [each.label or each.value for each in prop.options or () if not each.hidden]
    return ", ".join(there[:12]) + (" …" if len(there) > 12 else "")
