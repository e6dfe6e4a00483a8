"""`connector db`: the database as a thing that is copied, upgraded, tidied and looked at."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import common
from connector.cli.output import facts, say
from connector.errors import UnavailableError

if TYPE_CHECKING:
    from connector.store import Store

app = typer.Typer(no_args_is_help=True, help="Copy, upgrade, tidy and look at the database.")
MB = 1024 * 1024


@app.command()
def backup(
    target: Annotated[
        Path | None,
        typer.Argument(
            help="The new file; default: beside the database, with the time in its name.", show_default=False
        ),
    ] = None,
) -> None:
    """Copy the SQLite database as it is now, while others work on it, into a new file that only you can read.

    Nothing is ever overwritten. For PostgreSQL it says how, for its own tools do that better (exit 2).

    Example: connector db backup
    """
    store = _store()
    try:
        from connector.store import engine

        if store.postgres:
            url = store.engine.url
            words = [
                "pg_dump",
                "--format=custom",
                "--file=nps.dump",
                f"--host={url.host}",
                f"--username={url.username}",
            ]
            command = shlex.join([*words, str(url.database)])
            common.wrong(f"the database is PostgreSQL, which is copied by its own tools: {command}")
        database = Path(str(store.engine.url.database))
        named = target or database.with_name(f"{database.name}.backup-{datetime.now(UTC):%Y%m%d%H%M%S}")
        try:
            size = engine.copy_to(store, named)
        except FileExistsError:
            common.wrong(f"{named} is there already and stays as it is; name another file")
        except OSError as error:
            raise UnavailableError(f"{named}: {error.strerror}; name a file in a folder you may write to") from error
        say(
            f"copied to {named}, {_mb(size)}",
            "it holds people's data: keep it as safe as the database, and not for ever",
        )
        facts({"file": str(named), "bytes": size})
    finally:
        store.close()


@app.command()
def upgrade() -> None:
    """Bring the schema up to what this version needs, after a copy of the SQLite file was made beside it.

    Every other command that opens the database does the same; this one only makes the moment yours.

    Example: connector db upgrade
    """
    from connector.store import engine

    store = _store()
    try:
        before, head = engine.revisions(store)
        engine.migrate_store(store)
        after, _ = engine.revisions(store)
        say(f"schema {after}, as before; nothing to do" if before == after else f"schema {before or 'none'} → {after}")
        facts({"from": before, "to": after, "needs": head})
    finally:
        store.close()


@app.command()
def vacuum() -> None:
    """Give the room of deleted rows back. Needs as much free room again, and for a while nobody else can write.

    Example: connector db vacuum
    """
    from connector.store import engine

    store = _store()
    try:
        before = engine.size(store)
        engine.vacuum(store)
        after = engine.size(store)
        say(f"{_mb(before)} → {_mb(after)}")
        facts({"bytes_before": before, "bytes_after": after})
    finally:
        store.close()


@app.command()
def info() -> None:
    """What the database is: kind, place, schema, size, rows of each table.

    Example: connector db info
    """
    from connector.cli.output import table
    from connector.store import engine

    store = _store()
    try:
        schema, head = engine.revisions(store)
        rows = engine.rows(store) if schema is not None else {}
        where = store.engine.url.render_as_string(hide_password=True)
        size = engine.size(store)
        say(f"{where}  {_mb(size)}", f"schema {schema or 'none'}; this version needs {head}")
        if schema != head:
            say("connector db upgrade brings it up to date")
        table(["table", "rows"], rows.items(), right=["rows"])
        facts({"database": where, "bytes": size, "schema": schema, "needs": head, "rows": rows})
    finally:
        store.close()


def _store() -> Store:
    """The database of the configuration, its schema left as it is. Raises ConfigError where there is none yet."""
    from connector.jobs.runtime import database_url, store_exists
    from connector.store import open_store

    config = common.configuration()
    if not store_exists(config):
        common.wrong(f"there is no database yet in {config.storage.data}; connector pull makes it")
    return open_store(database_url(config), migrate=False)


def _mb(size: int) -> str:
    return f"{size / MB:,.1f} MB"
