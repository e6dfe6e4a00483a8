"""What the two imports (answers, history) have in common: one file, one Job, and what is said of its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.cli import common, steps
from connector.cli.output import say
from connector.jobs.once import Step
from connector.jobs.runtime import Runtime


def existing(file: Path) -> str:
    """Its absolute path, for the Job's parameters; exit 2 where there is no such file."""
    if not file.is_file():
        common.wrong(
            f"{file}: {'is no file' if file.exists() else 'there is no such file'}; name one, CSV or JSON lines"
        )
    return str(file.resolve())


def run(runtime: Runtime, story: str, lease: str, params: dict[str, Any]) -> tuple[Step, dict[str, Any]]:
    """Run the Job; its counts, without what is only set for `True`."""
    wanted = params.get("connection")
    if wanted:
        common.known("connection", wanted, list(runtime.config.connections))
    step = steps.perform(runtime, story, lease, {name: value for name, value in params.items() if value})
    return step, dict(step.attempt.counts) if step.attempt else {}


def say_not_taken(file: Path, counts: dict[str, Any]) -> None:
    """Each row that was not taken, with its line and why."""
    rows = counts.get("not_taken", [])
    for place, why in rows:
        say(f"  {_line(file, place)}: {why}")
    if counts.get("rejected", 0) > len(rows):
        say(f"  … and {counts['rejected'] - len(rows):,} more")


def say_skipped(file: Path, counts: dict[str, Any]) -> None:
    """Each answer that was taken but for which a ticket could not be opened, with its line and why."""
    rows = counts.get("skipped", [])
    for place, why in rows:
        say(f"  {_line(file, place)}: {why}")
    if counts.get("no_ticket", 0) > len(rows):
        say(f"  … and {counts['no_ticket'] - len(rows):,} more without a ticket")


def _line(file: Path, place: str) -> str:
    """`file.csv:7` as it was named on the command line."""
    name, _, line = place.rpartition(":")
    return f"{file}:{line}" if name and Path(name).name == file.name else place
