"""How fast calls follow each other, against a tenant that allows fewer than is configured."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime

from connector.adapters.transport import Transport
from connector.adapters.transport import pace as pace_room
from connector.adapters.transport.pace import LOWEST, Pace
from connector.ports import Answer, Call, Context

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OK = Answer(status=200, body=b"[]")


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class Tenant:
    """Serves so many calls in any minute and refuses the others, as the vendor does."""

    def __init__(self, clock: Clock, allows: int, retry_after: int = 30) -> None:
        self.allows, self.refusals, self.served = allows, 0, 0
        self._clock, self._recent, self._retry_after = clock, deque[float](), retry_after

    def send(self, call: Call) -> Answer:
        self._clock.at += 0.05
        while self._recent and self._recent[0] <= self._clock.at - 60:
            self._recent.popleft()
        if len(self._recent) >= self.allows:
            self.refusals += 1
            return Answer(status=429, headers={"retry-after": str(self._retry_after)}, body=b"{}")
        self._recent.append(self._clock.at)
        self.served += 1
        return OK


def transport(tenant: Tenant, clock: Clock, *, name: str = "", per_minute: int = 600) -> Transport:
    context = Context(connection="psa", wire=tenant, now=lambda: NOON, sleep=clock.sleep)
    return Transport(context, max_calls_per_minute=per_minute, tenant=name, clock=clock)


def test_what_is_remembered_is_changed_only_by_one_at_a_time() -> None:
    learned = pace_room.remembered("locked", 60, 1000.0)
    other = threading.Thread(target=pace_room.remembered, args=("locked", 30, 1000.0))
    with learned.lock:
        other.start()
        other.join(0.2)
        assert other.is_alive()
        assert learned.limit == 60
    other.join(5)
    assert learned.limit == 30


def test_a_refusal_halves_the_pace_and_quiet_minutes_give_it_back() -> None:
    clock = Clock()
    calls = transport(Tenant(clock, allows=400), clock)
    for _ in range(401):
        calls.get("/x")
    assert calls.calls_per_minute == 300
    clock.sleep(61)
    assert calls.calls_per_minute == 450
    clock.sleep(60)
    assert calls.calls_per_minute == 600


def test_a_tenant_that_allows_little_refuses_seldom_and_is_used_well() -> None:
    clock = Clock()
    tenant = Tenant(clock, allows=120)
    calls = transport(tenant, clock)
    begun = clock.at
    for _ in range(1200):
        calls.get("/x")
    minutes = (clock.at - begun) / 60
    assert tenant.served == 1200
    assert tenant.refusals <= minutes, "about one refusal each time the pace was tried higher"
    assert minutes <= 2 * 1200 / 120


def test_one_burst_of_refusals_halves_once() -> None:
    clock = Clock()
    pace = Pace(600, clock=clock, sleep=clock.sleep)
    under_way = [pace.take() for _ in range(4)]
    clock.at += 0.1
    for taken in under_way:
        pace.refused(taken, 5)
    assert pace.limit == 300


def test_nobody_calls_before_the_time_that_was_named() -> None:
    clock = Clock()
    pace = Pace(600, clock=clock, sleep=clock.sleep)
    pace.refused(pace.take(), 20)
    assert pace.take() >= 1020


def test_the_pace_never_falls_to_nothing() -> None:
    clock = Clock()
    pace = Pace(600, clock=clock, sleep=clock.sleep)
    for _ in range(20):
        clock.at += 1
        pace.refused(clock.at, 0)
    assert pace.limit == LOWEST
    slow = Pace(4, clock=clock, sleep=clock.sleep)
    slow.refused(clock.at, 0)
    assert slow.limit == 4


def test_what_was_learned_is_remembered_in_this_process_and_told() -> None:
    clock = Clock()
    tenant = Tenant(clock, allows=50)
    first = transport(tenant, clock, name="psa pace.example.com/acme")
    for _ in range(51):
        first.get("/x")
    second = transport(tenant, clock, name="psa pace.example.com/acme")
    assert second.calls_per_minute == first.calls_per_minute < 600
    assert pace_room.limits()["psa pace.example.com/acme"] == second.calls_per_minute
    other = transport(tenant, clock, name="psa other.example.com/acme")
    assert other.calls_per_minute == 600


def test_the_calls_of_the_last_minute_count_for_the_next_attempt_too() -> None:
    clock = Clock()
    tenant = Tenant(clock, allows=10_000)
    for _ in range(3):
        calls = transport(tenant, clock, name="psa window.example.com/acme", per_minute=100)
        for _ in range(100):
            calls.get("/x")
    assert clock.at - 1000 >= 120


def test_threads_share_one_pace() -> None:
    clock = Clock()
    sleeping = threading.Lock()

    def sleep(seconds: float) -> None:
        with sleeping:
            clock.at += seconds

    pace = Pace(50, clock=clock, sleep=sleep)
    moments: list[float] = []

    def work() -> None:
        for _ in range(50):
            moments.append(pace.take())  # noqa: PERF401 - each call has its own moment

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moments.sort()
    assert pace.calls == 200
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(moments, moments[50:], strict=False))
