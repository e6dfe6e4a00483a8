"""Pages are put together for the store without losing a row, an order, a cursor or an ending."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain import Company, Contact, Membership
from connector.errors import ThrottledError
from connector.jobs.pull import pages as pull_pages
from connector.jobs.pull.pages import MOST, READ_AHEAD, ahead, together
from connector.ports import Page


def page(number: int, ids: range, **more: Any) -> Page:
    contacts = [Contact(connection="crm", id=str(each)) for each in ids]
    return Page(**({"cursor": {"at": number}, "contacts": contacts, "epoch": "1"} | more))


def pages(*sizes: int) -> list[Page]:
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [page(place, range(start, start + sizes[place])) for place, start in enumerate(starts)]


def seen(some: list[Page]) -> list[tuple[int, int]]:
    """How many contacts each page has, and its cursor."""
    return [(len(each.contacts), each.cursor["at"]) for each in some]


def test_never_more_are_held_back_than_were_handed_on() -> None:
    assert seen(list(together(pages(*[100] * 16)))) == [(100, 0), (100, 1), (200, 3), (400, 7), (800, 15)]


def test_a_large_crm_comes_in_few_transactions_of_bounded_size() -> None:
    made = seen(list(together(pages(*[500] * 200))))
    assert len(made) < 60
    assert max(size for size, _ in made) <= MOST
    assert made[-1][1] == 199


@settings(deadline=None)
@given(st.lists(st.integers(0, 900), max_size=20))
def test_every_row_comes_once_in_its_order_and_no_cursor_goes_back(sizes: list[int]) -> None:
    made = list(together(iter(pages(*sizes))))
    assert [each.id for some in made for each in some.contacts] == [str(each) for each in range(sum(sizes))]
    cursors = [each.cursor["at"] for each in made]
    assert cursors == sorted(set(cursors))
    assert not sizes or cursors[-1] == len(sizes) - 1


MORE = [
    {"complete": True},
    {"told": {"read_by": "REST"}},
    {"merged": {"1": "2"}},
    {"gone_contacts": ["7"]},
    {"gone_companies": ["7"]},
    {"finished_groups": ["7"]},
]


@pytest.mark.parametrize("more", MORE, ids=lambda more: next(iter(more)))
def test_a_page_that_says_more_than_rows_comes_alone(more: dict[str, Any]) -> None:
    some = pages(100, 100, 10, 10, 10, 10)
    some[3] = page(3, range(900, 910), **more)
    assert seen(list(together(some))) == [(100, 0), (100, 1), (10, 2), (10, 3), (20, 5)]


def test_the_same_record_is_never_twice_in_one_page() -> None:
    some = [*pages(100, 10, 10), page(3, range(105, 115)), page(4, range(300, 310))]
    assert seen(list(together(some))) == [(100, 0), (20, 2), (20, 4)]
    firms = [page(n, range(0), companies=[Company(connection="crm", id="1")]) for n in (1, 2)]
    assert [each.cursor["at"] for each in together([*pages(100), *firms])] == [0, 1, 2]


def test_a_cursor_without_rows_is_stored_at_once() -> None:
    """A job that was begun in the CRM is kept before it is waited for."""
    assert seen(list(together(pages(100, 10, 0, 10, 10)))) == [(100, 0), (10, 2), (20, 4)]


def test_pages_of_different_pulls_are_not_mixed() -> None:
    some = [*pages(100, 10), page(2, range(500, 510), epoch="2")]
    assert [(each.epoch, len(each.contacts)) for each in together(some)] == [("1", 100), ("1", 10), ("2", 10)]


def test_companies_and_members_go_along() -> None:
    firms, members = [Company(connection="crm", id="1")], [Membership(connection="crm", group_id="g", contact_id="1")]
    some = [*pages(100, 10), page(2, range(0), companies=firms), page(3, range(0), memberships=members)]
    last = list(together(some))[-1]
    assert (len(last.contacts), last.companies, last.memberships, last.cursor) == (10, firms, members, {"at": 3})


def test_what_was_read_before_an_error_is_stored_first() -> None:
    def breaking() -> Iterator[Page]:
        yield from pages(100, 10, 10)
        raise ThrottledError("the day's calls are used up", retry_after=60)

    made = together(breaking())
    assert seen([next(made), next(made)]) == [(100, 0), (20, 2)]
    with pytest.raises(ThrottledError):
        next(made)


# ---------------------------------------------------------------- read ahead
def asked(some: list[Page], seen: list[int]) -> Iterator[Page]:
    for number, each in enumerate(some):
        seen.append(number)
        yield each


def still(seen: list[int], expected: int) -> bool:
    """Whether so many pages were asked for, and a while later no more."""
    end = time.monotonic() + 5
    while len(seen) < expected and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(0.05)
    return len(seen) == expected


def readers() -> int:
    return sum(thread.name == "pages" for thread in threading.enumerate())


@pytest.mark.parametrize(("size", "pages_ahead"), [(READ_AHEAD, 1), (READ_AHEAD // 2, 2), (10, 8), (0, 8)])
def test_while_a_page_is_stored_some_rows_are_read_ahead_and_no_more(size: int, pages_ahead: int) -> None:
    seen: list[int] = []
    with closing(ahead(asked(pages(*[size] * 20), seen))) as coming:
        next(coming)
        assert still(seen, 1 + pages_ahead)
        next(coming)
        assert still(seen, 2 + pages_ahead)
    assert readers() == 0


def test_read_ahead_they_are_the_same_pages_and_an_error_comes_after_those_before_it() -> None:
    def broken() -> Iterator[Page]:
        yield from pages(3, 4)
        raise ThrottledError("later")

    with closing(ahead(broken())) as coming:
        assert seen([next(coming), next(coming)]) == [(3, 0), (4, 1)]
        with pytest.raises(ThrottledError, match="later"):
            next(coming)
    assert seen(list(ahead(iter(pages(5, 0, 7))))) == [(5, 0), (0, 1), (7, 2)]
    assert readers() == 0


def test_without_room_ahead_nothing_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_pages, "READ_AHEAD", 0)
    seen: list[int] = []
    coming = ahead(asked(pages(1, 1), seen))
    next(coming)
    assert seen == [0]
    assert readers() == 0
