"""What `jobs replay` prints: under the recorded configuration, then under today's where that is another one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector import config
from connector.cli import common
from connector.cli.output import facts, say
from connector.errors import ConnectorError
from connector.jobs import bundle
from connector.jobs.records.compared import Difference, Report, rows
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime

SHOWN = 20


@contextmanager
def laid_out(file: Path) -> Iterator[list[Path]]:
    """The records in a file: all of a support bundle, or the one that the file is."""
    if not bundle.is_bundle(file):
        yield [file]
        return
    with bundle.records(file, _data_folder()) as found:
        yield found


def _data_folder() -> Path | None:
    """Where there is room, if a configuration is at hand: /tmp may be small, and memory. None is needed."""
    try:
        data = config.load(common.config_path(), os.environ).storage.data
    except (ConnectorError, OSError):
        return None
    return data if data.is_dir() and os.access(data, os.W_OK | os.X_OK) else None


def replayed(runtime: Runtime | None, records: list[tuple[Path, str]]) -> bool:
    """Replay each; whether every one is the same under its own configuration. Without a runtime there is no other."""
    same, told = True, []
    for path, digest in records:
        recorded = Recorded.load(path)
        report = replay(recorded)
        if digest and digest != recorded.inputs_digest:
            what = f"the inputs are not those the store remembers; {path.name} was altered"
            report.differences.insert(0, Difference(what=what, recorded=digest, now=recorded.inputs_digest))
        _say(report, recorded.begin.get("fingerprint", ""), "the recorded configuration")
        same = same and report.same
        found: dict[str, Any] = {"attempt": report.attempt, "story": report.story, **_facts(report)}
        if runtime is None or recorded.begin.get("pseudonyms"):
            told.append(found)
            continue
        if recorded.begin.get("fingerprint") != runtime.config.fingerprint:
            now = replay(recorded, config=runtime.config)
            _say(now, runtime.config.fingerprint, "today's configuration")
            found["under_todays_configuration"] = _facts(now)
        told.append(found)
    facts({"same": same, "replays": told})
    return same


def _say(report: Report, fingerprint: str, under: str) -> None:
    head = f"{report.story} {report.attempt} under {under} ({fingerprint})"
    compared = rows(report.compared)
    if report.same:
        say(f"{head}: no difference (compared {compared})")
    else:
        count = len(report.differences)
        say(f"{head}: {count} difference{'' if count == 1 else 's'} (compared {compared})")
    if report.remarks:
        say(*(f"  {remark}" for remark in report.remarks))
    for difference in report.differences[:SHOWN]:
        say(*(f"  {line}" for line in str(difference).splitlines()))
    if len(report.differences) > SHOWN:
        say(f"  and {len(report.differences) - SHOWN} more; --json lists all")


def _facts(report: Report) -> dict[str, Any]:
    return {
        "same": report.same,
        "compared": report.compared,
        "differences": report.differences,
        "remarks": report.remarks,
    }
