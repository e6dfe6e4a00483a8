"""What a live Record does around the requests of a story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.errors import LeaseLostError
from connector.jobs.journal import JournalWriter
from connector.jobs.record import LEASE, LiveRecord
from connector.ports import Answer, Call, Wire
from connector.store import Store, leases, open_store
from tests.conftest import ShiftedClock

READ, WRITE = Call(method="GET", path="/owners"), Call(method="POST", path="/tickets")


class SlowWire:
    """Each answer takes 70 seconds; a write asks the guard first, as the real wire does."""

    def __init__(self, clock: ShiftedClock, guard: Callable[[], None]) -> None:
        self._clock, self._guard = clock, guard

    def send(self, call: Call) -> Answer:
        if call.writes:
            self._guard()
        self._clock.move(seconds=70)
        return Answer(status=200, headers={}, body=b"{}")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def wire(store: Store, clock: ShiftedClock, tmp_path: Path) -> Iterator[Wire]:
    with store.write() as tx:
        lease = leases.take(tx, "psa", "one", now=clock(), ttl=LEASE, owner_is_dead=lambda _: False)
    writer = JournalWriter(tmp_path / "record")
    record = LiveRecord(store, writer, lease, params={}, now=clock(), seed="", clock=clock, sleep=clock.sleep)

    def build(_: Any, guard: Callable[[], None]) -> Wire:
        return SlowWire(clock, guard)

    yield record.wire("psa", None, build)
    writer.close()


def test_many_slow_reads_before_a_write_do_not_outlive_the_lease(wire: Wire) -> None:
    for _ in range(9):
        wire.send(READ)
    assert wire.send(WRITE).status == 200


def test_a_read_finds_out_that_the_lease_is_lost(wire: Wire, store: Store, clock: ShiftedClock) -> None:
    clock.move(seconds=LEASE.total_seconds() + 1)
    with store.write() as tx:
        leases.take(tx, "psa", "two", now=clock(), ttl=LEASE, owner_is_dead=lambda _: False)
    with pytest.raises(LeaseLostError):
        wire.send(READ)


def test_a_write_does_not_prolong_a_lease_that_ran_out(wire: Wire, clock: ShiftedClock) -> None:
    clock.move(seconds=LEASE.total_seconds() + 1)
    with pytest.raises(LeaseLostError):
        wire.send(WRITE)
