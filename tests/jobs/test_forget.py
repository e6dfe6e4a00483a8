"""Erasure on both databases, and what a killed or busy process means for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from connector.errors import LeaseLostError
from connector.jobs import forget
from connector.jobs.replay import Recorded, replay
from connector.sandbox.connectwise import Server
from connector.store import hints, leases
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for, tell

ANN = "ann@example.com"
COMMENT = "The purple printer of the Northgate depot jams every Tuesday."
WHOLE = ("Ann Example", ANN, "+1 555 0100", "purple printer")


def test_nothing_of_the_person_is_left_in_any_row_and_every_record_replays(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox), store_url, clock)
    try:
        tell(runtime, answers_file(tmp_path, ("a1", ANN, 3, COMMENT)), clock.move)

        def dump() -> str:
            with runtime.store.read() as tx:
                tables = inspect(tx).get_table_names()
                rows = [row for name in tables for row in tx.execute(text(f'select * from "{name}"'))]
            return "\n".join(
                bytes(v).decode() if isinstance(v, bytes | memoryview) else str(v) for r in rows for v in r
            )

        assert [each for each in WHOLE if each in dump()] == list(WHOLE)
        with runtime.store.write() as tx:
            held = leases.take(tx, "psa", "other", now=clock(), ttl=forget.LEASE, owner_is_dead=lambda _: False)
        with pytest.raises(LeaseLostError):
            forget.forget(runtime, forget.find(runtime, ANN))
        assert ANN in dump(), "nothing is erased while somebody else is at work"
        with runtime.store.write() as tx:
            leases.give_back(tx, held)
            hints.put(tx, "psa", "contact", forget.find(runtime, ANN).stored.contacts[0].id, at=clock())
        for path in records(runtime):
            os.utime(path, (1, 1))
        made = forget.forget(runtime, forget.find(runtime, ANN))
        assert made.records_rewritten > 0
        assert {path.stat().st_mtime for path in records(runtime)} == {1}, "it is kept no longer for that"
        assert [each for each in WHOLE if each in dump()] == []
        assert made.complete
        assert made.rows["hint"] == 1
        assert made.records_removed == []
        assert any("PostgreSQL" in line for line in made.still_to_do) == runtime.store.postgres
        assert all(replay(Recorded.load(path)).same for path in records(runtime))
    finally:
        runtime.store.close()
