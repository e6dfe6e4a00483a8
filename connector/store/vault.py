"""Secrets that must outlive the process, as they lie on disk: sealed. Who seals and opens them is jobs/vaults.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant


def put(tx: Tx, connection: str, name: str, sealed: str, *, now: datetime) -> None:
    """Keep it in place of what was kept under this name."""
    upsert(tx, "vault", ("connection", "name", "secret", "changed_at"), [(connection, name, sealed, instant(now))])


def get(tx: Tx, connection: str, name: str) -> str | None:
    row = tx.execute(
        text("select secret from vault where connection = :c and name = :n"), {"c": connection, "n": name}
    ).first()
    return str(row.secret) if row is not None else None


def listed(tx: Tx) -> list[tuple[str, str, str]]:
    """(connection, name, when it was kept) of every secret; never the secret."""
    rows = tx.execute(text("select connection, name, changed_at from vault order by connection, name"))
    return [(row.connection, row.name, row.changed_at) for row in rows]
