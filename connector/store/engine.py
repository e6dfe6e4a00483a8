"""Open the store: one URL, SQLite (WAL) or PostgreSQL; transactions; migrations under a lock, after a backup."""

from __future__ import annotations

import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from connector import log
from connector.errors import ConfigError, UnavailableError
from connector.store import tables

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

PATIENCE = 60
"""Seconds to wait for another writer of a SQLite file before giving up."""
MOST_CONNECTIONS = 48
"""To the database, for one process: 16 stories at once, each with a stream, a write and a page ahead."""

Tx = Connection
"""An open transaction; what every function of this room takes first."""

WRITER_CACHE, READER_CACHE = 12288, 2048
"""KiB of pages SQLite keeps at hand for a transaction that writes, and for one that reads."""


class Store:
    """The one door to the database. `read()` and `write()` give transactions; writes take turns within a process.

    `write(durable=True)` is on disk before it returns (synchronous=FULL); pulls may be repeated and use NORMAL.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.postgres = engine.dialect.name == "postgresql"
        self._turn = threading.RLock()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Raises UnavailableError where the database does not answer or is kept by a process that does not go on."""
        with self._told(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Tx]:
        """Raises as `read` does."""
        with self._told(), self._turn, self.engine.connect() as opened:
            connection = opened.execution_options(writes="full" if durable else "normal")
            with connection.begin():
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise self._unavailable(str(error.orig).strip().splitlines()[0]) from error
        except NoConnectionError as error:
            raise self._unavailable("all connections of this process are in use") from error

    def _unavailable(self, why: str) -> UnavailableError:
        place = "the database" if self.postgres else f"the database {self.engine.url.database}"
        if "locked" in why:
            return UnavailableError(
                f"{place} is kept by another process for more than {PATIENCE} s ({why}); "
                "see which process of this program hangs or is stopped, end it, and try again"
            )
        return UnavailableError(f"{place} does not answer: {why}; see that it is there and not full, and try again")

    def close(self) -> None:
        self.engine.dispose()

    def installation(self) -> str:
        """The id made when this store was created; it is part of every key, and a restored backup keeps it."""
        with self.read() as tx:
            row = tx.execute(text("select id from installation")).first()
        assert row is not None, "a migrated store has its installation row"
        return str(row[0])


_POOL: dict[str, Any] = {"pool_use_lifo": True, "pool_size": 5, "max_overflow": MOST_CONNECTIONS - 5}


def open_store(url: str, *, migrate: bool = True) -> Store:
    """Open, and bring the schema up to date. ConfigError: a bad address, or a schema newer than this program."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # without the address in it, for that holds the password
        raise ConfigError(
            "CONNECTOR_DATABASE_URL: this is no address of a database; write for example "
            "postgresql://nps:PASSWORD@postgres:5432/nps, odd characters of the password as %40"
        ) from None
    log.register_secrets([parsed.password] if isinstance(parsed.password, str) else [])
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, **_POOL)
        _on_connect_postgres(engine)
        _on_begin_postgres(engine)
    elif parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            Path(parsed.database).touch(mode=0o600)  # the files SQLite puts beside it take the same rights
        engine = create_engine(parsed, connect_args={"timeout": PATIENCE, "check_same_thread": False}, **_POOL)
        _on_connect_sqlite(engine)
    else:
        raise ConfigError(
            f"CONNECTOR_DATABASE_URL: {parsed.get_backend_name()!r} is not served; use sqlite:/// or postgresql://"
        )
    store = Store(engine)
    if migrate:
        try:
            migrate_store(store)
        except BaseException:
            store.close()
            raise
    return store


def _on_connect_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in (
            "page_size=8192",  # of a new file: a commit of rows in no order writes half as many pages
            "journal_mode=WAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "journal_size_limit=67108864",
            # checkpoint every 64 MB instead of every 8: a first load writes each index page once, not at every commit
            "wal_autocheckpoint=8192",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails with "database is locked" without waiting;
        # an immediate one waits its turn.
        writes = connection.get_execution_options().get("writes")
        # Upserts touch index pages all over and want them at hand; readers walk along, and a pass has several open.
        connection.exec_driver_sql(f"PRAGMA cache_size={-WRITER_CACHE if writes else -READER_CACHE}")
        if writes:
            connection.exec_driver_sql(f"PRAGMA synchronous={writes.upper()}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_connect_postgres(engine: Engine) -> None:
    """PostgreSQL keeps no NUL in a text, and one in a name that somebody typed would stop every pull and every answer:
    texts are kept without. In documents they are escaped, as JSON has it, and stay."""
    from psycopg.types import string

    class Parameter(string.StrDumperUnknown):
        def dump(self, obj: str) -> bytes:
            return obj.replace("\0", "").encode(self._encoding)

    class Element(string.StrDumper):  # of an array, whose type must be said
        def dump(self, obj: str) -> bytes:
            return obj.replace("\0", "").encode(self._encoding)

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        for dumper in (Element, Parameter):  # the last is the default
            connection.adapters.register_dumper(str, dumper)


def _on_begin_postgres(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes") == "normal":
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def migrate_store(store: Store) -> None:
    """Bring the schema up to date; a copy of a SQLite file is made first. Raises ConfigError for a newer schema."""
    from alembic import command
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = _migrations()
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with store.read() as tx:
        current = _revision(tx)
    if current == head:
        return
    if current is not None:
        try:
            script.get_revision(current)
        except CommandError:
            raise ConfigError(
                f"the database has schema {current}, newer than this program knows ({head}); "
                "run the version that wrote it, or restore a backup"
            ) from None
        _backup(store, current)
    with store.write() as tx:  # exclusive on SQLite by BEGIN IMMEDIATE, on PostgreSQL by the advisory lock
        if store.postgres:
            tx.execute(text("select pg_advisory_xact_lock(727274)"))
        if _revision(tx) == head:
            return  # another process was faster
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
        if tx.execute(text("select count(*) from installation")).scalar_one() == 0:
            now = tables.instant(datetime.now(UTC))
            tx.execute(
                text("insert into installation (id, created_at) values (:id, :at)"),
                {"id": uuid.uuid4().hex, "at": now},
            )


def _backup(store: Store, revision: str) -> None:
    """Copy a SQLite file beside itself before its schema changes; PostgreSQL has its own ways (pg_dump)."""
    name = store.engine.url.database
    if store.postgres or not name or name == ":memory:":
        return
    stem = f"{name}.before-{revision}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    for number in range(1, 1000):
        try:
            copy_to(store, Path(stem if number == 1 else f"{stem}-{number}"))
        except FileExistsError:  # two processes, or two migrations within a second: each copy has its own name
            continue
        return
    raise UnavailableError(f"{stem}: there are a thousand copies of this second; move them away and try again")


def copy_to(store: Store, target: Path) -> int:
    """Copy the SQLite file, as it is in this moment, to a new file that only its owner may read; its size in bytes.

    Others go on reading and writing meanwhile. Raises FileExistsError, and OSError where it cannot be written.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        raw = sqlite3.connect(str(store.engine.url.database), timeout=PATIENCE)
        try:
            raw.execute("VACUUM INTO ?", (str(target),))  # takes an empty file for no file
        finally:
            raw.close()
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, sqlite3.OperationalError):
            raise UnavailableError(f"{target}: {error}; see that there is room, and try again") from error
        raise
    with target.open("rb") as copied:
        os.fsync(copied.fileno())
    return target.stat().st_size


def revisions(store: Store) -> tuple[str | None, str]:
    """(the schema the database has, the one this program brings); None for an empty database."""
    with store.read() as tx:
        return _revision(tx), _head()


def _revision(tx: Tx) -> str | None:
    """Alembic's own way builds a table each time, and with it a statement that is compiled and kept anew: the service
    asks every few seconds."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    found = tx.execute(text("select version_num from alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


@cache
def _head() -> str:
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_migrations()).get_current_head()
    assert head is not None
    return head


def _migrations() -> AlembicConfig:
    """What Alembic is told: where our migrations are."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def schema_problem(store: Store) -> str:
    """Why the schema is not the one this program works with; empty where it is."""
    current, head = revisions(store)
    if current == head:
        return ""
    return f"the database has schema {current or 'none'}, this program needs {head}; connector db upgrade"


def vacuum(store: Store) -> None:
    """Give the room of deleted rows back. Needs as much free room as the database is large, and nobody writing."""
    with store._told(), store._turn, store.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        if store.postgres:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("vacuum (analyze)"))
        else:
            raw.execute("PRAGMA temp_store=FILE")  # in memory it would take as much of that as the database is large
            raw.execute("VACUUM")
            raw.execute("PRAGMA temp_store=MEMORY")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("PRAGMA optimize")


def rows(store: Store) -> dict[str, int]:
    """How many rows each table has, by name."""
    with store.read() as tx:
        names = sorted(set(inspect(tx).get_table_names()) & set(tables.metadata.tables))
        return {name: tx.execute(text(f'select count(*) from "{name}"')).scalar_one() for name in names}


def size(store: Store) -> int:
    """Bytes that the database takes."""
    if store.postgres:
        with store.read() as tx:
            return int(tx.execute(text("select pg_database_size(current_database())")).scalar_one())
    name = str(store.engine.url.database)
    return sum(Path(name + end).stat().st_size for end in ("", "-wal") if Path(name + end).exists())
