"""The right to act on one Connection: owner, fencing token, expiry. The same on SQLite and PostgreSQL.

A lease is taken over when it has expired, or when `owner_is_dead` knows better. Every takeover raises the token;
whoever still holds the old one fails at its next `check`, in the transaction that would have had an effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from connector.errors import LeaseLostError
from connector.store.engine import Tx
from connector.store.tables import instant, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    connection: str
    owner: str
    token: int
    expires_at: datetime


def take(
    tx: Tx, connection: str, owner: str, *, now: datetime, ttl: timedelta, owner_is_dead: Callable[[str], bool]
) -> Lease:
    """Take a free, expired or orphaned lease; raises LeaseLostError naming the holder when it is held."""
    tx.execute(
        text(
            "insert into lease (connection, owner, token, expires_at) values (:c, '', 0, '') "
            "on conflict (connection) do nothing"
        ),
        {"c": connection},
    )
    held = current(tx, connection)
    assert held is not None
    if held.owner and held.owner != owner and held.expires_at > now and not owner_is_dead(held.owner):
        holder, until = held.owner.split("|")[0], held.expires_at.strftime("%H:%M:%S")
        raise LeaseLostError(f"{connection}: {holder} is at work on it until {until} UTC; try again then")
    lease = Lease(connection=connection, owner=owner, token=held.token + 1, expires_at=now + ttl)
    _put(tx, lease)
    return lease


def check(tx: Tx, lease: Lease, *, now: datetime, ttl: timedelta | None = None) -> Lease:
    """Prove in this transaction that the lease is still ours, and prolong it by `ttl` where given.

    One that ran out may be prolonged while nobody has taken it: the row is locked until the transaction ends, so its
    effect is ours. Without `ttl` it must not have run out, for what follows happens outside of any transaction.
    """
    held = current(tx, lease.connection)
    if held is None or held.token != lease.token or held.owner != lease.owner:
        raise LeaseLostError(
            f"{lease.connection}: this process lost its lease to another; it stops before its next effect"
        )
    if ttl is None:
        if held.expires_at <= now:
            raise LeaseLostError(f"{lease.connection}: the lease ran out on the way; it stops before its next effect")
        return held
    renewed = Lease(connection=lease.connection, owner=lease.owner, token=lease.token, expires_at=now + ttl)
    _put(tx, renewed)
    return renewed


def give_back(tx: Tx, lease: Lease) -> None:
    """Free the lease if it is still ours; the token stays, so that it never repeats."""
    tx.execute(
        text("update lease set owner = '', expires_at = '' where connection = :c and token = :t"),
        {"c": lease.connection, "t": lease.token},
    )


def current(tx: Tx, connection: str) -> Lease | None:
    """Who holds it, locking the row against a takeover until the transaction ends (SQLite locks by being a writer)."""
    lock = " for update" if tx.dialect.name == "postgresql" else ""
    row = tx.execute(
        text(f"select owner, token, expires_at from lease where connection = :c{lock}"),
        {"c": connection},
    ).first()
    if row is None:
        return None
    expires = moment(row.expires_at) if row.expires_at else moment("1970-01-01T00:00:00Z")
    return Lease(connection=connection, owner=row.owner, token=row.token, expires_at=expires)


def _put(tx: Tx, lease: Lease) -> None:
    tx.execute(
        text("update lease set owner = :o, token = :t, expires_at = :e where connection = :c"),
        {"c": lease.connection, "o": lease.owner, "t": lease.token, "e": instant(lease.expires_at)},
    )
