"""Ranges side by side: in turns, errors in their place, nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator

import pytest

from connector.adapters.paging import abreast


def counting(*numbers: int, wait: float = 0.0) -> Callable[[], Generator[int, None, None]]:
    def batches() -> Generator[int, None, None]:
        for number in numbers:
            time.sleep(wait)
            yield number

    return batches


def threads() -> int:
    return sum(thread.name == "range" for thread in threading.enumerate())


@pytest.mark.parametrize("wait", [0.0, 0.02])
def test_batches_come_in_the_same_turns_however_fast_the_ranges_are(wait: float) -> None:
    ranges = {"a": counting(1, 2, 3), "b": counting(4, wait=wait), "c": counting(5, 6, wait=wait / 2)}
    assert list(abreast(ranges)) == [("a", 1), ("b", 4), ("c", 5), ("a", 2), ("c", 6), ("a", 3)]
    assert threads() == 0


def test_the_ranges_really_run_at_once() -> None:
    met = threading.Barrier(4, timeout=5)

    def batches() -> Generator[int, None, None]:
        met.wait()
        yield 1

    assert len(list(abreast(dict.fromkeys(range(4), batches)))) == 4


def test_an_error_comes_where_its_batch_would_have_come() -> None:
    def broken() -> Generator[int, None, None]:
        yield 7
        raise OSError("gone")

    got: list[tuple[str, int]] = []
    with pytest.raises(OSError, match="gone"):
        got.extend(abreast({"a": counting(1, 2, 3), "b": broken}))
    assert got == [("a", 1), ("b", 7), ("a", 2)]
    assert threads() == 0


def test_closing_ends_every_range_and_closes_what_it_read() -> None:
    closed: list[str] = []

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            closed.append("closed")

    reading = abreast({"a": endless, "b": endless})
    next(reading)
    reading.close()
    assert closed == ["closed", "closed"]
    assert threads() == 0


def test_no_more_than_four() -> None:
    with pytest.raises(ValueError, match="at most 4"):
        list(abreast(dict.fromkeys(range(5), counting(1))))
