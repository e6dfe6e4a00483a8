"""A day of the service in seconds: the real clock, store, stories and stand-in PSA; only the time is made.

From Saturday noon to Sunday noon (UTC) in Berlin, where summer time ends in the night between; with hours in which
nothing runs, and windows in which alone tickets may be opened.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from apscheduler.schedulers.base import BaseScheduler

from connector.config import Config
from connector.jobs.clock import Clock, Wake
from connector.jobs.runtime import Runtime, open_runtime
from connector.jobs.service import Service
from connector.sandbox.connectwise import Server
from connector.store import attempts, jobs
from tests.conftest import ConfigFor
from tests.jobs.story import HEADER

NOON = datetime(2026, 10, 24, 12, tzinfo=UTC)
SCHEDULE = {
    "pull": "1 hour",
    "collect": "30 minutes",
    "deliver": {"every": "1 hour", "within": "07:00-19:00"},
    "watch": "never",
    "reconcile": {"every": "1 day", "within": "22:00-05:00"},
}


class MadeTime:
    """The time of the whole day; stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class NoWaiting(threading.Event):
    """What a service waits on between two tries: it looks, and goes on."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


class SteppedScheduler(BaseScheduler):  # type: ignore[misc]
    """APScheduler without its thread: what is due by the made time is done when it is told to look."""

    def shutdown(self, wait: bool = True) -> None:
        super().shutdown(wait)

    def wakeup(self) -> None:
        pass

    def look(self) -> None:
        self._process_jobs()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> MadeTime:
    clock = MadeTime()

    class MadeDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now.astimezone(tz)

    for module in ("apscheduler.schedulers.base", "apscheduler.triggers.date", "apscheduler.triggers.interval"):
        monkeypatch.setattr(f"{module}.datetime", MadeDatetime)
    return clock


class Day:
    """The service over a day; `down` and `up` between."""

    def __init__(self, config: Config, store_url: str, clock: MadeTime) -> None:
        self.config, self.url, self.clock = config, store_url, clock
        self.runtime: Runtime
        self.service: Service
        self.up()

    def up(self) -> None:
        environ = {"CONNECTOR_DATABASE_URL": self.url}
        opened = open_runtime(self.config, environ=environ, clock=self.clock)
        self.runtime = replace(opened, stopping=NoWaiting())

        def stepped(wake: Wake, keep_house: Callable[[], None]) -> Clock:
            return Clock(wake, keep_house, scheduler=SteppedScheduler)

        self.service = Service(self.runtime, make_clock=stepped)
        self.service.start()
        self._settle()

    def down(self) -> None:
        assert self.service.park() == []
        self.runtime.store.close()

    def pass_until(self, until: datetime, *, step: timedelta = timedelta(minutes=5)) -> None:
        while self.clock.now < until:
            self.clock.now += step
            self._look()

    def _look(self) -> None:
        scheduler: Any = self.service._clock.scheduler
        scheduler.look()
        self._settle()

    def _settle(self) -> None:
        end = time.monotonic() + 60
        while self.service.busy():
            assert time.monotonic() < end, f"still at work: {self.service.busy()}"
            time.sleep(0.002)

    def began(self, story: str, connection: str = "psa") -> list[datetime]:
        """When each Attempt of a story began, oldest first."""
        with self.runtime.store.read() as tx:
            return [a.started_at for a in attempts.of_story(tx, story, connection)][::-1]

    def slots(self, story: str, connection: str = "psa") -> list[datetime]:
        with self.runtime.store.read() as tx:
            found = [job for job in jobs.listed(tx, limit=1000) if (job.story, job.connection) == (story, connection)]
        return sorted(jobs.slot_of(job) for job in found)


@pytest.fixture
def day(sandbox: Server, config_for: ConfigFor, tmp_path: Path, made: MadeTime) -> Iterator[Day]:
    (tmp_path / "answers").mkdir()
    config = config_for(
        sandbox,
        schedule=SCHEDULE,
        answers={"folder": "answers", "settle": "0 seconds", "rules_within": "7 days"},
    )
    told = Day(config, f"sqlite:///{tmp_path / 'nps.sqlite3'}", made)
    yield told
    told.down()


def answer(folder: Path, number: int, at: datetime, who: str = "ann@example.com") -> None:
    row = f"day-{number},{who},3,late,{at.isoformat()},c{number}\n"
    (folder / "answers" / f"{number}.csv").write_text(HEADER + row, encoding="utf-8")


def at(hour: float, day: int = 24) -> datetime:
    return datetime(2026, 10, day, tzinfo=UTC) + timedelta(hours=hour)


def test_a_day_with_the_end_of_summer_time_a_night_and_hours_of_downtime(day: Day, tmp_path: Path) -> None:
    # the start: everything is due at once, and the tickets may be opened (14:00 in Berlin)
    assert day.began("pull") == [at(12)]
    assert day.began("plan") == [at(12)]
    answer(tmp_path, 1, day.clock.now)
    day.pass_until(at(15))
    assert day.began("pull") == [at(hour) for hour in (12, 13, 14, 15)]
    assert day.began("deliver") == [at(13)], "taken in at 12:30, delivered at the next full hour; then nothing waits"

    # 15:10 to 18:40 UTC: down. What was missed is done once; Saturday's deliveries end at 17:00 UTC
    day.pass_until(at(15) + timedelta(minutes=10))
    day.down()
    day.clock.now = at(18) + timedelta(minutes=40)
    answer(tmp_path, 2, day.clock.now)
    day.up()
    assert day.began("pull")[4:] == [day.clock.now], "three were missed, one is made up for"
    assert day.slots("pull")[4:] == [at(18)]
    assert day.began("collect", "answers")[-1] == day.clock.now

    # the night: pulls go on every hour, though the night has an hour more; nothing is delivered until 7:00 in Berlin
    day.pass_until(at(12, 25))
    pulls = day.began("pull")[5:]
    assert pulls == [at(hour) for hour in range(19, 37)]
    delivered = [moment for moment in day.began("deliver") if moment > at(13)]
    assert delivered == [at(6, 25)], "7:00 in Berlin is 6:00 UTC now, and was 5:00 the day before"
    assert len(day.slots("pull")) == len(set(day.slots("pull"))) == len(day.began("pull"))
    assert len(day.began("plan")) == len(day.began("pull"))
    collects = day.began("collect", "answers")
    assert len(collects) == len(set(collects))
    assert [m for m in collects if m > at(19)] == [at(19) + timedelta(minutes=30 * n) for n in range(1, 35)]
    assert day.began("reconcile") == [], "no ticket is a day old yet"


def test_a_story_put_off_is_tried_again_after_pauses_that_grow(day: Day, sandbox: Server) -> None:
    from connector.sandbox.connectwise.faults import planned

    day.pass_until(at(12) + timedelta(minutes=55))
    with sandbox.world.lock:
        sandbox.world.state.faults += planned({"kind": "503html", "times": None, "path": "company/"})
    day.pass_until(at(13) + timedelta(minutes=20), step=timedelta(minutes=1))
    minutes = [int((moment - at(13)).total_seconds() // 60) for moment in day.began("pull") if moment >= at(13)]
    assert minutes == [0, 1, 3, 7, 15]
    with sandbox.world.lock:
        sandbox.world.state.faults.clear()
    day.pass_until(at(13) + timedelta(minutes=40), step=timedelta(minutes=1))
    with day.runtime.store.read() as tx:
        told = [a for a in attempts.of_story(tx, "pull", "psa") if a.started_at >= at(13)]
    assert [a.outcome for a in told[::-1]] == ["deferred"] * 5 + ["done"]
    assert len({a.job_id for a in told}) == 1, "one Job for one slot"


def test_a_held_connection_goes_on_within_a_minute_after_it_is_released(day: Day) -> None:
    from connector.store import holds

    hold = holds.Hold(kind="connection", name="psa", cause="pause", reason="by hand", since=day.clock.now)
    with day.runtime.store.write() as tx:
        holds.put(tx, hold)
    day.pass_until(at(13) + timedelta(minutes=20), step=timedelta(minutes=1))
    assert day.began("pull") == [at(12)]
    with day.runtime.store.write() as tx:
        holds.lift(tx, "connection", "psa", "pause")
    day.pass_until(at(13) + timedelta(minutes=22), step=timedelta(minutes=1))
    assert day.began("pull")[1:] == [at(13) + timedelta(minutes=21)]


def test_a_hint_runs_a_story_at_once_but_a_flood_of_them_does_not(day: Day) -> None:
    day.clock.now += timedelta(minutes=7)
    for _ in range(20):
        day.service.wake("pull", "psa")
    day._settle()
    assert len(day.began("pull")) == 2
    for _ in range(20):
        day.service.wake("pull", "psa")
        day._settle()
    assert len(day.began("pull")) == 2
    day.clock.now += timedelta(seconds=119)
    day._look()
    assert len(day.began("pull")) == 2
    day.clock.now += timedelta(seconds=1)
    day._look()
    assert len(day.began("pull")) == 3, "those that came too soon are one more, two minutes later"


def test_a_hint_heeds_the_hours(day: Day) -> None:
    day.pass_until(at(18))
    before = len(day.began("reconcile"))
    day.service.wake("deliver", "psa")
    day._settle()
    assert [m for m in day.began("deliver") if m >= at(17)] == []
    assert len(day.began("reconcile")) == before
