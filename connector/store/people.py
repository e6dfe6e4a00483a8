"""What is known of people and addresses beyond the CRM: suppressions, bounces, askings. They outlive contacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

CONTACT = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Nobody at this address | company (`connection/id`) | person is asked, for ever or until a moment.

    Kind contact (`connection/id`) keeps the word of somebody who was not pulled yet, for when the contact comes.
    """

    kind: str
    value: str
    until: datetime | None
    reason: str
    source: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One time somebody was asked. Where no address is known, the person's id stands in its place."""

    address_key: str
    at: datetime
    campaign: str
    source: str
    person_id: str | None = None


def suppress(tx: Tx, suppression: Suppression) -> None:
    upsert(
        tx,
        "suppression",
        ("kind", "value", "until", "reason", "source", "created_at"),
        [
            (
                suppression.kind,
                suppression.value,
                instant(suppression.until) if suppression.until else None,
                suppression.reason,
                suppression.source,
                instant(suppression.created_at),
            )
        ],
    )


def lift(tx: Tx, kind: str, value: str) -> bool:
    """Remove a suppression; False when there was none."""
    done = tx.execute(text("delete from suppression where kind = :k and value = :v"), {"k": kind, "v": value})
    return done.rowcount > 0


def suppressions(tx: Tx, *, now: datetime) -> list[Suppression]:
    """Those in force at `now`."""
    rows = tx.execute(
        text("select * from suppression where until is null or until > :now order by kind, value"),
        {"now": instant(now)},
    )
    return [
        Suppression(
            kind=row.kind,
            value=row.value,
            until=moment(row.until) if row.until else None,
            reason=row.reason,
            source=row.source,
            created_at=moment(row.created_at),
        )
        for row in rows
    ]


def put_bounce(tx: Tx, address_key: str, at: datetime, source: str) -> None:
    upsert(tx, "bounce", ("address_key", "at", "source"), [(address_key, instant(at), source)])


def bounces(tx: Tx) -> dict[str, datetime]:
    return {row.address_key: moment(row.at) for row in tx.execute(text("select address_key, at from bounce"))}


def put_askings(tx: Tx, askings: Iterable[Asking]) -> None:
    rows = {(a.address_key, a.at, a.campaign): a for a in askings}.values()
    upsert(
        tx,
        "asking",
        ("address_key", "at", "campaign", "person_id", "source"),
        [(a.address_key, instant(a.at), a.campaign, a.person_id, a.source) for a in rows],
    )


def last_asked(tx: Tx) -> dict[str, datetime]:
    """The latest asking of each address key and of each person id (the two never collide)."""
    by_address = tx.execute(text("select address_key as key, max(at) as at from asking group by address_key"))
    latest = {row.key: moment(row.at) for row in by_address}
    by_person = text(
        "select person_id as key, max(at) as at from asking where person_id is not null group by person_id"
    )
    latest.update({row.key: moment(row.at) for row in tx.execute(by_person)})
    return latest


def askings_of(tx: Tx, *, address_key: str | None, person_id: str | None) -> list[Asking]:
    rows = tx.execute(
        text("select * from asking where address_key = :a or person_id = :p order by at desc"),
        {"a": address_key or "", "p": person_id or ""},
    )
    return [
        Asking(address_key=r.address_key, at=moment(r.at), campaign=r.campaign, source=r.source, person_id=r.person_id)
        for r in rows
    ]


ON_RECORD = "history"
"""The source of askings that were told as such (connector history import); other askings are known by their answer."""


def ever_asked(tx: Tx, address_keys: Iterable[str], person_ids: Iterable[str]) -> int:
    """How many of these people (by address or person) are on record as asked: not those of whom only an answer shows
    it, or everybody asked would always have answered."""
    addresses, persons = set(address_keys), set(person_ids)
    rows = tx.execute(text("select distinct address_key, person_id from asking where source = :s"), {"s": ON_RECORD})
    return len(
        {row.person_id or row.address_key for row in rows if row.address_key in addresses or row.person_id in persons}
    )
