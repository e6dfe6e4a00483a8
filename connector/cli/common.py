"""What every command needs: the options given, the configuration, the store opened, the mode said first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.config import Config
    from connector.jobs.runtime import Runtime

CONFIG = "CONNECTOR_CONFIG"
PLACES = (Path("nps.yaml"), Path("config/nps.yaml"))


@dataclass(slots=True)
class Given:
    """The shared options of the command line in hand; `zone`: in which its times are read, once a configuration is."""

    config: Path | None = None
    json: bool = False
    show_addresses: bool = False
    log_level: str | None = None
    debug: bool = False
    zone: tzinfo = UTC


given = Given()
"""One command line at a time; `main.run` begins with `reset`."""


def reset() -> None:
    give_all = Given()
    for name in Given.__slots__:
        setattr(given, name, getattr(give_all, name))


def give(
    *,
    config: Path | None = None,
    json: bool = False,
    show_addresses: bool = False,
    log_level: str | None = None,
    debug: bool = False,
) -> None:
    """Add what was written before or after the command's name; the later word counts."""
    given.config = config or given.config
    given.json = given.json or json
    given.show_addresses = given.show_addresses or show_addresses
    given.log_level = log_level or given.log_level
    given.debug = given.debug or debug


def leave(code: int) -> None:
    """End the command with this exit code; 0 goes on, so that it can be the last line of any command."""
    if code:
        raise typer.Exit(code)


def wrong(message: str) -> NoReturn:
    """What was written on the command line must be corrected (exit 2)."""
    raise ConfigError(message)


def start_log() -> None:
    """Set up the log as the options say."""
    from connector import log

    level = given.log_level or ("warning" if sys.stderr.isatty() else "info")
    try:
        log.configure(level=level, show_addresses=given.show_addresses)
    except ValueError as error:
        wrong(f"--log-level: {error}")


def config_path() -> Path:
    """The file to read; raises ConfigError with how to name one where there is none."""
    named = given.config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    if named is not None:
        return named
    for place in PLACES:
        if place.is_file():
            return place
    wrong(
        "there is neither nps.yaml nor config/nps.yaml here; write one (config/example.yaml is a start), or name it: "
        f"--config FILE, or {CONFIG}=FILE"
    )


def configuration() -> Config:
    """The checked configuration, whose zone times are shown in from here on. Raises ConfigError with all problems."""
    from connector import config
    from connector.jobs.local_time import zone_of

    start_log()
    found = config.load(config_path(), os.environ)
    given.zone = zone_of(found)
    return found


@contextmanager
def opened(*, effects: bool = True) -> Iterator[Runtime]:
    """The store of the configuration, open; `effects` False: a command that only reads says no mode line."""
    from connector.cli.output import say
    from connector.jobs.runner import mode_line
    from connector.jobs.runtime import open_runtime

    config = configuration()
    if effects:
        say(mode_line(config.mode))
    runtime = open_runtime(config)
    try:
        yield runtime
    finally:
        runtime.store.close()


def known(what: str, name: str, names: Iterator[str] | list[str]) -> str:
    """The name as it is known, or ConfigError with the nearest."""
    from connector.config.nearest import hint

    valid = sorted(names)
    if name not in valid:
        wrong(f'there is no {what} "{name[:60]}"; {hint(name, valid)}')
    return name
