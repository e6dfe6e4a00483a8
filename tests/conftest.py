"""What tests of several rooms stand on: stores on both databases, a stand-in PSA, a configuration, a clock that moves.

PostgreSQL and Chromium are used where they are present. NPS_TEST_REQUIRE=postgres,chromium turns a skip into a failure,
so that a build server cannot quietly test less than it should.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from connector import log
from connector.adapters.transport import pace
from connector.config import Config
from connector.sandbox.connectwise import Server, serve
from connector.store import open_store
from tests.databases import PostgresServer
from tests.settings import load_config

REQUIRED = frozenset(os.environ.get("NPS_TEST_REQUIRE", "").replace(",", " ").split())
CHROMIUM = os.environ.get("NPS_TEST_CHROMIUM", "/usr/bin/chromium")

ConfigFor = Callable[..., Config]


def missing(what: str, why: str) -> NoReturn:
    """Skip with a plain reason; fail where NPS_TEST_REQUIRE says that it must be there."""
    if what in REQUIRED:
        pytest.fail(f"NPS_TEST_REQUIRE names {what}, but {why}")
    pytest.skip(why)


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """A PostgreSQL server that makes databases for tests."""
    server = PostgresServer()
    why = server.why_not()
    if why:
        missing("postgres", why)
    return server


ON_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=ON_BOTH)
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a schema, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store' / 'nps.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture(scope="session")
def _opened_once(postgres: PostgresServer) -> Iterator[str]:
    name = postgres.create()
    open_store(postgres.url(name)).close()
    postgres.keep(name, "new")
    yield name
    postgres.drop(name)


@pytest.fixture(params=ON_BOTH)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of the test's own, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'nps.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("_opened_once")
    server.renew(name, "new")
    return server.url(name)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that can draw pages."""
    if not os.access(CHROMIUM, os.X_OK):
        missing("chromium", f"{CHROMIUM} is not there; set NPS_TEST_CHROMIUM")
    return CHROMIUM


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Server]:
    with serve(contacts=60, seed=7) as server:
        yield server


@pytest.fixture
def sandbox(_sandbox: Server) -> Iterator[Server]:
    """A stand-in PSA with 60 contacts, as at the beginning of its world."""
    with _sandbox.world.lock:
        _sandbox.world.reset()
    yield _sandbox
    with _sandbox.world.lock:
        _sandbox.world.reset()


@pytest.fixture
def config_for(tmp_path: Path) -> ConfigFor:
    """`config_for(sandbox, mode="preview", …)`: write a configuration for a sandbox into tmp_path and load it.

    Changes replace top-level keys; `connection` ones replace keys of the connection psa. See `tests.settings`.
    """

    def made(server: Server, folder: Path | None = None, **changes: Any) -> Config:
        return load_config(server.url, folder or tmp_path, **changes)

    return made


class ShiftedClock:
    """Says the time as it is, shifted by as much as the test moved it. Sleeping moves it and takes no time."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def move(self, **by: float) -> None:
        """Move on by `minutes=20`, say; negative numbers move back."""
        self.shift += timedelta(**by)

    def sleep(self, seconds: float) -> None:
        self.shift += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture(autouse=True)
def _calls_of_one_test_alone() -> Iterator[None]:
    """A tenant's calls of the last minute are remembered by a process: a test must not wait for those of others."""
    yield
    pace._known.clear()


@pytest.fixture(autouse=True)
def _secrets_of_one_test_alone() -> Iterator[None]:
    """What a test's configuration holds as a secret is a plain word in the next one."""
    before = set(log._secrets)
    yield
    log._secrets.intersection_update(before)
