"""Whether a story has anything to do, so that the service makes no Job of nothing."""

from __future__ import annotations

from datetime import datetime

from connector.domain import Mode
from connector.jobs.guards import limits
from connector.jobs.runtime import Runtime
from connector.jobs.schedule import Entry
from connector.rules import fuses
from connector.rules.follow_up import FINAL
from connector.store import Tx, attempts, follow_ups, work


def wanted(tx: Tx, runtime: Runtime, entry: Entry, now: datetime) -> bool:
    """deliver: something waits that may go, or a fuse holds it and that was not told yet; watch: a ticket of ours is
    open; reconcile: one is old enough."""
    rehearsal = runtime.mode is Mode.REHEARSAL
    if entry.story == "deliver":
        waiting = entry.connection in work.connections_with_work(tx, now=now, mode=runtime.mode)
        return waiting and not _stopped_as_before(tx, runtime, entry, now)
    if entry.story == "watch":
        return entry.connection in follow_ups.watched(tx, rehearsal=rehearsal, without=FINAL)
    if entry.story == "reconcile":
        oldest = follow_ups.oldest_ticket(tx, entry.connection, rehearsal=rehearsal)
        done_before = attempts.newest(tx, entry.story, entry.connection, entry.params) is not None
        return oldest is not None and (done_before or now - oldest >= entry.period)
    return True


def waits_since(tx: Tx, runtime: Runtime, entry: Entry, now: datetime) -> datetime | None:
    """Since when there is what a story is wanted for that is not always; None for one that always is.

    An Attempt that was begun proves that it was there, also where it touched what waits.
    """
    rehearsal = runtime.mode is Mode.REHEARSAL
    if entry.story == "deliver":
        return work.waits_since(tx, entry.connection, now=now, mode=runtime.mode)
    if entry.story == "watch":
        return follow_ups.watched(tx, rehearsal=rehearsal, without=FINAL).get(entry.connection)
    if entry.story == "reconcile":
        oldest = follow_ups.oldest_ticket(tx, entry.connection, rehearsal=rehearsal)
        return oldest + entry.period if oldest is not None else None
    return None


def _stopped_as_before(tx: Tx, runtime: Runtime, entry: Entry, now: datetime) -> bool:
    """Whether a fuse stopped the last delivery, and would stop this one before its first effect, with the same words.

    The Attempt that was stopped is the newest one then, and is what the doctor shows.
    """
    last = attempts.newest(tx, entry.story, entry.connection, entry.params)
    if last is None or last.attempt is None or last.attempt.outcome != "stopped":
        return False
    rehearsal, since = runtime.mode is Mode.REHEARSAL, last.attempt.started_at
    if work.moved_since(tx, entry.connection, since, now=now, rehearsal=rehearsal):
        return False
    return fuses.hold_all(tx, entry.connection, limits(runtime.config), now=now, mode=runtime.mode)
