"""The whole story on a sandbox in a few calls: pulled, planned, answered, delivered; with every record on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from connector.config import Config
from connector.jobs import once
from connector.jobs.records.journal import read_lines
from connector.jobs.records.recorded import Recorded
from connector.jobs.runtime import Runtime, open_runtime

HOSTILE = '{{7*7}} <script>alert(1)</script> "\'*[x](http://x.example)\n=HYPERLINK("http://x.example") \u202egnp'
HEADER = "external_id,email,score,comment,responded_at,campaign\n"


def answers_file(folder: Path, *rows: tuple[str, str, int, str], at: datetime | None = None) -> Path:
    """A CSV of (external id, e-mail, score, comment), answered an hour ago unless `at` says when."""
    moment = (at or datetime.now(UTC) - timedelta(hours=1)).isoformat()
    lines = []
    for external_id, email, score, comment in rows:
        quoted = comment.replace('"', '""')
        lines.append(f'{external_id},{email},{score},"{quoted}",{moment},quarterly\n')
    path = folder / "answers.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def runtime_for(config: Config, store_url: str, clock: Callable[[], datetime]) -> Runtime:
    return open_runtime(config, environ={"CONNECTOR_DATABASE_URL": store_url}, clock=clock, sleep=lambda _: None)


def tell(runtime: Runtime, answers: Path, move: Callable[..., None]) -> list[once.Step]:
    """Pull and plan, take the answers, wait out the settling time, deliver."""
    steps = once.run_once(runtime)
    steps.append(once.perform(runtime, "collect", "answers", {"file": str(answers)}))
    move(minutes=20)
    steps += once.run_once(runtime)
    return steps


def first(runtime: Runtime, story: str) -> Path:
    """The record of the first Attempt of a story."""
    found = [path for path in records(runtime) if Recorded.load(path).begin["story"] == story]
    return min(found, key=lambda path: str(Recorded.load(path).begin["clock"]))


def records(runtime: Runtime) -> list[Path]:
    return sorted((runtime.data / "journal").rglob("*.jsonl.zst"))


def read_frames(path: Path) -> Iterator[dict[str, Any]]:
    return (msgspec.json.decode(line) for line in read_lines(path))
