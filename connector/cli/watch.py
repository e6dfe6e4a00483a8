"""`connector watch`"""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say
from connector.jobs import once


def watch(
    connection: Annotated[
        str | None,
        typer.Argument(help="The connection; without: every one on which a follow-up is open.", show_default=False),
    ] = None,
) -> None:
    """See how our tickets stand in the CRM, and put reminders and escalations that are due into the outbox.

    Nothing is changed in the CRM. connector run --once does the same, and sends what is due.

    Example: connector watch psa
    """
    with common.opened() as runtime:
        names = once.with_tickets(runtime)
        if connection:
            names = [common.known("connection", connection, list(runtime.config.connections))]
        done = []
        for name in names:
            done.append(steps.perform(runtime, "watch", name))
            steps.say_step(done[-1])
        if not names:
            say("no follow-up is open")
        facts({"mode": runtime.mode, "steps": [steps.as_json(step) for step in done]})
    common.leave(once.exit_code(done))
