"""What the fuses count and hold: tickets opened within a time, and write-backs of the time before mode live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from connector.store import codec, forgotten, work
from connector.store.engine import Tx
from connector.store.tables import instant, moment

RELEASED = "released"
"""The fuse of a ticket that a person let go beyond what the limits allow."""
_UNCONFIRMED = f"state = 'waiting' and not rehearsal and fuse in {work.BEFORE_LIVE}"
_OPENED = (
    "from write_back w left join receipt r on r.key = w.key where w.connection = :c and w.kind = 'open_ticket' "
    "and w.rehearsal = :r and ((r.at >= :s and (w.tries > 0 or not r.already_there)) "
    "or w.state in ('sending', 'unknown'))"
)
"""One that a delivery found there counts from then, for nobody knows any more when it was opened; not what a person
settled by hand."""
OWNER = "owner"


def tickets_since(tx: Tx, connection: str, since: datetime, *, rehearsal: bool) -> int:
    """Tickets opened since a moment, also those under way and of erased people; rehearsed and live each alone."""
    asked = {"c": connection, "s": instant(since), "r": rehearsal}
    opened = int(tx.execute(text(f"select count(*) {_OPENED}"), asked).scalar_one())
    return opened + len(_of_erased(tx, connection, since, rehearsal=rehearsal))


def _of_erased(tx: Tx, connection: str, since: datetime, *, rehearsal: bool) -> list[str]:
    """The owners, as digests, of tickets whose rows an erasure took away."""
    return [
        opened["owner"]
        for _, at, doc in forgotten.certificates(tx)
        if at >= since  # the certificate is younger than what it tells of
        for opened in doc.get("tickets_opened", ())
        if (opened["connection"], opened["rehearsal"]) == (connection, rehearsal) and opened["at"] >= instant(since)
    ]


def of_erased_by_owner(tx: Tx, connection: str, since: datetime, *, rehearsal: bool) -> Callable[[str], int]:
    """How many tickets of erased people an owner got since a moment; the certificate knows owners by a digest only."""
    digests = Counter(_of_erased(tx, connection, since, rehearsal=rehearsal))
    if not digests:
        return lambda _owner: 0
    key = forgotten.secret(tx)
    return lambda owner: digests[forgotten.digest(key, OWNER, owner)]


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
            f"select w.key, w.owner, w.fuse from write_back w {work.DUE}and w.kind = 'open_ticket' "
            f"order by {work.DUE_ORDER}"
        ),
        {"c": connection, "now": instant(now), "rehearsal": rehearsal},
    )
    return [Due(key=row.key, owner=row.owner, fuse=row.fuse) for row in rows]


def opened_by_owner(tx: Tx, connection: str, since: datetime, *, rehearsal: bool) -> dict[str, int]:
    """Tickets opened for each owner since a moment, those under way counted too."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ToConfirm:
    """One of them that is due, with its change as JSON holds it, when its answer came, and on which connection."""

    key: str
    response_key: str
    rule_id: str
    connection: str
    change: dict[str, Any]
    received_at: datetime
    answers_connection: str


def to_confirm(tx: Tx, *, now: datetime) -> list[ToConfirm]:
    """Those that `confirm` would let go now."""
    rows = tx.execute(
        text(
            "select w.key, w.response_key, w.rule_id, w.connection, w.change, w.created_at, a.received_at, "
            "a.connection as answers_connection "
            "from write_back w left join response a on a.key = w.response_key "
            f"where {_UNCONFIRMED} and not_before <= :now"
        ),
        {"now": instant(now)},
    )
    return [
        ToConfirm(
            key=row.key,
            response_key=row.response_key,
            rule_id=row.rule_id,
            connection=row.connection,
            change=codec.from_text(row.change),
            received_at=moment(row.received_at or row.created_at),
            answers_connection=row.answers_connection or row.connection,
        )
        for row in rows
    ]


def put_change(tx: Tx, key: str, change: str, *, now: datetime) -> None:
    """Other words for one that waits."""
    tx.execute(
        text("update write_back set change = :c, changed_at = :now where key = :k and state = 'waiting'"),
        {"c": change, "now": instant(now), "k": key},
    )


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
