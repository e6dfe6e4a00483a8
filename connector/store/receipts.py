"""Receipts: the record that each applied write-back made or found in the other system."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.domain import Receipt
from connector.store import codec
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant


def put(tx: Tx, receipt: Receipt, *, now: datetime) -> None:
    """Final: the first receipt of a key stands."""
    kept = ("record_id", "record_type", "link", "already_there", "at", "before")
    upsert(
        tx,
        "receipt",
        ("key", *kept),
        [
            (
                receipt.key, receipt.record_id, receipt.record_type, receipt.link, receipt.already_there, instant(now),
                codec.to_text(receipt.before) if receipt.before is not None else None,
            )
        ],
        keep=kept,
    )  # fmt: skip


def keys_with_record(tx: Tx, record_type: str, record_id: str) -> list[str]:
    """The keys of the write-backs that made or found a record."""
    rows = tx.execute(
        text("select key from receipt where record_type = :t and record_id = :i"), {"t": record_type, "i": record_id}
    )
    return [row.key for row in rows]


def newest_ticket(tx: Tx, connection: str) -> Receipt | None:
    """The last ticket that was opened or found on a connection."""
    row = tx.execute(
        text(
            "select r.* from receipt r join write_back w on w.key = r.key where w.connection = :c "
            "and r.record_type = 'ticket' order by r.at desc, r.key limit 1"
        ),
        {"c": connection},
    ).first()
    return from_row(row) if row else None


def from_row(row: Row[Any]) -> Receipt:
    """The receipt of a row that has the table's columns, `key` to `before`."""
    return Receipt(
        key=row.key,
        record_id=row.record_id,
        record_type=row.record_type,
        link=row.link,
        already_there=bool(row.already_there),
        before=codec.from_text(row.before) if row.before else None,
    )
