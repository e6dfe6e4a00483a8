"""Jobs, Attempts and the configurations they ran under: the truth of what was done, on both stores."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.store import codec
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

UNFINISHED = frozenset(("running", "interrupted", "deferred", "held"))
"""Outcomes after which the Job goes on with another Attempt."""


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


def slot_text(slot: datetime) -> str:
    """A due instant as slots are written; they sort by time."""
    return instant(slot)


def slot_of(job: Job) -> datetime:
    """The due instant of a Job; when it was made, for one that was due at no instant."""
    try:
        return moment(job.slot.partition("/")[0])
    except ValueError:
        return job.created_at


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
    tx: Tx,
    job: Job,
    *,
    clock: datetime,
    seed: str,
    config: str,
    config_doc: str,
    journal: str,
    now: datetime,
    token: int = 0,
) -> Attempt:
    """Begin an Attempt under its Connection's lease, whose token it keeps; `journal` is a template with {id}.

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
         "journal", "inputs_digest", "outputs_digest", "token"),
        [(attempt.id, job.id, number, instant(clock), seed, config, instant(now), "running", "", "{}", 0,
          attempt.journal, "", "", token)],
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


def params_of(tx: Tx, story: str) -> list[dict[str, Any]]:
    """What every Job of a story was asked for."""
    return [
        codec.from_text(row.params) for row in tx.execute(text("select params from job where story = :s"), {"s": story})
    ]


def listed(
    tx: Tx,
    *,
    limit: int = 50,
    story: str = "",
    connection: str = "",
    outcome: str = "",
    since: datetime | None = None,
) -> list[Job]:
    """The newest jobs, of one story, connection, outcome of the last attempt, asked for since a moment, where given."""
    rows = tx.execute(
        text(
            "select * from job where (:s = '' or story = :s) and (:c = '' or connection = :c) and created_at >= :since "
            "and (:o = '' or :o = (select outcome from attempt where attempt.job_id = job.id "
            "order by number desc limit 1)) order by created_at desc, id limit :n"
        ),
        {"s": story, "c": connection, "o": outcome, "since": instant(since) if since else "", "n": limit},
    )
    return [_job(row) for row in rows]


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
    return _job(row) if not last or last[-1].outcome in UNFINISHED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest Job of a story and how its last Attempt went; `attempt` None where none was begun."""

    job: Job
    attempt: Attempt | None = None


def newest(tx: Tx, story: str, connection: str, params: dict[str, Any]) -> Newest | None:
    """The Job with these parameters whose slot is the latest."""
    row = tx.execute(
        text(
            "select * from job where story = :s and connection = :c and params = :p "
            "order by slot desc, created_at desc limit 1"
        ),
        {"s": story, "c": connection, "p": codec.to_text(params)},
    ).first()
    if row is None:
        return None
    last = attempts(tx, row.id)
    return Newest(job=_job(row), attempt=last[-1] if last else None)


def newest_success(
    tx: Tx, story: str, connection: str, params: dict[str, Any] | None = None, *, also: Sequence[str] = ()
) -> Newest | None:
    """The Job that came to its end last (done, or partial: done but for some records); any parameters if None.

    `also` are further outcomes that count here (stopped: a limit did what it is for).
    """
    names = {f"o{at}": outcome for at, outcome in enumerate(("done", "partial", *also))}
    row = tx.execute(
        text(
            "select j.*, a.id as attempt_id from attempt a join job j on j.id = a.job_id "
            "where j.story = :s and j.connection = :c and "
            f"a.outcome in ({', '.join(f':{name}' for name in names)}) "
            f"{'and j.params = :p ' if params is not None else ''}"
            "order by a.started_at desc, a.id desc limit 1"
        ),
        {"s": story, "c": connection, **names} | ({"p": codec.to_text(params)} if params is not None else {}),
    ).first()
    return Newest(job=_job(row), attempt=attempt(tx, row.attempt_id)) if row else None


def interrupt(tx: Tx, connection: str, *, now: datetime) -> int:
    """Write down whatever runs on a Connection as interrupted; how many. For who knows that nothing goes on."""
    done = tx.execute(
        text(
            "update attempt set outcome = 'interrupted', ended_at = :now, error = 'stopped before its request ended' "
            "where outcome = 'running' and job_id in (select id from job where connection = :c)"
        ),
        {"now": instant(now), "c": connection},
    )
    return done.rowcount


OLD_AT_ONCE = 500


def forget_old(tx: Tx, *, before: datetime) -> int:
    """Remove Jobs made before this with their Attempts, and the configurations no Attempt ran under; how many Jobs.

    The newest Job of each story, connection and parameters stays, whatever its age: the clock reads from it what is
    due. At most OLD_AT_ONCE go at a time.
    """
    rows = tx.execute(
        text(
            "select j.id from job j where j.created_at < :before and exists (select 1 from job n where "
            "n.story = j.story and n.connection = j.connection and n.params = j.params and n.slot > j.slot) "
            "and not exists (select 1 from attempt a where a.job_id = j.id and "
            "(a.ended_at is null or a.ended_at >= :before)) "
            "and j.id not in (select job_id from undo) order by j.created_at limit :most"
        ),
        {"before": instant(before), "most": OLD_AT_ONCE},
    ).all()
    for row in rows:
        tx.execute(text("delete from attempt where job_id = :j"), {"j": row.id})
        tx.execute(text("delete from job where id = :j"), {"j": row.id})
    if rows:
        tx.execute(text("delete from config_version where fingerprint not in (select config from attempt)"))
    return len(rows)


def config_doc(tx: Tx, fingerprint: str) -> str | None:
    row = tx.execute(text("select doc from config_version where fingerprint = :f"), {"f": fingerprint}).first()
    return str(row.doc) if row else None
