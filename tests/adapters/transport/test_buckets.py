"""Calls that the vendor counts apart, and reads that are asked by a body."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from connector.adapters.transport import Bucket, Transport, Words
from connector.adapters.transport.pace import LOWEST, Pace, limits
from connector.errors import OutcomeUnknownError, ThrottledError, UnavailableError
from connector.ports import Answer, Call, Context

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OK = Answer(status=200, body=b"{}")
FIVE_A_SECOND = 1 / 5


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class Vendor:
    """Allows `most` calls in ten seconds and five searches a second, and remembers when each came."""

    def __init__(self, clock: Clock, most: int = 100, *, refuse: Sequence[Answer] = ()) -> None:
        self._clock, self._most = clock, most
        self.calls: list[tuple[float, Call]] = []
        self._recent, self._searches = deque[float](), deque[float]()
        self._refuse = list(refuse)
        self.refused = 0

    def send(self, call: Call) -> Answer:
        self._clock.at += 0.01
        self.calls.append((self._clock.at, call))
        if self._refuse:
            return self._refuse.pop(0)
        recent, window, most = (self._searches, 1.0, 5) if call.path == "/search" else (self._recent, 10.0, self._most)
        while recent and recent[0] <= self._clock.at - window:
            recent.popleft()
        if len(recent) >= most:
            self.refused += 1
            return Answer(status=429, body=b"SECOND" if window == 1.0 else b"TEN")
        recent.append(self._clock.at)
        return OK


def transport(vendor: Vendor, clock: Clock, *, calls: int = 95, tenant: str = "") -> Transport:
    context = Context(connection="hub", wire=vendor, now=lambda: NOON, sleep=clock.sleep)
    return Transport(
        context,
        words=lambda answer: Words(code=answer.body.decode()),
        waits=lambda _answer, words, _now: 1.0 if words.code == "SECOND" else 10.0,
        buckets=(
            Bucket(name="calls", calls=calls, seconds=10.0, code="TEN"),
            Bucket(
                name="searches",
                calls=1,
                seconds=FIVE_A_SECOND / 0.95,
                takes=lambda call: call.path == "/search",
                code="SECOND",
            ),
        ),
        tenant=tenant,
        clock=clock,
    )


def test_searches_are_spread_evenly_and_other_calls_are_not_held_up() -> None:
    clock = Clock()
    vendor = Vendor(clock)
    calls = transport(vendor, clock)
    begun = clock.at
    for _ in range(20):
        calls.get("/list")
    assert clock.at - begun < 1
    begun = clock.at
    for _ in range(20):
        calls.ask("/search", {})
    assert 19 / 4.75 <= clock.at - begun < 20 / 4.75 + 1
    assert vendor.refused == 0
    assert calls.calls == 40


def test_no_more_than_the_share_of_ten_seconds_is_used() -> None:
    clock = Clock()
    vendor = Vendor(clock)
    calls = transport(vendor, clock)
    for _ in range(300):
        calls.get("/list")
    assert vendor.refused == 0
    for index, (at, _) in enumerate(vendor.calls[95:]):
        assert at - vendor.calls[index][0] >= 10.0


def test_a_refused_search_slows_searches_only() -> None:
    clock = Clock()
    vendor = Vendor(clock, refuse=[Answer(status=429, body=b"SECOND")])
    calls = transport(vendor, clock)
    calls.ask("/search", {})  # refused once, asked again
    before = clock.at
    calls.get("/list")
    assert clock.at - before < 0.02
    calls.ask("/search", {})
    calls.ask("/search", {})
    assert clock.at - before > 2 * FIVE_A_SECOND / 0.95
    assert calls.calls_per_minute == 570


def test_a_refusal_for_another_limit_slows_what_it_is_meant_for() -> None:
    clock = Clock()
    calls = transport(Vendor(clock, refuse=[Answer(status=429, body=b"TEN")]), clock)
    calls.ask("/search", {})
    assert calls.calls_per_minute == 71 * 6  # halved, and a half more after the ten seconds waited


def test_the_other_side_may_say_how_many_it_allows() -> None:
    clock = Clock()
    vendor = Vendor(clock, most=190)
    calls = transport(vendor, clock)
    calls.allow("calls", 180)
    assert calls.calls_per_minute == 1080
    begun = clock.at
    for _ in range(180):
        calls.get("/list")
    assert clock.at - begun < 3


def test_each_answer_is_heard_as_soon_as_it_is_there() -> None:
    clock, heard = Clock(), []
    context = Context(connection="hub", wire=Vendor(clock), now=lambda: NOON, sleep=clock.sleep)
    Transport(context, heard=lambda call, answer: heard.append((call.path, answer.status))).get("/list")
    assert heard == [("/list", 200)]


def test_a_locked_record_is_waited_for_without_slowing_anybody() -> None:
    clock = Clock()
    vendor = Vendor(clock, refuse=[Answer(status=423, body=b"LOCKED")])
    context = Context(connection="hub", wire=vendor, now=lambda: NOON, sleep=clock.sleep)
    calls = Transport(context, meaning={423: ThrottledError}, waits=lambda *_: 2.0, clock=clock)
    begun = clock.at
    calls.get("/x")
    assert clock.at - begun >= 2.0
    assert calls.calls_per_minute == 600


def test_asking_by_a_body_is_repeated_and_writing_is_not() -> None:
    clock = Clock()
    broken = Answer(status=503, body=b"")
    vendor = Vendor(clock, refuse=[broken, broken])
    calls = transport(vendor, clock)
    calls.ask("/batch/read", {"inputs": []})
    assert [call.reads for _, call in vendor.calls] == [True] * 3
    assert not any(call.writes for _, call in vendor.calls)
    vendor = Vendor(clock, refuse=[broken])
    with pytest.raises(OutcomeUnknownError):
        transport(vendor, clock).write("POST", "/batch/create", {"inputs": []})
    assert len(vendor.calls) == 1
    vendor = Vendor(clock, refuse=[broken] * 9)
    with pytest.raises(UnavailableError):
        transport(vendor, clock).ask("/search", {})


def test_each_bucket_of_a_tenant_is_remembered_by_itself() -> None:
    clock = Clock()
    first = transport(Vendor(clock, refuse=[Answer(status=429, body=b"TEN")]), clock, tenant="hub buckets.example.com")
    first.get("/list")
    second = transport(Vendor(clock), clock, tenant="hub buckets.example.com")
    assert second.calls_per_minute == first.calls_per_minute == 71 * 6
    assert limits()["hub buckets.example.com calls"] == 427
    assert limits()["hub buckets.example.com searches"] == 285


def test_a_pace_of_less_than_one_call_in_a_window_waits_longer() -> None:
    clock = Clock()
    pace = Pace(1, window=0.2, clock=clock, sleep=clock.sleep)
    pace.refused(pace.take(), 0.0)
    begun = clock.at
    for _ in range(3):
        pace.take()
    assert clock.at - begun == pytest.approx(1.2)
    for _ in range(20):
        clock.at += 0.01
        pace.refused(clock.at, 0.0)
    begun = clock.at
    pace.take()
    pace.take()
    assert clock.at - begun <= 2 * 60 / LOWEST + 0.1
