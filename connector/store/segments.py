"""The segments of a Connection as last seen, and which of them the names in the configuration stood for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text

from connector.domain import Facet, Segment
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant


def put_segments(tx: Tx, connection: str, asked: Mapping[Facet, Sequence[Segment]]) -> None:
    """The segments of each facet asked for, as they are now; those that are gone are forgotten, if need be all."""
    for facet in asked:
        tx.execute(
            text("delete from segment where connection = :c and facet = :f"), {"c": connection, "f": facet.value}
        )
    rows = {(s.facet, s.id): (connection, s.facet.value, s.id, s.name) for found in asked.values() for s in found}
    upsert(tx, "segment", ("connection", "facet", "id", "name"), rows.values())


def stored_segments(tx: Tx, connection: str) -> list[Segment]:
    rows = tx.execute(
        text("select facet, id, name from segment where connection = :c order by facet, id"), {"c": connection}
    )
    return [Segment(facet=Facet(row.facet), id=row.id, name=row.name) for row in rows]


def remembered_names(tx: Tx, connection: str) -> dict[tuple[str, str], str]:
    """(facet, name as configured) → the segment id it stood for."""
    rows = tx.execute(
        text("select facet, name, segment_id from remembered_name where connection = :c"), {"c": connection}
    )
    return {(row.facet, row.name): row.segment_id for row in rows}


def remember_names(tx: Tx, connection: str, names: Mapping[tuple[str, str], str], *, now: datetime) -> None:
    upsert(
        tx,
        "remembered_name",
        ("connection", "facet", "name", "segment_id", "seen_at"),
        [(connection, facet, name, segment_id, instant(now)) for (facet, name), segment_id in names.items()],
    )
