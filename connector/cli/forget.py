"""`connector forget`"""

from __future__ import annotations

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
        say(
            f"stored: {len(stored.contacts)} contacts, {len(stored.responses)} answers, "
            f"{len(stored.write_backs)} write-backs"
        )
    if found.others:
        say(f"the address is shared by {len(found.others) + 1} people; all of them are erased")
    for connection, receipt in found.in_crm:
        say(f"stays in {connection}: {receipt.record_type.replace('_', ' ')} {receipt.record_id}  {receipt.link}")
    if found.in_crm or stored.contacts:
        say("what the CRM holds is the CRM's: erase the person there, too")


def _say_certificate(made: dict[str, Any]) -> None:
    say(f"certificate {made['number']}, {moment(datetime.fromisoformat(made['at']))}")
    say(f"  subject    {made['subject']} (keyed digest of the address)")
    say(f"  rows       {', '.join(f'{name} {count}' for name, count in made['rows'].items()) or 'none'}")
    removed = made["records_removed"]
    say(f"  records    {made['records_rewritten']} rewritten, {len(removed)} removed" + (":" if removed else ""))
    for name in removed:
        say(f"             {name}")
    for name, what in made["backups"].items():
        say(f"  backup     {name}: {what}")
    for each in made["remains_in_crm"]:
        say(f"  remains    {each['what']} {each['id']} in {each['connection']}")
    for line in made["still_to_do"]:
        say(f"  to do      {line}")
    if made["found_in"]:
        say(f"  STILL IN   {', '.join(made['found_in'])}")
    else:
        say(f"  searched   {made['searched']} files of the data folder: address, name and number are in none")


def _say_listed(runtime: Runtime) -> None:
    found = forgetting.certificates(runtime)
    facts({"certificates": found})
    if not found:
        say("nobody was erased here")
    for doc in found:
        _say_certificate(doc)
