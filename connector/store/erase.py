"""Erasing a person's rows, in the store and in copies of it made by earlier versions.

What hangs on the person goes: rows of its contacts, of its answers, of its address. An answer's score stays for the
statistics, without whose it was. Then every text of every table is gone through, so that a table added later is, too.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
    and_,
    delete,
    inspect,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.domain import Contact, Receipt
from connector.errors import ConnectorError
from connector.store import codec, forgotten
from connector.store.engine import Store, Tx, open_store
from connector.store.responses import ERASED

Clean = Callable[[str | bytes, str | None], str | bytes]
"""A text, and of which connection its row is; None where the row does not say."""
Rehearsed = Callable[[str, dict[str, Any]], str]
"""The key of the answer that a Job rehearsed, by its connection and parameters."""
_KEPT = frozenset(("alembic_version", "installation", "forgotten", "erasure", "vault"))
_REHEARSED = frozenset(("contact_id", "who", "score", "comment"))
"""Parameters of a rehearsal that say whose answer it was, and which."""
_BATCH = 2000


_FIELDS = frozenset(("record_response", "set_field"))
_TAKEN_BACK = frozenset(("response", "contact", "company", "group"))
"""Records of which an undo leaves nothing of ours: removed, given back what they had, taken out of. A ticket is closed
and stands, and so does a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What is left of a person in another system: a record, or some fields of one."""

    connection: str
    record_type: str
    record_id: str
    link: str = ""
    fields: tuple[str, ...] = ()
    """Captions of those that the connector wrote; empty where the whole record is its own, or nobody knows."""


@dataclass(slots=True)
class Stored:
    """What the store has of one person: ids to find rows by, and the nouns that hold words about them."""

    addresses: set[str] = field(default_factory=set)
    contacts: list[Contact] = field(default_factory=list)
    persons: set[str] = field(default_factory=set)
    responses: dict[str, str] = field(default_factory=dict)
    """Each answer's key and comment."""
    rehearsals: dict[str, str] = field(default_factory=dict)
    """The same of each answer that was rehearsed in their name, which is not stored."""
    rehearsed_by: list[str] = field(default_factory=list)
    """The Jobs that rehearsed it: their parameters hold its words."""
    write_backs: dict[str, Any] = field(default_factory=dict)
    """Each write-back's key and change."""
    receipts: list[tuple[str, Receipt]] = field(default_factory=list)
    """(connection, receipt) of everything that was written to the other systems."""
    remains: list[Remains] = field(default_factory=list)
    """What of it stays there: not what an undo has taken back."""
    tickets: list[tuple[str, str, str, bool]] = field(default_factory=list)
    """(connection, when, owner, whether rehearsed) of each ticket that was opened, or may have been."""
    texts: list[str] = field(default_factory=list)

    @property
    def refs(self) -> list[tuple[str, str]]:
        return [(contact.connection, contact.id) for contact in self.contacts]

    @property
    def found(self) -> bool:
        return bool(self.contacts or self.responses or self.rehearsals)

    @property
    def answers(self) -> list[str]:
        """The keys of all answers, rehearsed ones too."""
        return [*self.responses, *self.rehearsals]


def find(tx: Tx, address_key: str, rehearsed: Rehearsed) -> Stored:
    """Everything of the person who has this address, by their other contacts too."""
    stored = Stored(addresses={address_key})
    rows = tx.execute(
        text(
            "select doc, person_id, address_key from contact where person_id in ("
            "select person_id from contact where address_key = :a union "
            "select c.person_id from contact_address a join contact c on c.connection = a.connection "
            "and c.id = a.contact_id where a.address_key = :a)"
        ),
        {"a": address_key},
    )
    for row in rows:
        stored.contacts.append(codec.decode_contact(row.doc))
        stored.persons.add(row.person_id)
        stored.addresses |= {row.address_key} - {None}
    for connection, contact_id in stored.refs:
        others = text("select address_key from contact_address where connection = :c and contact_id = :i")
        stored.addresses |= set(tx.execute(others, {"c": connection, "i": contact_id}).scalars())
    for response in tx.execute(text("select * from response")):
        mine = (response.connection, response.contact_id) in stored.refs or response.person_id in stored.persons
        if mine or response.email.strip().casefold() in stored.addresses:
            stored.responses[response.key] = response.comment
            stored.texts += [response.comment]
    _find_rehearsals(tx, stored, rehearsed)
    statement = text(
        "select w.key, w.connection, w.kind, w.change, w.owner, w.rehearsal, w.changed_at, w.state, r.at, "
        "r.record_id, r.record_type, r.link, r.already_there, r.before "
        "from write_back w left join receipt r on r.key = w.key where w.response_key = :k"
    )
    for key in stored.answers:
        for row in tx.execute(statement, {"k": key}):
            stored.write_backs[row.key] = codec.from_text(row.change)
            if row.kind == "open_ticket" and (row.at or row.state in ("sending", "unknown")):
                stored.tickets.append((row.connection, row.at or row.changed_at, row.owner, bool(row.rehearsal)))
            if row.record_id is not None:
                receipt = Receipt(
                    key=row.key, record_id=row.record_id, record_type=row.record_type, link=row.link,
                    already_there=bool(row.already_there),
                )  # fmt: skip
                stored.receipts.append((row.connection, receipt))
                stored.remains += _remains(row)
    return stored


def _remains(row: Row[Any]) -> list[Remains]:
    """The record of a receipt, and the contact's fields that were overwritten with it."""
    undone = row.state == "undone"
    if undone and row.record_type in _TAKEN_BACK:
        return []
    overwrote = codec.from_text(row.before) if row.before and row.kind in _FIELDS and not undone else {}
    record = Remains(
        connection=row.connection, record_type=row.record_type, record_id=row.record_id, link=row.link,
        fields=tuple(overwrote) if row.record_type in ("contact", "company") else (),
    )  # fmt: skip
    contact = codec.from_text(row.change).get("contact_id")
    if not overwrote or record.fields or not contact:
        return [record]
    fields = tuple(overwrote)
    return [record, Remains(connection=row.connection, record_type="contact", record_id=str(contact), fields=fields)]


def _find_rehearsals(tx: Tx, stored: Stored, rehearsed: Rehearsed) -> None:
    """What `connector rehearse` was asked in the name of the person; by a digest for who was never pulled."""
    secret = bytes.fromhex(tx.execute(text("select secret from installation")).scalar_one())
    digests = {forgotten.digest(secret, forgotten.ADDRESS, each) for each in stored.addresses} if secret else set()
    for job in tx.execute(text("select id, connection, params from job where story = 'rehearse'")):
        params = codec.from_text(job.params)
        mine = (job.connection, params.get("contact_id")) in stored.refs or params.get("who") in digests
        if "contact_id" in params and mine:
            key = rehearsed(job.connection, params)
            stored.rehearsals[key] = str(params.get("comment", ""))
            stored.rehearsed_by.append(job.id)
            stored.texts.append(stored.rehearsals[key])


def still_named(tx: Tx, words: str, but: Collection[tuple[str, str]] = ()) -> bool:
    """Whether any contact has this name or number, `but` for these (connection, id)."""
    with tx.execute(text("select doc from contact").execution_options(yield_per=_BATCH)) as rows:
        for row in rows:
            contact = codec.decode_contact(row.doc)
            if (contact.connection, contact.id) in but:
                continue
            if words.casefold() in (contact.name.casefold(), contact.phone.casefold()):
                return True
    return False


def erase(tx: Tx, stored: Stored, clean: Clean) -> Counter[str]:
    """Remove the person's rows, and clean what is left of them in any other; how many rows of each table."""
    metadata = MetaData()
    metadata.reflect(tx)
    counts: Counter[str] = Counter()
    for table in metadata.sorted_tables:
        if table.name in _KEPT:
            continue
        removed = _strip(tx, table, stored) if table.name == "response" else _remove(tx, table, stored)
        if table.name == "job":
            removed += _strip_jobs(tx, table, stored)
        cleaned = _clean(tx, table, clean)
        if removed or cleaned:
            counts[table.name] = removed + cleaned
    return counts


def attempts_by_record(tx: Tx) -> dict[str, str]:
    """The file of each attempt's record, and the attempt's id."""
    return {row.journal: row.id for row in tx.execute(text("select journal, id from attempt"))}


def put_digests(tx: Tx, attempt_id: str, inputs: str, outputs: str) -> None:
    """What a rewritten record proves itself by from now on."""
    tx.execute(
        text("update attempt set inputs_digest = :i, outputs_digest = :o where id = :id"),
        {"i": inputs, "o": outputs, "id": attempt_id},
    )


def _strip(tx: Tx, table: Table, stored: Stored) -> int:
    bare = {"email": "", "comment": "", "external_id": "", "contact_id": None, "company_id": None, "person_id": None,
            "judged": ERASED}  # fmt: skip
    done = 0
    for keys in _batches(stored.responses):
        done += tx.execute(update(table).where(table.c.key.in_(keys)).values(bare)).rowcount
    return done


def _strip_jobs(tx: Tx, table: Table, stored: Stored) -> int:
    """Empty what was rehearsed in their name: whose it was, score and words; the Job stays, as what was done."""
    done = 0
    for job_id in stored.rehearsed_by:
        this = table.c.id == job_id
        kept = tx.execute(select(table.c.params).where(this)).scalar_one_or_none()  # an old copy may not have it
        bare = codec.to_text({k: v for k, v in codec.from_text(kept).items() if k not in _REHEARSED}) if kept else kept
        if bare != kept:
            done += tx.execute(update(table).where(this).values({"params": bare})).rowcount
    return done


def _remove(tx: Tx, table: Table, stored: Stored) -> int:
    """Delete what hangs on a contact, an answer, a write-back, the person or the address."""
    columns = table.c
    tests: list[Any] = []
    for connection, contact_id in stored.refs:
        for name, value in (("contact_id", contact_id), ("member", f"contact:{contact_id}")):
            if name in columns:
                tests.append(and_(columns[name] == value, _on(table, connection)))
        if table.name == "hint":
            tests.append(
                and_(columns.kind == "contact", columns.record_id == contact_id, columns.connection == connection)
            )
        if table.name == "merged_contact":
            either = or_(columns.id == contact_id, columns.into_id == contact_id)
            tests.append(and_(columns.connection == connection, either))
        if table.name == "contact":
            tests.append(and_(columns.connection == connection, columns.id == contact_id))
    if "person_id" in columns and stored.persons:
        tests.append(columns.person_id.in_(stored.persons))
    if "address_key" in columns:
        tests.append(columns.address_key.in_(stored.addresses))
    if "response_key" in columns and stored.answers:
        tests.append(columns.response_key.in_(stored.answers))
    if "key" in columns and table.name != "write_back" and stored.write_backs:
        tests.append(columns.key.in_(list(stored.write_backs)))
    if table.name == "suppression":
        tests.append(columns.value.in_([*stored.addresses, *stored.persons, *(f"{c}/{i}" for c, i in stored.refs)]))
    return tx.execute(delete(table).where(or_(*tests))).rowcount if tests else 0


def _on(table: Table, connection: str) -> ColumnElement[bool]:
    """The table's rows of one connection; a decision has it by its plan."""
    if "connection" in table.c:
        return table.c.connection == connection
    plan = table.metadata.tables.get("plan")
    if "plan_id" in table.c and plan is not None:
        return table.c.plan_id.in_(select(plan.c.id).where(plan.c.connection == connection))
    return true()


def _clean(tx: Tx, table: Table, clean: Clean) -> int:
    """Go through every text; a row whose very key is about the person is deleted."""
    keys = list(table.primary_key.columns)
    texts = [column for column in table.columns if isinstance(column.type, String | Text | LargeBinary)]
    if not texts or not keys:
        return 0
    plans = _plans(tx, table)
    changed = []
    for row in tx.execute(select(*keys, *(c for c in texts if c not in keys)).execution_options(yield_per=_BATCH)):
        values = {c.name: getattr(row, c.name) for c in texts}
        connection = values.get("connection") or plans.get(values.get("plan_id", ""))
        cleaned = {name: clean(_plain(value), connection) for name, value in values.items() if value}
        different = {name: value for name, value in cleaned.items() if value != _plain(values[name])}
        if different:
            changed.append(({key.name: getattr(row, key.name) for key in keys}, different))
    for key, different in changed:
        this = and_(*(column == key[column.name] for column in keys))
        if any(column.name in different for column in keys):
            tx.execute(delete(table).where(this))
        else:
            tx.execute(update(table).where(this).values(different))
    return len(changed)


def _plans(tx: Tx, table: Table) -> dict[str, str]:
    """The connection of each plan, where the table's rows have it by theirs."""
    plan = table.metadata.tables.get("plan")
    if "plan_id" not in table.c or plan is None:
        return {}
    return {row.id: row.connection for row in tx.execute(select(plan.c.id, plan.c.connection))}


def _plain(value: Any) -> str | bytes:
    return value if isinstance(value, str) else bytes(value)


def _batches(keys: Iterable[str]) -> Iterable[list[str]]:
    held = list(keys)
    return (held[at : at + 500] for at in range(0, len(held), 500))


def clean_copy(path: Path, stored: Stored, clean: Clean) -> bool:
    """Erase the person from a copy of the SQLite file, of this schema or an earlier one; False where it cannot be."""
    try:
        copy = open_store(f"sqlite:///{path}", migrate=False)
        try:
            with copy.write() as tx:
                erase(tx, stored, clean)
            return not wipe(copy, ())
        finally:
            copy.close()
    except (SQLAlchemyError, sqlite3.Error, ConnectorError):
        return False


def carry(path: Path, known: forgotten.Erasures) -> bool:
    """Put what is known of erasures into a copy of the SQLite file; False where it is of a schema without them."""
    try:
        copy = open_store(f"sqlite:///{path}", migrate=False)
        try:
            with copy.write() as tx:
                if not inspect(tx).has_table("installation"):
                    return True  # somebody else's file
                return forgotten.carry(tx, known)
        finally:
            copy.close()
    except (SQLAlchemyError, AttributeError, sqlite3.Error, ConnectorError):
        return False


def wipe(store: Store, tables: Iterable[str]) -> list[str]:
    """Write the database anew, so that no deleted row is left in its files. Returns what a person has to do yet."""
    if not store.postgres:
        return _wipe_sqlite(store)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return _wipe_postgres(connection, tables)


def _wipe_sqlite(store: Store) -> list[str]:
    raw = store.engine.raw_connection()
    try:
        run = raw.cursor().execute
        run("PRAGMA secure_delete=ON")
        run("PRAGMA temp_store=FILE")  # in memory it would take as much of that as the database is large
        run("VACUUM")
        run("PRAGMA temp_store=MEMORY")
        (busy, *_) = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        run("PRAGMA secure_delete=OFF")
    finally:
        raw.close()
    if not busy:
        return []
    return ["the write-ahead log is in use by another process: stop it, then run connector db vacuum"]


def _wipe_postgres(connection: Connection, tables: Iterable[str]) -> list[str]:
    left = []
    for table in tables:
        with suppress(DBAPIError):
            connection.exec_driver_sql(f'VACUUM (FULL) "{table}"')
            continue
        left.append(f"PostgreSQL refused VACUUM (FULL) {table}: its owner has to run it")
    return [
        *left,
        "PostgreSQL keeps old pages in its own write-ahead log, in replicas and in base backups until they are "
        "recycled: that is in the hands of its administrator",
    ]
