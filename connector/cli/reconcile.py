"""`connector reconcile`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say, table
from connector.jobs import once
from connector.jobs.once import Step


def reconcile(
    connection: Annotated[
        str | None,
        typer.Argument(help="The connection; without: every one with tickets of ours.", show_default=False),
    ] = None,
) -> None:
    """Compare every ticket we opened with the CRM, by key and by number; each difference comes with the next command.

    Found are tickets that were deleted, merged or moved, cannot be seen, lost their key, are there twice, or carry a
    key of ours that the store does not know. Nothing is changed. Leaves with 5 when anything differs.

    Example: connector reconcile psa
    """
    with common.opened() as runtime:
        if connection:
            names = [common.known("connection", connection, list(runtime.config.connections))]
        else:
            names = once.with_any_ticket(runtime)
        done = []
        for name in names:
            done.append(steps.perform(runtime, "reconcile", name))
            _say(done[-1], several=len(names) > 1)
        if not names:
            say("no ticket of ours is known; with a connection it looks there for tickets that carry a key of ours")
        told = [steps.as_json(step) for step in done]
        facts({"mode": runtime.mode, **(told[0] if connection else {"steps": told})})
    common.leave(once.exit_code(done))


def _say(step: Step, *, several: bool) -> None:
    counts: dict[str, Any] = step.attempt.counts if step.attempt else {}
    rows = counts.get("found", [])
    if several:
        say(f"{step.connection}:")
    if rows:
        table(("ticket", "is", "what", "next"), [(row[1], row[0].replace("_", " "), row[3], row[4]) for row in rows])
    if counts.get("differences", 0) > len(rows):
        say(f"and {counts['differences'] - len(rows):,} more, of which connector jobs show tells the numbers")
    if step.outcome in ("done", "partial"):
        say(f"{counts.get('tickets', 0):,} tickets compared, {counts.get('differences', 0):,} differ")
        for why in steps.whys(step):
            say(f"    {why}")
    else:
        steps.say_step(step)
