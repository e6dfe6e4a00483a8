"""Business time: when something is due, in the hours people work.

A business day is a weekday that is no holiday. An answer outside working hours counts from the next opening.
`1 business day` is the same wall-clock time on the next business day (Friday 16:20 -> Monday 16:20); from outside of
working hours it is the whole of the next business day (Sunday -> Monday 17:00). Working hours count only while it is
open. A wall-clock time that a change to summer time skips becomes the first moment after it.
"""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from connector.errors import ConfigError
from connector.rules.shapes import FILLED, Settings, wrong
from connector.timespan import Span

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)")
_DAY = timedelta(days=1)
_LONGEST_CLOSURE = 370


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=1, cutoff=0.5)
        remedy = f'did you mean "{near[0]}"?' if near else "write for example Europe/Berlin"
        raise wrong(f'unknown time zone "{name}"; {remedy}') from None
    return name


def _hours(text: str) -> str:
    match = _HOURS.fullmatch(text.strip())
    opens, closes = _minutes(match) if match else (0, 0)
    if not opens < closes <= 24 * 60:
        raise wrong(f'"{text}" are no working hours; write for example 09:00-17:00')
    return text.strip()


def _minutes(match: re.Match[str]) -> tuple[int, int]:
    hour, minute, last_hour, last_minute = (int(part) for part in match.groups())
    return hour * 60 + minute, last_hour * 60 + last_minute


def _holidays(code: str) -> str:
    if not code:
        return code
    # Loaded only where a calendar names holidays: the package is large.
    from holidays import list_supported_countries

    valid = {country: set(parts) for country, parts in list_supported_countries().items()}
    country, _, part = code.partition("-")
    if country not in valid or (part and part not in valid[country]):
        near = get_close_matches(country.upper(), valid, n=1)
        remedy = f'did you mean "{near[0]}"?' if near else "write a country's code, such as DE, and its region, DE-BE"
        if country in valid:
            remedy = f"{country} has the regions {', '.join(sorted(valid[country])) or 'none'}"
        raise wrong(f'no holidays are known for "{code}"; {remedy}')
    return code


def _weekdays(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    first, dash, last = value.lower().partition("-")
    if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
        raise wrong(f'"{value}" are no weekdays; write for example mon-fri, or a list of {", ".join(WEEKDAYS)}')
    start = WEEKDAYS.index(first)
    count = (WEEKDAYS.index(last) - start) % 7 + 1 if dash else 1
    return tuple(WEEKDAYS[(start + step) % 7] for step in range(count))


class CalendarSettings(Settings):
    """When people work."""

    zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="time zone by IANA name, such as Europe/Berlin"
    )
    hours: Annotated[str, AfterValidator(_hours)] = Field(
        default="09:00-17:00", description="working hours of each business day"
    )
    holidays: Annotated[str, AfterValidator(_holidays)] = Field(
        default="",
        description="whose public holidays: a country or region, such as DE, DE-BE, US-CA; empty: none",
    )
    weekdays: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], *FILLED, BeforeValidator(_weekdays)
    ] = Field(default=("mon", "tue", "wed", "thu", "fri"), description="business days: mon-fri, or a list")

    def works_on(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] in self.weekdays and day not in _days_off(self.holidays)

    def opening(self, day: date) -> datetime:
        return self._moment(day, 0)

    def closing(self, day: date) -> datetime:
        return self._moment(day, 1)

    def _moment(self, day: date, which: int) -> datetime:
        match = _HOURS.fullmatch(self.hours)
        assert match is not None
        minutes = _minutes(match)[which]
        return instant(
            day + timedelta(days=minutes // 1440), time(minutes % 1440 // 60, minutes % 60), ZoneInfo(self.zone)
        )


def due(span: Span, start: datetime, calendar: CalendarSettings, *, as_before: bool = False) -> datetime:
    """`start` plus the span, in the calendar's zone. Raises ConfigError for a calendar that never opens.

    Plain spans: days and longer keep the wall-clock time, shorter ones are elapsed time; neither heeds working hours.
    `as_before`: as records of earlier versions have it, which counted business days from outside of hours opening to
    opening.
    """
    if start.tzinfo is None:
        raise ValueError("the start needs a time zone")
    zone = ZoneInfo(calendar.zone)
    if span.business_days:
        day, moment = _in_hours(start.astimezone(UTC), calendar)
        clock = moment.astimezone(zone).time()
        outside = moment != start.astimezone(UTC) and not as_before
        for _ in range(span.business_days - outside):
            day = _next_day(day, calendar)
        if outside:  # from opening to opening would be a day's end written as the next day's beginning
            return calendar.closing(day).astimezone(zone)
        return instant(day, clock, zone).astimezone(zone)
    if span.working_seconds:
        return _work(timedelta(seconds=span.working_seconds), start, calendar).astimezone(zone)
    if span.seconds:
        return span.after(start.astimezone(UTC)).astimezone(zone)
    local = span.after(start.astimezone(zone).replace(tzinfo=None))
    return instant(local.date(), local.time(), zone).astimezone(zone)


def working_time(start: datetime, end: datetime, calendar: CalendarSettings) -> timedelta:
    """How much working time lies between two moments; none where the end is not later."""
    zone, total = ZoneInfo(calendar.zone), timedelta(0)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        if calendar.works_on(day):
            total += max(min(end, calendar.closing(day)) - max(start, calendar.opening(day)), timedelta(0))
        day += _DAY
    return total


def midway(start: datetime, end: datetime, calendar: CalendarSettings) -> datetime:
    """The moment at which half of the working time between two is over; of the plain time where nobody works."""
    work = working_time(start, end, calendar)
    if not work:
        return start + (end - start) / 2
    return min(_work(work / 2, start, calendar), end)


def moved(end: datetime, start: datetime, to: datetime, calendar: CalendarSettings) -> datetime:
    """When it is due if it counts from `to` instead of `start`: the same working time later; plain time where nobody
    works between."""
    zone, work = ZoneInfo(calendar.zone), working_time(start, end, calendar)
    return (_work(work, to, calendar) if work else to + (end - start)).astimezone(zone)


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """That wall-clock time in UTC: the first where it comes twice, the moment of the jump where it is skipped."""
    local = datetime.combine(day, clock.replace(fold=0))
    late = local.replace(tzinfo=zone).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None, fold=0) == local:
        return late
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = late.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):  # the jump lies between the two readings
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle <= early:
            break
        early, late = (early, middle) if middle.astimezone(zone).utcoffset() == after else (middle, late)
    return late.replace(microsecond=0)


def _work(left: timedelta, start: datetime, calendar: CalendarSettings) -> datetime:
    day, moment = _in_hours(start.astimezone(UTC), calendar)
    while left > (open_for := calendar.closing(day) - moment):
        left -= open_for
        day = _next_day(day, calendar)
        moment = calendar.opening(day)
    return moment + left


def _in_hours(moment: datetime, calendar: CalendarSettings) -> tuple[date, datetime]:
    """The business day and moment from which to count: `moment` itself, or the next opening."""
    day = moment.astimezone(ZoneInfo(calendar.zone)).date()
    if not calendar.works_on(day) or moment > calendar.closing(day):
        day = _next_day(day, calendar)
    return day, max(moment, calendar.opening(day))


def _next_day(day: date, calendar: CalendarSettings) -> date:
    for _ in range(_LONGEST_CLOSURE):
        day += _DAY
        if calendar.works_on(day):
            return day
    raise ConfigError(f"calendar: no business day in the year before {day}; check weekdays and holidays")


@lru_cache(maxsize=32)
def _days_off(code: str) -> Container[date]:
    if not code:
        return frozenset()
    from holidays import country_holidays

    country, _, part = code.partition("-")
    return country_holidays(country, subdiv=part or None)
