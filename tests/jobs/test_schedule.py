"""When stories are due: slots, windows in the connection's zone, summer time, what was missed, when to try again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.config.service import Timing
from connector.jobs import schedule
from connector.jobs.schedule import Entry
from connector.rules.business_time import CalendarSettings
from connector.store.attempts import Attempt, Newest
from connector.store.jobs import Job, slot_text

BERLIN = ZoneInfo("Europe/Berlin")


def entry(every: str, *, within: str | None = None, business_days: bool = False, zone: str = "Europe/Berlin") -> Entry:
    timing = Timing.model_validate({"every": every, "within": within, "business_days": business_days})
    return Entry(story="deliver", connection="psa", timing=timing, calendar=CalendarSettings(zone=zone))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def job(slot: datetime, outcome: str | None = "done", *, number: int = 1, ended: datetime | None = None) -> Newest:
    made = Job(id="j", story="deliver", connection="psa", slot=slot_text(slot), created_at=slot)
    if outcome is None:
        return Newest(job=made)
    tried = Attempt(
        id="j-1", job_id="j", number=number, clock=slot, seed="", config="", journal="", started_at=slot,
        ended_at=ended or slot, outcome=outcome,
    )  # fmt: skip
    return Newest(job=made, attempt=tried)


@pytest.mark.parametrize(
    ("every", "now", "before", "after"),
    [
        ("5 minutes", "2026-11-20T16:23:10", "2026-11-20T16:20:00", "2026-11-20T16:25:00"),
        ("5 minutes", "2026-11-20T16:20:00", "2026-11-20T16:20:00", "2026-11-20T16:25:00"),
        ("10 seconds", "2026-11-20T16:23:19", "2026-11-20T16:23:10", "2026-11-20T16:23:20"),
        ("1 day", "2026-11-20T16:23:10", "2026-11-20T00:00:00", "2026-11-21T00:00:00"),
        ("7 days", "2026-11-20T16:23:10", "2026-11-15T00:00:00", "2026-11-22T00:00:00"),  # Sundays
        ("1 day", "2026-10-25T23:30:00", "2026-10-25T00:00:00", "2026-10-26T00:00:00"),  # a day of 25 hours
        ("24 hours", "2026-11-20T16:23:10", "2026-11-20T00:00:00", "2026-11-21T00:00:00"),
    ],
)
def test_a_slot_is_the_same_for_everybody_who_asks(every: str, now: str, before: str, after: str) -> None:
    assert schedule.slot_before(entry(every), at(now)) == at(before)
    assert schedule.slot_after(entry(every), at(now)) == at(after)


@pytest.mark.parametrize(
    ("within", "now", "opens"),
    [
        ("07:00-19:00", "2026-11-20T06:59:59", "2026-11-20T07:00:00"),
        ("07:00-19:00", "2026-11-20T07:00:00", None),
        ("07:00-19:00", "2026-11-20T18:59:59", None),
        ("07:00-19:00", "2026-11-20T19:00:00", "2026-11-21T07:00:00"),
        ("22:00-05:00", "2026-11-20T21:00:00", "2026-11-20T22:00:00"),
        ("22:00-05:00", "2026-11-20T23:00:00", None),
        ("22:00-05:00", "2026-11-21T04:59:00", None),
        ("22:00-05:00", "2026-11-21T05:00:00", "2026-11-21T22:00:00"),
        ("18:00-24:00", "2026-11-20T23:59:00", None),
        ("18:00-24:00", "2026-11-21T00:00:00", "2026-11-21T18:00:00"),
        ("02:30-04:00", "2026-03-29T01:00:00", "2026-03-29T03:00:00"),  # summer time begins: 02:30 does not exist
        ("07:00-19:00", "2026-10-25T02:30:00", "2026-10-25T07:00:00"),  # summer time ends in this night
    ],
)
def test_a_window_is_meant_in_the_zone_of_the_calendar(within: str, now: str, opens: str | None) -> None:
    told = schedule.opens(entry("5 minutes", within=within), at(now))
    assert told == at(opens or now)


def test_seven_in_the_morning_is_another_moment_after_summer_time_ended() -> None:
    windowed = entry("5 minutes", within="07:00-19:00")
    assert schedule.opens(windowed, datetime(2026, 10, 24, 1, tzinfo=UTC)) == datetime(2026, 10, 24, 5, tzinfo=UTC)
    assert schedule.opens(windowed, datetime(2026, 10, 25, 1, tzinfo=UTC)) == datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_business_days_leave_out_weekends_and_holidays() -> None:
    timing = Timing.model_validate({"every": "1 hour", "within": "08:00-18:00", "business_days": True})
    calendar = CalendarSettings(zone="Europe/Berlin", holidays="DE-BE")
    closed = Entry(story="deliver", connection="psa", timing=timing, calendar=calendar)
    assert schedule.opens(closed, at("2026-11-21T10:00:00")) == at("2026-11-23T08:00:00")
    assert schedule.opens(closed, at("2026-12-24T18:00:00")) == at("2026-12-28T08:00:00")


def test_effects_end_with_the_window_they_began_in() -> None:
    assert schedule.closes(entry("1 hour", within="07:00-19:00"), at("2026-11-20T18:59:00")) == at(
        "2026-11-20T19:00:00"
    )
    assert schedule.closes(entry("1 hour", within="22:00-05:00"), at("2026-11-20T23:00:00")) == at(
        "2026-11-21T05:00:00"
    )
    assert schedule.closes(entry("1 hour"), at("2026-11-20T18:59:00")) is None


NOW = at("2026-11-20T16:23:00")
HOUR = timedelta(hours=1)
SLOT = at("2026-11-20T16:00:00")


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, SLOT),
        (job(SLOT - HOUR), SLOT),
        (job(SLOT - 50 * HOUR), SLOT),  # down for two days: once, not fifty times
        (job(SLOT), None),
        (job(SLOT, "failed"), None),
        (job(SLOT, "stopped"), None),
        (job(SLOT, None), SLOT),
        (job(SLOT, "interrupted"), SLOT),
        (job(SLOT, "running"), SLOT),
        (job(SLOT, "deferred", ended=NOW - timedelta(seconds=59)), None),
        (job(SLOT, "deferred", ended=NOW - timedelta(seconds=60)), SLOT),
        (job(SLOT, "deferred", number=4, ended=NOW - timedelta(minutes=7)), None),
        (job(SLOT, "deferred", number=4, ended=NOW - timedelta(minutes=8)), SLOT),
        (job(SLOT, "deferred", number=40, ended=NOW - timedelta(minutes=59)), None),
        (job(SLOT, "deferred", number=40, ended=NOW - timedelta(minutes=60)), SLOT),
        (job(NOW - timedelta(minutes=3)), None),  # somebody did it by hand since
        (job(NOW - timedelta(minutes=3), "interrupted"), NOW - timedelta(minutes=3)),
    ],
)
def test_a_slot_is_done_once_and_what_was_cut_off_goes_on(last: Newest | None, expected: datetime | None) -> None:
    assert schedule.due(entry("1 hour"), NOW, last) == expected


def test_nothing_is_due_outside_its_window_and_what_was_missed_is_when_it_opens() -> None:
    windowed, yesterday = entry("1 hour", within="07:00-19:00"), job(at("2026-11-19T18:00:00"))
    for hour in range(24):
        now = at(f"2026-11-20T{hour:02}:30:00")
        assert (schedule.due(windowed, now, yesterday) is not None) == (7 <= hour < 19)
    assert schedule.next_look(windowed, at("2026-11-19T20:00:00")) == at("2026-11-20T07:00:00")
    assert schedule.next_look(windowed, at("2026-11-20T18:30:00")) == at("2026-11-21T07:00:00")


@pytest.mark.parametrize(
    ("now", "since", "expected"),
    [
        ("2026-11-20T12:00:00", "2026-11-20T08:30:00", False),
        ("2026-11-20T12:01:00", "2026-11-20T07:59:00", True),
        ("2026-11-20T08:00:00", "2026-11-19T18:30:00", False),  # the night does not count
        ("2026-11-20T10:30:00", "2026-11-19T18:30:00", True),
        ("2026-11-20T23:00:00", "2026-11-19T18:30:00", False),  # nor is anything due now
    ],
)
def test_overdue_is_more_than_three_periods_in_which_it_might_have_been_done(
    now: str, since: str, expected: bool
) -> None:
    assert schedule.overdue(entry("1 hour", within="07:00-19:00"), at(now), at(since)) is expected
