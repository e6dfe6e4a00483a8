"""What a live Record does around the requests of a story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connector.errors import LeaseLostError
from connector.jobs.records.journal import JournalWriter, read_lines
from connector.jobs.records.record import LEASE, LiveRecord
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import ReplayWire, RequestNotRecordedError
from connector.ports import Answer, Call, Vault, Wire
from connector.store import Store, leases, open_store
from tests.conftest import ShiftedClock

READ, WRITE = Call(method="GET", path="/owners"), Call(method="POST", path="/tickets")
ASK = Call(method="POST", path="/search", body=b'{"q": 1}', reads=True)


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
    writer.write({"t": "begin"})
    record = LiveRecord(store, writer, lease, params={}, now=clock(), seed="", clock=clock, sleep=clock.sleep)

    def build(_: Any, guard: Callable[[], None], _vault: Vault) -> Wire:
        return SlowWire(clock, guard)

    yield record.wire("psa", None, build)
    writer.close()


@pytest.mark.parametrize("read", [READ, ASK], ids=["get", "a post that only asks"])
def test_many_slow_reads_before_a_write_do_not_outlive_the_lease(wire: Wire, read: Call) -> None:
    for _ in range(9):
        wire.send(read)
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


def test_a_post_that_only_asks_is_recorded_as_such_and_replayed(wire: Wire, tmp_path: Path) -> None:
    for call in (READ, ASK, WRITE):
        wire.send(call)
    calls = [msgspec.json.decode(line)["call"] for line in list(read_lines(tmp_path / "record"))[1:]]
    assert [call.get("reads") for call in calls] == [None, True, None], "said only where it holds, as older records do"
    recorded = Recorded.load(tmp_path / "record")
    replayed = ReplayWire(recorded, "psa")
    assert [replayed.send(call).status for call in (WRITE, ASK, READ)] == [200, 200, 200]
    with pytest.raises(RequestNotRecordedError):
        replayed.send(ASK)
