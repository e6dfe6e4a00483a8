"""A record without people in it: every name, address, phone number and text replaced, and still replayable.

First the original is replayed; only a record that shows no difference is exported. Then the inputs are replaced, the
story is run on them, and what it makes is kept as the outputs to compare with elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from connector import log
from connector.config import restore
from connector.errors import ConfigError, ConnectorError, ContractError
from connector.jobs import stories
from connector.jobs.records.anonymous import Anonymous, settled_config
from connector.jobs.records.compared import Report
from connector.jobs.records.journal import JournalWriter, read_lines
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import CutShortError, ReplayRecord, replay
from connector.jobs.runner import outcome_of


def export(recorded: Path, target: Path, key: bytes) -> Report:
    """Write the record with pseudonyms to `target`. Returns the replay of the original; raises if it differs."""
    return rewrite(recorded, target, Anonymous(key))


def rewrite(recorded: Path, target: Path, anonymous: Anonymous) -> Report:
    """Write the record with what `anonymous` makes of it, outputs made anew from it, to `target`.

    Returns the replay of the original. Raises ContractError, and leaves no target, where that or the replay of the
    result shows a difference.
    """
    original = Recorded.load(recorded)
    report = replay(original)
    if not report.same:
        raise ContractError(f"{recorded.name}: replay shows a difference; not exported: {report.differences[0]}")
    target.unlink(missing_ok=True)
    writer = JournalWriter(target)
    try:
        try:
            for line in read_lines(recorded):
                frame = _replaced(line, anonymous)
                if frame is not None:
                    writer.write(frame)
            _write_outputs(target, writer, original)
        finally:
            writer.close()
        check = replay(Recorded.load(target))
        if not check.same:
            what = check.differences[0].what
            raise ContractError(f"{recorded.name}: its pseudonyms do not replay; not exported: {what}")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return report


def _replaced(line: bytes, anonymous: Anonymous) -> dict[str, Any] | None:
    frame: dict[str, Any] = msgspec.json.decode(line)
    match frame["t"]:
        case "begin":
            changed = {
                "config": settled_config(frame["config"], anonymous),
                "params": anonymous.params(frame["params"]),
            }
            return frame | changed | anonymous.mark(frame)
        case "exchange":
            return anonymous.exchange(frame)
        case "read":
            return frame | {"value": anonymous.read(frame["name"], frame["value"])}
    return None  # outputs are made anew, the end follows them


class _Making(ReplayRecord):
    """Runs the story on recorded inputs and keeps what it makes."""

    def __init__(self, recorded: Recorded, writer: JournalWriter) -> None:
        super().__init__(recorded, Report(attempt="", story=""))
        self._writer = writer

    def emit(self, name: str, rows: Iterable[Any]) -> None:
        self._writer.write({"t": "out", "name": name, "rows": list(rows)})


def _write_outputs(target: Path, writer: JournalWriter, original: Recorded) -> None:
    recorded = Recorded.load(target)
    begin = recorded.begin
    record = _Making(recorded, writer)
    outcome, error, counts = "done", "", {}
    try:
        with log.silent():
            counts = stories.perform(record, restore(begin["config"]), begin["story"], begin["connection"])
        outcome, error = stories.ended(counts)
    except CutShortError:
        pass
    except ConfigError as problem:
        raise ContractError(f"its configuration is not sound without people; not exported: {problem}") from None
    except ConnectorError as problem:
        outcome, error = outcome_of(problem), str(problem)
    if original.end is not None:
        if outcome == "failed" and original.end["outcome"] != "failed":
            raise ContractError(f"it does not run without people; not exported: {error}")
        if original.cut:  # it was asked to leave: no more is made of the pseudonyms than was of the people
            outcome, error = original.end["outcome"], original.end["error"]
        digests = {"inputs": writer.inputs_digest, "outputs": writer.outputs_digest}
        writer.write({"t": "end", "outcome": outcome, "error": error, "counts": counts, **digests})
