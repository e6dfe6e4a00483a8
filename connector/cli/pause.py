"""`connector pause`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.output import facts, moment, say, table
from connector.store import Tx, holds
from connector.store.holds import EVERYTHING, Hold

ALL = "all"


def pause(
    connection: Annotated[
        str | None, typer.Argument(help='A connection, or "all"; without: list what is held.', show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="Kept and shown, so that others know why.")] = "paused by hand",
) -> None:
    """Stop before the next effect, in every process, until connector resume. Alone: list what is held, and why.

    Example: connector pause psa --reason "migration on Saturday"
    Example: connector pause all
    Example: connector pause
    """
    with common.opened(effects=False) as runtime:
        if connection is None:
            with runtime.store.read() as tx:
                say_held(tx)
            return
        if connection == ALL:
            hold = Hold(kind="everything", name=EVERYTHING, cause="pause", reason=reason, since=runtime.now())
        else:
            common.known("connection", connection, [*runtime.config.connections, ALL])
            hold = Hold(kind="connection", name=connection, cause="pause", reason=reason, since=runtime.now())
        with runtime.store.write() as tx:
            holds.put(tx, hold)
        say(f"{'everything' if connection == ALL else connection} is paused; connector resume {connection} ends it")
        with runtime.store.read() as tx:
            facts({"mode": runtime.mode, "held": as_json(tx)})


def say_held(tx: Tx) -> None:
    """What is held, why and since when; in --json too."""
    held = holds.listed(tx)
    if not held:
        say("nothing is held")
    else:
        rows = [(name_of(hold), hold.cause, moment(hold.since), hold.reason) for hold in held]
        table(("held", "cause", "since", "reason"), rows)
        for hold in held:
            if hold.cause == "auth":  # the remedy is at its end, which the table cuts off
                say(f"{name_of(hold)}: {hold.reason}")
    facts({"held": as_json(tx)})


def as_json(tx: Tx) -> list[dict[str, Any]]:
    return [
        {"kind": h.kind, "name": h.name, "cause": h.cause, "reason": h.reason, "since": h.since.isoformat()}
        for h in holds.listed(tx)
    ]


def name_of(hold: Hold) -> str:
    return "everything" if hold.kind == "everything" else f"{hold.kind} {hold.name}"
