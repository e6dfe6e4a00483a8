"""Figures for monitoring: counts and ages over the whole store. Nothing in them names a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from connector.store import codec
from connector.store.engine import Tx
from connector.store.tables import instant, moment

LAST = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the store says at one moment. Keys are tuples in the order that the names say."""

    attempts: dict[tuple[str, str, str], int]  # story, connection, outcome; within the last day
    calls: dict[str, int]  # by connection; within the last day
    succeeded_at: dict[tuple[str, str], datetime]  # story, connection
    write_backs: dict[tuple[str, str], int]  # connection, state
    oldest: dict[tuple[str, str], datetime]  # connection, state: of those that are not settled
    holds: dict[tuple[str, str], int]  # kind, cause
    follow_ups: dict[str, int]  # state
    reconciled: dict[str, dict[str, Any]]  # connection: what the newest reconcile counted


def read(tx: Tx, *, now: datetime) -> Figures:
    """All figures, in one transaction."""
    since = {"since": instant(now - LAST)}
    attempts = tx.execute(
        text(
            "select j.story, j.connection, a.outcome, count(*) as n from attempt a join job j on j.id = a.job_id "
            "where a.started_at >= :since group by j.story, j.connection, a.outcome"
        ),
        since,
    ).all()
    calls = tx.execute(
        text(
            "select j.connection, sum(a.calls) as n from attempt a join job j on j.id = a.job_id "
            "where a.started_at >= :since group by j.connection"
        ),
        since,
    )
    succeeded = tx.execute(
        text(
            "select j.story, j.connection, max(a.ended_at) as at from attempt a join job j on j.id = a.job_id "
            "where a.outcome in ('done', 'partial') and a.ended_at is not null group by j.story, j.connection"
        )
    )
    rows = tx.execute(
        text(
            "select connection, state, count(*) as n, min(created_at) as oldest from write_back "
            "group by connection, state"
        )
    ).all()
    holds = tx.execute(text("select kind, cause, count(*) as n from hold group by kind, cause"))
    followed = tx.execute(
        text(
            "select f.state, count(*) as n from follow_up f join write_back w on w.key = f.key "
            "where not w.rehearsal group by f.state"
        )
    )
    return Figures(
        attempts={(row.story, row.connection, row.outcome): row.n for row in attempts},
        calls={row.connection: int(row.n or 0) for row in calls},
        succeeded_at={(row.story, row.connection): moment(row.at) for row in succeeded},
        write_backs={(row.connection, row.state): row.n for row in rows},
        oldest={
            (row.connection, row.state): moment(row.oldest)
            for row in rows
            if row.state in ("waiting", "sending", "unknown", "rejected")
        },
        holds={(row.kind, row.cause): row.n for row in holds},
        follow_ups={row.state: row.n for row in followed},
        reconciled=dict(_reconciled(tx)),
    )


def _reconciled(tx: Tx) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = tx.execute(
        text(
            "select j.connection, a.counts from attempt a join job j on j.id = a.job_id "
            "where j.story = 'reconcile' and a.outcome in ('done', 'partial', 'stopped') order by a.started_at"
        )
    )
    for row in rows:
        yield row.connection, codec.from_text(row.counts)
