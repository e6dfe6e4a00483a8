"""What a delivery did and what of it was taken back. A row stands before the effect, under the lease's token."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from connector.store import outbox
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.outbox import Entry
from connector.store.tables import instant, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoState:
    """How far the undo of one write-back is: waiting → doing → done | kept | failed | unknown."""

    state: str
    token: int
    look_after: datetime | None
    at: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One write-back that a Job applied, and its undo if there was one."""

    entry: Entry
    undo: UndoState | None = None


def of_job(tx: Tx, job_id: str) -> list[Done]:
    """What the Attempts of a delivery applied, the newest first: so that fields go back step by step.

    By the token of the lease under which each was sent last: no two Attempts on a connection have the same.
    """
    rows = tx.execute(
        text(
            "select w.key, u.state, u.token, u.look_after, u.at, u.detail from job j join attempt a on a.job_id = j.id "
            "join write_back w on w.connection = j.connection and w.token = a.token "
            "left join receipt r on r.key = w.key left join undo u on u.key = w.key "
            "where j.id = :j and a.token > 0 and w.state in ('applied', 'undone') order by r.at desc, w.key"
        ),
        {"j": job_id},
    ).all()
    found = []
    for row in rows:
        entry = outbox.get(tx, row.key)
        assert entry is not None
        undo = None
        if row.state is not None:
            undo = UndoState(
                state=row.state,
                token=row.token,
                look_after=moment(row.look_after) if row.look_after else None,
                at=moment(row.at),
                detail=row.detail,
            )
        found.append(Done(entry=entry, undo=undo))
    return found


def job_of(tx: Tx, key: str) -> str | None:
    """The Job that sent a write-back last, so that an undo of it takes the write-back back."""
    return tx.execute(
        text(
            "select a.job_id from write_back w join attempt a on a.token = w.token "
            "join job j on j.id = a.job_id and j.connection = w.connection where w.key = :k and a.token > 0"
        ),
        {"k": key},
    ).scalar()


def begin(tx: Tx, keys: Collection[str], job_id: str, *, token: int, by: str, now: datetime) -> None:
    """They are being taken back, under this lease."""
    columns = ("key", "job_id", "state", "token", "look_after", "at", "by", "detail")
    upsert(tx, "undo", columns, [(key, job_id, "doing", token, None, instant(now), by, "") for key in keys])


def doubt(tx: Tx, key: str, *, token: int, look_after: datetime, now: datetime) -> None:
    """Another process was at it and ended without a word: it may have taken effect."""
    tx.execute(
        text("update undo set state = 'unknown', look_after = :l, at = :now where key = :k and token = :t"),
        {"l": instant(look_after), "k": key, "t": token, "now": instant(now)},
    )


def settle(
    tx: Tx, key: str, state: str, *, token: int, now: datetime, detail: str, look_after: datetime | None = None
) -> bool:
    """How it ended, if it is still ours. `done`: the write-back is undone, for good."""
    moved = tx.execute(
        text(
            "update undo set state = :s, detail = :d, look_after = :l, at = :now "
            "where key = :k and token = :t and state = 'doing'"
        ),
        {
            "s": state, "d": detail[:2000], "l": instant(look_after) if look_after else None, "now": instant(now),
            "k": key, "t": token,
        },
    )  # fmt: skip
    if moved.rowcount != 1:
        return False
    if state == "done":
        outbox.move(tx, key, from_states=("applied",), to="undone", now=now, error=f"taken back: {detail}")
    return True


def put_back(tx: Tx, keys: Collection[str], *, token: int, now: datetime, why: str) -> None:
    """Surely not attempted: they wait for the next time."""
    for key in keys:
        settle(tx, key, "waiting", token=token, now=now, detail=why)
