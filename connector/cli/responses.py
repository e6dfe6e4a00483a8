"""`connector responses import|list`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli import common, imports, steps
from connector.cli.output import facts, moment, say, table
from connector.domain import Mode, Response
from connector.jobs import once
from connector.jobs.collect import ANSWERS
from connector.jobs.once import Step
from connector.jobs.runtime import Runtime
from connector.log import mask
from connector.store import follow_ups, outbox
from connector.store import responses as answers

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def responses() -> None:
    """Take answers in from a file, or list those that are here."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or JSON lines.")],
    run_rules: Annotated[
        bool, typer.Option("--run-rules", help="Run the rules on old answers too (answers.rules_within).")
    ] = False,
    connection: Annotated[
        str | None, typer.Option(help="Whose contacts they are, where a row does not say.", show_default=False)
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(help="The campaign of rows that name none.", show_default=False)
    ] = None,
) -> None:
    """Take every answer of a file that is not here yet, run the rules on it, and say what follows and when.

    Columns: score, responded_at, email or contact_id; and external_id, comment, campaign, wave, channel, connection.
    A row that cannot be taken is named with its line; the others are taken. The same file twice changes nothing.

    Example: connector responses import answers.csv
    """
    with common.opened() as runtime:
        params = {
            "file": imports.existing(file),
            "run_rules": run_rules,
            "connection": connection,
            "campaign": campaign,
        }
        step, counts = imports.run(runtime, "collect", ANSWERS, params)
        entries = _made(runtime, step)
        if step.attempt is None or step.outcome not in ("done", "partial"):
            steps.say_step(step)
        if step.outcome in ("done", "partial"):
            say(
                f"{file}: {counts.get('responses', 0):,} taken, {counts.get('already_there', 0):,} already there, "
                f"{counts.get('rejected', 0):,} rejected, {counts.get('unmatched', 0):,} of nobody known"
            )
        if counts.get("linked"):
            say(f"{counts['linked']:,} of nobody until now, linked to a contact and put to the rules")
        if counts.get("older"):
            say(f"{counts['older']:,} not taken: a later revision of the answer is here")
        imports.say_not_taken(file, counts)
        imports.say_skipped(file, counts)
        if counts.get("rules_did_not_run"):
            within = runtime.config.answers.rules_within.text
            say(f"{counts['rules_did_not_run']:,} older than {within}: no rule ran on them; --run-rules runs them")
        _say_made(runtime, entries)
        facts(
            {
                "mode": runtime.mode,
                "file": str(file),
                **steps.as_json(step),
                "write_backs": [_as_json(e) for e in entries],
            }
        )
    common.leave(once.exit_code([step]))


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="The newest this many.")] = 50,
    addresses: Annotated[bool, typer.Option("--addresses", help="Show e-mail addresses.")] = False,
) -> None:
    """List the answers that are here, newest first, without their words (--json has them).

    Example: connector responses list --limit 20
    """
    with common.opened(effects=False) as runtime:
        with runtime.store.read() as tx:
            found = answers.listed(tx)[::-1]
            erased = answers.erased(tx)
            standing = follow_ups.standing(tx, rehearsal=runtime.mode is Mode.REHEARSAL)
        shown = found[:limit]
        header = ("responded", "score", "band", "contact", "company", "address", "campaign", "comment", "follow-up")
        rows = [
            (moment(r.responded_at), r.score, r.band, r.contact_id or ("erased" if r.key in erased else "nobody known"),
             r.company_id or "", "erased" if r.key in erased else _address(r, addresses), r.campaign,
             f"{len(r.comment):,} characters" if r.comment else "",
             standing.get(r.key, "").replace("_", " "))
            for r in shown
        ]  # fmt: skip
        if rows:
            table(header, rows, right=("score",))
        if len(found) > len(shown) or not rows:
            say(f"{len(shown):,} of {len(found):,} answers")
        facts(
            {
                "mode": runtime.mode,
                "total": len(found),
                "responses": [
                    _response(r, addresses) | {"erased": r.key in erased, "follow_up": standing.get(r.key)}
                    for r in shown
                ],
            }
        )


def _address(response: Response, addresses: bool) -> str:
    return response.email if addresses else mask(response.email)


def _made(runtime: Runtime, step: Step) -> list[outbox.Entry]:
    """What this Job put into the outbox, or changed there."""
    if step.attempt is None:
        return []
    with runtime.store.read() as tx:
        return outbox.listed(tx, states=("waiting",), changed_at=step.attempt.clock)


def _say_made(runtime: Runtime, entries: list[outbox.Entry]) -> None:
    if not entries:
        say("no write-back follows")
        return
    own = [entry for entry in entries if entry.rehearsal == (runtime.mode is Mode.REHEARSAL)]
    header = ("write-back", "does", "connection", "by rule", "not before")
    made = [entry.write_back for entry in own]
    table(header, [(wb.key, wb.kind, wb.connection, wb.rule_id, moment(wb.not_before)) for wb in made])
    how = "none goes in mode preview" if runtime.mode is Mode.PREVIEW else "connector run --once sends what is due"
    say(f"{len(own):,} wait; {how}")


def _as_json(entry: outbox.Entry) -> dict[str, Any]:
    wb = entry.write_back
    return {
        "key": wb.key,
        "kind": wb.kind,
        "connection": wb.connection,
        "rule": wb.rule_id,
        "response": wb.response_key,
        "not_before": wb.not_before.isoformat(),
        "rehearsal": entry.rehearsal,
    }


def _response(response: Any, addresses: bool) -> dict[str, Any]:
    fields = (
        "key",
        "connection",
        "contact_id",
        "company_id",
        "score",
        "band",
        "comment",
        "campaign",
        "wave",
        "channel",
        "revision",
    )
    found = {name: getattr(response, name) for name in fields}
    found["email"] = _address(response, addresses)
    return {**found, "responded_at": response.responded_at.isoformat(), "received_at": response.received_at.isoformat()}
