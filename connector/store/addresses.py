"""The addresses that contacts have beside their default one; only contacts that have such stand here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import text

from connector.store.bulk import among, upsert, values_of
from connector.store.contacts import ContactAtCompany
from connector.store.engine import Tx

_COLUMNS = ("connection", "contact_id", "address_key")


def put(tx: Tx, connection: str, of: Mapping[str, Sequence[str]]) -> None:
    """Keep the address keys of these contacts, in place of what they had; none for a contact that has none any more."""
    if not of:
        return
    tx.execute(
        text(f"delete from contact_address where connection = :c and contact_id {among(tx)}"),
        {"c": connection, "values": values_of(tx, list(of))},
    )
    rows = [(connection, contact_id, key) for contact_id, keys in of.items() for key in dict.fromkeys(keys)]
    upsert(tx, "contact_address", _COLUMNS, rows)


def suppressed(tx: Tx, now: str) -> Iterator[tuple[str, str, str]]:
    """(connection, contact id, why) of each contact one of whose other addresses is suppressed at this instant."""
    rows = tx.execute(
        text(
            "select a.connection, a.contact_id, s.reason, s.source from suppression s "
            "join contact_address a on a.address_key = s.value "
            "where s.kind = 'address' and (s.until is null or s.until > :now) "
            "order by a.connection, a.contact_id, s.value"
        ),
        {"now": now},
    )
    for row in rows:
        yield row.connection, row.contact_id, row.reason or row.source


def bound(tx: Tx) -> Iterator[tuple[str, ContactAtCompany, str, str]]:
    """Whose word holds for whom by another address, if it is an opt-out: (connection, contact, person, address key).

    The word of a contact holds for each other address it has (`person` is its own), and for the person of each contact
    that has one of its addresses as another one (the address key is empty).
    """
    columns = ", ".join(f"c.{name}" for name in ContactAtCompany._fields[:-2])
    company = "left join company o on o.connection = c.connection and o.id = c.company_id"
    for statement in (
        f"select {columns}, null, o.doc, c.connection, c.person_id, a.address_key from contact_address a "
        f"join contact c on c.connection = a.connection and c.id = a.contact_id {company}",
        f"select {columns}, null, o.doc, c.connection, y.person_id, '' from contact_address a "
        "join contact y on y.connection = a.connection and y.id = a.contact_id "
        f"join contact c on c.address_key = a.address_key and c.person_id <> y.person_id {company}",
        f"select {columns}, null, o.doc, c.connection, y.person_id, '' from contact_address a "
        "join contact y on y.connection = a.connection and y.id = a.contact_id "
        "join contact_address b on b.address_key = a.address_key "
        "join contact c on c.connection = b.connection and c.id = b.contact_id and c.person_id <> y.person_id "
        f"{company}",
    ):
        for *row, connection, person, key in tx.execution_options(yield_per=2000).execute(text(statement)):
            yield connection, ContactAtCompany._make(row), person, key
