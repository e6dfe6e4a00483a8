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
