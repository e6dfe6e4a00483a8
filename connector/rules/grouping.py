"""One ticket for a company: what a second answer opens within five business days joins the ticket that is open. Pure.

Of the same rule and action only, and only where the action says `group: company`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from connector.domain import JoinTicket, OpenTicket, WriteBack
from connector.rules.business_time import CalendarSettings, due
from connector.rules.settings import Rule
from connector.store.tickets import Asked
from connector.timespan import parse_span

WINDOW = parse_span("5 business days")
JOINED = "Another answer from the same company; it is added here instead of a ticket of its own.\n"


def grouped(
    write_backs: Sequence[WriteBack],
    rules: Sequence[Rule],
    *,
    own: Sequence[Asked],
    others: Sequence[Asked],
    now: datetime,
    calendar: CalendarSettings,
    as_before: bool = False,
) -> tuple[WriteBack, ...]:
    """The write-backs, tickets that join another one as JoinTicket, and the notes meant for them on that one.

    `own`: what was asked for this answer before, which stays what it is. `others`: the company's open tickets, the
    newest first.
    """
    grouping = {
        (rule.id, action.id)
        for rule in rules
        for action in rule.then
        if action.open_ticket is not None and action.open_ticket.group == "company"
    }
    joins = {
        wb.key: to
        for wb in write_backs
        if isinstance(wb.change, OpenTicket) and (to := _joined(wb, grouping, own, others, now, calendar, as_before))
    }
    return tuple(_joining(wb, joins) for wb in write_backs)


def _joined(
    wb: WriteBack,
    grouping: Collection[tuple[str, str]],
    own: Sequence[Asked],
    others: Sequence[Asked],
    now: datetime,
    calendar: CalendarSettings,
    as_before: bool,
) -> str:
    """The key of the ticket it joins; empty where it is a ticket of its own."""
    for asked in own:
        if asked.key == wb.key:
            return asked.ticket_key if asked.joined else ""
    if (wb.rule_id, wb.action_id) not in grouping:
        return ""
    for asked in others:
        same = (asked.rule_id, asked.action_id) == (wb.rule_id, wb.action_id)
        if same and now <= due(WINDOW, asked.not_before, calendar, as_before=as_before):
            return asked.key
    return ""


def _joining(wb: WriteBack, joins: dict[str, str]) -> WriteBack:
    if wb.key in joins and isinstance(wb.change, OpenTicket):
        text = f"{JOINED}{wb.change.internal}"
        return replace(wb, change=JoinTicket(ticket=wb.change, text=text), depends_on=joins[wb.key])
    if wb.depends_on in joins:
        return replace(wb, depends_on=joins[wb.depends_on])
    return wb
