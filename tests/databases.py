"""Databases made for tests on a PostgreSQL server, and thrown away."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

POSTGRES = os.environ.get("NPS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
_names = itertools.count(1)


class PostgresServer:
    """The server that NPS_TEST_POSTGRES names; databases are called nps_test_<process id>_<number>."""

    def __init__(self, url: str = POSTGRES) -> None:
        self._url = make_url(url)

    def why_not(self) -> str:
        """Why it cannot be used; empty if it can."""
        try:
            with self._connected() as connection:
                connection.execute("select 1")
        except psycopg.Error as error:
            return f"no PostgreSQL at {self._url.render_as_string()}: {str(error).strip().splitlines()[0]}"
        return ""

    def create(self) -> str:
        """A new database; returns its name."""
        name = f"nps_test_{os.getpid()}_{next(_names)}"
        with self._connected() as connection:
            connection.execute(_statement("create database {} template template0", name))
            connection.execute(_statement("alter database {} set synchronous_commit = off", name))  # no power is cut
        return name

    def keep(self, name: str, copy: str) -> None:
        """Copy the rows of all its tables away, in the database itself."""
        with self._alone(name) as connection:
            connection.execute(_statement("drop schema if exists {} cascade", copy))
            connection.execute(_statement("create schema {}", copy))
            for table in _tables(connection):
                connection.execute(_statement("create table {}.{} as table public.{}", copy, table, table))

    def put_back(self, name: str, copy: str) -> None:
        """The rows that were kept, and no others."""
        with self._alone(name) as connection:
            for table in _tables(connection):
                connection.execute(_statement("delete from {}", table))
                connection.execute(_statement("insert into public.{} table {}.{}", table, copy, table))

    def renew(self, name: str, copy: str) -> None:
        """What was kept when it was new, as another installation. A new database takes a hundred times as long."""
        self.put_back(name, copy)
        with self._connected(name) as connection:
            connection.execute("update installation set id = %s", [uuid.uuid4().hex])

    def drop(self, name: str) -> None:
        with self._connected() as connection:
            connection.execute(_statement("drop database if exists {} with (force)", name))

    def url(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database that is dropped afterwards."""
        name = self.create()
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    @contextmanager
    def _connected(self, database: str = "") -> Iterator[psycopg.Connection]:
        url = self._url.set(drivername="postgresql", database=database or self._url.database)
        plain = url.render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True, connect_timeout=5) as connection:
            yield connection

    @contextmanager
    def _alone(self, name: str) -> Iterator[psycopg.Connection]:
        """One transaction in a database that nobody else is connected to."""
        with self._connected(name) as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = %s and pid <> pg_backend_pid()",
                [name],
            )
            with connection.transaction():
                yield connection


def _tables(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
    return [row[0] for row in rows]


def _statement(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))
