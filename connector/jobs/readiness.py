"""Whether the service does its work: the store answers, its schema is current, no story is long overdue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.errors import ConnectorError
from connector.jobs import schedule
from connector.jobs.local_time import when, zone_of
from connector.jobs.runtime import Runtime
from connector.jobs.schedule import Entry
from connector.jobs.wanted import waits_since, wanted
from connector.store import Tx, attempts, holds
from connector.store.engine import schema_problem

PERIODS = 3


def reasons(runtime: Runtime, entries: Sequence[Entry], started_at: datetime) -> list[str]:
    """Why it is not ready, in plain words with the remedy; empty where it is. Names connections, never people."""
    now = runtime.now()
    try:
        if problem := schema_problem(runtime.store):
            return [problem]
        with runtime.store.read() as tx:
            held = {hold.name: hold for hold in holds.listed(tx) if hold.kind in ("connection", "everything")}
            found = []
            for entry in entries:
                if not entry.period or not wanted(tx, runtime, entry, now):
                    continue
                last = attempts.newest_success(tx, entry.story, entry.connection, entry.params, also=("stopped",))
                done = last.attempt.ended_at if last and last.attempt and last.attempt.ended_at else None
                hold = held.get(entry.connection) or held.get(holds.EVERYTHING)
                if hold is not None and hold.cause == "pause":
                    continue  # a person wants it so
                since = _since(tx, runtime, entry, done or started_at, now)
                if schedule.overdue(entry, now, since, PERIODS):
                    found.append(_words(entry, when(done, zone_of(runtime.config)), hold))
        return found
    except ConnectorError as trouble:
        return [f"the store does not answer: {trouble}"]


def _since(tx: Tx, runtime: Runtime, entry: Entry, done: datetime, now: datetime) -> datetime:
    """From when its periods count: since it was done last, or since there is something to do again.

    The first Attempt after that counts too: one that fails over and over touches the very rows that wait.
    """
    waits = waits_since(tx, runtime, entry, now)
    if waits is None or waits <= done:
        return done
    tried = attempts.first_since(tx, entry.story, entry.connection, entry.params, done)
    return min(waits, tried) if tried is not None else waits


def _words(entry: Entry, since: str, hold: holds.Hold | None) -> str:
    assert entry.timing is not None
    last = f"last done {since}" if since else "never done"
    every = getattr(entry.timing.every, "text", "")
    remedy = "connector jobs list shows how it went"
    if hold is not None:
        remedy = f"held ({hold.cause}): connector pause lists why, connector resume {entry.connection} lets it go on"
    return f"{entry.story} of {entry.connection} is due every {every}, {last}; {remedy}"
