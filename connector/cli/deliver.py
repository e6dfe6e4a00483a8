"""`connector deliver`"""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say
from connector.domain import Mode
from connector.jobs import once
from connector.store import outbox, work


def deliver(
    connection: Annotated[
        str | None, typer.Argument(help="The connection; without: every one that work waits for.", show_default=False)
    ] = None,
) -> None:
    """Look up what is of unknown outcome, then write what is due; in mode preview nothing is written.

    Example: connector deliver psa
    """
    with common.opened() as runtime:
        with runtime.store.read() as tx:
            waiting = work.connections_with_work(tx, now=runtime.now(), mode=runtime.mode)
        names = waiting
        if connection:
            names = [common.known("connection", connection, [*runtime.config.connections, *waiting])]
        done = []
        for name in names:
            done.append(steps.perform(runtime, "deliver", name))
            steps.say_step(done[-1])
        with runtime.store.read() as tx:
            states = outbox.counts(tx)
        if runtime.mode is Mode.PREVIEW and states.get("waiting"):
            say(f"{states['waiting']:,} wait and none was sent: mode is preview; connector outbox list shows them")
        elif not names:
            say("nothing is due" if states.get("waiting") else "nothing waits")
        facts({"mode": runtime.mode, "steps": [steps.as_json(step) for step in done], "outbox": states})
    common.leave(once.exit_code(done))
