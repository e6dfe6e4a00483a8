"""`connector support-bundle`"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from connector.cli import common
from connector.cli.jobs import PSEUDONYM_KEY
from connector.cli.output import facts, say


def support_bundle(
    jobs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[JOB]…",
            help="Jobs by id or its beginning; default: 20, those that failed or had effects first, then the newest.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: nps-support-DATE.zip.", show_default=False)
    ] = None,
) -> None:
    """Write one file for support: versions, health, jobs with their records and configuration, without people in it.

    Before it is written it is searched for every secret and everybody in the store; if anything is found, it is not
    written. Whoever gets it runs it by: connector jobs replay FILE

    Example: connector support-bundle 261122-1a2b --out bundle.zip
    """
    from connector.jobs import bundle

    with common.opened(effects=False) as runtime:
        target = out or Path(f"nps-support-{runtime.now():%Y%m%d-%H%M%S}.zip")
        if target.exists():
            common.wrong(f"{target}: is there already; write another name")
        if not target.absolute().parent.is_dir():
            common.wrong(f"{target}: there is no folder {target.absolute().parent}")
        key = os.environ.get(PSEUDONYM_KEY, "").encode() or secrets.token_bytes(32)
        made = bundle.make(runtime, jobs or [], target, key)
        jobs_made = f"{made.jobs} job{'' if made.jobs == 1 else 's'}"
        records = f"{made.attempts} record{'' if made.attempts == 1 else 's'}"
        say(f"{target}: {jobs_made}, {records}; a search found nobody in it")
        for attempt, why in made.left_out.items():
            say(f"  {attempt}: record left out: {why}")
        say(f"it runs anywhere: connector jobs replay {target}")
        facts({"file": str(target), "jobs": made.jobs, "records": made.attempts, "left_out": made.left_out})
