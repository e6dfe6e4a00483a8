"""Every record of a kind, read from both ends at once, until the two meet.

A list gives 100 records a call, but each call needs the cursor of the one before, and a cursor is never constructed:
the latency sets the pace. A search gives 200 and may begin anywhere, but an account has only five a second, and no
more than 10,000 rows for one question. So the list is followed from the lowest id, and beside it the search is asked
for the highest ids, each time below the last one it gave. The search index may lag: what it lacks is younger than this
pull, and the next pull asks for what changed since this one began.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any, Generic, Protocol, Self, TypeVar

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.wire_types import WirePage
from connector.adapters.paging.abreast import abreast
from connector.errors import ContractError, RejectedError, ThrottledError

LISTED, SEARCHED = 5, 2
"""Calls of each end that make one batch: in about the ratio in which calls pass (at 80 ms twelve to five a second), for
the ends are handed on in turns."""
ID = "hs_object_id"
_ABOUT, _EXACT = 0.99, 1000  # records come and go while they are read; a short list costs little to be followed
_log = logging.getLogger(__name__)


class Row(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far the ends came: the list's cursor, the highest id it gave, the lowest id that the search gave (0: none).

    `ordered`: the list gives rising ids, as far as was seen; else it has to be followed to its end. `given`: how many
    records were given in all; `expected`: how many there are, by the first search (0: not known).
    """

    after: str = ""
    low: int = 0
    high: int = 0
    ordered: bool = True
    given: int = 0
    expected: int = 0

    def kept(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def back(cls, kept: dict[str, Any]) -> Self:
        return cls(**{each.name: kept[each.name] for each in fields(cls) if each.name in kept})


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[R]):
    """Records not given before, and the place to go on from; `last`: there are no more. `date` is the answer's own."""

    rows: Sequence[R]
    place: Place
    last: bool
    date: str = ""


@dataclass(frozen=True, slots=True)
class _Got(Generic[R]):
    """What some calls of one end gave; `after` is empty at the end of the list. `total` is what a search tells.

    `anew`: the list was begun anew, so that it gives again what was given.
    """

    rows: list[R]
    after: str = ""
    date: str = ""
    total: int = 0
    anew: bool = False


def both_ends(
    portal: Portal, kind: str, page: type[WirePage[R]], properties: Sequence[str], place: Place
) -> Generator[Batch[R], None, None]:
    """Each record of the kind once, in batches; from `place` on."""
    ends = _Ends(portal, kind, page, properties)
    if not place.after:
        first = ends.listed("", calls=1)
        batch = _of_list(place, first)
        yield batch
        if batch.last:
            return
        place = batch.place
    yield from _meeting(ends, place)


def _meeting(ends: _Ends[R], place: Place) -> Generator[Batch[R], None, None]:
    ranges: dict[str, Callable[[], Generator[_Got[R], None, None]]] = {"list": lambda: ends.list_from(place.after)}
    if place.ordered:
        ranges["search"] = lambda: ends.search_below(place.high)
    turns = abreast(ranges)
    here = place
    with closing(turns):
        for end, got in turns:
            batch = _of_list(here, got) if end == "list" else _of_search(here, got)
            here = batch.place
            yield batch
            if batch.last:
                return
            if "search" in ranges and not here.ordered:
                break
        else:
            return
    yield from _meeting(ends, here)  # the list alone: only with rising ids is it known where the ends meet


def _of_list(place: Place, got: _Got[R]) -> Batch[R]:
    ids = [number(row) for row in got.rows]
    follows = got.anew or not ids or ids[0] > place.low
    ordered = place.ordered and follows and rising(ids)
    above = place.low if ordered else 0
    below = place.high or math.inf
    fresh = [row for row, each in zip(got.rows, ids, strict=True) if above < each < below]
    here = replace(
        place,
        after=got.after or place.after,
        low=max([place.low, *(each for each in ids if each < below)]),
        ordered=ordered,
        given=place.given + len(fresh),
    )
    return _batch(fresh, here, met=any(each >= below for each in ids), end=not got.after, date=got.date)


def _of_search(place: Place, got: _Got[R]) -> Batch[R]:
    fresh = [row for row in got.rows if number(row) > place.low]
    here = replace(
        place,
        high=min((number(row) for row in fresh), default=place.high),
        given=place.given + len(fresh),
        expected=place.expected or got.total,
    )
    return _batch(fresh, here, met=len(fresh) < len(got.rows), end=False, date=got.date)


def _batch(rows: Sequence[R], here: Place, *, met: bool, end: bool, date: str) -> Batch[R]:
    """Where the ends met is the end, if the list rises and about as many were given as there are."""
    enough = here.expected * (_ABOUT if here.expected > _EXACT else 1)
    if met and here.ordered and here.given < enough:
        _log.warning(
            "%d of %d records when both ends met: the list is not by id, and is followed to its end",
            here.given, here.expected,
        )  # fmt: skip
        here = replace(here, ordered=False)
    return Batch(rows=rows, place=here, last=end or (met and here.ordered), date=date)


def rising(ids: Sequence[int]) -> bool:
    """Whether each is higher than the one before."""
    return all(a < b for a, b in pairwise(ids))


def number(row: Row) -> int:
    """A record's id, by which records are in order; raises ContractError where it is none."""
    if not row.id.isdecimal():
        raise ContractError(f"a HubSpot record has the id {row.id[:20]!r}, which is no number")
    return int(row.id)


class _Ends(Generic[R]):
    def __init__(self, portal: Portal, kind: str, page: type[WirePage[R]], properties: Sequence[str]) -> None:
        self._portal, self._kind, self._page = portal, kind, page
        self._properties = list(properties)
        self._size = portal.settings.page_size

    def listed(self, after: str, *, calls: int = LISTED) -> _Got[R]:
        """https://developers.hubspot.com/docs/api-reference/crm-contacts-v3: at most 100 a call."""
        where = self._portal.path("objects", type=self._kind)
        rows: list[R] = []
        said = ""
        for _ in range(calls):
            query = {"limit": str(self._size), "after": after, "properties": ",".join(self._properties)}
            page, date = self._portal.dated(where, self._page, query)
            rows += page.results
            said = said or date
            after = page.after or ""
            if not after:
                break
        return _Got(rows, after, said)

    def list_from(self, after: str) -> Generator[_Got[R], None, None]:
        try:
            got = self.listed(after)
        except RejectedError as error:
            if error.status != 400:
                raise
            _log.warning("HubSpot does not know the cursor of an interrupted pull any more; it lists anew: %s", error)
            yield from self._anew()
            return
        yield got
        while got.after:
            got = self.listed(got.after)
            yield got

    def _anew(self) -> Generator[_Got[R], None, None]:
        after, more = "", True
        while more:
            got = self.listed(after)
            yield replace(got, anew=True)
            after, more = got.after, bool(got.after)

    def search_below(self, high: int) -> Generator[_Got[R], None, None]:
        """The highest ids first. Ends early where others use the searches up: the list goes all the way if need be."""
        where, size = self._portal.path("search", type=self._kind), 2 * self._size
        total = 0
        while True:
            rows: list[R] = []
            full = True
            for _ in range(SEARCHED):
                try:
                    found = self._portal.ask(where, self._question(high, size), self._page)
                except ThrottledError as error:
                    _log.warning("searches are refused, the list is read alone: %s", error)
                    full = False
                    break
                numbers = [number(row) for row in found.results]
                if not rising(numbers[::-1]) or (high and any(each >= high for each in numbers)):
                    _log.warning("%s is not answered in the order asked for; the list is read alone", where)
                    full = False
                    break
                rows += found.results
                total = total or found.total or 0
                high = min(numbers, default=high)
                full = len(numbers) == size
                if not full:
                    break
            if rows:
                yield _Got(rows, total=total)
            if not full:
                return

    def _question(self, high: int, size: int) -> dict[str, Any]:
        below = {"filters": [{"propertyName": ID, "operator": "LT", "value": str(high)}]}
        return {
            "filterGroups": [below] if high else [],
            "sorts": [{"propertyName": ID, "direction": "DESCENDING"}],
            "properties": self._properties,
            "limit": size,
        }
