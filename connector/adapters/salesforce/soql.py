"""SOQL of described names and bound values only; nothing from outside is ever part of a query's text.

Quoting is simple-salesforce's own (`format_soql`):
https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from connector.errors import ContractError, RejectedError

IDS = 300
"""Ids in one list: an address with its headers must stay below 16,384 bytes, and quotes and commas count three each."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_ADDRESS = re.compile(r"[^\s\"'<>(),;:\\\x00-\x1f\x7f]{1,64}@[^\s\"'<>(),;:\\@\x00-\x1f\x7f]{1,190}")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def soql(text: str, /, **values: Any) -> str:
    """`text` with each {name} bound as a quoted value. Raises ContractError for what cannot be bound."""
    from simple_salesforce.format import format_soql

    for name, value in values.items():
        _bindable(name, value)
    return format_soql(text, **values)


def select(fields: Iterable[str], source: str, *conditions: str, order: str = "", limit: int = 0) -> str:
    """A query. Names must have passed `named`; conditions are made by `soql`."""
    text = f"SELECT {','.join(named(field) for field in fields)} FROM {named(source)}"  # noqa: S608 - names only
    wanted = [condition for condition in conditions if condition]
    text += f" WHERE {' AND '.join(wanted)}" if wanted else ""
    text += f" ORDER BY {order}" if order else ""
    return text + (f" LIMIT {limit}" if limit else "")


def named(name: str) -> str:
    """The name of a field or object, if it can be one; raises ContractError."""
    if _NAME.fullmatch(name) is None:
        raise ContractError(f"{name[:40]!r} is no name of a Salesforce field")
    return name


def is_id(text: str, prefix: str = "") -> bool:
    """Whether it is a record id (of the object with that key prefix: 003 contacts, 001 accounts)."""
    return _ID.fullmatch(text) is not None and text.startswith(prefix)


def record_id(text: str, prefix: str = "") -> str:
    """The 18-character id; raises RejectedError. Everything that goes into a path passes here."""
    if not is_id(text, prefix):
        raise RejectedError(f"{text[:40]!r} is no Salesforce id", code="MALFORMED_ID")
    return long_id(text)


def long_id(text: str) -> str:
    """15 characters tell upper from lower case; the last three of 18 say it again for those who do not.

    https://help.salesforce.com/s/articleView?id=000385008
    """
    if len(text) != 15:
        return text
    chunks = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(
        _SUFFIX[sum(1 << place for place, mark in enumerate(chunk) if "A" <= mark <= "Z")] for chunk in chunks
    )


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def pieces(values: Iterable[str], size: int = IDS) -> Iterator[list[str]]:
    """The values, each once, in lists that fit into an address."""
    kept = list(dict.fromkeys(values))
    for start in range(0, len(kept), size):
        yield kept[start : start + size]


def moment_text(moment: datetime) -> str:
    """Whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bindable(name: str, value: Any) -> None:
    """format_soql takes a naive time for local, an empty list for a list, and not-a-number for a number."""
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        if not value:
            raise ContractError(f"SOQL: {{{name}}} is an empty list")
        for each in value:
            _bindable(name, each)
    elif isinstance(value, datetime):
        if value.tzinfo is None:
            raise ContractError(f"SOQL: {{{name}}} is a time without a zone")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ContractError(f"SOQL: {{{name}}} is no number")
    elif not isinstance(value, str | bool | int | float | date | None):
        raise ContractError(f"SOQL: {{{name}}} cannot be bound ({type(value).__name__})")
