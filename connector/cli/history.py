"""`connector history import`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli import common, imports, steps
from connector.cli.output import facts, say
from connector.jobs import once
from connector.jobs.collect import ANSWERS
from connector.ports import HistoryKind

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
WORDS = {
    HistoryKind.ASKED: "askings",
    HistoryKind.SCORE: "scores",
    HistoryKind.OPT_OUT: "opt-outs",
    HistoryKind.BOUNCE: "bounces",
}


@app.callback()
def history() -> None:
    """Bring a former tool's history here, so that nobody is asked too soon or against his word."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or JSON lines.")],
    connection: Annotated[
        str | None, typer.Option(help="Whose contacts they are, with several connections.", show_default=False)
    ] = None,
) -> None:
    """Take former askings, scores, opt-outs and bounces from a file. Rules never run on them; nothing is written back.

    Columns: kind (asked, score, opt_out, bounce), at, email or contact_id; and score, comment, campaign, reason.
    A row that cannot be taken is named with its line; the others are taken. The same file twice changes nothing.

    Example: connector history import former-tool.csv
    """
    with common.opened(effects=False) as runtime:
        step, counts = imports.run(
            runtime, "history", ANSWERS, {"file": imports.existing(file), "connection": connection}
        )
        if step.attempt is None or step.outcome not in ("done", "partial"):
            steps.say_step(step)
        taken = ", ".join(f"{word} {counts.get(kind.value, 0):,}" for kind, word in WORDS.items())
        say(f"{file}: taken: {taken}; rejected: {counts.get('rejected', 0):,}")
        imports.say_not_taken(file, counts)
        facts({"mode": runtime.mode, "file": str(file), **steps.as_json(step)})
    common.leave(once.exit_code([step]))
