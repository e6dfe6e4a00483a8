"""Attempts: the executions of Jobs, the configurations they ran under, and how a story's newest one went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.store import codec, jobs
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

UNFINISHED = frozenset(("running", "interrupted", "deferred", "held"))
"""Outcomes after which the Job goes on with another Attempt."""


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


def start(
    tx: Tx,
    job: jobs.Job,
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


def get(tx: Tx, attempt_id: str) -> Attempt | None:
    row = tx.execute(text("select * from attempt where id = :i"), {"i": attempt_id}).first()
    return _attempt(row) if row else None


def of_job(tx: Tx, job_id: str) -> list[Attempt]:
    rows = tx.execute(text("select * from attempt where job_id = :j order by number"), {"j": job_id})
    return [_attempt(row) for row in rows]


def of_story(tx: Tx, story: str, connection: str) -> list[Attempt]:
    """Every Attempt of a story on a Connection, newest first."""
    rows = tx.execute(
        text(
            "select a.* from attempt a join job j on j.id = a.job_id where j.story = :s and j.connection = :c "
            "order by a.started_at desc, a.id desc"
        ),
        {"s": story, "c": connection},
    )
    return [_attempt(row) for row in rows]


def unfinished(tx: Tx, story: str, connection: str) -> jobs.Job | None:
    """The newest Job of a story and connection whose last attempt did not come to its end."""
    row = tx.execute(
        text("select * from job where story = :s and connection = :c order by created_at desc, id desc limit 1"),
        {"s": story, "c": connection},
    ).first()
    if row is None:
        return None
    last = of_job(tx, row.id)
    return jobs.job_of(row) if not last or last[-1].outcome in UNFINISHED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest Job of a story and how its last Attempt went; `attempt` None where none was begun."""

    job: jobs.Job
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
    last = of_job(tx, row.id)
    return Newest(job=jobs.job_of(row), attempt=last[-1] if last else None)


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
    return Newest(job=jobs.job_of(row), attempt=get(tx, row.attempt_id)) if row else None


def first_since(tx: Tx, story: str, connection: str, params: dict[str, Any], since: datetime) -> datetime | None:
    """When the first Attempt of such Jobs after that moment began; None where there was none."""
    row = tx.execute(
        text(
            "select min(a.started_at) as at from attempt a join job j on j.id = a.job_id "
            "where j.story = :s and j.connection = :c and j.params = :p and a.started_at > :since"
        ),
        {"s": story, "c": connection, "p": codec.to_text(params), "since": instant(since)},
    ).one()
    return moment(row.at) if row.at else None


def records(tx: Tx) -> tuple[frozenset[str], datetime | None]:
    """The files of all attempts' records, and when the oldest began; None where there was none."""
    rows = tx.execute(text("select journal, started_at from attempt")).all()
    return frozenset(row.journal for row in rows), moment(min(row.started_at for row in rows)) if rows else None


def config_doc(tx: Tx, fingerprint: str) -> str | None:
    row = tx.execute(text("select doc from config_version where fingerprint = :f"), {"f": fingerprint}).first()
    return str(row.doc) if row else None


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
