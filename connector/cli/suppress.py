"""`connector suppress`"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.output import facts, moment, say, table
from connector.domain import Company
from connector.jobs.runtime import Runtime
from connector.store import Tx, contacts, people
from connector.store.people import Suppression
from connector.sync.address import judge
from connector.timespan import parse_span

SOURCE = "connector suppress"
Target = tuple[str, str, str]
"""(kind and value of the suppression, in words)"""


def suppress(
    who: Annotated[
        str | None,
        typer.Argument(
            metavar="EMAIL|COMPANY", help="An address; or a company by id, identifier or name.", show_default=False
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE|SPAN", help="2026-12-31, or 90 days; without: for ever.", show_default=False),
    ] = None,
    reason: Annotated[str, typer.Option(help="Kept, and shown by preview and explain.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Take it back.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List what holds now.")] = False,
    connection: Annotated[
        str | None, typer.Option(help="Where the company is, if several connections have it.", show_default=False)
    ] = None,
) -> None:
    """Ask this address (and the person behind it), or everybody of a company, no more; kept here, not in the CRM.

    Example: connector suppress ann@example.com --until "90 days" --reason "asked us by phone"
    Example: connector suppress NorthwindExample --connection psa
    Example: connector suppress --list
    """
    with common.opened(effects=False) as runtime:
        if listed or who is None:
            if who is not None or not listed:
                common.wrong("write an address or a company; or --list alone")
            _say_listed(runtime)
            return
        with runtime.store.read() as tx:
            targets = _targets(tx, who.strip(), connection or "", list(runtime.config.connections))
        if lift:
            _lift(runtime, who, targets)
        else:
            _suppress(runtime, targets, until, reason)


def _targets(tx: Tx, who: str, connection: str, connections: list[str]) -> list[Target]:
    if "@" in who:
        address = judge(who)
        if not address.key:
            common.wrong(f'"{who[:100]}" is no address: {address.problem or "nothing is there"}')
        found = contacts.contacts_with_address(tx, address.key)
        persons = sorted({row.person_id for row in found})
        names = {row.person_id: row.contact().name for row in found}
        return [
            ("address", address.key, address.key),
            *(("person", person, f"{names[person] or 'the person'} behind it, at every address") for person in persons),
        ]
    if connection:
        common.known("connection", connection, connections)
    companies = contacts.companies_called(tx, who, connection)
    if not companies:
        common.wrong(f'no stored company has the id, identifier or name "{who[:100]}"; pull first, or write it exactly')
    if len(companies) > 1:
        common.wrong(f'"{who[:100]}" may be any of these; write the id and --connection: {_several(companies)}')
    company = companies[0]
    return [("company", f"{company.connection}/{company.id}", f"everybody of {company.name} ({_named(company)})")]


def _suppress(runtime: Runtime, targets: list[Target], until: str | None, reason: str) -> None:
    now = runtime.now()
    end = _until(until, now) if until else None
    with runtime.store.write() as tx:
        for kind, value, _ in targets:
            people.suppress(
                tx, Suppression(kind=kind, value=value, until=end, reason=reason, source=SOURCE, created_at=now)
            )
    for _, _, words in targets:
        say(f"{words}: asked no more {f'until {moment(end)}' if end else 'for ever'}")
    if len(targets) == 1 and targets[0][0] == "address":
        say("no stored contact has this address; it holds from the moment one has")
    say("connector suppress --lift takes it back")
    facts(
        {
            "mode": runtime.mode,
            "suppressed": _as_json(targets),
            "until": end.isoformat() if end else None,
            "reason": reason,
        }
    )


def _lift(runtime: Runtime, who: str, targets: list[Target]) -> None:
    with runtime.store.write() as tx:
        targets = [*targets, *_waiting(tx, targets)]
        lifted = [target for target in targets if people.lift(tx, target[0], target[1])]
    for _, _, words in lifted:
        say(f"{words}: may be asked again, if nothing else holds")
    if not lifted:
        say(f"{who}: nothing was suppressed here")
    facts({"mode": runtime.mode, "lifted": _as_json(lifted)})


def _waiting(tx: Tx, targets: list[Target]) -> list[Target]:
    """The contacts of the address: an imported opt-out may have been kept under one's id before it was pulled."""
    found = [
        row for kind, value, _ in targets if kind == "address" for row in contacts.contacts_with_address(tx, value)
    ]
    return [
        (people.CONTACT, f"{row.connection}/{row.id}", f"contact {row.id} on {row.connection}, by history")
        for row in found
    ]


def _say_listed(runtime: Runtime) -> None:
    with runtime.store.read() as tx:
        held = people.suppressions(tx, now=runtime.now())
        rows = [(s.kind, _shown(tx, s), moment(s.until) or "for ever", s.reason, s.source) for s in held]
    if rows:
        table(("kind", "who", "until", "reason", "from"), rows)
    else:
        say("nobody is suppressed here")
    facts({"mode": runtime.mode, "suppressions": [
        {"kind": s.kind, "value": s.value, "until": s.until.isoformat() if s.until else None, "reason": s.reason,
         "source": s.source, "created_at": s.created_at.isoformat()} for s in held
    ]})  # fmt: skip


def _shown(tx: Tx, suppression: Suppression) -> str:
    if suppression.kind != "company":
        return suppression.value
    connection, _, company_id = suppression.value.partition("/")
    company = contacts.company(tx, connection, company_id)
    return f"{company.name} ({_named(company)})" if company else suppression.value


def _until(text: str, now: datetime) -> datetime:
    """A span from now, or the end of a day in the calendar's zone; in the future."""
    try:
        end = datetime.combine(date.fromisoformat(text), time(23, 59, 59), tzinfo=common.given.zone)
    except ValueError:
        try:
            end = parse_span(text).after(now)
        except (ValueError, OverflowError):
            common.wrong(f'--until: "{text[:40]}" is neither a date (2026-12-31) nor a span (90 days, 6 months)')
    if end <= now:
        common.wrong(f"--until: {text} is past")
    return end.astimezone(UTC)


def _named(company: Company) -> str:
    return f"{company.identifier + ', ' if company.identifier else ''}id {company.id} on {company.connection}"


def _several(companies: list[Company]) -> str:
    return "; ".join(f"{company.name} ({_named(company)})" for company in companies[:10])


def _as_json(targets: list[Target]) -> list[dict[str, Any]]:
    return [{"kind": kind, "value": value} for kind, value, _ in targets]
