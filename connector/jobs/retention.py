"""How long records are kept: by age, then by size, oldest first. The Job and what it counted stay longer."""

from __future__ import annotations

from pathlib import Path

from connector.jobs.runtime import Runtime
from connector.store import jobs

JOURNALS = "journal"
MB = 1024 * 1024


def prune(runtime: Runtime) -> int:
    """Remove records older than storage.keep_exchanges, then the oldest beyond storage.keep_exchanges_mb.

    Returns how many were removed. A record gone is no error for `jobs show`; `jobs replay` says why it is not there.
    """
    storage = runtime.config.storage
    oldest = storage.keep_exchanges.before(runtime.now()).timestamp()
    records = sorted((_stamp(path), path) for path in (runtime.data / JOURNALS).rglob("*.jsonl.zst"))
    room = storage.keep_exchanges_mb * MB
    removed = 0
    for (modified, size), path in reversed(records):
        room -= size
        if modified < oldest or room < 0:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def keep_house(runtime: Runtime) -> dict[str, int]:
    """Everything kept for a time only: records, and Jobs older than storage.keep_jobs. How many of each went."""
    before = runtime.config.storage.keep_jobs.before(runtime.now())
    with runtime.store.write() as tx:
        gone = jobs.forget_old(tx, before=before)
    return {"records": prune(runtime), "jobs": gone}


def _stamp(path: Path) -> tuple[float, int]:
    found = path.stat()
    return found.st_mtime, found.st_size
