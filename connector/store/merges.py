"""Contacts that the CRM has merged: which id survives, and the history that follows the person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from connector.domain import (
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    JoinTicket,
    OpenTicket,
    RecordResponse,
    SetField,
)
from connector.store import codec
from connector.store.bulk import among, upsert, values_of
from connector.store.engine import Tx
from connector.store.outbox import in_turn
from connector.store.tables import instant

MERGED = "merged in the CRM"
_NOT_FINAL = "('waiting', 'sending', 'unknown', 'rejected')"


class Merge(NamedTuple):
    """A contact id that was merged into another. `taken_over`: the survivor was there to take over the person."""

    old: str
    survivor: str
    taken_over: bool


class Linked(NamedTuple):
    """A stored contact's person, since when, and whether the contact is gone."""

    contact_id: str
    person_id: str
    since: str
    gone: bool


def known(tx: Tx, connection: str, olds: Sequence[str]) -> list[Merge]:
    """What is known of these old ids."""
    return _merges(tx, "id", connection, olds)


def waiting_for(tx: Tx, connection: str, survivors: Sequence[str]) -> list[Merge]:
    """Merges whose survivor is among these and was not there yet when they were told."""
    return [merge for merge in _merges(tx, "into_id", connection, survivors) if not merge.taken_over]


def olds_of(tx: Tx, connection: str, survivor: str) -> list[str]:
    return [merge.old for merge in _merges(tx, "into_id", connection, [survivor])]


def _merges(tx: Tx, column: str, connection: str, ids: Sequence[str]) -> list[Merge]:
    if not ids:
        return []
    rows = tx.execute(
        text(
            "select id, into_id, taken_over_at from merged_contact "
            f"where connection = :c and {column} {among(tx)} order by id"
        ),
        {"c": connection, "values": values_of(tx, ids)},
    )
    return [Merge(row.id, row.into_id, row.taken_over_at is not None) for row in rows]


def survivor_of(tx: Tx, connection: str, contact_id: str) -> str:
    """The id that stands for this one today: itself, where it was never merged."""
    seen = {contact_id}
    while (found := known(tx, connection, [contact_id])) and found[0].survivor not in seen:
        contact_id = found[0].survivor
        seen.add(contact_id)
    return contact_id


def to_survivor(tx: Tx, connection: str, change: Change) -> Change:
    """The change about the contact that stands today for the one it was made about."""
    old = change.record_id if isinstance(change, SetField) else getattr(change, "contact_id", None)
    return _of(change, old, survivor_of(tx, connection, old)) if old else change


def linked(tx: Tx, connection: str, ids: Sequence[str]) -> list[Linked]:
    """Those of the contacts that are stored."""
    if not ids:
        return []
    rows = tx.execute(
        text(
            "select id, person_id, person_since, gone_at from contact "
            f"where connection = :c and id {among(tx)} order by id"
        ),
        {"c": connection, "values": values_of(tx, ids)},
    )
    return [Linked(row.id, row.person_id, row.person_since, row.gone_at is not None) for row in rows]


def put(tx: Tx, connection: str, merges: Iterable[Merge], *, at: datetime) -> None:
    """Keep them. What waited for an old id (answers, write-backs, an opt-out of whom nobody had pulled) goes to the
    survivor; what left already stays as it left."""
    stamp = instant(at)
    merges = list(merges)
    upsert(
        tx,
        "merged_contact",
        ("connection", "id", "into_id", "at", "taken_over_at"),
        [(connection, m.old, m.survivor, stamp, stamp if m.taken_over else None) for m in merges],
        keep=("at",),
    )
    if merges:
        in_turn(tx)  # a delivery of another connection may be claiming what waits for this one
    for merge in merges:
        _redirect(tx, connection, merge.old, merge.survivor, stamp)


def _redirect(tx: Tx, connection: str, old: str, survivor: str, stamp: str) -> None:
    given = {"c": connection, "o": old, "s": survivor, "now": stamp}
    rows = tx.execute(
        text(
            "select w.key, w.kind, w.change from write_back w join response r on r.key = w.response_key "
            # by an answer of this CRM, or of another whose rule writes here
            "where w.connection = :c and (r.connection <> :c or r.contact_id = :o) "
            f"and w.state in {_NOT_FINAL}"
        ),
        given,
    ).all()
    for row in rows:
        change = codec.decode_change(row.kind, row.change)
        of_survivor = _of(change, old, survivor)
        if of_survivor != change:
            tx.execute(
                text("update write_back set change = :change, changed_at = :now where key = :k"),
                {"change": codec.to_text(of_survivor), "now": stamp, "k": row.key},
            )
    tx.execute(text("update response set contact_id = :s where connection = :c and contact_id = :o"), given)
    _suppress_alike(tx, "contact", [f"{connection}/{old}"], f"{connection}/{survivor}")


def _of(change: Change, old: str, survivor: str) -> Change:
    """The change about the survivor. The company stays the one the answer was given for: the texts speak of it."""
    match change:
        case JoinTicket(ticket=ticket):
            moved = _of(ticket, old, survivor)
            assert isinstance(moved, OpenTicket)
            return replace(change, ticket=moved)
        case RecordResponse() | OpenTicket() | AddNote() | CreateTask() | AddToGroup() if change.contact_id == old:
            return replace(change, contact_id=survivor)
        case SetField(on="contact") if change.record_id == old:
            return replace(change, record_id=survivor)
    return change


def unite(tx: Tx, kept: str, others: Sequence[str], *, at: datetime) -> None:
    """Make people one: contacts, askings, opt-outs and answers of the others are of `kept` from now on.

    A CRM that merges two contacts says that they are one human being, and whoever is linked to either of them, on any
    connection, with them. The links that end stay, dated, with the reason.
    """
    given = {"kept": kept, "now": instant(at), "because": MERGED, "values": values_of(tx, others)}
    for statement in (
        "insert into person_link (connection, contact_id, person_id, ended_at, linked_at, because) "
        "select connection, id, person_id, :now, person_since, :because from contact "
        f"where person_id {among(tx)} and person_since <> :now on conflict do nothing",
        f"update contact set person_id = :kept, person_since = :now where person_id {among(tx)}",
        # where no address was known the person's id stands in its place
        "insert into asking (address_key, at, campaign, person_id, source) "
        f"select :kept, at, campaign, :kept, source from asking where address_key {among(tx)} on conflict do nothing",
        f"delete from asking where address_key {among(tx)}",
        f"update asking set person_id = :kept where person_id {among(tx)}",
        f"update response set person_id = :kept where person_id {among(tx)}",
    ):
        tx.execute(text(statement), given)
    _suppress_alike(tx, "person", others, kept)


def _suppress_alike(tx: Tx, kind: str, others: Sequence[str], kept: str) -> None:
    """What holds for one of the others holds for `kept`; of several the longest. Theirs stay where they are."""
    rows = tx.execute(
        text(
            f"select value, until, reason, source, created_at from suppression where kind = :k and value {among(tx)} "
            "order by value"
        ),
        {"k": kind, "values": values_of(tx, [*others, kept])},
    ).all()
    if not rows:
        return
    longest = max(rows, key=lambda row: (row.until is None, row.until or "", row.value == kept))
    if longest.value != kept:
        upsert(
            tx,
            "suppression",
            ("kind", "value", "until", "reason", "source", "created_at"),
            [(kind, kept, longest.until, longest.reason, longest.source, longest.created_at)],
        )
