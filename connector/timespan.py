"""Lengths of time as people write them in YAML: `90 days`, `18 months`, `15 minutes`, `1 business day`.

Calendar spans (seconds to years) are plain arithmetic on aware datetimes; business spans need a calendar and are
resolved in `rules/business_time.py`. Beside them, what a time zone is called.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

_UNITS = {
    "second": ("seconds", 1), "minute": ("seconds", 60), "hour": ("seconds", 3600),
    "day": ("days", 1), "week": ("days", 7), "month": ("months", 1), "year": ("months", 12),
    "business day": ("business_days", 1), "working hour": ("working_seconds", 3600),
}  # fmt: skip
_PATTERN = re.compile(r"\s*(\d{1,6})\s+(business\s+day|working\s+hour|[a-z]+?)s?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One length of time. Exactly one of the parts is set."""

    seconds: int = 0
    days: int = 0
    months: int = 0
    business_days: int = 0
    working_seconds: int = 0
    text: str = ""

    @property
    def business(self) -> bool:
        return bool(self.business_days or self.working_seconds)

    def after(self, moment: datetime) -> datetime:
        """`moment` plus the span; months clip to the last day of the month. Business spans raise ValueError."""
        return self._shift(moment, 1)

    def before(self, moment: datetime) -> datetime:
        return self._shift(moment, -1)

    def _shift(self, moment: datetime, sign: int) -> datetime:
        if self.business:
            raise ValueError(f"{self.text!r} needs a business calendar")
        if self.months:
            index = moment.year * 12 + moment.month - 1 + sign * self.months
            year, month = divmod(index, 12)
            day = min(moment.day, calendar.monthrange(year, month + 1)[1])
            moment = moment.replace(year=year, month=month + 1, day=day)
        return moment + sign * timedelta(days=self.days, seconds=self.seconds)


def parse_span(text: str) -> Span:
    """Read a span; raises ValueError with what may be written."""
    match = _PATTERN.fullmatch(str(text))
    unit = re.sub(r"\s+", " ", match.group(2).lower()) if match else ""
    if match is None or unit not in _UNITS:
        raise ValueError(
            f"{text!r} is no length of time; write for example 15 minutes, 90 days, 18 months, 1 business day"
        )
    part, factor = _UNITS[unit]
    return Span(
        **{part: int(match.group(1)) * factor}, text=f"{match.group(1)} {unit}{'' if match.group(1) == '1' else 's'}"
    )


def zone_name(at: datetime, zone: tzinfo) -> str:
    """What the zone is called at that moment: `CET`, `UTC`; where it has only a number, `UTC-03:00`."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{local.isoformat()[-6:]}"
