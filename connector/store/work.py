"""What a delivery has to do now: which write-backs are due, in which order, and which wait in vain. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.domain import Mode
from connector.store import outbox
from connector.store.engine import Tx
from connector.store.tables import instant, moment

_UNSETTLED = "(w.state = 'sending' or (w.state = 'unknown' and w.look_after <= :now))"
_WORK = (
    "from write_back w left join write_back d on d.key = w.depends_on "
    f"where ({_UNSETTLED} or (w.state = 'waiting' and w.not_before <= :now and :sends and "
    "w.rehearsal = :rehearsal and (w.depends_on is null or d.state not in ('waiting', 'sending', 'unknown')))) "
)
"""What a delivery would do something on now."""
_ARRIVED = (
    "case w.state when 'waiting' then case "
    "when w.not_before >= w.changed_at and w.not_before >= coalesce(d.changed_at, '') then w.not_before "
    "when coalesce(d.changed_at, '') >= w.changed_at then d.changed_at else w.changed_at end "
    "when 'unknown' then w.look_after else w.changed_at end"
)
"""Since when it is work: its time came, it was changed last, and what it waited for was settled."""


def connections_with_work(tx: Tx, *, now: datetime, mode: Mode) -> list[str]:
    """The connections a delivery would do something on now: look up what is unknown, or send what is due.

    Due is also what a fuse may hold; not what waits for another that is still on its way.
    """
    rows = tx.execute(text(f"select distinct w.connection {_WORK}order by 1"), _asked(now, mode))
    return [row.connection for row in rows]


def waits_since(tx: Tx, connection: str, *, now: datetime, mode: Mode) -> datetime | None:
    """Since when the oldest of what a delivery would do something on now is there to be done; None where nothing is."""
    row = tx.execute(
        text(f"select min({_ARRIVED}) as at {_WORK}and w.connection = :c"), {"c": connection, **_asked(now, mode)}
    ).one()
    return moment(row.at) if row.at else None


def _asked(now: datetime, mode: Mode) -> dict[str, Any]:
    return {"now": instant(now), "sends": mode is not Mode.PREVIEW, "rehearsal": mode is Mode.REHEARSAL}


BEFORE_LIVE = ("preview", "rehearsal")
"""The fuses of what was written down before mode live: it is not due until a person has confirmed it."""
DUE = (
    "left join write_back d on d.key = w.depends_on "
    "where w.connection = :c and w.state = 'waiting' and w.not_before <= :now and w.rehearsal = :rehearsal "
    f"and (w.depends_on is null or d.state = 'applied') and w.fuse not in {BEFORE_LIVE} "
)
DUE_ORDER = "w.not_before, w.created_at, case when w.depends_on is null then 0 else 1 end, w.key"


def due(
    tx: Tx, connection: str, *, now: datetime, rehearsal: bool, tickets: Callable[[], bool], page: int = 200
) -> Iterator[outbox.Entry]:
    """What may go now: waiting, its time come, and what it depends on applied. Oldest first, read a page at a time.

    `tickets` is asked before each page: False leaves open_ticket out. Rows the caller passes over use up nothing.
    """
    after: dict[str, Any] = {"a": "", "b": "", "d": 0, "e": ""}
    while True:
        rows = tx.execute(
            text(
                f"{outbox.ENTRY}{DUE}and (:tickets or w.kind <> 'open_ticket' or w.fuse = 'released') "
                f"and ({DUE_ORDER}) > (:a, :b, :d, :e) order by {DUE_ORDER} limit :n"
            ),
            {"c": connection, "now": instant(now), "rehearsal": rehearsal, "tickets": tickets(), "n": page, **after},
        ).all()
        yield from map(outbox.entry_of, rows)
        if len(rows) < page:
            return
        last = rows[-1]
        after = {"a": last.not_before, "b": last.created_at, "d": int(last.depends_on is not None), "e": last.key}


def any_due(tx: Tx, connection: str, *, now: datetime, rehearsal: bool) -> bool:
    """Whether anything may go now, or waits in vain."""
    row = tx.execute(
        text(f"select 1 as one from write_back w {DUE}limit 1"),
        {"c": connection, "now": instant(now), "rehearsal": rehearsal},
    ).first()
    return row is not None or bool(orphaned(tx, connection))


def moved_since(tx: Tx, connection: str, since: datetime, *, now: datetime, rehearsal: bool) -> bool:
    """Whether there is more to do than at that moment: something to look up, or a row that changed or fell due."""
    row = tx.execute(
        text(
            f"select 1 as one from write_back w where w.connection = :c and ({_UNSETTLED} or (w.state = 'waiting' "
            "and w.rehearsal = :rehearsal and w.not_before <= :now and (w.changed_at > :s or w.not_before > :s))) "
            "limit 1"
        ),
        {"c": connection, "s": instant(since), "now": instant(now), "rehearsal": rehearsal},
    ).first()
    return row is not None


def due_but_tickets(tx: Tx, connection: str, *, now: datetime, rehearsal: bool) -> bool:
    """Whether anything may go now that no fuse on tickets holds, or waits in vain."""
    row = tx.execute(
        text(f"select 1 as one from write_back w {DUE}and (w.kind <> 'open_ticket' or w.fuse = 'released') limit 1"),
        {"c": connection, "now": instant(now), "rehearsal": rehearsal},
    ).first()
    return row is not None or bool(orphaned(tx, connection))


def orphaned(tx: Tx, connection: str) -> list[tuple[str, str]]:
    """(key, why) of those waiting on a write-back that will never be applied, or that left no record, or none on this
    connection."""
    rows = tx.execute(
        text(
            "select w.key, d.state, d.connection from write_back w join write_back d on d.key = w.depends_on "
            "left join receipt r on r.key = d.key where w.connection = :c and w.state = 'waiting' and "
            "(d.state in ('rejected', 'superseded', 'discarded', 'undone') or (d.state = 'applied' and r.key is null) "
            "or d.connection <> :c) order by w.created_at, w.key"
        ),
        {"c": connection},
    )
    return [(row.key, _why(row, connection)) for row in rows]


def _why(row: Row[Any], connection: str) -> str:
    if row.connection != connection:
        return outbox.ELSEWHERE
    return outbox.WITHOUT_RECORD if row.state == "applied" else outbox.ORPHANED
