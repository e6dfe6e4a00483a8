"""The words of a reminder and of an escalation: for our own people, without the customer's words or score."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from connector.domain import FollowUpState, Notify, TicketStatus
from connector.rules.actions import LOG
from connector.rules.business_time import CalendarSettings
from connector.rules.follow_up import Due, Step
from connector.rules.follow_up_settings import FollowUps
from connector.rules.wording import one_line


def message(
    due: Due,
    status: TicketStatus,
    settings: FollowUps,
    calendar: CalendarSettings,
    *,
    summary: str,
    link: str,
    who: str = "",
) -> Notify:
    """What is told, and whom: the owner is reminded, where he can be written to; all else goes to escalate_to.

    `who` needs the call, where it is not the one the ticket was opened for.
    """
    to = settings.escalate_to
    if due.step is Step.REMIND and status.owner_mail:
        to = (status.owner_mail,)
    row, zone = due.first, ZoneInfo(calendar.zone)
    ticket = row.merged_into or row.ticket_id
    lines = [_why(due, status, zone), "", f"Ticket {ticket}: {one_line(summary, 200)}"]
    lines += [f"The answer that needs the call is that of {one_line(who, 200)}, who joined this ticket."] if who else []
    lines += [f"Owner: {status.owner or 'nobody'}{'' if status.owner_mail or not status.owner else _UNREACHED}"]
    lines += [f"Status: {status.status}"] if status.status else []
    lines += [f"Opened: {_day(row.opened_at, zone)}", f"Due: {_day(row.due_at, zone)}"]
    lines += [f"It has taken up {len(due.rows) - 1} more follow-up tickets."] if len(due.rows) > 1 else []
    lines += [link] if link else []
    return Notify(subject=f"NPS follow-up {_short(due)}: ticket {ticket}", text="\n".join(lines), to=to)


_UNREACHED = " (inactive, or without an address)"


def addresses(settings: FollowUps, notify: Notify) -> Notify:
    """Without the addresses where the log is what hears of it."""
    return Notify(subject=notify.subject, text=notify.text) if settings.via == LOG else notify


def _short(due: Due) -> str:
    if due.step is Step.REMIND:
        return "waits"
    return "overdue" if due.first.state is FollowUpState.OPEN else "closed without contact"


def _why(due: Due, status: TicketStatus, zone: ZoneInfo) -> str:
    row = due.first
    if due.step is Step.REMIND:
        return (
            f"Half of the time is over: please call by {_day(row.due_at, zone)}, and close the ticket when it is done."
        )
    if row.state is FollowUpState.OPEN:
        return f"This follow-up was due {_day(row.due_at, zone)}, and its ticket is still open."
    by = f" ({status.by})" if status.by else ""
    return f"The ticket was closed by automation{by}: nobody has made contact, as far as the CRM tells."


def _day(moment: datetime | None, zone: ZoneInfo) -> str:
    if moment is None:
        return "no date"
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"
