"""How things stand, for bundles and the doctor: schema, leases, ages, how each story ended last. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connector.store import attempts, jobs
from connector.store.engine import Store, Tx, revisions
from connector.store.leases import Lease
from connector.store.tables import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The revision the database has (None: none yet), and the one this program knows."""

    current: str | None
    head: str


def schema(store: Store) -> Schema:
    current, head = revisions(store)
    return Schema(current=current, head=head)


def trouble(store: Store) -> str:
    """Why the database cannot be read or written now, in its own words; empty if it can. Waits 2 seconds at most."""
    try:
        with store.engine.connect() as connection:
            if not store.postgres:
                connection.exec_driver_sql("PRAGMA busy_timeout=2000")
                connection.commit()
            with connection.execution_options(writes="normal").begin():
                connection.execute(text("select 1"))
    except DBAPIError as error:
        return str(error.orig).strip().splitlines()[0]
    return ""


def leases(tx: Tx) -> list[Lease]:
    """Every lease there ever was, free ones with an empty owner."""
    rows = tx.execute(text("select connection, owner, token, expires_at from lease order by connection"))
    return [
        Lease(
            connection=row.connection,
            owner=row.owner,
            token=row.token,
            expires_at=moment(row.expires_at or "1970-01-01T00:00:00Z"),
        )
        for row in rows
    ]


def oldest(tx: Tx) -> dict[str, datetime]:
    """Since when the oldest write-back of each state stands so."""
    rows = tx.execute(text("select state, min(changed_at) as at from write_back group by state order by state"))
    return {row.state: moment(row.at) for row in rows}


def last_of_each_story(tx: Tx) -> list[tuple[jobs.Job, attempts.Attempt]]:
    """The newest attempt of each story on each connection, with its job."""
    pairs = tx.execute(text("select distinct story, connection from job order by story, connection")).all()
    found = []
    for story, connection in pairs:
        for attempt in attempts.of_story(tx, story, connection)[:1]:
            job = jobs.get(tx, attempt.job_id)
            if job is not None:
                found.append((job, attempt))
    return found
