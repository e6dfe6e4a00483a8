"""When something is due: weekends, holidays, changes of the clock, and what always holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.errors import ConfigError
from connector.rules.business_time import CalendarSettings, due, instant, moved
from connector.timespan import parse_span

BERLIN = {"zone": "Europe/Berlin", "holidays": "DE-BE"}


def calendar(**written: Any) -> CalendarSettings:
    return CalendarSettings.model_validate(written)


def when(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        # the picture in the design: Friday afternoon to Monday afternoon
        ("2026-11-20 16:20", "1 business day", "2026-11-23 16:20"),
        ("2026-11-20 16:20", "8 working hours", "2026-11-23 16:20"),
        ("2026-11-20 16:20", "2 working hours", "2026-11-23 10:20"),
        ("2026-11-20 07:00", "1 business day", "2026-11-20 17:00"),
        ("2026-11-20 09:00", "1 business day", "2026-11-23 09:00"),
        ("2026-11-20 17:00", "1 business day", "2026-11-23 17:00"),
        ("2026-11-20 17:01", "1 business day", "2026-11-23 17:00"),
        ("2026-11-21 12:00", "1 business day", "2026-11-23 17:00"),
        ("2026-11-22 12:00", "2 business days", "2026-11-24 17:00"),
        ("2026-11-21 12:00", "1 working hour", "2026-11-23 10:00"),
        ("2026-11-23 09:00", "8 working hours", "2026-11-23 17:00"),
        ("2026-11-23 09:00", "9 working hours", "2026-11-24 10:00"),
        # Good Friday and Easter Monday
        ("2026-04-02 15:00", "1 business day", "2026-04-07 15:00"),
        ("2026-04-02 15:00", "3 working hours", "2026-04-07 10:00"),
        ("2026-04-03 15:00", "1 business day", "2026-04-07 17:00"),
        # Women's Day, a holiday in Berlin: 8 March 2027, a Monday
        ("2027-03-05 10:00", "1 business day", "2027-03-09 10:00"),
        # summer time begins on 29 March and ends on 25 October 2026
        ("2026-03-27 10:00", "1 business day", "2026-03-30 10:00"),
        ("2026-03-27 10:00", "8 working hours", "2026-03-30 10:00"),
        ("2026-10-23 10:00", "1 business day", "2026-10-26 10:00"),
        # plain spans heed no hours; days keep the wall clock, hours are elapsed time
        ("2026-03-28 10:00", "1 day", "2026-03-29 10:00"),
        ("2026-03-28 10:00", "24 hours", "2026-03-29 11:00"),
        ("2026-03-28 02:30", "1 day", "2026-03-29 03:00"),
        ("2026-01-31 10:00", "1 month", "2026-02-28 10:00"),
        ("2026-11-20 16:20", "1 week", "2026-11-27 16:20"),
        ("2026-11-20 16:20", "30 minutes", "2026-11-20 16:50"),
    ],
)
def test_due(start: str, span: str, end: str) -> None:
    found = due(parse_span(span), when(start).astimezone(UTC), calendar(**BERLIN))
    assert found == when(end)
    assert found.replace(tzinfo=None) == datetime.fromisoformat(end)


def test_records_of_earlier_versions_have_it_from_opening_to_opening() -> None:
    found = due(parse_span("1 business day"), when("2026-11-22 12:00"), calendar(**BERLIN), as_before=True)
    assert found == when("2026-11-24 09:00")


@pytest.mark.parametrize(
    ("start", "end", "to", "found"),
    [
        ("2026-11-20 16:20", "2026-11-23 16:20", "2026-12-02 10:00", "2026-12-03 10:00"),
        ("2026-11-22 12:00", "2026-11-23 17:00", "2026-12-05 12:00", "2026-12-07 17:00"),
        ("2026-11-20 16:20", "2026-11-20 18:20", "2026-12-02 10:00", "2026-12-02 10:40"),
        ("2026-11-21 12:00", "2026-11-22 12:00", "2026-12-02 10:00", "2026-12-03 10:00"),
    ],
)
def test_what_counts_from_later_is_due_as_much_later(start: str, end: str, to: str, found: str) -> None:
    assert moved(when(end), when(start), when(to), calendar(**BERLIN)) == when(found)


def test_other_weekdays_and_a_day_without_closing() -> None:
    gulf = calendar(zone="Asia/Dubai", weekdays="sun-thu")
    assert due(parse_span("1 business day"), when("2026-11-19 10:00", "Asia/Dubai"), gulf) == when(
        "2026-11-22 10:00", "Asia/Dubai"
    )
    always = calendar(hours="00:00-24:00", weekdays=["mon", "fri"])
    start = when("2026-11-20 23:00", "UTC")
    assert due(parse_span("1 working hour"), start, always) == when("2026-11-21 00:00", "UTC")
    assert due(parse_span("2 working hours"), start, always) == when("2026-11-23 01:00", "UTC")


def test_hours_that_a_clock_change_cuts_short_count_only_what_is_there() -> None:
    nightly = calendar(zone="Europe/Berlin", hours="01:00-05:00", weekdays="mon-sun")
    assert due(parse_span("4 working hours"), when("2026-03-28 01:00"), nightly) == when("2026-03-28 05:00")
    assert due(parse_span("4 working hours"), when("2026-03-29 01:00"), nightly) == when("2026-03-30 02:00")
    assert due(parse_span("4 working hours"), when("2026-10-25 01:00"), nightly) == when("2026-10-25 04:00")


@pytest.mark.parametrize(
    ("zone", "day", "clock", "found"),
    [
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:00:00+00:00"),
        ("Europe/Berlin", "2026-03-29", "02:00", "2026-03-29T01:00:00+00:00"),
        ("Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00:00+00:00"),
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30:00+00:00"),
        ("Africa/Cairo", "2026-04-24", "00:10", "2026-04-23T22:00:00+00:00"),
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00:00+00:00"),
        ("Asia/Kolkata", "2026-05-01", "09:00", "2026-05-01T03:30:00+00:00"),
    ],
)
def test_a_skipped_wall_clock_time_is_the_moment_of_the_jump(zone: str, day: str, clock: str, found: str) -> None:
    assert instant(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone)).isoformat() == found


@pytest.mark.parametrize(
    ("written", "place", "words"),
    [
        ({"zone": "Europe/Berln"}, ("zone",), 'did you mean "Europe/Berlin"?'),
        ({"zone": "../etc/passwd"}, ("zone",), "unknown time zone"),
        ({"zone": ""}, ("zone",), "write for example Europe/Berlin"),
        ({"hours": "9-17"}, ("hours",), "09:00-17:00"),
        ({"hours": "17:00-09:00"}, ("hours",), "09:00-17:00"),
        ({"hours": "09:00-24:01"}, ("hours",), "09:00-17:00"),
        ({"holidays": "DE-BR"}, ("holidays",), "DE has the regions Augsburg, BB, BE,"),
        ({"holidays": "Germany"}, ("holidays",), "write a country's code"),
        ({"holidays": "de-be"}, ("holidays",), 'did you mean "DE"?'),
        ({"weekdays": "mon-fry"}, ("weekdays",), "mon-fri"),
        ({"weekdays": ["mon", "day"]}, ("weekdays", 1), "'mon'"),
        ({"weekdays": []}, ("weekdays",), "list is empty"),
        ({"hour": "09:00-17:00"}, ("hour",), "Extra inputs"),
    ],
)
def test_a_mistake_in_a_calendar_is_said(written: Any, place: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        calendar(**written)
    ((found, message),) = [(one["loc"], one["msg"]) for one in caught.value.errors()]
    assert found == place
    assert words in message


@pytest.mark.parametrize(
    ("text", "days"), [("fri", ("fri",)), ("sat-mon", ("sat", "sun", "mon")), ("MON-wed", ("mon", "tue", "wed"))]
)
def test_weekdays_may_be_written_as_a_range(text: str, days: tuple[str, ...]) -> None:
    assert calendar(weekdays=text).weekdays == days


def test_a_calendar_that_never_opens_is_an_error_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CalendarSettings, "works_on", lambda self, day: False)
    with pytest.raises(ConfigError, match="no business day"):
        due(parse_span("1 business day"), when("2026-11-20 16:20"), calendar())


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due(parse_span("1 day"), datetime(2026, 1, 1), calendar())  # noqa: DTZ001 - that is the case


# Clocks change at night: within hours that start after 04:00 each wall-clock time is there once.
CALENDARS = st.builds(
    calendar,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    hours=st.sampled_from(["09:00-17:00", "04:30-23:45", "08:15-12:45", "12:00-24:00"]),
    holidays=st.sampled_from(["", "DE", "DE-BE", "US-CA"]),
    weekdays=st.sampled_from(["mon-fri", "sun-thu", "wed", "mon-sun"]),
)
STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
UNITS = st.sampled_from(["business days", "working hours"])


@given(CALENDARS, STARTS, st.timedeltas(timedelta(0), timedelta(days=20)), UNITS, st.integers(1, 30))
def test_who_starts_later_is_never_due_earlier(
    hours: CalendarSettings, start: datetime, gap: timedelta, unit: str, count: int
) -> None:
    span = parse_span(f"{count} {unit}")
    assert due(span, start, hours) <= due(span, start + gap, hours)


@given(CALENDARS, STARTS, UNITS, st.integers(1, 30))
def test_due_lies_in_working_hours_and_after_the_start(
    hours: CalendarSettings, start: datetime, unit: str, count: int
) -> None:
    end = due(parse_span(f"{count} {unit}"), start, hours)
    assert end > start
    # The closing moment of a day that ends at midnight is written as the day after.
    days = [end.date(), (end - timedelta(seconds=1)).date()]
    assert any(hours.works_on(day) and hours.opening(day) <= end <= hours.closing(day) for day in days)
    assert str(end.tzinfo) == hours.zone


@given(CALENDARS, STARTS, UNITS, st.integers(1, 20), st.integers(1, 20))
def test_two_spans_in_a_row_are_their_sum(
    hours: CalendarSettings, start: datetime, unit: str, one: int, two: int
) -> None:
    first, second, both = (parse_span(f"{count} {unit}") for count in (one, two, one + two))
    assert due(both, start, hours) == due(second, due(first, start, hours), hours)


@given(CALENDARS, STARTS, st.integers(1, 30))
def test_working_hours_are_hours_that_were_open(hours: CalendarSettings, start: datetime, count: int) -> None:
    end = due(parse_span(f"{count} working hours"), start, hours)
    open_for, day = timedelta(0), (start - timedelta(days=1)).date()
    while day <= end.date() + timedelta(days=1):
        if hours.works_on(day):
            open_for += max(timedelta(0), min(end, hours.closing(day)) - max(start, hours.opening(day)))
        day += timedelta(days=1)
    assert open_for == timedelta(hours=count)
