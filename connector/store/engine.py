"""Open the store: one URL, SQLite (WAL) or PostgreSQL; transactions; migrations under a lock, after a backup."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from connector.errors import ConfigError, UnavailableError
from connector.store import tables

Tx = Connection
"""An open transaction; what every function of this room takes first."""


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
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Tx]:
        connection = self.engine.connect().execution_options(writes="full" if durable else "normal")
        with self._turn, connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def installation(self) -> str:
        """The id made when this store was created; it is part of every key, and a restored backup keeps it."""
        with self.read() as tx:
            row = tx.execute(text("select id from installation")).first()
        assert row is not None, "a migrated store has its installation row"
        return str(row[0])


def open_store(url: str, *, migrate: bool = True) -> Store:
    """Open, and bring the schema up to date. A schema newer than this program raises ConfigError (exit 2)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, future=True)
        _on_begin_postgres(engine)
    elif parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            Path(parsed.database).touch(mode=0o600)  # the files SQLite puts beside it take the same rights
        engine = create_engine(parsed, connect_args={"timeout": 60, "check_same_thread": False})
        _on_connect_sqlite(engine)
    else:
        raise ConfigError(
            f"CONNECTOR_DATABASE_URL: {parsed.get_backend_name()!r} is not served; use sqlite:/// or postgresql://"
        )
    store = Store(engine)
    if migrate:
        try:
            _migrate(store)
        except BaseException:
            store.close()
            raise
    return store


def _on_connect_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "journal_size_limit=67108864",
            # checkpoint every 64 MB instead of every 4: a first load writes each index page once, not at every commit
            "wal_autocheckpoint=16384",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails with "database is locked" without waiting;
        # an immediate one waits its turn.
        writes = connection.get_execution_options().get("writes")
        if writes:
            connection.exec_driver_sql(f"PRAGMA synchronous={writes.upper()}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_begin_postgres(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes") == "normal":
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _migrate(store: Store) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    try:
        with store.read() as tx:
            current = MigrationContext.configure(tx).get_current_revision()
    except OperationalError as error:
        raise UnavailableError(f"the database does not answer: {str(error.orig).strip().splitlines()[0]}") from error
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
        if MigrationContext.configure(tx).get_current_revision() == head:
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
    target = Path(f"{name}.before-{revision}-{datetime.now(UTC):%Y%m%d%H%M%S}")
    raw = sqlite3.connect(name)
    try:
        raw.execute("VACUUM INTO ?", (str(target),))
    finally:
        raw.close()
    target.chmod(0o600)
