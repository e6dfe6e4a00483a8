"""What other systems have told of changes, until the next pull has looked: hints, never facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant

_HINT = ("connection", "kind", "record_id", "at")
MOST = 2000
"""Hints kept for a connection, and read by one pull; what is beyond is left to the pull's own ways."""


class Hint(NamedTuple):
    """A contact or company (`kind`) that is said to have changed, or to be gone."""

    connection: str
    kind: str
    record_id: str
    at: str


def put(tx: Tx, connection: str, kind: str, record_id: str, *, at: datetime) -> bool:
    """Keep a hint; one of the same record is renewed. False where there are too many already."""
    known = text("select count(*) from hint where connection = :c")
    if tx.execute(known, {"c": connection}).scalar_one() >= MOST:
        return False
    upsert(tx, "hint", _HINT, [(connection, kind, record_id, instant(at))])
    return True


def listed(tx: Tx, connection: str) -> list[Hint]:
    rows = tx.execute(
        text(f"select {', '.join(_HINT)} from hint where connection = :c order by kind, record_id"), {"c": connection}
    )
    return [Hint._make(row) for row in rows]


def drop(tx: Tx, hints: Sequence[Hint]) -> None:
    """Forget these; one that came again meanwhile stays."""
    for hint in hints:
        tx.execute(
            text("delete from hint where connection = :c and kind = :k and record_id = :r and at = :a"),
            {"c": hint.connection, "k": hint.kind, "r": hint.record_id, "a": hint.at},
        )
