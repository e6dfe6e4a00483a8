"""What changed since a moment, and what was archived since: for pulls after the first.

https://developers.hubspot.com/docs/api-reference/search/guide: a search gives 200 rows a call and 10,000 for one
question, five calls a second. Rows are asked for by rising id, each time beyond the last one, never by offset: a row
that changes meanwhile moves in any order by time. A search never finds archived records; erased ones nothing finds.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from connector.adapters.hubspot.both_ends import ID, Row, number, rising
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.paths import CONTACTS
from connector.adapters.hubspot.records import moment
from connector.adapters.hubspot.searches import is_last
from connector.adapters.hubspot.wire_types import Nothing, WireObject, WirePage
from connector.errors import ContractError

R = TypeVar("R", bound=Row)
ARCHIVED_CALLS = 5
ArchivedPage = WirePage[WireObject[Nothing]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Generic[R]):
    """Rows by rising id; all up to `after` have been given. `last`: there are no more."""

    rows: Sequence[R]
    after: str
    last: bool
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Ids of records archived since; `after` is the list's cursor, `calls` how many were made for these."""

    ids: Sequence[str]
    after: str
    last: bool
    calls: int


def changed(
    portal: Portal, kind: str, page: type[WirePage[R]], properties: Sequence[str], *, since: datetime, after: str
) -> Generator[Changed[R], None, None]:
    """Every record changed at `since` or later with an id above `after`."""
    where, size = portal.path("search", type=kind), 2 * portal.settings.page_size
    modified = "lastmodifieddate" if kind == CONTACTS else "hs_lastmodifieddate"
    while True:
        filters = [{"propertyName": modified, "operator": "GTE", "value": str(int(since.timestamp() * 1000))}]
        if after:
            filters.append({"propertyName": ID, "operator": "GT", "value": after})
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": ID, "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": size,
        }
        found, date = portal.asked_dated(where, body, page)
        numbers = [number(row) for row in found.results]
        last = is_last(len(numbers), found.total, size, where=where)
        rows = sorted(found.results, key=number)
        fresh = [row for row in rows if not after or number(row) > int(after)]
        if not last and not (fresh and rising(numbers)):
            raise ContractError(f"POST {where}: rows are not in the order asked for, so some would be left out")
        after = fresh[-1].id if fresh else after
        yield Changed(rows=fresh, after=after, last=last, date=date)
        if last:
            return


def archived(portal: Portal, kind: str, *, since: datetime, after: str) -> Generator[Archived, None, None]:
    """The ids of records archived at `since` or later (or nobody says when), out of all that can still be restored."""
    where = portal.path("objects", type=kind)
    while True:
        ids: list[str] = []
        calls = 0
        while calls < ARCHIVED_CALLS:
            query = {"limit": "100", "after": after, "archived": "true", "properties": ID}
            found = portal.get(where, ArchivedPage, query)
            calls += 1
            at = [(row.id, moment(row.archived_at)) for row in found.results]
            ids += [each for each, when in at if when is None or when >= since]
            after = found.after or ""
            if not after:
                break
        yield Archived(ids=ids, after=after, last=not after, calls=calls)
        if not after:
            return
