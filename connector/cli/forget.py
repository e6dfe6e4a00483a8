"""`connector forget`"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer

from connector.cli import common
from connector.cli.output import Live, facts, moment, say
from connector.jobs import forget as forgetting
from connector.jobs.forget import Found
from connector.jobs.runtime import Runtime


def forget(
    email: Annotated[
        str | None, typer.Argument(metavar="EMAIL", help="An address of the person.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before doing it.")] = False,
    lift: Annotated[
        bool,
        typer.Option("--lift", help="Take a forgotten person in again from the next pull on."),
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the certificates of former erasures.")] = False,
) -> None:
    """Erase a person: contacts, answers, what was written about them, records, copies of the database; for good.

    Of the address a keyed digest stays, so that the next pull does not bring the person back and nobody asks them.
    What the CRM holds stays there: tickets, notes and fields are named, for you to settle. Stop the service first.

    Example: connector forget ann@example.com
    """
    with common.opened(effects=False) as runtime:
        if listed or email is None:
            if email is not None or not listed:
                common.wrong("write an address; or --list alone")
            _say_listed(runtime)
            return
        if lift:
            lifted = forgetting.lift(runtime, email)
            say("taken in again from the next pull on" if lifted else "nobody was forgotten under this address")
            facts({"lifted": lifted})
            common.leave(0 if lifted else 1)
            return
        found = forgetting.find(runtime, email)
        _say_found(found)
        if not yes and (common.given.json or not typer.confirm("Erase for good?", err=True)):
            say("nothing was done")
            facts({"done": False, "why_not": "not confirmed; add --yes"})
            return
        live = Live()
        try:
            made = forgetting.forget(runtime, found, live.show)
        finally:
            live.end()
        _say_certificate(msgspec.to_builtins(made))
        facts({"done": True, "certificate": made})
        common.leave(0 if made.complete else 5)


def _say_found(found: Found) -> None:
    stored = found.stored
    if not stored.found:
        say("no contact and no answer is stored under this address; records and copies are searched all the same")
    else:
        counts = ((stored.contacts, "contact"), (stored.responses, "answer"), (stored.write_backs, "write-back"))
        say(f"stored: {', '.join(_number(len(what), word) for what, word in counts)}")
    if found.others:
        say(f"the address is shared by {len(found.others) + 1} people; all of them are erased")
    for each in found.in_crm:
        what = f"{each.record_type.replace('_', ' ')} {each.record_id}{_fields(each.fields)}"
        say(f"stays in {each.connection}: {what}  {each.link}".rstrip())
    if found.in_crm or stored.contacts:
        say("what the CRM holds is the CRM's: erase the person there, too")


def _say_certificate(made: dict[str, Any]) -> None:
    say(f"certificate {made['number']}, {moment(datetime.fromisoformat(made['at']))}")
    say(f"  subject    {made['subject']} (keyed digest of the address)")
    say(f"  rows       {', '.join(f'{name} {count}' for name, count in made['rows'].items()) or 'none'}")
    removed = made["records_removed"]
    say(f"  records    {made['records_rewritten']} rewritten, {len(removed)} removed" + (":" if removed else ""))
    for name in removed:
        why = made.get("why_removed", {}).get(name)  # certificates of before have none
        say(f"             {name}{f': {why}' if why else ''}")
    for name, what in made["backups"].items():
        say(f"  backup     {name}: {what}")
    for each in made["remains_in_crm"]:
        say(f"  remains    {each['what']} {each['id']} in {each['connection']}{_fields(each.get('fields', ()))}")
    for line in made["still_to_do"]:
        say(f"  to do      {line}")
    if made["found_in"]:
        say(f"  STILL IN   {', '.join(made['found_in'])}")
    else:
        files = _number(made["searched"], "file")
        say(f"  searched   {files} of the data folder: address, name and number are in none")


def _fields(captions: Sequence[str]) -> str:
    """` (fields NPS Score, NPS Comment)`; nothing where none are known."""
    return f" ({'field' if len(captions) == 1 else 'fields'} {', '.join(captions)})" if captions else ""


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _say_listed(runtime: Runtime) -> None:
    found = forgetting.certificates(runtime)
    facts({"certificates": found})
    if not found:
        say("nobody was erased here")
    for doc in found:
        _say_certificate(doc)
