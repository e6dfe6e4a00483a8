"""`connector run`: the service; with --once a single pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say
from connector.cli.progress import Progress
from connector.jobs import once as pass_once

STORIES = ("pull", "plan", "collect", "watch", "reconcile", "deliver")


def run(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then leave with the exit code.")] = False,
    only: Annotated[
        str | None,
        typer.Option(metavar="STORY", help=f"Only this, with --once: {', '.join(STORIES)}.", show_default=False),
    ] = None,
) -> None:
    """Do what is due, as schedule: in the configuration says, until stopped. One connection's trouble stops no other.

    SIGTERM or Ctrl-C stops it within 10 seconds between two effects; SIGHUP reads the configuration again. With --once
    it does one pass and leaves with the worst of its steps: 1 failed, 3 held, 4 stopped by a limit, 5 partial, 6 put
    off, 0 all done.

    Example: connector run
    """
    if only:
        common.known("story", only, list(STORIES))
        if not once:
            common.wrong("--only is for a single pass: connector run --once --only STORY")
    if not once:
        from connector.cli import serving

        common.leave(serving.serve())
        return
    with common.opened() as runtime:
        progress = Progress()

        def say_step(step: pass_once.Step) -> None:
            progress.end(step.story, step.connection)
            steps.say_step(step)

        done = pass_once.run_once(replace(runtime, told=progress), watch=say_step, only=only or "")
        code = pass_once.exit_code(done)
        if not done:
            say("nothing is due")
        facts({"mode": runtime.mode, "steps": [steps.as_json(step) for step in done], "exit_code": code})
    common.leave(code)
