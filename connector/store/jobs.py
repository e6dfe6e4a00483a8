"""Jobs, Attempts and the configurations they ran under: the truth of what was done, on both stores."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.store import codec
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    id: str
    story: str
    connection: str
    slot: str
    params: dict[str, Any] = field(default_factory=dict)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    id: str
    job_id: str
    number: int
    clock: datetime
    seed: str
    config: str
    journal: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = "running"
    error: str = ""
    counts: dict[str, Any] = field(default_factory=dict)
    calls: int = 0
    inputs_digest: str = ""
    outputs_digest: str = ""


def put_job(tx: Tx, *, story: str, connection: str, slot: str, params: dict[str, Any], now: datetime) -> Job:
    """The Job of this story, connection and slot; made if it is new."""
    tx.execute(
        text(
            "insert into job (id, story, connection, slot, params, created_at) values (:id, :s, :c, :slot, :p, :now) "
            "on conflict (story, connection, slot) do nothing"
        ),
        {
            "id": f"{now:%y%m%d}-{uuid.uuid4().hex[:8]}", "s": story, "c": connection, "slot": slot,
            "p": codec.to_text(params), "now": instant(now),
        },
    )  # fmt: skip
    row = tx.execute(
        text("select * from job where story = :s and connection = :c and slot = :slot"),
        {"s": story, "c": connection, "slot": slot},
    ).one()
    return _job(row)


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        story=row.story,
        connection=row.connection,
        slot=row.slot,
        params=codec.from_text(row.params),
        created_at=moment(row.created_at),
    )


def start(
    tx: Tx, job: Job, *, clock: datetime, seed: str, config: str, config_doc: str, journal: str, now: datetime
) -> Attempt:
    """Begin an Attempt under its Connection's lease; `journal` is a template with {id}.

    Whatever else of the Connection is still written down as running was interrupted: only the lease's owner runs.
    """
    upsert(
        tx,
        "config_version",
        ("fingerprint", "doc", "seen_at"),
        [(config, config_doc, instant(now))],
        keep=("doc", "seen_at"),
    )
    tx.execute(
        text(
            "update attempt set outcome = 'interrupted', ended_at = :now where outcome = 'running' "
            "and job_id in (select id from job where connection = :c)"
        ),
        {"now": instant(now), "c": job.connection},
    )
    number = tx.execute(text("select count(*) from attempt where job_id = :j"), {"j": job.id}).scalar_one() + 1
    attempt_id = f"{job.id}-{number}"
    attempt = Attempt(
        id=attempt_id,
        job_id=job.id,
        number=number,
        clock=clock,
        seed=seed,
        config=config,
        journal=journal.format(id=attempt_id),
        started_at=now,
    )
    upsert(
        tx,
        "attempt",
        ("id", "job_id", "number", "clock", "seed", "config", "started_at", "outcome", "error", "counts", "calls",
         "journal", "inputs_digest", "outputs_digest"),
        [(attempt.id, job.id, number, instant(clock), seed, config, instant(now), "running", "", "{}", 0,
          attempt.journal, "", "")],
    )  # fmt: skip
    return attempt


def end(tx: Tx, attempt: Attempt) -> None:
    """Write down how the Attempt ended; `attempt` carries the final values."""
    tx.execute(
        text(
            "update attempt set ended_at = :e, outcome = :o, error = :err, counts = :c, calls = :calls, "
            "inputs_digest = :i, outputs_digest = :out where id = :id"
        ),
        {
            "e": instant(attempt.ended_at) if attempt.ended_at else None, "o": attempt.outcome,
            "err": attempt.error[:4000],
            "c": codec.to_text(attempt.counts), "calls": attempt.calls, "i": attempt.inputs_digest,
            "out": attempt.outputs_digest, "id": attempt.id,
        },
    )  # fmt: skip


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        id=row.id,
        job_id=row.job_id,
        number=row.number,
        clock=moment(row.clock),
        seed=row.seed,
        config=row.config,
        journal=row.journal,
        started_at=moment(row.started_at),
        ended_at=moment(row.ended_at) if row.ended_at else None,
        outcome=row.outcome,
        error=row.error,
        counts=codec.from_text(row.counts),
        calls=row.calls,
        inputs_digest=row.inputs_digest,
        outputs_digest=row.outputs_digest,
    )


def get(tx: Tx, job_id: str) -> Job | None:
    """By id, or by a beginning of it that is unique."""
    rows = tx.execute(text("select * from job where id like :i limit 2"), {"i": job_id.replace("%", "") + "%"}).all()
    return _job(rows[0]) if len(rows) == 1 else None


def listed(tx: Tx, *, limit: int = 50) -> list[Job]:
    return [
        _job(row) for row in tx.execute(text("select * from job order by created_at desc, id limit :n"), {"n": limit})
    ]


def attempts(tx: Tx, job_id: str) -> list[Attempt]:
    rows = tx.execute(text("select * from attempt where job_id = :j order by number"), {"j": job_id})
    return [_attempt(row) for row in rows]


def attempts_of(tx: Tx, story: str, connection: str) -> list[Attempt]:
    """Every Attempt of a story on a Connection, newest first."""
    rows = tx.execute(
        text(
            "select a.* from attempt a join job j on j.id = a.job_id where j.story = :s and j.connection = :c "
            "order by a.started_at desc, a.id desc"
        ),
        {"s": story, "c": connection},
    )
    return [_attempt(row) for row in rows]


def attempt(tx: Tx, attempt_id: str) -> Attempt | None:
    row = tx.execute(text("select * from attempt where id = :i"), {"i": attempt_id}).first()
    return _attempt(row) if row else None


def unfinished(tx: Tx, story: str, connection: str) -> Job | None:
    """The newest Job of a story and connection whose last attempt did not come to its end."""
    row = tx.execute(
        text("select * from job where story = :s and connection = :c order by created_at desc, id desc limit 1"),
        {"s": story, "c": connection},
    ).first()
    if row is None:
        return None
    last = attempts(tx, row.id)
    return _job(row) if not last or last[-1].outcome in ("running", "interrupted", "deferred", "held") else None


def config_doc(tx: Tx, fingerprint: str) -> str | None:
    row = tx.execute(text("select doc from config_version where fingerprint = :f"), {"f": fingerprint}).first()
    return str(row.doc) if row else None
