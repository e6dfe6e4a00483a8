"""People who were erased: a keyed digest of each address and contact, and the certificates. Nothing leads back.

Whoever holds the store holds the key, and can ask of one address whether it was forgotten; nobody can list them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from connector.store import codec
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

ADDRESS, CONTACT = "address", "contact"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The digests there are and the key that makes them."""

    secret: bytes
    digests: frozenset[str]

    def address(self, key: str) -> bool:
        return bool(self.digests) and digest(self.secret, ADDRESS, key) in self.digests

    def contact(self, connection: str, contact_id: str) -> bool:
        return bool(self.digests) and digest(self.secret, CONTACT, f"{connection}/{contact_id}") in self.digests


def digest(secret: bytes, kind: str, value: str) -> str:
    return hmac.digest(secret, f"{kind}:{value}".encode(), hashlib.sha256)[:16].hex()


def load(tx: Tx) -> Forgotten:
    """Everybody who was forgotten; few or none."""
    found = frozenset(row.digest for row in tx.execute(text("select digest from forgotten")))
    return Forgotten(_secret(tx), found) if found else Forgotten(b"", found)


def secret(tx: Tx) -> bytes:
    """The installation's own key, made now if there is none."""
    if not _secret(tx):
        made = {"s": secrets.token_hex(32)}
        tx.execute(text("update installation set secret = :s where secret = ''"), made)
    return _secret(tx)


def _secret(tx: Tx) -> bytes:
    return bytes.fromhex(str(tx.execute(text("select secret from installation")).scalar_one()))


def put(tx: Tx, *, addresses: Iterable[str], contacts: Iterable[tuple[str, str]], now: datetime) -> None:
    key, at = secret(tx), instant(now)
    values = [(ADDRESS, value) for value in addresses] + [(CONTACT, f"{c}/{i}") for c, i in contacts]
    rows = {(digest(key, kind, value), kind, at) for kind, value in values}
    upsert(tx, "forgotten", ("digest", "kind", "at"), rows, keep=("at",))


def since(tx: Tx, kind: str, value: str) -> datetime | None:
    """When an address, or `connection/contact`, was forgotten; None where it was not."""
    key = _secret(tx)
    row = tx.execute(text("select at from forgotten where digest = :d"), {"d": digest(key, kind, value)}).first()
    return moment(row.at) if row else None


def lift(tx: Tx, addresses: Collection[str]) -> bool:
    """Take somebody in again who asks for it, with all contacts and addresses forgotten in the same moment.

    False where nobody was forgotten under these addresses.
    """
    key, done = _secret(tx), 0
    for each in addresses:
        done += tx.execute(
            text("delete from forgotten where at in (select at from forgotten where digest = :d)"),
            {"d": digest(key, ADDRESS, each)},
        ).rowcount
    return done > 0


def put_certificate(tx: Tx, number: str, doc: dict[str, Any], *, now: datetime) -> None:
    upsert(tx, "erasure", ("id", "at", "doc"), [(number, instant(now), codec.to_text(doc))])


def left_behind(tx: Tx, connection: str) -> tuple[frozenset[str], frozenset[str]]:
    """Of erased people: the keys of their write-backs, and the ids of their tickets on a connection."""
    keys, tickets = set[str](), set[str]()
    for _, _, doc in certificates(tx):
        keys |= set(doc.get("write_backs", ()))
        remains = doc.get("remains_in_crm", ())
        tickets |= {each["id"] for each in remains if (each["connection"], each["what"]) == (connection, "ticket")}
    return frozenset(keys), frozenset(tickets)


def records_removed(tx: Tx) -> dict[str, datetime]:
    """The names of records that erasures removed, and when."""
    return {name: at for _, at, doc in certificates(tx) for name in doc.get("records_removed", ())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """Everything a store knows of erasures, to be put into its copies."""

    installation: str
    secret: str
    digests: list[tuple[str, str, int]]
    certificates: list[tuple[str, int, str]]


def everything(tx: Tx) -> Erasures:
    installation = tx.execute(text("select id, secret from installation")).one()
    digests = tx.execute(text("select digest, kind, at from forgotten"))
    written = tx.execute(text("select id, at, doc from erasure"))
    return Erasures(
        installation=installation.id,
        secret=installation.secret,
        digests=[(row.digest, row.kind, row.at) for row in digests],
        certificates=[(row.id, row.at, row.doc) for row in written],
    )


def carry(tx: Tx, known: Erasures) -> bool:
    """Put them into a copy, so that whoever was erased stays so where it is restored; what is no copy of this store is
    left alone. False where digests of the copy were made with another key."""
    row = tx.execute(text("select * from installation")).first()
    if row is None or row.id != known.installation:
        return True
    if row.secret not in ("", known.secret):
        return False
    tx.execute(text("update installation set secret = :s"), {"s": known.secret})
    upsert(tx, "forgotten", ("digest", "kind", "at"), known.digests, keep=("at",))
    upsert(tx, "erasure", ("id", "at", "doc"), known.certificates)
    return True


def certificates(tx: Tx) -> list[tuple[str, datetime, dict[str, Any]]]:
    """(number, when, what was removed where), oldest first."""
    rows = tx.execute(text("select id, at, doc from erasure order by at, id"))
    return [(row.id, moment(row.at), codec.from_text(row.doc)) for row in rows]
