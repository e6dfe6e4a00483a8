"""`connector preview`"""

from __future__ import annotations

import os
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say, table, write_csv
from connector.config import Config
from connector.domain import REASON_TEXT, Mode
from connector.jobs import look, once, reasons
from connector.jobs import owners as asking
from connector.jobs.once import Step
from connector.jobs.runner import mode_line
from connector.jobs.runtime import Runtime
from connector.log import mask
from connector.store import contacts, outbox, plans


def preview(
    audiences: Annotated[
        list[str] | None, typer.Argument(metavar="AUDIENCE …", help="Without: every audience.", show_default=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not pull first; decide on what is stored.")] = False,
    addresses: Annotated[bool, typer.Option("--addresses", help="Show e-mail addresses.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many of the invited people to list.")] = 0,
    owners: Annotated[
        bool,
        typer.Option("--owners", help="Also ask for how many companies each step of an owner chain would serve."),
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write everybody into this file, each with all reasons; addresses are in it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Pull what changed, decide for every contact, and print who would be asked, and why the others not.

    Nothing is sent or written to the CRM, in whatever mode.

    Example: connector preview
    Example: connector preview decision-makers --limit 20
    Example: connector preview --offline --csv everybody.csv

    Exit 3: a connection is held; --offline decides on what is stored
    Exit 5: an audience is held, for a name in it is gone from the CRM
    """
    with common.opened(effects=False) as runtime:
        config = runtime.config
        if not config.audiences:
            common.wrong(f"{config.path}: audiences: there is none; write one first")
        names = [common.known("audience", name, list(config.audiences)) for name in audiences or config.audiences]
        sources = [] if offline else list(dict.fromkeys(config.audiences[name].from_ for name in names))
        done = [steps.perform(runtime, "pull", connection) for connection in sources]
        stopped = [step for step in done if step.attempt is None or step.outcome not in ("done", "partial")]
        head, found = mode_line(Mode.PREVIEW), []
        for step in stopped:
            say(head, steps.line(step), *(f"    {why}" for why in steps.whys(step)))
            say(f"    to decide on what is stored: connector preview {' '.join(names)} --offline")
        if not stopped:
            for name in names:
                done.append(steps.perform(runtime, "plan", config.audiences[name].from_, {"audience": name}))
                found.append(_audience(runtime, name, done[-1], head, addresses=addresses, limit=limit))
                head = ""
                if owners and "why" not in found[-1]:
                    found[-1]["owners"] = _owners(runtime, name)
            _say_rules(config)
            _say_outbox(runtime)
        written = 0
        if csv is not None and not stopped:
            written = _write(csv, runtime, [name for name, each in zip(names, found, strict=True) if "why" not in each])
        facts({
            "mode": config.mode,
            "audiences": found,
            "steps": [steps.as_json(step) for step in done],
            **({"csv": str(csv), "rows": written} if csv is not None else {}),
        })  # fmt: skip
    common.leave(once.exit_code(done))


def _owners(runtime: Runtime, audience: str) -> list[dict[str, Any]]:
    """Say who would get the tickets of the companies in the plan; what --json gives of it."""
    with runtime.store.read() as tx:
        people = asking.invited(tx, runtime.config, audience)
    home = runtime.config.audiences[audience].from_
    served = asking.coverage(runtime.config, home, people)
    for one in served:
        what = "owners" if one.connection == home else f"owners at {one.connection}"
        say(f"{what:<56}{one.line()}   {', '.join(one.rules)}")
        if one.unknown:
            say(f"  left out: {one.unknown:,} invited are not known at {one.connection}; nothing is written there")
        say(*(f"  skipped: {why}: {count:,}" for why, count in sorted(one.skipped.items())))
    return [one.as_json() for one in served]


def _write(target: Path, runtime: Runtime, names: list[str]) -> int:
    """Everybody of these audiences; how many rows. Addresses are in it: for the admin's eyes only."""
    rows = chain.from_iterable(reasons.everybody(runtime, name) for name in names)
    with open(
        target, "w", encoding="utf-8", newline="", opener=lambda name, flags: os.open(name, flags, 0o600)
    ) as file:
        target.chmod(0o600)  # one that was there before, too
        header = [column.replace("_", " ") for column in reasons.Line._fields]
        count = write_csv(file, header, rows)
    say("", f"{count:,} contacts in {target}, each with all reasons")
    return count


def _audience(runtime: Runtime, name: str, step: Step, head: str, *, addresses: bool, limit: int) -> dict[str, Any]:
    """Print the funnel of the Plan just made; what --json gives of it."""
    if step.outcome != "done":
        if head:
            say(head)
        say(f"{name}: not planned ({step.outcome})", *(f"    {why}" for why in steps.whys(step)))
        return {"audience": name, "outcome": step.outcome, "why": steps.whys(step)}
    newest = look.newest_funnel(runtime, name)
    assert newest is not None, "the plan that was just made is stored"
    funnel, notes = newest
    if not head:
        say("")
    say(*funnel.lines(head=head, addresses=addresses))
    for reason, count in sorted(notes.items()):
        say(f"of the invited, reported only: {count:,} ({REASON_TEXT[reason]})")
    invited = _invited(runtime, name, limit, addresses=addresses) if limit else []
    if invited:
        say("")
        table(("contact", "name", "company", "address"), [tuple(person.values()) for person in invited])
    counts = step.attempt.counts if step.attempt else {}
    return {**counts, **funnel.to_json(addresses=addresses), "people": invited}


def _invited(runtime: Runtime, audience: str, limit: int, *, addresses: bool) -> list[dict[str, str]]:
    with runtime.store.read() as tx:
        plan = plans.newest(tx, audience)
        assert plan is not None, "it was just made"
        decided = (d for d in plans.each_decision(tx, plan.id) if d.invited)
        people = []
        for decision in list(islice(decided, limit)):
            stored = contacts.contact(tx, plan.connection, decision.contact_id)
            contact = stored.contact() if stored else None
            company = contacts.company(tx, plan.connection, decision.company_id) if decision.company_id else None
            email = contact.email if contact else ""
            people.append({
                "contact": decision.contact_id,
                "name": contact.name if contact else "",
                "company": company.name if company else "",
                "address": email if addresses else mask(email),
            })  # fmt: skip
    return people


def _say_rules(config: Config) -> None:
    if config.rules:
        say("", "rules (connector rules test --score 3 --contact ann@example.com tries them)")
        for rule in config.rules:
            say(f"  {rule.title}: {', '.join(action.kind for action in rule.then)}")


def _say_outbox(runtime: Runtime) -> None:
    with runtime.store.read() as tx:
        waiting = outbox.counts(tx).get("waiting", 0)
    if waiting:
        stays = "; in mode preview none is sent" if runtime.mode is Mode.PREVIEW else ""
        say(f"outbox: {waiting:,} wait{stays} (connector outbox list)")
