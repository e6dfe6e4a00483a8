"""`connector pull`"""

from __future__ import annotations

from typing import Annotated

import typer

from connector import registry
from connector.cli import common, steps
from connector.cli.output import facts
from connector.jobs import once


def pull(
    connection: Annotated[
        str | None, typer.Argument(help="The connection; without: every one that has contacts.", show_default=False)
    ] = None,
    accept_gone: Annotated[
        int | None,
        typer.Option(
            "--accept-gone", metavar="N", min=1, show_default=False,
            help="So many contacts, and companies, may be missing from a full pull; they are marked as gone.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Bring what changed since the last pull from the CRM into the store; the CRM is only read.

    Example: connector pull psa
    """
    if accept_gone is not None and connection is None:
        common.wrong("--accept-gone: name the connection it is meant for: connector pull CONNECTION --accept-gone N")
    params = {} if accept_gone is None else {"accept_gone": accept_gone}
    with common.opened() as runtime:
        sources = [name for name, c in runtime.config.connections.items() if registry.spec(c.kind).facets]
        names = [common.known("connection with contacts", connection, sources)] if connection else sources
        done = []
        for name in names:
            done.append(steps.perform(runtime, "pull", name, params))
            steps.say_step(done[-1])
        facts({"mode": runtime.mode, "steps": [steps.as_json(step) for step in done]})
    common.leave(once.exit_code(done))
