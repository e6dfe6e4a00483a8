"""Whether a story has anything to do, so that the service makes no Job of nothing."""

from __future__ import annotations

from datetime import datetime

from connector.domain import Mode
from connector.jobs.runtime import Runtime
from connector.jobs.schedule import Entry
from connector.rules.follow_up import FINAL
from connector.store import Tx, follow_ups, jobs, outbox


def wanted(tx: Tx, runtime: Runtime, entry: Entry, now: datetime) -> bool:
    """deliver: something waits that may go; watch: a ticket of ours is open; reconcile: one is old enough."""
    rehearsal = runtime.mode is Mode.REHEARSAL
    if entry.story == "deliver":
        return entry.connection in outbox.connections_with_work(tx, now=now, mode=runtime.mode)
    if entry.story == "watch":
        return entry.connection in follow_ups.watched(tx, rehearsal=rehearsal, without=FINAL)
    if entry.story == "reconcile":
        oldest = follow_ups.oldest_ticket(tx, entry.connection, rehearsal=rehearsal)
        done_before = jobs.newest(tx, entry.story, entry.connection, entry.params) is not None
        return oldest is not None and (done_before or now - oldest >= entry.period)
    return True
