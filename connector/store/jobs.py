"""Jobs: what was asked for, each once for its story, connection and slot; old ones are forgotten here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.store import codec
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
    return job_of(row)


def job_of(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        story=row.story,
        connection=row.connection,
        slot=row.slot,
        params=codec.from_text(row.params),
        created_at=moment(row.created_at),
    )


def get(tx: Tx, job_id: str) -> Job | None:
    """By id, or by a beginning of it that is unique."""
    rows = tx.execute(text("select * from job where id like :i limit 2"), {"i": job_id.replace("%", "") + "%"}).all()
    return job_of(rows[0]) if len(rows) == 1 else None


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
    return [job_of(row) for row in rows]


def files(tx: Tx) -> list[str]:
    """The files that people had imported, as they were named: answers and history."""
    rows = tx.execute(text("select distinct params from job where story in ('collect', 'history')"))
    return sorted({str(params["file"]) for row in rows if (params := codec.from_text(row.params)).get("file")})


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
