"""How often the portal may be asked (facts 6): ten seconds, one second for searches, a day for all."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from . import tenant
from .refusals import too_many
from .world import TIERS

if TYPE_CHECKING:
    from .world import World

_ZONE = ZoneInfo(tenant.TIME_ZONE)
WINDOW, SEARCHES_A_SECOND, BY_OAUTH = 10.0, 5, 110


class Limits:
    """Counts calls by the real clock, and the day's calls by the world's. Call under the world's lock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tier = world.readings["rate_limits"]

    def take(self, *, search: bool, oauth: bool) -> dict[str, str]:
        """Count one call and return the headers of its answer; raise a 429 where a limit is used up."""
        now = time.monotonic()
        if search:
            return self._search(now)
        recent = self._world.state.recent
        most = BY_OAUTH if oauth else TIERS[self._tier][0]
        while recent and recent[0] <= now - WINDOW:
            recent.popleft()
        over = len(recent) >= most and self._tier != "off"
        if not over:
            recent.append(now)
        headers = {
            "X-HubSpot-RateLimit-Max": str(most),
            # Where nothing is enforced, nobody need slow down.
            "X-HubSpot-RateLimit-Remaining": str(max(most // 2 if self._tier == "off" else 0, most - len(recent))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        }
        if over:
            wait = WINDOW - (now - recent[0])
            raise too_many("TEN_SECONDLY_ROLLING", {**headers, **self.retry_after(wait)})
        self._day()
        if not oauth:
            limit = self._world.state.daily_limit or 650_000
            headers["X-HubSpot-RateLimit-Daily"] = str(limit)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, limit - self.used()))
        return headers

    def used(self) -> int:
        """Return the calls of the portal's own day."""
        return self._world.state.used_today.get(self.day(), 0)

    def day(self) -> str:
        return dt.datetime.fromtimestamp(self._world.now(), _ZONE).date().isoformat()

    def retry_after(self, seconds: float) -> dict[str, str]:
        """Return Retry-After in the unit that the reading says, or nothing."""
        how = self._world.readings["retry_after_on_429"]
        if how == "absent":
            return {}
        return {"Retry-After": str(max(1, round(seconds * (1000 if how == "milliseconds" else 1))))}

    def _search(self, now: float) -> dict[str, str]:
        searches = self._world.state.searches
        while searches and searches[0] <= now - 1.0:
            searches.popleft()
        if len(searches) >= SEARCHES_A_SECOND and self._tier != "off":
            raise too_many("SECONDLY", {})  # searches bear no rate headers at all
        searches.append(now)
        self._day()
        return {}

    def _day(self) -> None:
        day, limit = self.day(), self._world.state.daily_limit
        used = self._world.state.used_today.get(day, 0)
        if limit and used >= limit:
            raise too_many("DAILY", {})
        self._world.state.used_today = {day: used + 1}
