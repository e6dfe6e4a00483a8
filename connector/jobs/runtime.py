"""What every command works with: the configuration, the store, the clock, and the Connections opened for an Attempt."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from connector import registry
from connector.config import Config
from connector.domain import Mode
from connector.errors import ConfigError
from connector.jobs.local_time import zone_at
from connector.jobs.meter import Meter
from connector.jobs.owner import this_process
from connector.jobs.records.record import SAYS_ZONE, Record
from connector.ports import Context, Ports
from connector.store import Store, open_store

DATABASE_URL = "CONNECTOR_DATABASE_URL"
DATABASE_URL_FILE = "CONNECTOR_DATABASE_URL_FILE"
"""A file that holds the address, for it holds a password and an environment is easily seen."""
_SQLITE = "nps.sqlite3"
LOG = "log"
"""The connection that is always there: notify without an address writes a line into the log."""


Told = Callable[[str, str, str, int], None]
"""Hears of work on its way: story, connection, name of the rows made, how many."""


def told_nobody(story: str, connection: str, name: str, rows: int) -> None:
    """The listener where nobody looks on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    config: Config
    store: Store
    data: Path
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    owner: str
    stopping: threading.Event = field(default_factory=threading.Event)
    meter: Meter = field(default_factory=Meter)
    told: Told = told_nobody

    def for_task(self, task: str) -> Runtime:
        """The same for one of several tasks of this process that act side by side: each holds leases of its own."""
        return replace(self, owner=this_process(task))

    @property
    def mode(self) -> Mode:
        return self.config.mode

    def now(self) -> datetime:
        return self.clock()


def open_runtime(
    config: Config,
    *,
    environ: dict[str, str] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> Runtime:
    """Open the store that the environment names, or the SQLite file in the configured data folder."""
    data = config.storage.data
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = open_store(database_url(config, environ=environ))
    return Runtime(config=config, store=store, data=data, clock=clock, sleep=sleep, owner=this_process())


def database_url(config: Config, *, environ: Mapping[str, str] | None = None) -> str:
    """What the environment names, or the SQLite file in the configured data folder."""
    return named_database(os.environ if environ is None else environ) or f"sqlite:///{config.storage.data / _SQLITE}"


def named_database(environ: Mapping[str, str]) -> str | None:
    """CONNECTOR_DATABASE_URL, or what the file of CONNECTOR_DATABASE_URL_FILE holds. An empty variable names nothing.

    An empty or unreadable file raises ConfigError: going on with a new SQLite file would ask and write twice.
    """
    url, name = environ.get(DATABASE_URL), environ.get(DATABASE_URL_FILE)
    if not name:
        return url or None
    if url:
        raise ConfigError(f"{DATABASE_URL} and {DATABASE_URL_FILE} are both set; unset one of them")
    try:
        found = Path(name).read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "is no text"
        raise ConfigError(f"{DATABASE_URL_FILE}: {name}: {why}; let it be a file that this user may read") from None
    if not found:
        raise ConfigError(f"{DATABASE_URL_FILE}: {name}: is empty; write postgresql://nps:PASSWORD@HOST/nps into it")
    return found


def store_exists(config: Config, *, environ: Mapping[str, str] | None = None) -> bool:
    """Whether there is a store already; `open_runtime` would make one."""
    named = named_database(os.environ if environ is None else environ)
    return bool(named) or (config.storage.data / _SQLITE).is_file()


def open_ports(config: Config, connection: str, record: Record) -> Ports:
    """Open one Connection for an Attempt: every request goes by the Record, which keeps or replays it."""
    if connection == LOG and connection not in config.connections:
        spec = registry.spec(LOG)
        settings = spec.settings()
    else:
        if connection not in config.connections:
            known = ", ".join(sorted(config.connections))
            raise ConfigError(f'no connection "{connection}" in {config.path.name}; there are: {known}')
        configured = config.connections[connection]
        spec, settings = registry.spec(configured.kind), configured.settings
    wire = record.wire(connection, settings, spec.wire)
    zone = zone_at(config, connection) if record.does(SAYS_ZONE) else UTC
    lent = Context(connection=connection, wire=wire, now=lambda: record.now, sleep=record.sleep, zone=zone)
    return spec.open(settings, lent)
