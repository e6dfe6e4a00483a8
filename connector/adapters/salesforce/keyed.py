"""Records that carry our key in an external-id field: found by it, many in one query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.soql import named, pieces, soql
from connector.adapters.salesforce.wire_types import WireField
from connector.domain import WriteBack
from connector.errors import RejectedError

KEYS = 200
"""Keys in one list: each is up to 40 characters, and an address with its headers must stay below 16,384 bytes."""


class WireKeyed(msgspec.Struct, rename="pascal"):
    id: str
    key: str | None = None  # its name on the wire is the settings'; see `carrying`


R = TypeVar("R", bound=WireKeyed)


def seen(org: Org, of: str) -> Described:
    """The object as the user may see it; raises RejectedError where it may not."""
    described = org.described(of)
    if described is None:
        raise RejectedError(f"the connector's user sees no {of}: give it the right to read it", code="INVALID_TYPE")
    return described


def key_field(org: Org, of: str, field: str = "") -> WireField | None:
    """The field for our key, where the org has it and the user may write it."""
    described = org.described(of)
    found = described.fields.get((field or org.settings.key_field).casefold()) if described else None
    return found if found is not None and found.createable else None


def needed_key_field(org: Org, of: str) -> WireField:
    """Raises RejectedError, with the way to get it."""
    found = key_field(org, of)
    if found is None:
        raise RejectedError(
            f"{of} has no field {org.settings.key_field} that the connector's user may write; without it nobody can "
            f"tell whether a {of.lower()} is there already. Deploy docs/salesforce and give the user the "
            "permission set NPS Connector (docs/salesforce.md)",
            code="NoKeyField",
        )
    return found


def by_key(
    org: Org,
    of: str,
    record: type[R],
    keys: Iterable[str],
    fields: Sequence[str],
    *,
    field: str = "",
    called: tuple[tuple[str, str], ...] = (),
) -> Iterator[R]:
    """The records that carry one of the keys. `called` are (attribute, the org's own name) beyond the vendor's fields.

    Raises RejectedError where the org has no field for keys.
    """
    name = field or needed_key_field(org, of).name
    row = carrying(record, (("key", name), *called))
    asked = ", ".join(named(each) for each in ("Id", name, *(own for _, own in called), *fields))
    for some in pieces(keys, KEYS):
        text = f"SELECT {asked} FROM {named(of)} WHERE {named(name)} IN {{keys}}"  # noqa: S608 - names only
        yield from org.rows(soql(text, keys=some), row)


def keys_of(asked: Iterable[tuple[WriteBack, Any]]) -> list[str]:
    return [write_back.key for write_back, _ in asked]


@cache
def carrying(record: type[R], called: tuple[tuple[str, str], ...]) -> type[R]:
    """The same record with the org's own names for some attributes on the wire."""
    fields = [(attribute, str | None, None) for attribute, _ in called]
    row: Any = msgspec.defstruct(f"{record.__name__}Here", fields, bases=(record,), rename=dict(called))
    found: type[R] = row
    return found
