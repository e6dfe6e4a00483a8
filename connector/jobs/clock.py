"""The clock: APScheduler with a memory store, rebuilt from the configuration.

It only wakes; what is due the store knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connector.jobs.schedule import Entry, next_look

BEAT = 5  # seconds between two signs of life
HOUSEKEEPING = timedelta(hours=1)


class SlotTrigger(BaseTrigger):  # type: ignore[misc]
    """Fires at each slot of an entry, within its window."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:  # noqa: ARG002
        return next_look(self.entry, now.astimezone(UTC))


class Wake(Protocol):
    def __call__(self, entry: Entry, *, asked: bool = False) -> None: ...


class Clock:
    """Calls `wake(entry)` when it is time to look, from a thread of its own; it must return at once.

    `wake(entry, asked=True)` is a run that somebody asked for and that had to wait.
    """

    def __init__(
        self, wake: Wake, keep_house: Callable[[], None], scheduler: type[BaseScheduler] = BackgroundScheduler
    ) -> None:
        self._wake, self._keep_house = wake, keep_house
        self._beat = time.monotonic()
        self.scheduler = scheduler(
            timezone=UTC,
            executors={"default": DebugExecutor()},  # in the clock's own thread: waking is only putting into a queue
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self, entries: Sequence[Entry]) -> None:
        self.scheduler.add_job(self._tick, IntervalTrigger(seconds=BEAT), id="beat")
        self.scheduler.add_job(self._keep_house, IntervalTrigger(seconds=HOUSEKEEPING.total_seconds()), id="house")
        self.rebuild(entries)
        self.scheduler.start()

    def rebuild(self, entries: Sequence[Entry]) -> None:
        """Forget all entries, take these, and look at each at once: the store says what was missed."""
        for job in self.scheduler.get_jobs():
            if job.id not in ("beat", "house"):
                with suppress(JobLookupError):  # it went off in this moment
                    job.remove()
        for entry in entries:
            if entry.period:
                self.scheduler.add_job(self._wake, SlotTrigger(entry), args=(entry,), id=f"slot {entry.key}")
        for entry in entries:
            self._wake(entry)

    def look_again(self, entry: Entry, at: datetime, *, asked: bool = False) -> None:
        """Wake once more at this moment; the later word counts."""
        once: Any = DateTrigger(run_date=at, timezone=UTC)
        key = f"{'asked' if asked else 'again'} {entry.key}"
        self.scheduler.add_job(self._wake, once, args=(entry,), kwargs={"asked": asked}, id=key, replace_existing=True)

    def stop(self) -> None:
        if self.scheduler.running:
            self.scheduler.shutdown(wait=False)

    def silence(self) -> float:
        """Seconds since the last sign of life."""
        return time.monotonic() - self._beat

    def _tick(self) -> None:
        self._beat = time.monotonic()
