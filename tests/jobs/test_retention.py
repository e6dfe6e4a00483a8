"""Records are bounded by age and by size; the newest stay."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.jobs.retention import prune
from connector.sandbox.connectwise import Server
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import runtime_for


@pytest.mark.parametrize(
    ("storage", "kept"),
    [
        ({"keep_exchanges": "3 days", "keep_exchanges_mb": 100}, [0, 1, 2]),
        ({"keep_exchanges": "90 days", "keep_exchanges_mb": 2}, [0, 1]),
        ({"keep_exchanges": "90 days", "keep_exchanges_mb": 100}, [0, 1, 2, 3, 4]),
        ({"keep_exchanges": "90 days", "keep_exchanges_mb": 0}, []),
    ],
)
def test_the_newest_records_stay(
    storage: dict[str, object],
    kept: list[int],
    config_for: ConfigFor,
    sandbox: Server,
    tmp_path: Path,
    clock: ShiftedClock,
) -> None:
    runtime = runtime_for(config_for(sandbox, storage=storage), f"sqlite:///{tmp_path / 'nps.sqlite3'}", clock)
    for days in range(5):
        path = runtime.data / "journal" / "2026-11" / f"{days}.jsonl.zst"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1024 * 1024)
        at = (datetime.now(UTC) - timedelta(days=days, minutes=1)).timestamp()
        os.utime(path, (at, at))
    assert prune(runtime) == 5 - len(kept)
    left = sorted((runtime.data / "journal").rglob("*.jsonl.zst"))
    assert [path.name for path in left] == [f"{days}.jsonl.zst" for days in kept]
    runtime.store.close()


def test_old_jobs_go_but_for_the_newest_of_each_story(
    config_for: ConfigFor, sandbox: Server, store_url: str, clock: ShiftedClock
) -> None:
    from connector.jobs import once
    from connector.jobs.retention import keep_house
    from connector.store import attempts, jobs

    runtime = runtime_for(config_for(sandbox, storage={"keep_jobs": "30 days"}), store_url, clock)
    for _ in range(3):
        once.run_once(runtime, only="pull")
        clock.move(minutes=10)
    assert keep_house(runtime)["jobs"] == 0
    clock.move(days=31)
    assert keep_house(runtime)["jobs"] == 2
    with runtime.store.read() as tx:
        (left,) = jobs.listed(tx)
        assert len(attempts.of_job(tx, left.id)) == 1
        newest = attempts.newest(tx, "pull", "psa", {})
    assert newest is not None
    assert newest.job == left
    once.run_once(runtime, only="pull")
    assert keep_house(runtime)["jobs"] == 1
    runtime.store.close()
