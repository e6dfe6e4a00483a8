"""`connector follow-ups`"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.output import facts, moment, say, table
from connector.domain import FollowUpState, Mode, WriteBackState
from connector.jobs.runtime import Runtime
from connector.rules import follow_up as rules
from connector.rules.actions import LOG
from connector.rules.business_time import CalendarSettings
from connector.store import Tx, outbox
from connector.store import follow_ups as stored
from connector.store.follow_ups import Answered

OVERDUE = "overdue"


def follow_ups(
    state: Annotated[
        str | None,
        typer.Option(help=f"Only these: {OVERDUE}, {', '.join(FollowUpState)}.", show_default=False),
    ] = None,
    ticket: Annotated[str | None, typer.Option(help="Only of this ticket.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest this many.")] = 50,
) -> None:
    """List what became of the answers that a ticket was opened for, as last watched; open and overdue ones first.

    Example: connector follow-ups --state overdue
    """
    if state:
        state = common.known("state", state.replace("-", "_"), [OVERDUE, *FollowUpState])
    with common.opened(effects=False) as runtime:
        now = runtime.now()
        with runtime.store.read() as tx:
            found = stored.listed(tx)
            counts = stored.counts(tx, rehearsal=runtime.mode is Mode.REHEARSAL)
            unwatched = 0 if found else len(_opened(tx, rehearsal=runtime.mode is Mode.REHEARSAL))
        found = [each for each in found if each.rehearsal == (runtime.mode is Mode.REHEARSAL)]
        late = sum(rules.overdue(each.follow_up, now) for each in found)
        if state == OVERDUE:
            found = [each for each in found if rules.overdue(each.follow_up, now)]
        elif state:
            found = [each for each in found if each.follow_up.state == state]
        if ticket:
            found = [each for each in found if ticket in (each.follow_up.ticket_id, each.follow_up.merged_into)]
        found.sort(key=lambda each: each.follow_up.opened_at, reverse=True)
        found.sort(key=lambda each: each.follow_up.state is not FollowUpState.OPEN)
        found.sort(key=lambda each: not rules.overdue(each.follow_up, now))
        shown = found[:limit]
        _say(runtime, shown, total=len(found))
        if unwatched:
            tickets = "1 ticket was" if unwatched == 1 else f"{unwatched:,} tickets were"
            say(f"{tickets} opened and not looked at yet: connector watch does, and the service by itself")
        facts(
            {
                "mode": runtime.mode,
                "counts": {**counts, OVERDUE: late},
                "total": len(found),
                "follow_ups": [_as_json(runtime, each) for each in shown],
            }
        )


def _opened(tx: Tx, *, rehearsal: bool) -> set[str]:
    """The tickets that were opened in this mode, by number."""
    return {
        entry.receipt.record_id
        for entry in outbox.listed(tx, states=(WriteBackState.APPLIED,))
        if entry.receipt is not None and entry.write_back.kind == "open_ticket" and entry.rehearsal == rehearsal
    }


def _say(runtime: Runtime, shown: list[Answered], *, total: int) -> None:
    now = runtime.now()
    rows = []
    for each in shown:
        row, (touch, close) = each.follow_up, took(runtime, each)
        word = OVERDUE if rules.overdue(row, now) else row.state.value.replace("_", " ")
        where = f"{row.ticket_id} → {row.merged_into}" if row.merged_into else row.ticket_id
        rows.append(
            (
                where,
                word,
                row.status if row.state is not FollowUpState.UNDONE else "",  # it was read before it was closed
                row.owner,
                f"{each.joined_by} {each.score}".strip(),
                moment(row.due_at),
                touch,
                close,
                row.closed_by,
                _told(each),
            )
        )
    if rows:
        header = ("ticket", "is", "status", "owner", "score", "due", "touched after", "closed after", "by", "told")
        table(header, rows, right=("score",))
    if total > len(shown) or not rows:
        say(f"{len(shown):,} of {total:,} follow-ups")
    if rows and runtime.config.follow_up.via == LOG:
        say("reminders and escalations are logged only; follow_up: escalate_to and via say who gets them by mail")


def took(runtime: Runtime, each: Answered) -> tuple[str, str]:
    """The business time until the first touch and until it was closed; empty where there was none."""
    calendar = calendar_of(runtime, each)
    found = [
        rules.took(each.follow_up, at, calendar) for at in (each.follow_up.first_touch_at, each.follow_up.closed_at)
    ]
    words = [length(spans[0]) if spans else "" for spans in found]
    return words[0], words[1]


def calendar_of(runtime: Runtime, each: Answered) -> CalendarSettings:
    known = runtime.config.connections.get(each.follow_up.connection)
    return known.calendar if known else CalendarSettings()


def length(span: timedelta) -> str:
    """`3 h 20 min`, of working time."""
    minutes = round(span.total_seconds() / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _told(each: Answered) -> str:
    row = each.follow_up
    words = [("reminded", row.reminded_at), ("escalated", row.escalated_at)]
    return ", ".join(word for word, at in words if at is not None)


def _as_json(runtime: Runtime, each: Answered) -> dict[str, Any]:
    row, calendar = each.follow_up, calendar_of(runtime, each)
    found: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "key", "connection", "response_key", "ticket_id", "state", "status", "owner", "closed_by", "merged_into",
            "opened_at", "due_at", "first_touch_at", "closed_at", "reminded_at", "escalated_at", "checked_at",
        )
    }  # fmt: skip
    for name, at in (("touched_after", row.first_touch_at), ("closed_after", row.closed_at)):
        spans = rules.took(row, at, calendar)
        found[name] = None
        if spans:
            business, plain = (round(span.total_seconds()) for span in spans)
            found[name] = {"business_seconds": business, "seconds": plain}
    return found | {
        "overdue": rules.overdue(row, runtime.now()),
        "means": rules.WORDS[row.state],
        "score": each.score,
        "contact_id": each.contact_id,
        "company_id": each.company_id,
        "link": each.link,
    }
