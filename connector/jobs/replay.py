"""Replay: give a story its recorded inputs again and compare what it makes. Offline, and nothing is written.

Exchanges are matched by request and occurrence, never by order of arrival. A record is read by place, so a replay
needs no more memory than its story.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, overload

import msgspec

from connector import log
from connector.config import Config, restore
from connector.errors import ConnectorError, ContractError, ThrottledError
from connector.jobs import stories
from connector.jobs.anonymous.frames import without_words
from connector.jobs.frames import Frames, Place
from connector.jobs.journal import Digest, body_in, body_out, checksum, exchange_line
from connector.jobs.record import FAILURES, RowForm, T
from connector.jobs.runner import outcome_of
from connector.ports import Answer, Call, OpenWire, Wire
from connector.store import Tx

_encode = msgspec.json.Encoder().encode


class _Frame(msgspec.Struct):
    t: str
    name: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")
    rows: msgspec.Raw = msgspec.Raw(b"[]")
    connection: str = ""
    call: dict[str, Any] = {}
    answer: dict[str, Any] | None = None
    failure: dict[str, Any] | None = None
    sum: str = ""


_decode = msgspec.json.Decoder(_Frame).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the record says and what the story made now; either is empty where the other stands alone, both where
    `what` says it all."""

    what: str
    recorded: str = ""
    now: str = ""

    def __str__(self) -> str:
        if not self.recorded and not self.now:
            return self.what
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


class Kept(Sequence[msgspec.Raw]):
    """The values of one name in the order they were recorded; each is read from the file when it is wanted."""

    def __init__(self, frames: Frames, part: str) -> None:
        self._frames, self._part = frames, part
        self.places: list[Place] = []

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int) -> msgspec.Raw: ...
    @overload
    def __getitem__(self, at: slice) -> list[msgspec.Raw]: ...
    def __getitem__(self, at: int | slice) -> msgspec.Raw | list[msgspec.Raw]:
        if isinstance(at, slice):
            return [self._value(place) for place in self.places[at]]
        return self._value(self.places[at])

    def _value(self, place: Place) -> msgspec.Raw:
        value: msgspec.Raw = getattr(_decode(self._frames.line(place)), self._part)
        return value


class Asked(NamedTuple):
    """One recorded exchange: whose, a digest of the request, and where it stands."""

    connection: str
    request: bytes
    place: Place


@dataclass(slots=True)
class Recorded:
    """One attempt's record: what is where in its file. Only the places are held, never the record itself."""

    begin: dict[str, Any]
    frames: Frames
    reads: dict[str, Kept]
    outs: dict[str, Kept]
    exchanges: list[Asked]
    altered: list[Difference]
    end: dict[str, Any] | None
    inputs_digest: str

    @property
    def cut(self) -> bool:
        """Whether it ends where it was killed, or asked to leave: pages that were read ahead were made nothing of."""
        return self.end is None or self.end["outcome"] == "interrupted"

    def key_of(self, call: dict[str, Any]) -> bytes:
        """By what a request is known again. Where people were replaced, words about them are left aside: a text made
        of several has another pseudonym than its parts."""
        replaced = self.begin.get("pseudonyms") or self.begin.get("erased")
        return _call_key(call | {"body": without_words(call["body"])} if replaced else call)

    @classmethod
    def load(cls, path: Path) -> Recorded:
        """Read it once to its end, checking each answer against its checksum. Raises ContractError for no record."""
        frames = Frames(path)
        found = cls({}, frames, {}, {}, [], [], None, "")
        digest = Digest()
        for place, line in frames:
            try:
                found._add(place, line, digest)
            except (msgspec.DecodeError, KeyError, TypeError) as error:
                raise ContractError(f"{path.name}: the record is damaged: {error}") from error
        if not found.begin:
            raise ContractError(f"{path.name}: the record has no beginning; nothing to replay")
        found.inputs_digest = digest.inputs
        return found

    def _add(self, place: Place, line: bytes, digest: Digest) -> None:
        frame = _decode(line)
        digest.add(frame.t, exchange_line(msgspec.structs.asdict(frame)) if frame.t == "exchange" else line)
        match frame.t:
            case "begin":
                self.begin = msgspec.json.decode(line)
            case "end":
                self.end = msgspec.json.decode(line)
            case "read":
                self.reads.setdefault(frame.name, Kept(self.frames, "value")).places.append(place)
            case "out":
                self.outs.setdefault(frame.name, Kept(self.frames, "rows")).places.append(place)
            case "exchange":
                self.exchanges.append(Asked(frame.connection, self.key_of(frame.call), place))
                if frame.answer is not None and frame.sum != checksum(body_in(frame.answer["body"])):
                    where = f"exchange {len(self.exchanges)}, {frame.call['method']} {frame.call['path']}"
                    self.altered.append(Difference(what=f"{where}: the recorded answer was altered"))


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
        recorded = _rows(held)
        self._report.compared += len(made)
        for place in range(max(len(made), len(recorded))):
            then = bytes(recorded[place]) if place < len(recorded) else b""
            now = bytes(made[place]) if place < len(made) else b""
            if then != now:
                self._report.differences.append(_difference(name, place, then, now))

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
                rows = enumerate(_rows(kept))
                self._report.differences += [_difference(name, i, bytes(row), b"") for i, row in rows]


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
        frame = _decode(self._frames.line(waiting.popleft()))
        if frame.failure is not None:
            error = FAILURES.get(frame.failure["type"], ConnectorError)(frame.failure["message"])
            if isinstance(error, ThrottledError):
                error.retry_after = frame.failure.get("retry_after", 0.0)
            raise error
        answer = frame.answer or {}
        return Answer(status=answer["status"], headers=answer["headers"], body=body_in(answer["body"]))


class RequestNotRecordedError(ConnectorError):
    """The story asked for something it did not ask for then."""


def _call_key(call: dict[str, Any]) -> bytes:
    asked = _encode([call["method"], call["path"], call["query"], call["body"]])
    return hashlib.blake2b(asked, digest_size=16).digest()


def _rows(kept: msgspec.Raw | None) -> list[msgspec.Raw]:
    return [] if kept is None else msgspec.json.decode(kept, type=list[msgspec.Raw])


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


def rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _same_error(then: str, outcome: str, now: str) -> bool:
    """Records of before hold what a person should do behind the error that held a Connection."""
    return then == now or (outcome == "held" and then.startswith(f"{now}; correct connections."))


def _check_integrity(recorded: Recorded, report: Report) -> None:
    report.differences += recorded.altered
    end = recorded.end
    if end is not None and end["inputs"] != recorded.inputs_digest and not report.differences:
        report.differences.append(Difference(what="the recorded inputs were altered", recorded=end["inputs"]))
