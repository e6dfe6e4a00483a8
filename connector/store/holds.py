"""What is set aside until a person acts: by a lost password (auth), a name that is gone (missing), or a pause."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

EVERYTHING = "*"
AUDIENCE = "audience"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    kind: str  # connection | audience | everything
    name: str
    cause: str  # auth | missing | pause
    reason: str
    since: datetime


def put(tx: Tx, hold: Hold) -> None:
    upsert(
        tx,
        "hold",
        ("kind", "name", "cause", "reason", "since"),
        [(hold.kind, hold.name, hold.cause, hold.reason, instant(hold.since))],
        keep=("since",),
    )


def lift(tx: Tx, kind: str, name: str, cause: str) -> bool:
    """Remove a hold; False when there was none."""
    done = tx.execute(
        text("delete from hold where kind = :k and name = :n and cause = :c"), {"k": kind, "n": name, "c": cause}
    )
    return done.rowcount > 0


def listed(tx: Tx) -> list[Hold]:
    rows = tx.execute(text("select * from hold order by since, kind, name"))
    return [Hold(kind=r.kind, name=r.name, cause=r.cause, reason=r.reason, since=moment(r.since)) for r in rows]


def of_audience(tx: Tx, name: str) -> list[str]:
    """Why an audience is held: the reason of each hold on it."""
    return [hold.reason for hold in listed(tx) if (hold.kind, hold.name) == (AUDIENCE, name)]


def lift_unknown_audiences(tx: Tx, known: Collection[str]) -> None:
    """Remove the holds of audiences that are not in the configuration any more."""
    for hold in listed(tx):
        if hold.kind == AUDIENCE and hold.name not in known:
            lift(tx, hold.kind, hold.name, hold.cause)


def on_connection(tx: Tx, connection: str) -> Hold | None:
    """The hold that keeps this Connection from its next effect, if any: its own, or a pause of everything."""
    return next(
        (
            hold
            for hold in listed(tx)
            if (hold.kind == "connection" and hold.name == connection) or hold.kind == "everything"
        ),
        None,
    )
