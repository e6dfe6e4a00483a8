"""Every row exactly once, whatever the server makes of our way of asking."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.adapters.paging import Batch, Fetched, Steps, keyset, look_ahead, next_number
from connector.errors import RejectedError, UnavailableError


@dataclass(frozen=True)
class Row:
    id: int


@dataclass
class Server:
    """Rows by id; the switches are the readings of the vendor's documents and known misbehaviour."""

    ids: list[int]
    size: int = 10
    forward_only: bool = True
    last_link: str = "empty"  # empty | absent | next
    conditions: str = "served"  # served | ignored | refused
    order: str = "id"  # of answers nobody asked to be sorted
    pages_end: bool = True  # False: any page past the end is the last page again
    trim: set[int] = field(default_factory=set)  # rows that rights take out of a page once it is cut
    repeat: bool = False  # each page begins with a row of the page before
    calls: list[dict[str, str]] = field(default_factory=list)

    def fetch(self, query: Mapping[str, str], headers: tuple[tuple[str, str], ...]) -> Fetched[Row]:
        self.calls.append(dict(query))
        forward = self.forward_only and ("pagination-type", "forward-only") in headers
        if forward and "orderBy" in query:
            raise RejectedError("orderBy with forward-only", status=400)
        ids = sorted(self.ids) if forward or "orderBy" in query or self.order == "id" else self.ids[::-1]
        above = re.fullmatch(r"(?:\(x=1\) and )?id > (\d+)", query.get("conditions", ""))
        if above:
            if self.conditions == "refused":
                raise RejectedError("id is not a recognized name", status=400)
            if self.conditions == "served":
                ids = [each for each in ids if each > int(above[1])]
        if forward:
            after = int(query.get("pageId", 0))
            return self._page([each for each in ids if each > after], 0, "pageId")
        number = int(query.get("page", 1))
        if not self.pages_end:
            number = min(number, max(1, -(-len(ids) // self.size)))
        return self._page(ids, (number - 1) * self.size, "page", number)

    def _page(self, ids: list[int], start: int, name: str, number: int = 0) -> Fetched[Row]:
        cut = ids[start : start + self.size]
        more = start + self.size < len(ids)
        link: str | None = "" if self.last_link == "empty" else None
        if more or (self.last_link == "next" and cut):
            value = number + 1 if name == "page" else cut[-1]
            link = f'<https://i.example.com//x?pageSize=10&{name}={value}>; rel="next", <https://i/x?page=9>;rel="last"'
        rows = [Row(each) for each in cut if each not in self.trim]
        if self.repeat and rows and rows[0].id > min(self.ids):
            rows.insert(0, Row(max(each for each in self.ids if each < rows[0].id)))
        return Fetched(rows=lambda: rows, link=link)


def served(server: Server, *, after: int = 0, **how: Any) -> list[int]:
    batches = list(keyset(server.fetch, query={"fields": "id"}, size=server.size, after=after, **how))
    assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert [batch.after for batch in batches] == sorted(batch.after for batch in batches)
    return [row.id for batch in batches for row in batch.rows]


SERVERS: dict[str, dict[str, Any]] = {
    "forward-only, empty link at the end": {},
    "forward-only, no link at the end": {"last_link": "absent"},
    "forward-only, next even at the end": {"last_link": "next"},
    "forward-only, a row repeated on each page": {"repeat": True},
    "page numbers": {"forward_only": False},
    "page numbers, no link at the end": {"forward_only": False, "last_link": "absent"},
    "page numbers, newest first": {"forward_only": False, "order": "newest"},
    "page numbers, a row repeated on each page": {"forward_only": False, "repeat": True},
    "page numbers, conditions on id ignored": {"forward_only": False, "conditions": "ignored"},
    "page numbers, conditions on id refused": {"forward_only": False, "conditions": "refused"},
    "page numbers, the last page again and again": {
        "forward_only": False, "conditions": "refused", "pages_end": False, "last_link": "next",
    },
}  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 35])
@pytest.mark.parametrize("how", SERVERS.values(), ids=SERVERS.keys())
def test_every_row_exactly_once(how: dict[str, Any], count: int) -> None:
    ids = [7 * number + 3 for number in range(count)]
    server = Server(ids, **how)
    assert served(server) == ids


@pytest.mark.parametrize("after", [0, 3, 66, 73, 10_000])
@pytest.mark.parametrize("how", SERVERS.values(), ids=SERVERS.keys())
def test_resumed_after_any_id(how: dict[str, Any], after: int) -> None:
    ids = [7 * number + 3 for number in range(35)]
    assert served(Server(ids, **how), after=after) == [each for each in ids if each > after]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 35])
@pytest.mark.parametrize("how", list(SERVERS.values())[:7], ids=list(SERVERS)[:7])
def test_at_most_one_call_beyond_the_least(how: dict[str, Any], count: int) -> None:
    server = Server(list(range(1, count + 1)), **how)
    served(server)
    assert len(server.calls) <= max(1, -(-count // 10)) + 1


@pytest.mark.parametrize("count", [0, 1, 9, 10, 20, 35])
def test_a_server_that_says_where_the_end_is_costs_no_call_more(count: int) -> None:
    server = Server(list(range(1, count + 1)))
    served(server)
    assert len(server.calls) == max(1, -(-count // 10))


def test_a_short_page_that_names_a_next_is_followed() -> None:
    server = Server(list(range(1, 36)), trim={4, 5, 15})
    assert served(server) == [each for each in range(1, 36) if each not in (4, 5, 15)]


def test_a_page_below_the_limit_given_is_the_end() -> None:
    server = Server(list(range(1, 5)), last_link="next")
    assert served(server, ends_below=5) == [1, 2, 3, 4]
    assert len(server.calls) == 1


def test_our_own_condition_stays_beside_the_callers() -> None:
    server = Server(list(range(1, 25)), forward_only=False)
    query = {"conditions": "x=1"}
    assert sum(len(batch.rows) for batch in keyset(server.fetch, query=query, size=10)) == 24
    assert server.calls[1]["conditions"] == "(x=1) and id > 10"


def test_a_refused_request_is_raised() -> None:
    def refuse(query: Mapping[str, str], headers: tuple[tuple[str, str], ...]) -> Fetched[Row]:
        raise RejectedError("typeids is not a recognized name", status=400)

    with pytest.raises(RejectedError):
        list(keyset(refuse, query={}, size=10))


# ---------------------------------------------------------------- look-ahead
def counting(
    ask: Callable[[int], int], *, until: int = 1000, likely: Callable[[int], int | None] = lambda answer: None
) -> Steps[int, int, int]:
    """Pages that are their own numbers."""
    return Steps(
        ask, lambda _, answer: likely(answer), lambda _, answer: (answer, answer + 1 if answer < until else None)
    )


@pytest.mark.parametrize("likely", [lambda answer: None, lambda answer: answer + 1], ids=["read first", "known before"])
def test_the_next_page_is_under_way_while_this_one_is_stored(likely: Callable[[int], int | None]) -> None:
    asked = threading.Event()

    def ask(place: int) -> int:
        if place == 2:
            asked.set()
        return place

    pages = look_ahead(counting(ask, until=3, likely=likely), 1)
    assert next(pages) == 1
    assert asked.wait(2)
    assert list(pages) == [2, 3]


def test_a_page_that_was_wrongly_thought_likely_is_not_given() -> None:
    asked: list[int] = []

    def ask(place: int) -> int:
        asked.append(place)
        return place

    assert list(look_ahead(counting(ask, until=3, likely=lambda answer: 90 + answer), 1)) == [1, 2, 3]
    assert sorted(asked) == [1, 2, 3, 91, 92, 93]


def test_an_error_surfaces_at_its_own_page() -> None:
    def ask(place: int) -> int:
        if place == 3:
            raise UnavailableError("page 3")
        return place

    pages = look_ahead(counting(ask, likely=lambda answer: answer + 1), 1)
    assert [next(pages), next(pages)] == [1, 2]
    with pytest.raises(UnavailableError, match="page 3"):
        next(pages)


def test_closing_asks_for_nothing_more_and_leaves_no_thread() -> None:
    asked: list[int] = []

    def ask(place: int) -> int:
        asked.append(place)
        return place

    pages = look_ahead(counting(ask), 1)
    next(pages)
    pages.close()
    assert asked == [1, 2]
    assert not [thread for thread in threading.enumerate() if thread.name == "look-ahead"]


# ---------------------------------------------------------------- links
LINKS = [
    ('<https://h/x?pageSize=50&page=2>; rel="next", <https://h/x?page=4>; rel="last"', "page", 2),
    ('<https://h/x?page=4>; rel="last"', "page", None),
    ("<https://h//x?PAGEID=991>;rel=next", "pageId", 991),
    ('<https://h/x?a=1,2&pageId=5>; title="x"; rel="next"', "pageId", 5),
    ('<https://h/x?page=2>; rel="prev next"', "page", 2),
    ('<https://h/x?pageId=5;DROP>; rel="next"', "pageId", None),
    ("", "page", None),
    ("rubbish", "page", None),
]


@pytest.mark.parametrize(("link", "name", "number"), LINKS)
def test_only_a_number_is_taken_from_a_link(link: str, name: str, number: int | None) -> None:
    assert next_number(link, name) == number


def test_batches_are_values() -> None:
    assert Batch(rows=[], after=0, last=True) == Batch(rows=[], after=0, last=True)
