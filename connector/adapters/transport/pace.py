"""How fast calls may follow each other: below what is configured, and below what the other side has shown to allow.

One Pace is shared by the threads of a Connection; where a vendor counts some calls apart (HubSpot's searches), there is
a Bucket and so a Pace for each. A refusal for too many requests (429) halves the calls of a window (a minute, where the
vendor names no other) and keeps everybody waiting as long as it asks; each window without one adds a half. What was
learned, and the calls of the last window, are remembered for the process, so that the next Attempt does not begin by
being refused.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.ports import Call

WINDOW = 60.0
LOWEST = 30
"""Calls per minute that are never gone below: a refusal may come from somebody else's calls, and a story that makes
some dozens of calls between two commits must not outlive its lease."""
_GROWTH = 1.5
_QUIET = 10.0  # seconds without a refusal, at least, before a halved pace grows again


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What the vendor counts together: at most `calls` of those it `takes` in any `seconds`.

    `code` is the vendor's word for "too many of these"; a refusal with another word is for every bucket that took it.
    """

    name: str
    calls: int
    seconds: float
    takes: Callable[[Call], bool] = lambda _: True
    code: str = ""


@dataclass(slots=True)
class Learned:
    """What a process knows of one tenant: the calls in a window held to now, and when the last calls were."""

    limit: float
    window: float = WINDOW
    refused_at: float | None = None
    grown_at: float = 0.0
    recent: deque[float] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pace:
    """At most `limit` calls in any `window` seconds, `limit` never over `most`; bursts within it cost nothing."""

    def __init__(
        self,
        most: int,
        *,
        window: float = WINDOW,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        learned: Learned | None = None,
    ) -> None:
        self.calls = 0
        self._most, self._window = most, window
        self._least = min(float(most), LOWEST * window / WINDOW)
        self._clock, self._sleep = clock, sleep  # seconds that only ever grow: `context.now` stands still in an Attempt
        self._learned = learned or Learned(limit=float(most), window=window)
        self._not_before = 0.0
        self._lock = self._learned.lock

    @property
    def limit(self) -> int:
        """Calls in a window held to now."""
        with self._lock:
            self._grow(self._clock())
            return int(min(self._learned.limit, self._most))

    def allow(self, most: int) -> None:
        """The other side says how many it allows; what was learned by refusals still holds."""
        with self._lock:
            if self._learned.refused_at is None:
                self._learned.limit = float(most)
            self._most = most
            self._least = min(float(most), LOWEST * self._window / WINDOW)

    def take(self) -> float:
        """Wait until the next call may leave; returns its moment, for `refused`."""
        with self._lock:
            self.calls += 1
            now = self._clock()
            self._grow(now)
            recent = self._learned.recent
            held = min(self._learned.limit, self._most)
            limit = max(1, int(held))
            window = self._window * max(1.0, limit / held)  # less than one call in a window is one in a longer one
            while recent and recent[0] <= now - window:
                recent.popleft()
            at = max(now, self._not_before)
            if len(recent) >= limit:
                at = max(at, recent[-limit] + window)
            recent.append(at)
        if at > now:
            self._sleep(at - now)
        return at

    def refused(self, taken: float, retry_after: float) -> None:
        """The call that left at `taken` was refused as one too many; calls that left before the last refusal (other
        threads had them under way) say nothing new."""
        with self._lock:
            now = self._clock()
            learned = self._learned
            self._not_before = max(self._not_before, now + min(retry_after, WINDOW))
            if learned.refused_at is not None and taken <= learned.refused_at:
                return
            learned.limit = max(self._least, min(learned.limit, self._most) / 2)
            learned.refused_at = learned.grown_at = now

    def _grow(self, now: float) -> None:
        learned = self._learned
        quiet = max(_QUIET, self._window)
        if learned.refused_at is None or (times := int((now - learned.grown_at) // quiet)) < 1:
            return
        learned.grown_at += times * quiet
        learned.limit *= _GROWTH ** min(times, 100)
        if learned.limit >= self._most:
            learned.limit, learned.refused_at = float(self._most), None


_known: dict[str, Learned] = {}
_knowing = threading.Lock()


def remembered(tenant: str, most: int, now: float, *, window: float = WINDOW) -> Learned:
    """What this process knows of a tenant, and from now on learns; calls a clock has not reached yet are forgotten."""
    with _knowing:
        learned = _known.setdefault(tenant, Learned(limit=float(most), window=window))
        with learned.lock:
            learned.recent = deque(at for at in learned.recent if at <= now)
            if learned.refused_at is None:
                learned.limit = float(most)
        return learned


def limits() -> dict[str, int]:
    """Calls per minute held to now, by tenant; for metrics."""
    with _knowing:
        return {tenant: int(learned.limit * WINDOW / learned.window) for tenant, learned in _known.items()}
