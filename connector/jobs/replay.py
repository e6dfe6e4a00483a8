"""Replay: give a story its recorded inputs again and compare what it makes. Offline, and nothing is written.

Exchanges are matched by request and occurrence, never by order of arrival.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from connector.config import Config, restore
from connector.errors import ConnectorError, ContractError
from connector.jobs import stories
from connector.jobs.journal import Digest, body_in, body_out, checksum, exchange_line, read_lines
from connector.jobs.record import FAILURES, RowForm, T
from connector.jobs.runner import outcome_of
from connector.ports import Answer, Call, Wire
from connector.store import Tx

_encode = msgspec.json.Encoder().encode


class _Frame(msgspec.Struct):
    t: str
    name: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")
    rows: list[msgspec.Raw] = []
    connection: str = ""
    call: dict[str, Any] = {}
    answer: dict[str, Any] | None = None
    failure: dict[str, Any] | None = None
    sum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the record says and what the story made now; either is empty where the other stands alone."""

    what: str
    recorded: str = ""
    now: str = ""

    def __str__(self) -> str:
        return f"{self.what}\n    recorded  {self.recorded or '—'}\n    now       {self.now or '—'}"


@dataclass(slots=True)
class Report:
    """What one replay found. `remarks` say what it could not compare, or that it compared pseudonyms."""

    attempt: str
    story: str
    differences: list[Difference] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    compared: int = 0

    @property
    def same(self) -> bool:
        return not self.differences


@dataclass(slots=True)
class Recorded:
    """One attempt's record, read from its file."""

    begin: dict[str, Any]
    reads: dict[str, list[msgspec.Raw]]
    outs: dict[str, list[list[msgspec.Raw]]]
    exchanges: list[_Frame]
    end: dict[str, Any] | None
    inputs_digest: str

    @classmethod
    def load(cls, path: Path) -> Recorded:
        begin: dict[str, Any] = {}
        end: dict[str, Any] | None = None
        reads: dict[str, list[msgspec.Raw]] = defaultdict(list)
        outs: dict[str, list[list[msgspec.Raw]]] = defaultdict(list)
        exchanges: list[_Frame] = []
        digest, decode = Digest(), msgspec.json.Decoder(_Frame).decode
        for line in read_lines(path):
            try:
                frame = decode(line)
            except msgspec.DecodeError as error:
                raise ContractError(f"{path.name}: the record is damaged: {error}") from error
            digest.add(frame.t, exchange_line(msgspec.structs.asdict(frame)) if frame.t == "exchange" else line)
            if frame.t == "begin":
                begin = msgspec.json.decode(line)
            elif frame.t == "end":
                end = msgspec.json.decode(line)
            elif frame.t == "read":
                reads[frame.name].append(frame.value)
            elif frame.t == "out":
                outs[frame.name].append(frame.rows)
            elif frame.t == "exchange":
                exchanges.append(frame)
        if not begin:
            raise ContractError(f"{path.name}: the record has no beginning; nothing to replay")
        return cls(begin=begin, reads=reads, outs=outs, exchanges=exchanges, end=end, inputs_digest=digest.inputs)


class CutShortError(Exception):
    """The record ends here: the process was killed, or the story went another way than it did then."""


class ReplayRecord:
    """The Record of an Attempt that happened: gives back, compares, writes nothing."""

    def __init__(self, recorded: Recorded, report: Report) -> None:
        begin = recorded.begin
        self.params: dict[str, Any] = begin["params"]
        self.now = datetime.fromisoformat(begin["clock"])
        self.seed: str = begin["seed"]
        self.installation: str = begin["installation"]
        self.token = 0
        self._reads = {name: deque(values) for name, values in recorded.reads.items()}
        self._outs = {name: deque(values) for name, values in recorded.outs.items()}
        self._exchanges = recorded.exchanges
        self._report = report
        self._streams = recorded.reads

    def read(self, name: str, kind: Any, load: Callable[[Tx], T], *, claims: bool = False) -> T:  # noqa: ARG002
        waiting = self._reads.get(name)
        if not waiting:
            raise CutShortError(name)
        value: T = msgspec.json.decode(waiting.popleft(), type=kind)
        return value

    def stream(
        self,
        name: str,
        load: Callable[[Tx], Iterator[T]],  # noqa: ARG002
        form: RowForm[T],
        *,
        keep: bool = True,  # noqa: ARG002
    ) -> Iterator[T]:
        batches = self._streams.get(name, [])
        for batch in batches:
            for row in msgspec.json.decode(batch, type=list[msgspec.Raw]):
                yield form.back(bytes(row))

    def emit(self, name: str, rows: Iterable[Any]) -> None:
        made = [row if isinstance(row, msgspec.Raw) else msgspec.Raw(_encode(row)) for row in rows]
        waiting = self._outs.get(name)
        recorded = waiting.popleft() if waiting else []
        self._report.compared += len(made)
        for place in range(max(len(made), len(recorded))):
            then = bytes(recorded[place]) if place < len(recorded) else b""
            now = bytes(made[place]) if place < len(made) else b""
            if then != now:
                self._report.differences.append(_difference(name, place, then, now))

    def commit(self, apply: Callable[[Tx], None], *, durable: bool = True) -> None:
        pass

    def wire(self, connection: str, settings: Any, build: Callable[[Any, Callable[[], None]], Wire]) -> Wire:  # noqa: ARG002
        return ReplayWire([frame for frame in self._exchanges if frame.connection == connection])

    def sleep(self, seconds: float) -> None:
        pass

    def clock(self) -> datetime:
        return self.now

    def finish(self) -> None:
        """What the record has and the story did not make."""
        for name, waiting in self._outs.items():
            for rows in waiting:
                self._report.differences += [_difference(name, i, bytes(row), b"") for i, row in enumerate(rows)]


class ReplayWire:
    """Answers each call as it was answered then: the n-th time it is made, with the n-th answer."""

    def __init__(self, frames: Iterable[_Frame]) -> None:
        self._answers: dict[bytes, deque[_Frame]] = defaultdict(deque)
        for frame in frames:
            self._answers[_call_key(frame.call)].append(frame)

    def send(self, call: Call) -> Answer:
        key = _call_key({"method": call.method, "path": call.path, "query": call.query, "body": body_out(call.body)})
        waiting = self._answers.get(key)
        if not waiting:
            raise RequestNotRecordedError(f"{call.method} {call.path} is not in the record (or not this often)")
        frame = waiting.popleft()
        if frame.failure is not None:
            raise FAILURES.get(frame.failure["type"], ConnectorError)(frame.failure["message"])
        answer = frame.answer or {}
        return Answer(status=answer["status"], headers=answer["headers"], body=body_in(answer["body"]))


class RequestNotRecordedError(ConnectorError):
    """The story asked for something it did not ask for then."""


def _call_key(call: dict[str, Any]) -> bytes:
    return _encode([call["method"], call["path"], call["query"], call["body"]])


def _difference(name: str, place: int, then: bytes, now: bytes) -> Difference:
    """The rows as they are, cut to where they differ if they are long."""
    a, b = then.decode(errors="replace"), now.decode(errors="replace")
    start = 0
    if a and b and max(len(a), len(b)) > 200:
        start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        start = max(0, start - 60)
    dots = "…" if start else ""
    return Difference(
        what=f"{name} {place + 1}",
        recorded=a and dots + a[start : start + 200],
        now=b and dots + b[start : start + 200],
    )


def replay(recorded: Recorded, *, config: Config | None = None) -> Report:
    """Run the story on its record: under the recorded configuration, or under another one to see what it changes."""
    begin = recorded.begin
    report = Report(attempt=begin["attempt"], story=begin["story"])
    if begin.get("pseudonyms"):
        report.remarks.append("personal data was replaced: pseudonyms are compared")
    if recorded.end is None:
        report.remarks.append("the process was killed: compared as far as the record goes")
    _check_integrity(recorded, report)
    if report.differences and config is None:
        return report
    record = ReplayRecord(recorded, report)
    outcome, error = "done", ""
    try:
        counts = stories.perform(record, config or restore(begin["config"]), begin["story"], begin["connection"])
        outcome, error = stories.ended(counts)
    except CutShortError as cut:
        if recorded.end is not None:
            report.differences.append(Difference(what=f"more of {cut} was read than is recorded"))
        return report
    except ConnectorError as problem:
        outcome, error = outcome_of(problem), str(problem)
    if recorded.end is None:
        return report
    record.finish()
    then = recorded.end
    if (then["outcome"], then["error"]) != (outcome, error):
        report.differences.append(
            Difference(what="outcome", recorded=f"{then['outcome']} {then['error']}", now=f"{outcome} {error}")
        )
    return report


def _check_integrity(recorded: Recorded, report: Report) -> None:
    for number, frame in enumerate(recorded.exchanges, 1):
        if frame.answer is not None and frame.sum != checksum(body_in(frame.answer["body"])):
            what = f"exchange {number}, {frame.call['method']} {frame.call['path']}: the recorded answer was altered"
            report.differences.append(Difference(what=what))
    end = recorded.end
    if end is not None and end["inputs"] != recorded.inputs_digest and not report.differences:
        report.differences.append(Difference(what="the recorded inputs were altered", recorded=end["inputs"]))
