"""`connector hygiene`"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from connector.cli import common
from connector.cli.output import complain, facts, say, table, write_csv
from connector.jobs import look
from connector.jobs.runtime import Runtime
from connector.log import mask
from connector.store import contacts
from connector.sync.hygiene import HygieneFinding, usual_domains_of
from connector.sync.hygiene import hygiene as findings_of

HEADER = ("connection", "contact", "company", "problem", "seen", "proposal", "evidence")
Found = tuple[str, HygieneFinding]


def hygiene(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="AUDIENCE … [FILE.csv]", help="Without: every audience.", show_default=False),
    ] = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="Write CSV, to the file named after it or to stdout; addresses are in it.")
    ] = False,
    everybody: Annotated[bool, typer.Option("--everybody", help="Also contacts outside of the audience.")] = False,
    addresses: Annotated[bool, typer.Option("--addresses", help="Show e-mail addresses in full.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many to print; 0 prints all. CSV and --json have all.")] = 50,
) -> None:
    """List what a person should put right in the CRM, each with a proposal; nothing is changed, no call is made.

    Example: connector hygiene
    Example: connector hygiene decision-makers --csv findings.csv
    Example: connector hygiene --everybody --limit 0
    """
    with common.opened(effects=False) as runtime:
        names = list(words or [])
        target = Path(names.pop()) if csv and names and names[-1].lower().endswith(".csv") else None
        audiences = list(runtime.config.audiences)
        names = [common.known("audience", name, audiences) for name in names] or audiences
        with runtime.store.read() as tx:
            if not any(contacts.count(tx, runtime.config.audiences[name].from_) for name in names):
                complain("no contact is stored yet; first: connector pull")
        found = _findings(runtime, names, everybody)
        if csv and not common.given.json:
            _write(target, found)
            return
        shown: list[tuple[str, ...]] = []
        problems = Counter[str]()
        for connection, finding in found:
            problems[finding.problem] += 1
            if common.given.json or not limit or len(shown) < limit:
                shown.append(_row(connection, finding, addresses=addresses))
        if shown:
            table(HEADER, shown)
        say("", ", ".join(f"{name} {count:,}" for name, count in problems.most_common()) or "nothing to put right")
        if problems.total() > len(shown):
            say(f"{len(shown):,} of {problems.total():,} shown; --limit 0 prints all, --csv FILE.csv writes all")
        facts({
            "mode": runtime.mode,
            "audiences": names,
            "counts": dict(problems.most_common()),
            "findings": [dict(zip(HEADER, row, strict=True)) for row in shown],
        })  # fmt: skip


def _findings(runtime: Runtime, names: list[str], everybody: bool) -> Iterator[Found]:
    """Those of all the audiences, each once."""
    seen: set[tuple[str, str, str, str]] = set()
    usual: dict[str, dict[str, str]] = {}
    for name in names:
        connection = runtime.config.audiences[name].from_
        if connection not in usual:
            usual[connection] = usual_domains_of(look.glances(runtime, connection))
        screened = look.screened(runtime, name)
        for finding in findings_of(screened, usual_domains=usual[connection], everybody=everybody):
            key = (connection, finding.contact_id, finding.problem, finding.evidence)
            if key not in seen:
                seen.add(key)
                yield connection, finding


def _row(connection: str, finding: HygieneFinding, *, addresses: bool) -> tuple[str, ...]:
    show = (lambda text: text) if addresses else mask
    told = (finding.company, finding.problem, show(finding.seen), show(finding.proposal), show(finding.evidence))
    return (connection, finding.contact_id, *told)


def _write(target: Path | None, found: Iterator[Found]) -> None:
    rows = (_row(connection, finding, addresses=True) for connection, finding in found)
    if target is None:
        write_csv(sys.stdout, HEADER, rows)
        return
    # Addresses are in it: for the admin's eyes only.
    with open(
        target, "w", encoding="utf-8", newline="", opener=lambda name, flags: os.open(name, flags, 0o600)
    ) as file:
        target.chmod(0o600)  # one that was there before, too
        count = write_csv(file, HEADER, rows)
    say(f"{count:,} findings in {target}")
