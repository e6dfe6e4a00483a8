"""`connector callbacks`"""

from __future__ import annotations

from typing import Annotated

import typer

from connector import registry
from connector.cli import common, steps
from connector.cli.output import facts, say
from connector.domain import Mode
from connector.jobs import once
from connector.jobs.callbacks import REGISTER, REMOVE, address_of
from connector.jobs.runtime import Runtime

app = typer.Typer(no_args_is_help=True, help="Let a CRM tell of changes between pulls; take that back.")
Connection = Annotated[str, typer.Argument(help="The connection.", show_default=False)]


@app.command("register")
def register(connection: Connection) -> None:
    """Ask the CRM to tell this connector when contacts and companies change; what is registered already stays.

    Example: connector callbacks register psa
    """
    _do(REGISTER, connection)


@app.command("remove")
def remove(connection: Connection) -> None:
    """Take back what `register` made; other programs' callbacks are left alone.

    Example: connector callbacks remove psa
    """
    _do(REMOVE, connection)


def _do(what: str, connection: str) -> None:
    with common.opened() as runtime:
        common.known("connection with callbacks", connection, _with_callbacks(runtime))
        address = address_of(runtime.config, connection, runtime.store.installation())
        if runtime.mode is Mode.PREVIEW:
            common.wrong("mode: preview writes nothing to the CRM; callbacks are set up in rehearsal or live")
        say(f"address: {address}")
        step = steps.perform(runtime, "callbacks", connection, {"do": what})
        steps.say_step(step)
        facts({"mode": runtime.mode, "address": address, "steps": [steps.as_json(step)]})
    common.leave(once.exit_code([step]))


def _with_callbacks(runtime: Runtime) -> list[str]:
    return [name for name, c in runtime.config.connections.items() if registry.spec(c.kind).ear is not None]
