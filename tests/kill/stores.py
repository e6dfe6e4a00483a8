"""A database that can be copied away and put back, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from tests.databases import PostgresServer


class Database(Protocol):
    """Nobody may be connected while it is kept, put back or emptied."""

    name: str
    url: str

    def keep(self, name: str) -> None: ...

    def put_back(self, name: str) -> None: ...

    def close(self) -> None: ...


class SqliteDatabase:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "database"
        self._folder.mkdir(parents=True)
        self._file = self._folder / "nps.sqlite3"
        self.url = f"sqlite:///{self._file}"

    def keep(self, name: str) -> None:
        copy = self._folder.parent / f"kept-{name}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._folder, copy)

    def put_back(self, name: str) -> None:
        shutil.rmtree(self._folder)
        shutil.copytree(self._folder.parent / f"kept-{name}", self._folder)

    def close(self) -> None:
        pass


class PostgresDatabase:
    name = "postgres"

    def __init__(self) -> None:
        self._server = PostgresServer()
        self._name = self._server.create()
        self.url = self._server.url(self._name)

    def keep(self, name: str) -> None:
        self._server.keep(self._name, f"kept_{name}")

    def put_back(self, name: str) -> None:
        self._server.put_back(self._name, f"kept_{name}")

    def close(self) -> None:
        self._server.drop(self._name)
