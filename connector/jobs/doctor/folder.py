"""The machine: the data folder, who may read it, the room on its disk, and whether the database answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from connector.jobs.doctor.finding import Finding, Severity
from connector.store import Store, standing

MB = 1024 * 1024
LEAST = 200 * MB
_OTHERS = 0o077


def examine(data: Path) -> Iterator[Finding]:
    """The folder, its files' rights, the room that is left."""
    if not data.exists():
        yield Finding(Severity.NOTE, str(data), "the data folder is not there yet", "connector pull makes it")
        return
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            Severity.WRONG, str(data), "this user may not read and write the data folder",
            f"sudo chown -R {os.getuid()} {data}",
        )  # fmt: skip
        return
    for path in (data, *sorted(data.glob("nps.sqlite3*"))):
        if path.stat().st_mode & _OTHERS:
            yield Finding(
                Severity.LOOK,
                str(path),
                "others on this machine may read it, and it holds people's data",
                _closing(path),
            )
        elif not os.access(path, os.R_OK | os.W_OK):
            yield Finding(
                Severity.WRONG, str(path), "this user may not read and write it", f"sudo chown {os.getuid()} {path}"
            )
    yield from _room(data)


def _closing(path: Path) -> str:
    """What closes it: only the owner can change rights, and those of a mounted volume are its administrator's."""
    owner = path.stat().st_uid
    if os.geteuid() in (0, owner):
        return f"chmod {'700' if path.is_dir() else '600'} {path}"
    if path.is_dir():
        return (
            f"it belongs to user {owner}, as a mounted volume does: stop the connector, set storage.data to "
            f"{path / 'nps'}, which the program makes for itself alone, and move nps.sqlite3* and journal there"
        )
    return f"it belongs to user {owner}: let root give it to this one (chown {os.geteuid()} {path})"


def _room(data: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(data).free
    store = sum(path.stat().st_size for path in data.glob("nps.sqlite3*"))
    if free < LEAST:
        yield Finding(
            Severity.WRONG, str(data), f"only {free // MB:,} MB are free on its disk",
            "make room, or lower storage.keep_exchanges_mb",
        )  # fmt: skip
    elif free < store:
        yield Finding(
            Severity.LOOK, str(data),
            f"{free // MB:,} MB are free, less than the {store // MB:,} MB of the database: it cannot be copied",
            "make room before the next upgrade",
        )  # fmt: skip


def answers(store: Store) -> Iterator[Finding]:
    """Whether it can be read and written now."""
    words = standing.trouble(store)
    if not words:
        return
    locked = "locked" in words
    yield Finding(
        Severity.WRONG, "database", f"it is held by another process: {words}" if locked else words,
        "stop whatever else has it open; connector doctor again" if locked else "see that the database runs",
    )  # fmt: skip
