"""Times as the API writes them: text that sorts as time does, in UTC, to the millisecond."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

# Records existed before this moment; every edit comes after it, whatever the machine's clock says.
ANCHOR = 1793491200  # 2026-11-01T00:00:00Z
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=65536)
def written(seconds: float) -> str:
    """Return seconds since 1970 as `2026-11-01T00:00:00.000+0000`, the form of the REST API (facts 2.1)."""
    day, rest = divmod(int(seconds * 1000), 86_400_000)
    minutes, rest = divmod(rest, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{_day(day)}T{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}+0000"


@lru_cache(maxsize=8192)
def _day(day: int) -> str:
    return f"{_EPOCH + timedelta(days=day):%Y-%m-%d}"


def bulk_form(text: str) -> str:
    """Return a time as Bulk API 2.0 writes it: `…000Z` (facts 2.1)."""
    return f"{text[:23]}Z"


def read(text: str) -> str | None:
    """Return a time given in any of the accepted forms as `written` would write it, None for what is none."""
    if not _WRITTEN.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return written((moment - _EPOCH) / timedelta(seconds=1))


def read_date(text: str) -> str | None:
    """Return a date of the form 2026-11-01 as it is, None for what is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").strftime("%Y-%m-%d")  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None


def seconds(text: str) -> float:
    """Return a written time as seconds since 1970."""
    return (datetime.fromisoformat(text) - _EPOCH) / timedelta(seconds=1)
