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
_UNCONFIRMED = "state = 'waiting' and not rehearsal and fuse in ('preview', 'rehearsal')"
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


def unconfirmed(tx: Tx) -> int:
    """How many write-backs of preview and rehearsal time wait for a person to confirm them."""
    return int(tx.execute(text(f"select count(*) from write_back where {_UNCONFIRMED}")).scalar_one())


def confirm(tx: Tx, *, now: datetime) -> int:
    """Those may leave from now on; how many they are."""
    done = tx.execute(
        text(f"update write_back set fuse = '', changed_at = :now where {_UNCONFIRMED}"), {"now": instant(now)}
    )
    return int(done.rowcount)


def let_go(tx: Tx, keys: Collection[str], *, now: datetime) -> None:
    """These tickets pass the fuses on tickets."""
    for key in keys:
        tx.execute(
            text("update write_back set fuse = :f, changed_at = :now where key = :k and state = 'waiting'"),
            {"f": RELEASED, "now": instant(now), "k": key},
        )
