"""Rows in the order of their ids, each once, whatever the server understands of paging.

Three ways, best first; a server that does not follow one is taken to the next:
*forward* (header `pagination-type: forward-only`, `pageId` = last id received), *condition* (`orderBy=id` and
`id > last`), *pages* (`orderBy=id` and page numbers). The first two cannot skip or repeat a row while data change.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Generic, Protocol, TypeVar

from connector.adapters.paging.ahead import Steps, follow, look_ahead
from connector.adapters.paging.link import has_next, next_number
from connector.errors import RejectedError


class Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched(Generic[R]):
    """One answer: how its rows are read, its Link header (None where it had none), its Date header."""

    rows: Callable[[], Sequence[R]]
    link: str | None = None
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[R]):
    """New rows, by id. Everything up to `after` has been given, here or before; `last` says nothing follows.

    `short`: the page had fewer rows than were asked for.
    """

    rows: Sequence[R]
    after: int
    last: bool
    short: bool = False
    date: str = ""


Fetch = Callable[[Mapping[str, str], tuple[tuple[str, str], ...]], Fetched[R]]
"""Query and headers of one page to its rows."""


class _Way(Enum):
    FORWARD = "forward"
    CONDITION = "condition"
    PAGES = "pages"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    way: _Way = _Way.FORWARD
    after: int = 0
    page: int = 1
    highest: int = 0  # the highest id the page before showed: a page that shows no higher one repeats it
    ends_below: int = 0


def keyset(
    fetch: Fetch[R], *, query: Mapping[str, str], size: int, after: int = 0, ends_below: int = 0, ahead: bool = True
) -> Generator[Batch[R], None, None]:
    """Every row with an id above `after`, in batches; the last one says so, even when it is empty.

    The end is an empty `next`, an absent one on a short page, an empty page or a repeated one: at most one call
    beyond the least. A short page that names a `next` is followed (rights may have taken rows out of it), unless it
    has fewer rows than `ends_below`. `ahead`: ask for the next page while one is in hand. Raises what `fetch` raises.
    """
    start = _Place(after=after, ends_below=ends_below)

    def ask(place: _Place) -> Fetched[R] | RejectedError:
        try:
            return fetch(*_request(query, size, place))
        except RejectedError as error:
            if error.status != 400 or place.way is _Way.PAGES:
                raise
            return error

    def read(place: _Place, answer: Fetched[R] | RejectedError) -> tuple[Batch[R] | None, _Place | None]:
        return (None, _worse(place)) if isinstance(answer, RejectedError) else _read(place, answer, size)

    return (look_ahead if ahead else follow)(Steps(ask, _likely, read), start)


def _likely(place: _Place, answer: Fetched[R] | RejectedError) -> _Place | None:
    """The place a forward-only server names itself, before its rows have been read; for full pulls only, where a
    page that turns out to be the last one costs one call in thousands."""
    if isinstance(answer, RejectedError) or place.way is not _Way.FORWARD or place.ends_below:
        return None
    page_id = next_number(answer.link or "", "pageId")
    return replace(place, after=page_id, highest=page_id) if page_id and page_id > place.after else None


def _read(place: _Place, got: Fetched[R], size: int) -> tuple[Batch[R] | None, _Place | None]:
    found = got.rows()
    rows, in_order = _by_id(found)
    if _not_followed(place, rows, in_order, got, len(found) < size):
        return None, _worse(place)
    highest = rows[-1].id if rows else place.highest
    fresh = rows if not rows or rows[0].id > place.after else [row for row in rows if row.id > place.after]
    following = _following(place, got, len(found), size, highest)
    batch = Batch(
        rows=fresh,
        after=max(place.after, highest, following.after if following else 0),
        last=following is None,
        short=len(found) < size,
        date=got.date,
    )
    return batch, following


def _request(query: Mapping[str, str], size: int, place: _Place) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    asked = {**query, "pageSize": str(size)}
    if place.way is _Way.FORWARD:
        if place.after:
            asked["pageId"] = str(place.after)
        return asked, (("pagination-type", "forward-only"),)
    asked["orderBy"] = "id"
    if place.way is _Way.CONDITION and place.after:
        given = query.get("conditions", "")
        asked["conditions"] = f"({given}) and id > {place.after}" if given else f"id > {place.after}"
    if place.way is _Way.PAGES:
        asked["page"] = str(place.page)
    return asked, ()


def _by_id(rows: Sequence[R]) -> tuple[list[R], bool]:
    """The rows by id, each once, and whether they came in that order."""
    ids = [row.id for row in rows]
    ordered = sorted(ids)
    in_order = ids == ordered
    if in_order and len(set(ids)) == len(ids):
        return list(rows), True
    by_id = {row.id: row for row in rows}
    return [by_id[key] for key in dict.fromkeys(ordered)], in_order


def _not_followed(place: _Place, rows: Sequence[R], in_order: bool, got: Fetched[R], short: bool) -> bool:
    """Whether the server did not go the way it was asked to, so that its rows may not be the ones that come next."""
    if place.way is _Way.PAGES or not rows:
        return False
    if rows[-1].id <= place.after:
        return True
    if in_order or short:
        return False
    # A full page out of order: only a server that names a pageId has surely taken the lowest ids.
    return place.way is _Way.CONDITION or next_number(got.link or "", "pageId") is None


def _worse(place: _Place) -> _Place:
    way = _Way.CONDITION if place.way is _Way.FORWARD else _Way.PAGES
    return replace(place, way=way, page=1, highest=0)


def _following(place: _Place, got: Fetched[R], count: int, size: int, highest: int) -> _Place | None:
    link = got.link or ""
    if not count or (count < size and (count < place.ends_below or not has_next(link))):
        return None
    if got.link is not None and not has_next(link):
        return None
    if place.way is _Way.PAGES:
        if highest <= place.highest:
            return None  # the same page again
        page = max(next_number(link, "page") or 0, place.page + 1)
        return replace(place, after=max(place.after, highest), page=page, highest=highest)
    page_id = next_number(link, "pageId")
    if place.way is _Way.FORWARD and page_id is None:
        place = replace(place, way=_Way.CONDITION)  # page numbers, or no link at all: not forward-only
    return replace(place, after=max(highest, page_id or 0), highest=highest)
