"""Replay: give a story its recorded inputs again and compare what it makes. Offline, and nothing is written.

Exchanges are matched by request and occurrence, never by order of arrival.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

import msgspec

from connector import log
from connector.config import Config, restore
from connector.errors import ConnectorError, ThrottledError
from connector.jobs import stories
from connector.jobs.records.compared import Difference, Report, rows, rows_apart
from connector.jobs.records.frames import Place
from connector.jobs.records.journal import body_in, body_out
from connector.jobs.records.record import FAILURES, RowForm, T
from connector.jobs.records.recorded import Recorded, read_frame
from connector.jobs.runner import outcome_of
from connector.ports import Answer, Call, OpenWire, Wire
from connector.store import Tx

_encode = msgspec.json.Encoder().encode


class CutShortError(Exception):
    """The record ends here: the process was killed, or the story went another way than it did then."""


class ReplayRecord:
    """The Record of an Attempt that happened: gives back, compares, writes nothing."""

    keeps = True

    def __init__(self, recorded: Recorded, report: Report) -> None:
        begin = recorded.begin
        self.params: dict[str, Any] = begin["params"]
        self.now = datetime.fromisoformat(begin["clock"])
        self.seed: str = begin["seed"]
        self.installation: str = begin["installation"]
        self.token = 0
        self._does: list[str] = begin.get("does", [])
        self._recorded = recorded
        self._reads = {name: iter(values) for name, values in recorded.reads.items()}
        self._outs = {name: iter(values) for name, values in recorded.outs.items()}
        self._report = report

    def does(self, what: str) -> bool:
        return what in self._does

    def read(self, name: str, kind: Any, load: Callable[[Tx], T], *, claims: bool = False) -> T:  # noqa: ARG002
        kept = next(self._reads.get(name, iter(())), None)
        if kept is None:
            raise CutShortError(name)
        value: T = msgspec.json.decode(kept, type=kind)
        return value

    def stream(
        self,
        name: str,
        load: Callable[[Tx], Iterator[T]],  # noqa: ARG002
        form: RowForm[T],
        *,
        keep: bool = True,  # noqa: ARG002
    ) -> Iterator[T]:
        for batch in self._recorded.reads.get(name, ()):
            for row in msgspec.json.decode(batch, type=list[msgspec.Raw]):
                yield form.back(bytes(row))

    def emit(self, name: str, rows: Iterable[Any]) -> None:
        made = [row if isinstance(row, msgspec.Raw) else msgspec.Raw(_encode(row)) for row in rows]
        held = next(self._outs.get(name, iter(())), None)
        if held is None and self._recorded.cut:
            raise CutShortError(name)
        self._report.compared += len(made)
        self._report.differences += rows_apart(name, _rows(held), made)

    def commit(self, apply: Callable[[Tx], None], *, durable: bool = True) -> None:
        pass

    def turn(self, take: Callable[[Tx], None], *, durable: bool = True) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def wire(self, connection: str, settings: Any, build: OpenWire) -> Wire:  # noqa: ARG002
        return ReplayWire(self._recorded, connection)

    def sleep(self, seconds: float) -> None:
        pass

    def clock(self) -> datetime:
        return self.now

    def finish(self) -> None:
        """What the record has and the story did not make."""
        for name, waiting in self._outs.items():
            for kept in waiting:
                self._report.differences += rows_apart(name, _rows(kept), [])


class ReplayWire:
    """Answers each call as it was answered then: the n-th time it is made, with the n-th answer."""

    def __init__(self, recorded: Recorded, connection: str) -> None:
        self._frames, self._key_of = recorded.frames, recorded.key_of
        self._answers: dict[bytes, deque[Place]] = defaultdict(deque)
        for asked in recorded.exchanges:
            if asked.connection == connection:
                self._answers[asked.request].append(asked.place)

    def send(self, call: Call) -> Answer:
        asked = {"method": call.method, "path": call.path, "query": call.query, "body": body_out(call.body)}
        key = self._key_of(asked)
        waiting = self._answers.get(key)
        if not waiting:
            raise RequestNotRecordedError(f"{call.method} {call.path} is not in the record (or not this often)")
        frame = read_frame(self._frames.line(waiting.popleft()))
        if frame.failure is not None:
            error = FAILURES.get(frame.failure["type"], ConnectorError)(frame.failure["message"])
            if isinstance(error, ThrottledError):
                error.retry_after = frame.failure.get("retry_after", 0.0)
            raise error
        answer = frame.answer or {}
        return Answer(status=answer["status"], headers=answer["headers"], body=body_in(answer["body"]))


class RequestNotRecordedError(ConnectorError):
    """The story asked for something it did not ask for then."""


def _rows(kept: msgspec.Raw | None) -> list[msgspec.Raw]:
    return [] if kept is None else msgspec.json.decode(kept, type=list[msgspec.Raw])


def replay(recorded: Recorded, *, config: Config | None = None) -> Report:
    """Run the story on its record: under the recorded configuration, or under another one to see what it changes."""
    begin = recorded.begin
    report = Report(attempt=begin["attempt"], story=begin["story"])
    if begin.get("pseudonyms"):
        report.remarks.append("personal data was replaced: pseudonyms are compared")
    if begin.get("erased"):
        report.remarks.append("somebody was erased from it (connector forget): a pseudonym is compared in their place")
    killed = recorded.cut
    if killed:
        report.remarks.append("the process was killed: compared as far as the record goes")
    _check_integrity(recorded, report)
    if report.differences and config is None:
        return report
    record = ReplayRecord(recorded, report)
    outcome, error = "done", ""
    try:
        with log.silent():
            counts = stories.perform(record, config or restore(begin["config"]), begin["story"], begin["connection"])
        outcome, error = stories.ended(counts)
    except CutShortError as cut:
        if not killed:
            report.differences.append(Difference(what=_beyond(str(cut), report)))
        return report
    except ConnectorError as problem:
        outcome, error = outcome_of(problem), str(problem)
    except Exception as bug:  # as the runner writes one down: a replay that meets it again has found it
        outcome, error = "failed", f"{type(bug).__name__}: {bug}"
    if killed or recorded.end is None:
        return report
    record.finish()
    then = recorded.end
    if then["outcome"] != outcome or not _same_error(then["error"], outcome, error):
        report.differences.append(
            Difference(what="outcome", recorded=f"{then['outcome']} {then['error']}", now=f"{outcome} {error}")
        )
    return report


def _beyond(name: str, report: Report) -> str:
    """That the story reads on where its record ends, in words for whoever is to help."""
    before = "differences as told above" if report.differences else "no difference"
    compared = f"{rows(report.compared)}, {before}" if report.compared else "nothing"
    return (
        "from here on the record cannot tell: the story now reads more of the store than it did then ("
        f"{name}), and what stood there is not recorded; compared up to here: {compared}; what follows was not compared"
    )


def _same_error(then: str, outcome: str, now: str) -> bool:
    """Records of before hold what a person should do behind the error that held a Connection."""
    return then == now or (outcome == "held" and then.startswith(f"{now}; correct connections."))


def _check_integrity(recorded: Recorded, report: Report) -> None:
    report.differences += recorded.altered
    end = recorded.end
    if end is not None and end["inputs"] != recorded.inputs_digest and not report.differences:
        report.differences.append(Difference(what="the recorded inputs were altered", recorded=end["inputs"]))
