"""Reading from both ends, against a portal in memory: everybody once, wherever it was cut, in whatever order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.adapters.hubspot.both_ends import Batch, Place, both_ends
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.wire_types import Next, Nothing, Paging, WireObject, WirePage
from connector.errors import ContractError, RejectedError, ThrottledError

Row = WireObject[Nothing]
PAGE = WirePage[WireObject[Nothing]]


@dataclass
class Memory:
    """A list in a given order, whose cursors are places in it; a search that may lack some and may refuse."""

    listed: Sequence[int]
    searched: Sequence[int]
    page_size: int = 3
    refuses: bool = False
    unsorted: bool = False
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = SimpleNamespace(page_size=self.page_size)
        self._lock = threading.Lock()

    def path(self, operation: str, **names: str) -> str:
        return f"/{operation}"

    def dated(self, where: str, record: Any, query: Any = ()) -> tuple[WirePage[Row], str]:
        after = query["after"]
        if after and not after.startswith("opaque"):
            raise RejectedError("after is not a cursor", status=400)
        start = int(after.removeprefix("opaque") or 0)
        stop = start + int(query["limit"])
        with self._lock:
            self.calls.append("list")
        paging = Paging(next=Next(after=f"opaque{stop}")) if stop < len(self.listed) else None
        return WirePage(results=_rows(self.listed[start:stop]), paging=paging), "now"

    def ask(self, where: str, body: Any, record: Any) -> WirePage[Row]:
        with self._lock:
            self.calls.append("search")
        if self.refuses:
            raise ThrottledError("too many", retry_after=1.0)
        groups = body["filterGroups"]
        below = int(groups[0]["filters"][0]["value"]) if groups else max(self.searched, default=0) + 1
        found = sorted((each for each in self.searched if each < below), reverse=not self.unsorted)
        return WirePage(results=_rows(found[: body["limit"]]), total=len(found))


def _rows(ids: Sequence[int]) -> list[Row]:
    return [WireObject(id=str(each), properties=Nothing()) for each in ids]


def read(memory: Memory, place: Place | None = None) -> list[Batch[Row]]:
    with closing(both_ends(cast(Portal, memory), "contacts", PAGE, ["email"], place or Place())) as batches:
        return list(batches)


def ids(batches: Sequence[Batch[Row]]) -> list[int]:
    return sorted(int(row.id) for batch in batches for row in batch.rows)


SOME = st.lists(st.integers(1, 10**12), unique=True, max_size=130).map(sorted)


@settings(deadline=None, max_examples=60)
@given(SOME)
def test_rising_lists_give_everybody_once_and_end_once(people: list[int]) -> None:
    batches = read(Memory(people, people))
    assert ids(batches) == people
    assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]


@settings(deadline=None, max_examples=40)
@given(SOME, st.integers(0, 30))
def test_it_goes_on_after_any_batch(people: list[int], cut: int) -> None:
    whole = read(Memory(people, people))
    first = whole[: min(cut, len(whole) - 1) + 1]
    if not first[-1].last:
        place = Place.back(first[-1].place.kept())
        assert ids(first) + ids(read(Memory(people, people), place)) != []
        assert sorted(ids(first) + ids(read(Memory(people, people), place))) == people


@settings(deadline=None, max_examples=40)
@given(SOME, st.randoms(use_true_random=False))
def test_a_list_in_any_order_leaves_nobody_out(people: list[int], chance: Any) -> None:
    shuffled = chance.sample(people, len(people))
    assert set(ids(read(Memory(shuffled, people)))) == set(people)


@settings(deadline=None, max_examples=40)
@given(SOME, st.integers(0, 5))
def test_who_is_too_new_for_the_index_is_not_missed_but_by_those(people: list[int], late: int) -> None:
    """The youngest may not be in the index yet: they are left to the next pull, which asks for what changed."""
    indexed = people[: len(people) - late]
    assert set(ids(read(Memory(people, indexed)))) >= set(indexed)


@pytest.mark.parametrize("trouble", [{"refuses": True}, {"unsorted": True}, {"searched": []}])
def test_a_search_of_no_use_leaves_it_to_the_list(trouble: dict[str, Any]) -> None:
    people = list(range(1, 101))
    assert ids(read(Memory(**{"listed": people, "searched": people} | trouble))) == people


def test_the_work_is_shared() -> None:
    people = list(range(1, 901))
    memory = Memory(people, people, page_size=10)
    assert ids(read(memory)) == people
    assert memory.calls.count("list") < 75
    assert memory.calls.count("search") > 12


def test_an_order_that_only_looks_right_is_found_out_by_the_count() -> None:
    """Each page rises, and each begins above the one before, but a part of them is left for the end."""
    low, high = list(range(1, 300)), list(range(300, 600))
    held_back = low[50:250]
    listed = [each for each in low if each not in held_back] + high + held_back
    assert set(ids(read(Memory(listed, low + high)))) == set(low + high)


def test_an_unknown_cursor_begins_anew_without_repeating() -> None:
    people = list(range(1, 101))
    place = Place(after="of last year", low=40, high=81, given=60, expected=100)
    assert ids(read(Memory(people, people), place)) == list(range(41, 81))


def test_an_id_that_is_no_number_is_not_ours_to_read() -> None:
    memory = Memory([1], [1])
    memory.listed = cast(Any, ["x1"])
    with pytest.raises(ContractError, match="no number"):
        read(memory)
