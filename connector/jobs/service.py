"""`connector run`: the clock wakes, the store says what is due, one thread for each connection does it.

Nothing is remembered here that matters: killed at any moment, the next start finds in the Jobs what was cut off and
what was missed, and does that once.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from connector.config import Config
from connector.errors import ConnectorError, LeaseLostError
from connector.jobs import retention, schedule, stories
from connector.jobs.clock import Clock, Wake
from connector.jobs.lanes import Lanes
from connector.jobs.once import Step, perform_slot
from connector.jobs.runtime import Runtime
from connector.jobs.schedule import Entry
from connector.jobs.wanted import wanted
from connector.store import Tx, attempts, holds, jobs, leases

PATIENCE = 7.0
"""Seconds a running story gets to reach its next commit or request; then its process leaves without it."""
AFTER_TROUBLE = timedelta(minutes=1)
ASKED_GAP = timedelta(minutes=2)
"""The least time between two runs of a story that somebody asks for: each is a whole pull, and hints come in floods."""

log = structlog.get_logger()


class Service:
    """The clock and the lanes around one Runtime: `start`, then `park`; `reload` and `wake` between, by any thread."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        watch: Callable[[Step], None] | None = None,
        make_clock: Callable[[Wake, Callable[[], None]], Clock] = Clock,
    ) -> None:
        stopping = runtime.stopping
        self._name = uuid.uuid4().hex[:8]
        self._runtime = replace(runtime, sleep=lambda seconds: void(stopping.wait(seconds)))
        self._watch = watch
        self._lanes = Lanes(self._work)
        self._clock = make_clock(self._lanes.put, self._keep_house)
        self._asked_at: dict[str, datetime] = {}
        self.started_at = runtime.now()
        self.entries = schedule.entries(runtime.config, stories.TIMED)

    @property
    def runtime(self) -> Runtime:
        """The configuration and store of now."""
        return self._runtime

    def start(self) -> None:
        self._clock.start(self.entries)

    def silence(self) -> float:
        """Seconds since the clock last ticked."""
        return self._clock.silence()

    def busy(self) -> list[str]:
        return self._lanes.busy()

    def reload(self, config: Config) -> list[str]:
        """Go on with another configuration; stories at work end under the old one. Returns what needs a restart."""
        old = self._runtime.config
        self._runtime = replace(self._runtime, config=config)
        self.entries = schedule.entries(config, stories.TIMED)
        self._clock.rebuild(self.entries)
        needs = {"storage.data": (old.storage.data, config.storage.data), "listen": (old.listen, config.listen)}
        return [name for name, (before, after) in needs.items() if before != after]

    def wake(self, story: str, connection: str) -> None:
        """Do this story soon, though no slot is due: somebody has a hint that there is something to find."""
        for entry in self.entries:
            if (entry.story, entry.connection) == (story, connection):
                self._lanes.put(entry, asked=True)

    def park(self, patience: float = PATIENCE) -> list[str]:
        """No new work; running stories stop at their next commit or request. Their leases are given back.

        Returns the connections whose stories did not come that far: what they do from now on is refused by the store,
        and the process should leave.
        """
        self._runtime.stopping.set()
        self._clock.stop()
        self._lanes.close()
        left = self._lanes.join(patience)
        for connection in left:
            self._take_away(connection)
        return left

    def _owner(self, connection: str) -> str:
        return f"{self._name}-{connection}"

    def _take_away(self, connection: str) -> None:
        runtime = self._runtime.for_task(self._owner(connection))
        with runtime.store.write() as tx:
            held = leases.current(tx, connection)
            if held is not None and held.owner == runtime.owner:
                attempts.interrupt(tx, connection, now=runtime.now())
                leases.give_back(tx, held)
        log.warning("left_at_work", connection=connection, why="its request did not end; it goes on at the next start")

    def _work(self, entry: Entry, asked: bool) -> None:
        runtime = self._runtime.for_task(self._owner(entry.connection))
        if runtime.stopping.is_set():
            return
        try:
            step = self._due(runtime, entry, asked)
        except ConnectorError as trouble:  # the store, or another process at work; the connection has its own outcomes
            level = log.info if isinstance(trouble, LeaseLostError) else log.warning
            level("not_now", story=entry.story, connection=entry.connection, why=str(trouble))
            self._again(entry, runtime.now() + AFTER_TROUBLE)
            return
        except Exception:
            self._again(entry, runtime.now() + AFTER_TROUBLE)
            raise
        if step is None:
            return
        if self._watch is not None:
            self._watch(step)
        if step.outcome == "held":
            self._again(entry, runtime.now() + AFTER_TROUBLE)
        elif step.attempt is not None and step.attempt.outcome in attempts.UNFINISHED:
            self._again_after(runtime, entry)
        if entry.story == "pull" and step.outcome in ("done", "partial"):
            for other in self.entries:
                if other.story == "plan" and other.connection == entry.connection:
                    self._lanes.put(other)

    def _due(self, runtime: Runtime, entry: Entry, asked: bool) -> Step | None:
        now = runtime.now()
        with runtime.store.read() as tx:
            held = holds.on_connection(tx, entry.connection) is not None
            slot = due_slot(tx, runtime, entry, now)
        if held:
            if slot is not None:
                self._again(entry, now + AFTER_TROUBLE)
            return None
        if slot is None and asked:
            slot = self._asked(entry, now)
        if slot is None:
            return None
        return perform_slot(
            runtime, entry.story, entry.connection, entry.params, entry.slot_text(slot),
            until=schedule.closes(entry, now) if entry.story == "deliver" else None,
        )  # fmt: skip

    def _asked(self, entry: Entry, now: datetime) -> datetime | None:
        """The slot of a run that somebody asked for: now, unless it is outside its hours or asked for too often."""
        not_before = self._asked_at.get(entry.key, now - ASKED_GAP) + ASKED_GAP
        at = schedule.opens(entry, max(now, not_before))
        if at > now:
            self._again(entry, at, asked=True)
            return None
        self._asked_at[entry.key] = now
        return now

    def _again(self, entry: Entry, at: datetime, *, asked: bool = False) -> None:
        if not self._runtime.stopping.is_set():
            self._clock.look_again(entry, at, asked=asked)

    def _again_after(self, runtime: Runtime, entry: Entry) -> None:
        with runtime.store.read() as tx:
            at = schedule.try_again(attempts.newest(tx, entry.story, entry.connection, entry.params))
        if at is not None:
            self._again(entry, schedule.opens(entry, max(at, runtime.now() + timedelta(seconds=1))))

    def _keep_house(self) -> None:
        """Called by the clock: bounded in what it removes at a time, so that waking is not late for long."""
        try:
            begun = time.monotonic()
            removed = retention.keep_house(self._runtime)
            log.info("kept_house", **removed, seconds=round(time.monotonic() - begun, 1))
        except ConnectorError as trouble:
            log.warning("not_now", story="housekeeping", why=str(trouble))


def due_slot(tx: Tx, runtime: Runtime, entry: Entry, now: datetime) -> datetime | None:
    """The slot of an entry that is to be done now, by what the store says; None where nothing is due."""
    last = attempts.newest(tx, entry.story, entry.connection, entry.params)
    if entry.story == "plan":
        pulled = attempts.newest_success(tx, "pull", entry.connection)
        return None if pulled is None else _follows(pulled, last, now)
    slot = schedule.due(entry, now, last)
    return slot if slot is not None and wanted(tx, runtime, entry, now) else None


def _follows(first: attempts.Newest, last: attempts.Newest | None, now: datetime) -> datetime | None:
    """The slot of what follows another story: that of the other, once."""
    slot = jobs.slot_of(first.job)
    if last is None or jobs.slot_of(last.job) < slot:
        return slot
    again = schedule.try_again(last)
    return jobs.slot_of(last.job) if again is not None and again <= now else None


def void(_: object) -> None:
    """For a callback that must return nothing."""
