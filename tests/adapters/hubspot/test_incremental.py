"""What changed, against a search in memory: each once, past any cap, whatever the page size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.incremental import changed
from connector.adapters.hubspot.wire_types import Nothing, WireObject, WirePage
from connector.errors import ContractError, UnavailableError

PAGE = WirePage[WireObject[Nothing]]
SINCE = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Memory:
    """A search that knows these ids; `tells` its total, as the vendor's does."""

    known: Sequence[int]
    page_size: int = 2
    tells: bool = True
    backwards: bool = False
    shows: int = 1000  # rows of a page at most, whatever was asked for
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = SimpleNamespace(page_size=self.page_size)

    def path(self, operation: str, **names: str) -> str:
        return f"/{names['type']}/{operation}"

    def asked_dated(self, where: str, body: Any, record: Any) -> tuple[Any, str]:
        self.asked.append(body)
        filters = {each["propertyName"]: each["value"] for each in body["filterGroups"][0]["filters"]}
        found = sorted(each for each in self.known if each > int(filters.get("hs_object_id", 0)))
        shown = found[::-1] if self.backwards else found
        rows = [WireObject(id=str(each), properties=Nothing()) for each in shown[: min(body["limit"], self.shows)]]
        return WirePage(results=rows, total=len(found) if self.tells else None), "now"


def ids(memory: Memory, after: str = "") -> list[int]:
    found = changed(cast(Portal, memory), "contacts", PAGE, ["email"], since=SINCE, after=after)
    batches = list(found)
    assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]
    return [int(row.id) for batch in batches for row in batch.rows]


@given(st.sets(st.integers(1, 10**12), max_size=30), st.booleans(), st.integers(1, 5))
def test_each_changed_record_comes_once_by_rising_id(known: set[int], tells: bool, size: int) -> None:
    assert ids(Memory(sorted(known), page_size=size, tells=tells)) == sorted(known)


@given(st.sets(st.integers(1, 10**12), max_size=30), st.integers(1, 5))
def test_a_page_that_is_shorter_than_asked_for_ends_nothing(known: set[int], shows: int) -> None:
    assert ids(Memory(sorted(known), page_size=10, shows=shows)) == sorted(known)


def test_a_search_that_counts_rows_and_shows_none_is_asked_again_later() -> None:
    assert ids(Memory([])) == []
    with pytest.raises(UnavailableError, match="it counts 3 rows and shows none"):
        ids(Memory([1, 2, 3], shows=0))


def test_a_total_saves_the_last_call() -> None:
    told, silent = Memory([1, 2, 3, 4]), Memory([1, 2, 3, 4], tells=False)
    assert ids(told) == ids(silent)
    assert (len(told.asked), len(silent.asked)) == (1, 2)


def test_it_goes_on_after_an_id_and_never_by_offset() -> None:
    memory = Memory([9, 10, 11, 100])
    assert ids(memory, after="9") == [10, 11, 100]
    assert all("after" not in body for body in memory.asked)
    assert memory.asked[0]["filterGroups"][0]["filters"] == [
        {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1795176000000"},
        {"propertyName": "hs_object_id", "operator": "GT", "value": "9"},
    ]


def test_an_order_that_was_not_asked_for_leaves_nobody_out_without_a_word() -> None:
    with pytest.raises(ContractError, match="order"):
        ids(Memory(list(range(1, 20)), backwards=True))
    assert ids(Memory([1, 2, 3], backwards=True)) == [1, 2, 3]  # all of them: the order does not matter
