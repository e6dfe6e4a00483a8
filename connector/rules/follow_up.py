"""What becomes of a follow-up by how its ticket stands, and which notice is due. Pure; the design's table as data.

A follow-up gets one reminder and one escalation at most, whatever technicians do to its ticket and in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from connector.domain import FollowUp, FollowUpState, TicketState, TicketStatus
from connector.rules.business_time import CalendarSettings, midway, working_time

LONGEST_MERGE = 8
"""How many merges are followed from one ticket to the next; a longer chain, or a ring, ends nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a state of a ticket makes of the follow-up. `final`: it is not asked after again, but by reconcile."""

    state: FollowUpState
    final: bool
    escalates: bool = False
    words: str


TABLE: Mapping[TicketState, Meaning] = {
    TicketState.OPEN: Meaning(state=FollowUpState.OPEN, final=False, words="open"),
    TicketState.CLOSED_BY_PERSON: Meaning(
        state=FollowUpState.FOLLOWED_UP, final=True, words="closed by a person: followed up"
    ),
    TicketState.CLOSED_AUTOMATICALLY: Meaning(
        state=FollowUpState.CLOSED_WITHOUT_CONTACT,
        final=True,
        escalates=True,
        words="closed by automation: nobody made contact; escalated",
    ),
    TicketState.DELETED: Meaning(
        state=FollowUpState.DELETED, final=True, words="deleted in the CRM; reported, never opened again"
    ),
    TicketState.NOT_VISIBLE: Meaning(
        state=FollowUpState.NOT_VISIBLE, final=False, words="not visible to the API member: a right is missing"
    ),
    # A merged ticket counts as the one it ends in; this is one whose end cannot be told.
    TicketState.MERGED: Meaning(
        state=FollowUpState.NOT_VISIBLE, final=False, words="merged into a ticket that cannot be found"
    ),
}
UNDONE_WORDS = "taken back by connector undo"
FINAL = frozenset(meaning.state for meaning in TABLE.values() if meaning.final) | {FollowUpState.UNDONE}
ESCALATES = frozenset(meaning.state for meaning in TABLE.values() if meaning.escalates)
WORDS: Mapping[FollowUpState, str] = {
    **{meaning.state: meaning.words for kind, meaning in TABLE.items() if kind is not TicketState.MERGED},
    FollowUpState.UNDONE: UNDONE_WORDS,
}


class Step(StrEnum):
    """What is told to people about a follow-up."""

    REMIND = "remind"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One notice that is due, about one ticket: for it and for all others that were merged into the same."""

    step: Step
    rows: tuple[FollowUp, ...]

    @property
    def first(self) -> FollowUp:
        return self.rows[0]


def end_of_merges(ticket_id: str, statuses: Mapping[str, TicketStatus]) -> TicketStatus | None:
    """The ticket in which this one ends, by the statuses known; None where the next of them is not known yet.

    One whose merges go round, or further than LONGEST_MERGE, is the last that was looked at, still MERGED.
    """
    status, seen = statuses.get(ticket_id), {ticket_id}
    while status is not None and status.state is TicketState.MERGED and status.merged_into:
        if status.merged_into in seen or len(seen) > LONGEST_MERGE:
            return status
        seen.add(status.merged_into)
        status = statuses.get(status.merged_into)
    return status


def unknown_parents(ticket_ids: Iterable[str], statuses: Mapping[str, TicketStatus]) -> list[str]:
    """The tickets that must be asked for before the end of each merge is known."""
    wanted: dict[str, None] = {}
    for ticket_id in ticket_ids:
        if ticket_id not in statuses or end_of_merges(ticket_id, statuses) is not None:
            continue
        parent = statuses[ticket_id].merged_into
        while parent and parent in statuses:
            parent = statuses[parent].merged_into
        if parent:
            wanted[parent] = None
    return list(wanted)


def seen(row: FollowUp, status: TicketStatus, end: TicketStatus, *, now: datetime) -> FollowUp:
    """The follow-up after its ticket was looked at; `end` is the same status, or that of the ticket it ends in.

    What nobody can see any more (deleted, not visible) leaves what was known of it.
    """
    meaning = TABLE[end.state]
    merged = end.record_id if status.state is TicketState.MERGED else None
    row = replace(row, state=meaning.state, merged_into=merged, checked_at=now)
    if meaning.state in (FollowUpState.DELETED, FollowUpState.NOT_VISIBLE):
        return row
    closed = meaning.final
    touched = min(filter(None, (row.first_touch_at, status.touched_at, end.touched_at)), default=None)
    if touched is None and meaning.state is FollowUpState.FOLLOWED_UP:
        touched = end.closed_at
    return replace(
        row,
        status=end.status,
        owner=end.owner or row.owner,
        opened_at=min(row.opened_at, status.opened_at) if status.opened_at else row.opened_at,
        first_touch_at=touched,
        closed_at=(end.closed_at or row.closed_at or now) if closed else None,
        closed_by=end.by if closed else "",
    )


def step_due(row: FollowUp, *, remind: bool, calendar: CalendarSettings, now: datetime) -> Step | None:
    """The notice that is due now. Late already (after a standstill): the escalation alone, no reminder before it."""
    if row.escalated_at is not None:
        return None
    if row.state in ESCALATES:
        return Step.ESCALATE
    if row.state is not FollowUpState.OPEN or row.due_at is None:
        return None
    if now >= row.due_at:
        return Step.ESCALATE
    if remind and row.reminded_at is None and now >= midway(row.opened_at, row.due_at, calendar):
        return Step.REMIND
    return None


def notices(rows: Sequence[FollowUp], *, remind: bool, calendar: CalendarSettings, now: datetime) -> list[Due]:
    """What is due for these follow-ups, one notice for each ticket they end in."""
    found: dict[tuple[Step, str], list[FollowUp]] = {}
    for row in rows:
        step = step_due(row, remind=remind, calendar=calendar, now=now)
        if step is not None:
            found.setdefault((step, row.merged_into or row.ticket_id), []).append(row)
    escalated = {ticket for step, ticket in found if step is Step.ESCALATE}
    return [
        Due(step=step, rows=tuple(together))
        for (step, ticket), together in found.items()
        if step is Step.ESCALATE or ticket not in escalated
    ]


def told(row: FollowUp, step: Step, *, now: datetime) -> FollowUp:
    """The follow-up after its notice was put into the outbox."""
    return replace(row, reminded_at=now) if step is Step.REMIND else replace(row, escalated_at=now)


def overdue(row: FollowUp, now: datetime) -> bool:
    return row.state is FollowUpState.OPEN and row.due_at is not None and now >= row.due_at


def took(row: FollowUp, until: datetime | None, calendar: CalendarSettings) -> tuple[timedelta, timedelta] | None:
    """(business time, calendar time) from the opening to a moment; None where there is none."""
    if until is None:
        return None
    return working_time(row.opened_at, until, calendar), max(until - row.opened_at, timedelta(0))
