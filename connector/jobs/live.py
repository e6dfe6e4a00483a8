"""A look at a Connection as it is now, outside of any Job: reads only, every write is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import NoReturn

from connector import registry
from connector.config import Config
from connector.errors import ContractError
from connector.jobs.runtime import database_url, store_exists
from connector.jobs.vaults import KeptSecrets
from connector.ports import Answer, Call, ContactSource, Context, Ports, Wire
from connector.store import open_store


def open_live(
    config: Config,
    connection: str,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    on_call: Callable[[], None] = lambda: None,
) -> Ports:
    """The ports of a configured Connection. What would write raises ContractError before anything leaves.

    `on_call` is called before each request.
    """
    configured = config.connections[connection]
    spec = registry.spec(configured.kind)
    wire = _ReadOnly(spec.wire(configured.settings, _refuse, LazyVault(config, connection)), on_call)
    return spec.open(configured.settings, Context(connection=connection, wire=wire, now=now, sleep=sleep))


def source_of(config: Config, connection: str) -> ContactSource | None:
    """Its ContactSource, or None where it has no contacts; nothing is opened then."""
    if not registry.spec(config.connections[connection].kind).facets:
        return None
    return open_live(config, connection).source


class _ReadOnly:
    def __init__(self, inner: Wire, on_call: Callable[[], None]) -> None:
        self._inner, self._on_call = inner, on_call

    def send(self, call: Call) -> Answer:
        if call.writes:
            _refuse()
        self._on_call()
        return self._inner.send(call)


class LazyVault:
    """The vault of a Connection for where no store is open: opened when something is asked of it, for as long."""

    def __init__(self, config: Config, connection: str) -> None:
        self._config, self._connection = config, connection

    def get(self, name: str) -> str | None:
        if not store_exists(self._config):
            return None
        with closing(open_store(database_url(self._config))) as store:
            return KeptSecrets(store, self._connection).get(name)

    def put(self, name: str, secret: str) -> None:
        self._config.storage.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(open_store(database_url(self._config))) as store:
            KeptSecrets(store, self._connection).put(name, secret)


def _refuse() -> NoReturn:
    raise ContractError("a look at a connection writes nothing; this is a bug")
