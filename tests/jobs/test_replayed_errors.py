"""How an Attempt failed is part of its record: replayed, it meets the same error at the same place and ends alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    LeaseLostError,
    OutcomeUnknownError,
    ParkedError,
    PausedError,
    ThrottledError,
    UnavailableError,
)
from connector.jobs import once
from connector.jobs.records import pseudonyms
from connector.jobs.records.compared import Report
from connector.jobs.records.journal import JournalWriter
from connector.jobs.records.record import DOES, FAILURES, RecordingWire
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import ReplayRecord, ReplayWire, replay
from connector.jobs.runtime import Runtime
from connector.ports import Answer, Call
from tests.conftest import ShiftedClock
from tests.jobs.story import read_frames, runtime_for
from tests.kill.crm import Crm
from tests.kill.crms import CRMS
from tests.kill.stand_in import StandIn

CALL = Call(method="GET", path="/owners")
TOO_LARGE = ContractError("GET /owners: the answer is larger than 64 MB")
ERRORS: list[ConnectorError] = [
    UnavailableError("no connection"), ThrottledError("wait"), ThrottledError("wait", retry_after=0.5),
    ThrottledError("wait", retry_after=3600.0), OutcomeUnknownError("no answer"), LeaseLostError("another has it"),
    PausedError("by hand"), ParkedError("stopped"), AuthError("refused"), TOO_LARGE,
]  # fmt: skip


class Failing:
    def __init__(self, error: ConnectorError) -> None:
        self._error = error

    def send(self, call: Call) -> Answer:
        raise self._error


# ---------------------------------------------------------------- one call
def test_every_failure_of_a_wire_is_tried_here() -> None:
    assert {type(error).__name__ for error in ERRORS} == set(FAILURES)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__} {vars(error)}")
def test_a_call_fails_again_as_it_failed(error: ConnectorError, tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "record")
    writer.write({"t": "begin"})
    with pytest.raises(type(error)):
        RecordingWire(Failing(error), "psa", writer, lambda _: None).send(CALL)
    writer.close()
    with pytest.raises(ConnectorError) as caught:
        ReplayWire(Recorded.load(tmp_path / "record"), "psa").send(CALL)
    again = caught.value
    assert (type(again), str(again)) == (type(error), str(error))
    assert getattr(again, "retry_after", None) == getattr(error, "retry_after", None)


# ---------------------------------------------------------------- a whole Attempt
@pytest.fixture(scope="module", params=list(CRMS.values()), ids=list(CRMS))
def crm(request: pytest.FixtureRequest) -> Crm:
    found: Crm = request.param
    return found


@pytest.fixture(scope="module")
def stand_in(crm: Crm) -> Iterator[StandIn]:
    with crm.serve() as stand_in:
        yield stand_in


@pytest.fixture
def runtime(crm: Crm, stand_in: StandIn, tmp_path: Path, clock: ShiftedClock) -> Iterator[Runtime]:
    made = runtime_for(crm.config(stand_in, tmp_path), f"sqlite:///{tmp_path / 'store' / 'nps.sqlite3'}", clock)
    yield made
    made.store.close()


def failing_at(call: int, error: ConnectorError, *, times: int, wire: type[Any]) -> Callable[..., Answer]:
    """`send` of a wire that fails so often, from that call on."""
    send, made = wire.send, 0

    def sent(self: Any, asked: Call) -> Answer:
        nonlocal made
        made += 1
        if call <= made < call + times:
            raise error
        answer: Answer = send(self, asked)
        return answer

    return sent


@pytest.mark.parametrize("at", [2, 4])
@pytest.mark.parametrize(
    ("error", "times", "outcome"),
    [
        (TOO_LARGE, 1, "failed"),
        (ThrottledError("wait", retry_after=0.5), 2, "done"),
        (ThrottledError("the day is used up", retry_after=3600.0), 1, "deferred"),
        (UnavailableError("no connection"), 99, "deferred"),
    ],
    ids=["too large", "a wait that is waited", "a wait that is not", "nobody there"],
)
def test_an_attempt_ends_again_as_it_ended(
    runtime: Runtime, crm: Crm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: ConnectorError, times: int,
    outcome: str, at: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(crm.wire, "send", failing_at(at, error, times=times, wire=crm.wire))
    step = once.perform(runtime, "pull", crm.name)
    monkeypatch.undo()
    assert step.outcome == outcome, step
    assert step.attempt is not None
    path = runtime.data / step.attempt.journal
    recorded = Recorded.load(path)
    assert recorded.end is not None
    assert recorded.end["error"] == ("" if outcome == "done" else str(error))
    failures = [frame["failure"] for frame in read_frames(path) if frame.get("failure")]
    assert {(each["type"], each["message"]) for each in failures} == {(type(error).__name__, str(error))}
    assert {each.get("retry_after", 0.0) for each in failures} == {getattr(error, "retry_after", 0.0)}
    report = replay(recorded)
    assert report.differences == []
    assert pseudonyms.export(path, tmp_path / "export.zst", b"a key of the test").same


@pytest.mark.parametrize("told", [{"error": "something else"}, {"outcome": "deferred"}], ids=["words", "outcome"])
def test_an_attempt_that_ended_otherwise_shows(
    runtime: Runtime, crm: Crm, monkeypatch: pytest.MonkeyPatch, told: dict[str, str]
) -> None:
    """The proof of the proof."""
    path = _failed(runtime, crm, monkeypatch)
    frames = list(read_frames(path))
    frames[-1] |= told
    [difference] = replay(Recorded.load(_written(path, frames))).differences
    assert difference.what == "outcome"
    assert difference.now == f"failed {TOO_LARGE}"


# ---------------------------------------------------------------- ways of asking that came later
def test_a_record_names_the_ways_it_went_and_one_of_before_goes_none_of_them(
    runtime: Runtime, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _failed(runtime, crm, monkeypatch)
    recorded, report = Recorded.load(path), Report(attempt="a", story="pull")
    assert recorded.begin["does"] == list(DOES)
    assert all(ReplayRecord(recorded, report).does(way) for way in DOES)
    frames = list(read_frames(path))
    del frames[0]["does"]
    older = Recorded.load(_written(path, frames))
    assert not any(ReplayRecord(older, report).does(way) for way in DOES)
    assert replay(older).differences == [], "it failed before any of them, and fails alike"


def _failed(runtime: Runtime, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The record of a pull that met an answer which was too large."""
    monkeypatch.setattr(crm.wire, "send", failing_at(2, TOO_LARGE, times=1, wire=crm.wire))
    step = once.perform(runtime, "pull", crm.name)
    monkeypatch.undo()
    assert step.attempt is not None
    assert step.outcome == "failed", step
    return runtime.data / step.attempt.journal


def _written(path: Path, frames: list[dict[str, Any]]) -> Path:
    target = path.with_name("altered.jsonl.zst")
    writer = JournalWriter(target)
    for frame in frames:
        writer.write(frame)
    writer.close()
    return target
