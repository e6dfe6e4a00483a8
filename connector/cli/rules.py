"""`connector rules test|list`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.output import facts, moment, say, table
from connector.cli.picture import change_lines
from connector.domain import CreateTask, OpenTicket
from connector.jobs.trying import Owner, Trial, trial

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def rules() -> None:
    """Try the rules on an answer that nobody gave; nothing is sent or written."""


@app.command("test")
def try_answer(
    score: Annotated[int, typer.Option(min=0, max=10, help="The score that is given, 0 to 10.")],
    contact: Annotated[str, typer.Option(metavar="EMAIL|ID", help="Who gives it: an address or a contact's id.")],
    comment: Annotated[str, typer.Option(help="The words that are given.")] = "",
    campaign: Annotated[str, typer.Option(help="The campaign it belongs to.")] = "",
    connection: Annotated[
        str | None, typer.Option(help="The CRM connection, where there are several.", show_default=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the CRM who would own the ticket.")] = False,
) -> None:
    """Show what each rule says to an answer, and each action filled in; does nothing.

    Example: connector rules test --score 3 --contact ann@example.com --comment "too slow"
    Example: connector rules test --score 9 --contact 1001
    """
    with common.opened(effects=False) as runtime:
        say("TEST: nothing is sent, written or stored")
        by = "email" if "@" in contact else "contact_id"
        values = {
            "score": str(score),
            "comment": comment,
            "campaign": campaign,
            "connection": connection or "",
            "responded_at": runtime.now().isoformat(),
            "email": "",
            "contact_id": "",
        } | {by: contact.strip()}
        tried = trial(runtime, values, offline=offline)
        titles = {rule.id: rule.title for rule in runtime.config.rules}
        _say(tried, titles)
        facts(_facts(tried, titles) | {"mode": runtime.mode})


def _say(tried: Trial, titles: dict[str, str]) -> None:
    response = tried.response
    say(f"{response.score} of 10 ({response.band}) from contact {response.contact_id} on {response.connection}")
    if not tried.matches:
        say("there is no rule; write one under rules")
    for match in tried.matches:
        say(f"rule {match.rule_id}: {titles.get(match.rule_id, '')}")
        say(*(f"  {line}" for line in match.verdict.lines()))
        for write_back in tried.write_backs:
            if write_back.rule_id != match.rule_id:
                continue
            after = f", after {write_back.depends_on}" if write_back.depends_on else ""
            when = moment(write_back.not_before)
            say("", f"  {write_back.action_id} on {write_back.connection}, not before {when}{after}")
            owner = tried.owners.get(write_back.key)
            say(*(f"  {line}" for line in change_lines(write_back.change, write_back.key, owner=_owner(owner))))
        for skipped in tried.skipped:
            if skipped.rule_id == match.rule_id:
                say(f"  {skipped.action_id} left out: {skipped.why}")


def _owner(owner: Owner | None) -> str:
    if owner is None:
        return ""
    return f"{owner.member} ({owner.step.replace('_', ' ')})" if owner.member else f"owner {owner.why}"


def _facts(tried: Trial, titles: dict[str, str]) -> dict[str, Any]:
    write_backs = []
    for write_back in tried.write_backs:
        found: dict[str, Any] = {
            "key": write_back.key,
            "kind": write_back.kind,
            "rule": write_back.rule_id,
            "action": write_back.action_id,
            "connection": write_back.connection,
            "not_before": write_back.not_before,
            "depends_on": write_back.depends_on,
            "change": write_back.change,
        }
        if isinstance(write_back.change, OpenTicket | CreateTask):
            found["due_at"] = write_back.change.due_at
            found["owner"] = tried.owners[write_back.key]
        write_backs.append(found)
    return {
        "response": tried.response,
        "band": tried.response.band,
        "rules": [
            {"id": m.rule_id, "name": titles.get(m.rule_id, ""), "holds": m.verdict.holds, "why": m.verdict.lines()}
            for m in tried.matches
        ],
        "write_backs": write_backs,
        "skipped": tried.skipped,
    }


@app.command("list")
def list_rules() -> None:
    """List the rules of the configuration: when they apply, and what they do.

    Example: connector rules list
    """
    config = common.configuration()
    found = [
        {
            "id": rule.id,
            "name": rule.title,
            "when": rule.when.model_dump(by_alias=True, exclude_unset=True, mode="json"),
            "then": [action.id for action in rule.then],
        }
        for rule in config.rules
    ]
    facts({"rules": found})
    rows = [(rule["id"], rule["name"], _when(rule["when"]), ", ".join(rule["then"])) for rule in found]
    table(("rule", "name", "when", "then"), rows)
    if not found:
        say("there is no rule; write one under rules")


def _when(condition: Any) -> str:
    """The condition on one line, as it is written."""
    if isinstance(condition, dict):
        return ", ".join(f"{key}: {_when(value)}" for key, value in condition.items()) or "every answer"
    if isinstance(condition, list):
        return " or ".join(_when(value) for value in condition)
    return str(condition)
