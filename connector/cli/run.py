"""`connector run --once`"""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say
from connector.jobs import once as pass_once

STORIES = ("pull", "plan", "collect", "deliver")


def run(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then leave with the exit code.")] = False,
    only: Annotated[
        str | None, typer.Option(metavar="STORY", help="Only this: pull, plan, collect or deliver.", show_default=False)
    ] = None,
) -> None:
    """Do all that is due: pull, plan, collect answers, deliver. One connection's trouble does not stop the others.

    Leaves with the worst of its steps: 1 failed, 3 held, 4 stopped by a limit, 5 partial, 6 put off, 0 all done.

    Example: connector run --once
    """
    if not once:
        common.wrong("write connector run --once; call it from cron or a timer as often as you like")
    if only:
        common.known("story", only, list(STORIES))
    with common.opened() as runtime:
        done = pass_once.run_once(runtime, watch=steps.say_step, only=only or "")
        code = pass_once.exit_code(done)
        if not done:
            say("nothing is due")
        facts({"mode": runtime.mode, "steps": [steps.as_json(step) for step in done], "exit_code": code})
    common.leave(code)
