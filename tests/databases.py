"""Databases made for tests on a PostgreSQL server, and thrown away."""

from __future__ import annotations

import itertools
import os
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

    def create(self, *, like: str = "template0") -> str:
        """A new database, a copy of another one (nobody may be connected to that); returns its name."""
        name = f"nps_test_{os.getpid()}_{next(_names)}"
        with self._connected() as connection:
            connection.execute(_statement("create database {} template {}", name, like))
        return name

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
    def _connected(self) -> Iterator[psycopg.Connection]:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True, connect_timeout=5) as connection:
            yield connection


def _statement(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))
