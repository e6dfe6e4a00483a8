"""The table of follow-ups and its laws: whatever technicians do, in any order, one reminder and one escalation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain import FollowUp, FollowUpState, TicketState, TicketStatus
from connector.rules import follow_up as rules
from connector.rules.business_time import CalendarSettings, midway, working_time
from connector.rules.follow_up import Step

CALENDAR = CalendarSettings(zone="Europe/Berlin", hours="09:00-17:00")
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 16:00 in Berlin
DUE = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def row(ticket: str = "1", **changes: object) -> FollowUp:
    begun = FollowUp(key=f"nps-{ticket}", connection="psa", response_key=ticket, ticket_id=ticket, opened_at=FRIDAY,
                     due_at=DUE)  # fmt: skip
    return replace(begun, **changes)  # type: ignore[arg-type]


def status(ticket: str = "1", state: TicketState = TicketState.OPEN, **more: object) -> TicketStatus:
    return TicketStatus(record_id=ticket, state=state, **more)  # type: ignore[arg-type]


def test_every_state_of_a_ticket_has_its_row_in_the_table() -> None:
    assert set(rules.TABLE) == set(TicketState)
    assert set(rules.WORDS) == set(FollowUpState)


@pytest.mark.parametrize(
    ("state", "becomes", "final"),
    [
        (TicketState.OPEN, FollowUpState.OPEN, False),
        (TicketState.CLOSED_BY_PERSON, FollowUpState.FOLLOWED_UP, True),
        (TicketState.CLOSED_AUTOMATICALLY, FollowUpState.CLOSED_WITHOUT_CONTACT, True),
        (TicketState.DELETED, FollowUpState.DELETED, True),
        (TicketState.NOT_VISIBLE, FollowUpState.NOT_VISIBLE, False),
    ],
)
def test_the_state_of_the_ticket_decides(state: TicketState, becomes: FollowUpState, final: bool) -> None:
    seen = rules.seen(row(), status(state=state), status(state=state), now=DUE)
    assert seen.state is becomes
    assert (seen.state in rules.FINAL) is final


def test_a_merged_ticket_is_what_the_one_it_ends_in_is() -> None:
    statuses = {
        "1": status("1", TicketState.MERGED, merged_into="2"),
        "2": status("2", TicketState.MERGED, merged_into="3"),
    }
    assert rules.unknown_parents(["1"], statuses) == ["3"]
    statuses["3"] = status("3", TicketState.CLOSED_BY_PERSON, by="bob")
    end = rules.end_of_merges("1", statuses)
    assert end is not None
    seen = rules.seen(row(), statuses["1"], end, now=DUE)
    assert (seen.state, seen.merged_into, seen.closed_by) == (FollowUpState.FOLLOWED_UP, "3", "bob")


def test_merges_that_go_round_end_as_not_visible() -> None:
    statuses = {
        "1": status("1", TicketState.MERGED, merged_into="2"),
        "2": status("2", TicketState.MERGED, merged_into="1"),
    }
    assert rules.unknown_parents(["1", "2"], statuses) == []
    end = rules.end_of_merges("1", statuses)
    assert end is not None
    assert rules.seen(row(), statuses["1"], end, now=DUE).state is FollowUpState.NOT_VISIBLE


def test_what_is_not_visible_keeps_what_was_known() -> None:
    known = row(status="New", owner="bob", first_touch_at=FRIDAY)
    seen = rules.seen(known, status(state=TicketState.NOT_VISIBLE), status(state=TicketState.NOT_VISIBLE), now=DUE)
    assert (seen.status, seen.owner, seen.first_touch_at) == ("New", "bob", FRIDAY)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (FRIDAY + timedelta(minutes=30), None),
        (DUE - timedelta(minutes=1), Step.REMIND),
        (DUE, Step.ESCALATE),
        (DUE + timedelta(days=30), Step.ESCALATE),
    ],
)
def test_half_time_reminds_and_the_end_escalates(now: datetime, expected: Step | None) -> None:
    assert rules.step_due(row(), remind=True, calendar=CALENDAR, now=now) is expected


def test_two_tickets_merged_into_one_are_told_of_once() -> None:
    both = [row("1", merged_into="3"), row("2", merged_into="3")]
    [due] = rules.notices(both, remind=True, calendar=CALENDAR, now=DUE)
    assert len(due.rows) == 2


def test_half_time_is_half_of_the_working_time() -> None:
    assert working_time(FRIDAY, DUE, CALENDAR) == timedelta(hours=8)
    assert midway(FRIDAY, DUE, CALENDAR) == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # 1 hour on Friday, 3 on Monday
    assert working_time(DUE, FRIDAY, CALENDAR) == timedelta(0)
    saturday, sunday = datetime(2026, 11, 21, 8, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert midway(saturday, sunday, CALENDAR) == saturday + timedelta(hours=12)


def test_the_time_it_took_is_told_in_working_time_and_in_calendar_time() -> None:
    assert rules.took(row(), DUE, CALENDAR) == (timedelta(hours=8), timedelta(days=3))
    assert rules.took(row(), None, CALENDAR) is None


LIMITS = (datetime(2026, 1, 1), datetime(2026, 12, 31))  # noqa: DTZ001 - hypothesis puts the zone to them
moments = st.datetimes(*LIMITS, timezones=st.just(UTC))


@given(start=moments, length=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20)))
def test_half_time_lies_between_and_halves_the_working_time(start: datetime, length: timedelta) -> None:
    end = start + length
    middle = midway(start, end, CALENDAR)
    assert start <= middle <= end
    first, second = working_time(start, middle, CALENDAR), working_time(middle, end, CALENDAR)
    assert abs(first - second) < timedelta(seconds=1)


IDS = ("1", "2", "3")
acts = st.tuples(
    st.sampled_from(IDS),
    st.sampled_from([*TicketState]),
    st.sampled_from([*IDS, "9"]),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
    st.booleans(),  # whether final ones are asked again too (reconcile)
)


@given(history=st.lists(acts, max_size=30))
def test_any_order_of_acts_ends_in_a_state_of_the_table_told_once_each(
    history: list[tuple[str, TicketState, str, timedelta, bool]],
) -> None:
    rows = {ticket: row(ticket) for ticket in IDS}
    world = {ticket: status(ticket) for ticket in (*IDS, "9")}
    told: list[tuple[str, Step]] = []
    now = FRIDAY
    for ticket, state, into, later, everything in history:
        now += later
        world[ticket] = status(ticket, state, merged_into=into if state is TicketState.MERGED else None, by="x")
        asked = {t: r for t, r in rows.items() if everything or r.state not in rules.FINAL}
        known = {t: world[t] for t in asked}
        while wanted := rules.unknown_parents(asked, known):
            known |= {t: world[t] for t in wanted}
        for t, r in asked.items():
            end = rules.end_of_merges(t, known)
            assert end is not None
            rows[t] = rules.seen(r, known[t], end, now=now)
        for due in rules.notices([rows[t] for t in asked], remind=True, calendar=CALENDAR, now=now):
            for r in due.rows:
                told.append((r.ticket_id, due.step))
                rows[r.ticket_id] = rules.told(rows[r.ticket_id], due.step, now=now)
    assert len(told) == len(set(told))  # no second reminder, no second escalation
    for ticket, r in rows.items():
        steps = [step for t, step in told if t == ticket]
        assert steps in ([], [Step.REMIND], [Step.ESCALATE], [Step.REMIND, Step.ESCALATE])
        assert r.state in rules.WORDS
        if r.state is FollowUpState.CLOSED_WITHOUT_CONTACT:
            assert Step.ESCALATE in steps
        if r.state is FollowUpState.FOLLOWED_UP:
            assert r.closed_at is not None
        if r.state is FollowUpState.OPEN:
            assert r.closed_at is None
