"""When stories are due: slots, windows, what was missed, when to try again. Pure: the time is passed in.

A slot is the instant a story became due: every period, counted from a fixed beginning, so that every process on a store
names the same slots. Periods of whole days begin at midnight in the zone of the connection's calendar (of 7 days: on
Sundays), shorter ones at full multiples in UTC. Only the newest slot counts: what was missed is done once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector import registry
from connector.config import Config
from connector.config.service import NEVER, Timing
from connector.jobs.collect import ANSWERS
from connector.jobs.runtime import LOG
from connector.rules.business_time import CalendarSettings, instant
from connector.store import attempts, jobs
from connector.timespan import Span

DAY = timedelta(days=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
LEAST_OVERDUE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HORIZON = 400  # days in which a window must open


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One story of one connection, and when it is due. `timing` None: it follows another (plan follows pull)."""

    story: str
    connection: str
    params: dict[str, Any] = field(default_factory=dict)
    timing: Timing | None = None
    calendar: CalendarSettings = field(default=CalendarSettings())

    @property
    def key(self) -> str:
        parts = [self.story, self.connection, *(str(value) for value in self.params.values())]
        return "/".join(parts)

    @property
    def period(self) -> timedelta:
        """Zero for one that follows another."""
        every = self.timing.every if self.timing else None
        return timedelta(days=every.days, seconds=every.seconds) if isinstance(every, Span) else timedelta(0)

    def slot_text(self, slot: datetime) -> str:
        """The slot as its Job names it: unique among the Jobs of this story and connection."""
        return "/".join([jobs.slot_text(slot), *(str(value) for value in self.params.values())])


def entries(config: Config, stories: Collection[str]) -> list[Entry]:
    """All that is ever due under this configuration, of the stories that this program can perform."""
    found: list[Entry] = []

    def add(story: str, connection: str, params: dict[str, Any] | None = None, *, zone_of: str = "") -> None:
        timing = config.schedule.timing(story)
        if story in stories and (timing is not None or story == "plan"):
            known = config.connections.get(zone_of or connection)
            calendar = known.calendar if known else CalendarSettings()
            entry = Entry(story=story, connection=connection, params=params or {}, timing=timing, calendar=calendar)
            found.append(entry)

    for name, connection in config.connections.items():
        spec = registry.spec(connection.kind)
        if spec.facets:
            add("pull", name)
            add("reconcile", name)
        if "open_ticket" in spec.changes:
            add("watch", name)
        if spec.changes:
            add("deliver", name)
    add("deliver", LOG)
    if config.answers.folder is not None:
        add("collect", ANSWERS, zone_of=config.answers.connection or "")
    for name in config.answers.from_:
        add("collect", name)
    if config.schedule.plan != NEVER:
        for name, audience in config.audiences.items():
            add("plan", audience.from_, {"audience": name})
    return found


def slot_before(entry: Entry, now: datetime) -> datetime:
    """The newest slot that is not later than `now`."""
    return _slot(entry, now, 0)


def slot_after(entry: Entry, now: datetime) -> datetime:
    """The first slot later than `now`."""
    return _slot(entry, now, 1)


def _slot(entry: Entry, now: datetime, later: int) -> datetime:
    period = entry.period
    if period % DAY:
        past = (now - _EPOCH) // period
        return _EPOCH + (past + later) * period
    zone, days = ZoneInfo(entry.calendar.zone), period // DAY
    today = now.astimezone(zone).date()
    return instant(date.fromordinal(today.toordinal() // days * days + later * days), time(0), zone)


def opens(entry: Entry, at: datetime) -> datetime:
    """`at` if the story may begin then, else the first moment after it at which it may."""
    window = _window(entry, at)
    if window is not None:
        return max(at, window[0])
    return at


def closes(entry: Entry, at: datetime) -> datetime | None:
    """When the hours end in which the story may have effects, if it has such hours and `at` is within them."""
    window = _window(entry, at)
    return window[1] if window is not None and window[0] <= at else None


def open_at(entry: Entry, at: datetime) -> bool:
    return opens(entry, at) <= at


def _window(entry: Entry, at: datetime) -> tuple[datetime, datetime] | None:
    """The window that `at` is in, or the next one; None where the story may begin at any time."""
    timing = entry.timing
    hours = timing.hours() if timing else None
    if timing is None or (hours is None and not timing.business_days):
        return None
    begin, end = hours or (time(0), time(0))
    zone = ZoneInfo(entry.calendar.zone)
    day = at.astimezone(zone).date() - DAY  # yesterday's may last over midnight
    for _ in range(_HORIZON):
        last = day if end > begin else day + DAY
        opening, closing = instant(day, begin, zone), instant(last, end, zone)
        if closing > max(at, opening) and (not timing.business_days or entry.calendar.works_on(day)):
            return opening, closing
        day += DAY
    return at + _HORIZON * DAY, at + _HORIZON * DAY  # a calendar that never opens


def due(entry: Entry, now: datetime, last: attempts.Newest | None) -> datetime | None:
    """The slot to do now, if any. `last` is the newest Job of the entry.

    A slot is done once; one whose Attempt was cut off or put off is tried again, after a pause that grows.
    """
    if not open_at(entry, now):
        return None
    slot = slot_before(entry, now)
    done = jobs.slot_of(last.job) if last else None
    if last is None or done is None or done < slot:
        return slot
    again = try_again(last)
    return done if again is not None and again <= now else None


def try_again(last: attempts.Newest | None) -> datetime | None:
    """When the newest Job may go on with another Attempt; None where it came to its end."""
    if last is None:
        return None
    attempt = last.attempt
    if attempt is None:
        return last.job.created_at
    if attempt.outcome not in attempts.UNFINISHED:
        return None
    ended: datetime = attempt.ended_at or attempt.started_at
    if attempt.outcome in ("running", "interrupted"):  # under a lease of our own, running means: cut off
        return ended
    return ended + min(FIRST_PAUSE * (1 << min(attempt.number - 1, 10)), LONGEST_PAUSE)


def next_look(entry: Entry, now: datetime) -> datetime:
    """When the entry is to be looked at again by itself: at its next slot, or when its window opens."""
    return opens(entry, slot_after(entry, now)) if open_at(entry, now) else opens(entry, now)


def overdue(entry: Entry, now: datetime, since: datetime, periods: int = 3) -> bool:
    """Whether more than so many periods, and a minute, went by in which it might have succeeded since it last did."""
    begin = opens(entry, slot_after(entry, since))
    return open_at(entry, now) and now - begin > max(periods * entry.period, LEAST_OVERDUE)
