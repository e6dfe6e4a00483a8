"""What the fuses count and hold: tickets opened within a time, and write-backs of the time before mode live."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from connector.store import outbox
from connector.store.engine import Tx
from connector.store.tables import instant

RELEASED = "released"
"""The fuse of a ticket that a person let go beyond what the limits allow."""
_UNCONFIRMED = f"state = 'waiting' and not rehearsal and fuse in {outbox.BEFORE_LIVE}"
_OPENED = (
    "from write_back w left join receipt r on r.key = w.key where w.connection = :c and w.kind = 'open_ticket' "
    "and w.rehearsal = :r and ((r.at >= :s and not r.already_there) or w.state in ('sending', 'unknown'))"
)


def tickets_since(tx: Tx, connection: str, since: datetime, *, rehearsal: bool) -> int:
    """Tickets created (not found) since a moment, those under way counted too; rehearsed and live ones each alone."""
    asked = {"c": connection, "s": instant(since), "r": rehearsal}
    return int(tx.execute(text(f"select count(*) {_OPENED}"), asked).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A ticket that may go but for the fuses; `owner` is empty as long as nobody asked whose it would be."""

    key: str
    owner: str
    fuse: str


def due(tx: Tx, connection: str, *, now: datetime, rehearsal: bool) -> list[Due]:
    """Tickets that wait and whose time has come, in the order in which they go."""
    rows = tx.execute(
        text(
            f"select w.key, w.owner, w.fuse from write_back w {outbox.DUE}and w.kind = 'open_ticket' "
            f"order by {outbox.DUE_ORDER}"
        ),
        {"c": connection, "now": instant(now), "rehearsal": rehearsal},
    )
    return [Due(key=row.key, owner=row.owner, fuse=row.fuse) for row in rows]


def opened_by_owner(tx: Tx, connection: str, since: datetime, *, rehearsal: bool) -> dict[str, int]:
    """Tickets opened (not found) for each owner since a moment, those under way counted too."""
    rows = tx.execute(
        text(f"select w.owner, count(*) as n {_OPENED} and w.owner <> '' group by w.owner"),
        {"c": connection, "s": instant(since), "r": rehearsal},
    )
    return {row.owner: row.n for row in rows}


def belongs_to(tx: Tx, key: str, owner: str) -> None:
    """Whose the ticket is to be, before it leaves."""
    tx.execute(text("update write_back set owner = :o where key = :k"), {"o": owner, "k": key})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """Write-backs of preview and rehearsal time that nobody has confirmed: `due` wait for that, `later` are not due."""

    due: int
    later: int


def unconfirmed(tx: Tx, *, now: datetime) -> Unconfirmed:
    rows = tx.execute(
        text(f"select not_before <= :now as due, count(*) as n from write_back where {_UNCONFIRMED} group by 1"),
        {"now": instant(now)},
    )
    counted = {bool(row.due): row.n for row in rows}
    return Unconfirmed(due=counted.get(True, 0), later=counted.get(False, 0))


def any_unconfirmed(tx: Tx, connection: str, *, now: datetime) -> bool:
    """Whether one of them is due on this connection."""
    row = tx.execute(
        text(
            f"select 1 as one from write_back where {_UNCONFIRMED} and connection = :c and not_before <= :now limit 1"
        ),
        {"c": connection, "now": instant(now)},
    ).first()
    return row is not None


def confirm(tx: Tx, *, now: datetime) -> int:
    """Those that are due may leave from now on; how many they are. Those that are not are asked for in their turn."""
    done = tx.execute(
        text(f"update write_back set fuse = '', changed_at = :now where {_UNCONFIRMED} and not_before <= :now"),
        {"now": instant(now)},
    )
    return int(done.rowcount)


def let_go(tx: Tx, keys: Collection[str], *, now: datetime) -> None:
    """These tickets pass the fuses on tickets."""
    for key in keys:
        tx.execute(
            text("update write_back set fuse = :f, changed_at = :now where key = :k and state = 'waiting'"),
            {"f": RELEASED, "now": instant(now), "k": key},
        )
