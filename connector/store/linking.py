"""Who is known already: what linking contacts to people reads, and the links that end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import text

from connector.domain import SetField
from connector.store import codec, responses
from connector.store.bulk import all_new, among, each, upsert, values_of
from connector.store.engine import Tx


class KnownPerson(NamedTuple):
    """One stored contact that has an address of interest, or is itself of interest: who it is taken to be.

    `other_keys` are addresses it has beside its default one: those of interest, and all where it is itself of interest.
    """

    contact_id: str
    connection: str
    person_id: str
    person_since: str
    name: str
    address_key: str | None
    touched_at: str | None
    other_keys: tuple[str, ...] = ()


def link_in_turn(tx: Tx) -> None:
    """Wait until no other transaction links contacts to people, and keep others out until this one ends.

    Two pulls that each look who is known, and store their page later, would make one human being two people for good.
    On SQLite one transaction writes at a time anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("select pg_advisory_xact_lock(727277)"))


def known_people(tx: Tx, connection: str, contact_ids: Sequence[str], address_keys: Sequence[str]) -> list[KnownPerson]:
    """The stored contacts among `contact_ids` (of the connection), and all that have one of `address_keys`."""
    columns = "c.id, c.connection, c.person_id, c.person_since, c.doc, c.address_key, c.touched_at"
    by_id = f"select {columns}, null as other from contact c where connection = :c and id {among(tx)}"
    by_address = f"select {columns}, null as other from {each(tx)} join contact c on c.address_key = given.value "
    if tx.exec_driver_sql("select 1 from contact_address limit 1").first() is not None:
        by_address += (
            f"union all select {columns}, a.address_key from {each(tx)} join contact_address a "
            "on a.address_key = given.value join contact c on c.connection = a.connection and c.id = a.contact_id "
        )
    by_address += "order by 2, 1, 8"
    found: dict[tuple[str, str], KnownPerson] = {}
    others: dict[tuple[str, str], list[str]] = {}
    had: list[str] = []
    for statement, values in ((by_id, contact_ids), (by_address, address_keys)):
        if not values or (statement is by_id and all_new(tx, "contact", connection, contact_ids)):
            continue
        for row in tx.execute(text(statement), {"c": connection, "values": values_of(tx, values)}):
            contact = codec.decode_contact(row.doc)
            who = (row.connection, row.id)
            found[who] = KnownPerson(
                row.id, row.connection, row.person_id, row.person_since, contact.name, row.address_key, row.touched_at
            )
            if row.other is not None:
                others.setdefault(who, []).append(row.other)
            if statement is by_id and contact.other_emails:
                had.append(row.id)
    if had:
        kept = f"select contact_id, address_key from contact_address where connection = :c and contact_id {among(tx)}"
        for row in tx.execute(text(f"{kept} order by 1, 2"), {"c": connection, "values": values_of(tx, had)}):
            others.setdefault((connection, row.contact_id), []).append(row.address_key)
    for who, keys in others.items():
        found[who] = found[who]._replace(other_keys=tuple(dict.fromkeys(keys)))
    return list(found.values())


def our_edits(tx: Tx, connection: str, contact_ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """When we may have written to each of these contacts: from when a write-back might go to when its receipt came.

    One of unknown outcome may have been written at any time since; its end is empty.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    own = f"p.connection = :c and p.contact_id {among(tx)}"
    for row in tx.execute(text(_EDITS + own), {"c": connection, "values": values_of(tx, contact_ids)}):
        found.setdefault(row.contact_id, []).append((row.not_before, row.at or ""))
    if responses.of_others(tx, connection):  # an answer of another connection names a contact of that one
        wanted = frozenset(contact_ids)
        for row in tx.execute(text(f"{_EDITS}p.connection <> :c order by w.key"), {"c": connection}):
            change = codec.decode_change(row.kind, row.change)
            contact_id = change.record_id if isinstance(change, SetField) else getattr(change, "contact_id", None)
            if contact_id in wanted and not (isinstance(change, SetField) and change.on != "contact"):
                found.setdefault(contact_id, []).append((row.not_before, row.at or ""))
    return found


_EDITS = (
    "select p.contact_id, w.kind, w.change, w.not_before, r.at from response p "
    "join write_back w on w.response_key = p.key left join receipt r on r.key = w.key where w.connection = :c "
    "and w.tries > 0 and (r.at is not null or w.state in ('waiting', 'sending', 'unknown')) and w.depends_on is null "
    "and w.kind in ('record_response', 'add_note', 'set_field', 'add_to_group') and "
)


def put_ended_links(tx: Tx, ended: Iterable[tuple[str, str, str, str, str]]) -> None:
    """(connection, contact id, person id, ended at, linked at)."""
    upsert(tx, "person_link", ("connection", "contact_id", "person_id", "ended_at", "linked_at"), list(ended))
