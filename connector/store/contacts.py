"""Contacts, companies, group members and cursors as last pulled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import text

from connector.domain import Company, Contact, Membership
from connector.store import codec
from connector.store.bulk import among, upsert, values_of
from connector.store.engine import Tx
from connector.store.tables import instant

_CONTACT = (
    "connection", "id", "company_id", "person_id", "person_since", "address_key", "address_kind", "name_key",
    "opted_out", "inactive", "touched_at", "doc", "generation", "gone_at",
)  # fmt: skip
_COMPANY = ("connection", "id", "identifier", "name", "doc", "generation", "gone_at")
GONE = 2
"""What `inactive` of a contact is once a complete reconcile no longer showed it."""
BY_HINT = "hint"
"""Generation of rows that were read alone, between pulls: no reconcile judges them before a pull has shown them."""
_KIND = {"contacts": "contact", "companies": "company"}
_MEMBERSHIP = ("connection", "group_id", "member", "all_contacts", "default_contact", "opted_out", "epoch")


class StoredContact(NamedTuple):
    """A contact with what the sync room found out about it; the order of the columns."""

    connection: str
    id: str
    company_id: str | None
    person_id: str
    person_since: str
    address_key: str | None
    address_kind: str
    name_key: str
    opted_out: int | None
    inactive: int
    touched_at: str | None
    doc: bytes
    generation: str = ""
    gone_at: str | None = None

    def contact(self) -> Contact:
        return codec.decode_contact(self.doc)


def put_contacts(tx: Tx, rows: Sequence[StoredContact]) -> None:
    upsert(tx, "contact", _CONTACT, rows)


def put_companies(tx: Tx, companies: Sequence[Company], generation: str = "") -> None:
    """Keep companies as `generation` showed them; whoever is shown is not gone."""
    rows = [(c.connection, c.id, c.identifier, c.name, codec.encode(c), generation, None) for c in companies]
    upsert(tx, "company", _COMPANY, rows)


def shown(tx: Tx, table: str, connection: str, generation: str) -> int:
    """How many contacts or companies (`table` says which) were last shown by this pull."""
    count = f"select count(*) from {_KIND[table]} where connection = :c and generation = :g"
    return int(tx.execute(text(count), {"c": connection, "g": generation}).scalar_one())


def not_shown(
    tx: Tx, table: str, connection: str, generation: str, *, documents: bool
) -> Iterator[tuple[str, str, Contact | None]]:
    """The contacts or companies last shown by another pull, or told by a hint, and not gone yet: id and generation;
    with the contact, if wanted."""
    column = "doc" if documents else "null"
    rows = tx.execution_options(yield_per=2000).execute(
        text(
            f"select id, generation, {column} from {_KIND[table]} "
            "where connection = :c and generation <> :g and gone_at is null order by id"
        ),
        {"c": connection, "g": generation},
    )
    for id_, last, document in rows:
        yield id_, last, codec.decode_contact(document) if document is not None else None


def stored(tx: Tx, table: str, connection: str, ids: Sequence[str]) -> dict[str, bool]:
    """Those of the contacts or companies (`table` says which) that are stored, by id; and whether each is gone."""
    if not ids:
        return {}
    query = f"select id, gone_at from {_KIND[table]} where connection = :c and id {among(tx)} order by id"
    rows = tx.execute(text(query), {"c": connection, "values": values_of(tx, ids)})
    return {row.id: row.gone_at is not None for row in rows}


def gone_since(tx: Tx, table: str, connection: str, since: datetime) -> int:
    """How many contacts or companies were marked as gone since a moment, and are still."""
    count = f"select count(*) from {_KIND[table]} where connection = :c and gone_at > :s"
    return int(tx.execute(text(count), {"c": connection, "s": instant(since)}).scalar_one())


def judge_hinted(tx: Tx, connection: str) -> None:
    """After a reconcile: who is still known by a hint alone is judged by the next one."""
    for table in _KIND.values():
        own = f"update {table} set generation = '' where connection = :c and generation = :h"
        tx.execute(text(own), {"c": connection, "h": BY_HINT})


def put_gone(tx: Tx, connection: str, contact_ids: Sequence[str], company_ids: Sequence[str], *, at: datetime) -> None:
    """Mark contacts and companies as gone. A company counts as deleted from then on; nothing else of either changes."""
    given = {"c": connection, "at": instant(at)}
    if contact_ids:
        mark = f"update contact set gone_at = :at, inactive = {GONE} where connection = :c and id {among(tx)}"
        tx.execute(text(mark), {**given, "values": values_of(tx, contact_ids)})
    for company_id in company_ids:
        known = company(tx, connection, company_id)
        if known is not None:
            document = codec.encode(replace(known, deleted=True))
            mark = "update company set gone_at = :at, doc = :d where connection = :c and id = :i"
            tx.execute(text(mark), {**given, "i": company_id, "d": document})


def put_memberships(tx: Tx, memberships: Sequence[Membership], epoch: str) -> None:
    rows = {
        (m.group_id, member): (m.connection, m.group_id, member, m.all_contacts, m.default_contact, m.opted_out, epoch)
        for m in memberships
        for member in (f"contact:{m.contact_id}" if m.contact_id else f"company:{m.company_id}",)
    }
    upsert(tx, "membership", _MEMBERSHIP, rows.values())


def finish_group(tx: Tx, connection: str, group_id: str, epoch: str) -> None:
    """Forget the members that a complete reading of the group did not show."""
    tx.execute(
        text("delete from membership where connection = :c and group_id = :g and epoch <> :e"),
        {"c": connection, "g": group_id, "e": epoch},
    )


class ContactAtCompany(NamedTuple):
    """A stored contact and its company's document, None where no company was pulled; the order of the columns."""

    id: str
    company_id: str | None
    person_id: str
    address_key: str | None
    address_kind: str
    name_key: str
    opted_out: int | None
    inactive: int
    touched_at: str | None
    doc: bytes
    company: bytes | None


def with_company(tx: Tx, connection: str, *, documents: bool = True) -> Iterator[ContactAtCompany]:
    """Every contact of the connection, in the order of ids, streamed; without its own document if not wanted."""
    columns = ", ".join(f"c.{name}" for name in ContactAtCompany._fields[:-2])
    document = "c.doc" if documents else "null"
    rows = _stream(
        tx,
        f"select {columns}, {document}, o.doc from contact c left join company o "
        "on o.connection = c.connection and o.id = c.company_id where c.connection = :c order by c.id",
        connection,
    )
    return map(ContactAtCompany._make, rows)


def memberships(tx: Tx, connection: str) -> Iterator[Membership]:
    for row in _stream(
        tx,
        "select group_id, member, all_contacts, default_contact, opted_out from membership "
        "where connection = :c order by group_id, member",
        connection,
    ):
        kind, _, member = row[1].partition(":")
        yield Membership(
            connection=connection,
            group_id=row[0],
            contact_id=member if kind == "contact" else None,
            company_id=member if kind == "company" else None,
            all_contacts=bool(row[2]),
            default_contact=bool(row[3]),
            opted_out=None if row[4] is None else bool(row[4]),
        )


def _stream(tx: Tx, statement: str, connection: str) -> Iterator[Any]:
    """Rows as the driver gives them; :c stands for the connection."""
    if tx.dialect.name == "postgresql":
        result = tx.execution_options(yield_per=2000).execute(text(statement), {"c": connection})
        for part in result.partitions(2000):
            yield from part
        return
    cursor = tx.connection.cursor()  # not by SQLAlchemy's rows: a third of the time of reading a million
    try:
        cursor.execute(statement, {"c": connection})
        while part := cursor.fetchmany(2000):
            yield from part
    finally:
        cursor.close()


def contact(tx: Tx, connection: str, contact_id: str) -> StoredContact | None:
    row = tx.execute(
        text(f"select {', '.join(_CONTACT)} from contact where connection = :c and id = :i"),
        {"c": connection, "i": contact_id},
    ).first()
    return StoredContact._make(row) if row else None


def contacts_with_address(tx: Tx, address_key: str) -> list[StoredContact]:
    """Whose default address it is; then who has it beside that."""
    columns = ", ".join(f"c.{name}" for name in _CONTACT)
    rows = tx.execute(
        text(
            f"select {columns}, 1 from contact c where c.address_key = :a union all "
            f"select {columns}, 2 from contact_address a join contact c on c.connection = a.connection "
            "and c.id = a.contact_id where a.address_key = :a and coalesce(c.address_key, '') <> :a "
            f"order by {len(_CONTACT) + 1}, 1, 2"
        ),
        {"a": address_key},
    )
    return [StoredContact._make(row[:-1]) for row in rows]


def contacts_of_person(tx: Tx, connection: str, person_id: str) -> list[StoredContact]:
    """The person's contacts on a connection that are not gone."""
    rows = tx.execute(
        text(
            f"select {', '.join(_CONTACT)} from contact "
            "where person_id = :p and connection = :c and gone_at is null order by id"
        ),
        {"c": connection, "p": person_id},
    )
    return [StoredContact._make(row) for row in rows]


def contacts_of_company(tx: Tx, connection: str, company_id: str) -> list[StoredContact]:
    rows = tx.execute(
        text(f"select {', '.join(_CONTACT)} from contact where connection = :c and company_id = :i order by id"),
        {"c": connection, "i": company_id},
    )
    return [StoredContact._make(row) for row in rows]


def company(tx: Tx, connection: str, company_id: str) -> Company | None:
    row = tx.execute(
        text("select doc from company where connection = :c and id = :i"), {"c": connection, "i": company_id}
    ).first()
    return codec.decode_company(row.doc) if row else None


def companies_called(tx: Tx, term: str, connection: str = "") -> list[Company]:
    """The companies with this id, identifier or name (in any case), of one connection or all."""
    rows = tx.execute(
        text(
            "select doc from company where (id = :t or lower(identifier) = lower(:t) or lower(name) = lower(:t)) "
            "and (:c = '' or connection = :c) order by connection, id"
        ),
        {"t": term, "c": connection},
    )
    return [codec.decode_company(row.doc) for row in rows]


def groups_of(tx: Tx, connection: str, contact_id: str, company_id: str | None) -> list[Membership]:
    """The membership rows that name the contact or its company; the sync room decides what they mean."""
    wanted = {f"contact:{contact_id}", f"company:{company_id}"}
    rows = tx.execute(
        text(
            "select group_id, member, all_contacts, default_contact, opted_out from membership "
            "where connection = :c and member in (:a, :b)"
        ),
        {"c": connection, "a": f"contact:{contact_id}", "b": f"company:{company_id}"},
    )
    return [
        Membership(
            connection=connection,
            group_id=row.group_id,
            contact_id=contact_id if row.member.startswith("contact:") else None,
            company_id=company_id if row.member.startswith("company:") else None,
            all_contacts=bool(row.all_contacts),
            default_contact=bool(row.default_contact),
            opted_out=None if row.opted_out is None else bool(row.opted_out),
        )
        for row in rows
        if row.member in wanted
    ]


def connections(tx: Tx) -> list[str]:
    """The connections that have contacts in the store, configured or not."""
    found: list[str] = []
    following = text("select min(connection) from contact where connection > :last")  # one seek for each, no scan
    while (name := tx.execute(following, {"last": found[-1] if found else ""}).scalar_one()) is not None:
        found.append(name)
    return found


def count(tx: Tx, connection: str) -> int:
    return int(tx.execute(text("select count(*) from contact where connection = :c"), {"c": connection}).scalar_one())


def ids(tx: Tx, connection: str) -> list[str]:
    """The id of every contact of the connection."""
    return [row[0] for row in _stream(tx, "select id from contact where connection = :c order by id", connection)]


def cursor(tx: Tx, connection: str) -> dict[str, Any] | None:
    row = tx.execute(text("select value from cursor where connection = :c"), {"c": connection}).first()
    return codec.from_text(row.value) if row else None


def put_cursor(tx: Tx, connection: str, value: dict[str, Any], *, now: datetime) -> None:
    upsert(tx, "cursor", ("connection", "value", "updated_at"), [(connection, codec.to_text(value), instant(now))])
