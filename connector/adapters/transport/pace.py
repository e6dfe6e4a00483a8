"""How fast calls may follow each other: below what is configured, and below what the other side has shown to allow.

One Pace is shared by the threads of a Connection. A refusal for too many requests (429) halves the calls per minute and
keeps everybody waiting as long as it asks; each minute without one adds a half. What was learned, and the calls
of the last minute, are remembered for the process, so that the next Attempt does not begin by being refused.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW = 60.0
LOWEST = 30
"""Calls per minute that are never gone below: a refusal may come from somebody else's calls, and a story that makes
some dozens of calls between two commits must not outlive its lease."""
_GROWTH = 1.5


@dataclass(slots=True)
class Learned:
    """What a process knows of one tenant: the calls per minute held to now, and when the last calls were."""

    limit: float
    refused_at: float | None = None
    grown_at: float = 0.0
    recent: deque[float] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pace:
    """At most `limit` calls in any 60 seconds, `limit` never over `per_minute`; bursts cost nothing."""

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        learned: Learned | None = None,
    ) -> None:
        self.calls = 0
        self._most = per_minute
        self._clock, self._sleep = clock, sleep  # seconds that only ever grow: `context.now` stands still in an Attempt
        self._learned = learned or Learned(limit=float(per_minute))
        self._not_before = 0.0
        self._lock = self._learned.lock

    @property
    def limit(self) -> int:
        """Calls per minute held to now."""
        with self._lock:
            self._grow(self._clock())
            return int(min(self._learned.limit, self._most))

    def take(self) -> float:
        """Wait until the next call may leave; returns its moment, for `refused`."""
        with self._lock:
            self.calls += 1
            now = self._clock()
            self._grow(now)
            recent = self._learned.recent
            while recent and recent[0] <= now - WINDOW:
                recent.popleft()
            at = max(now, self._not_before)
            limit = max(1, int(min(self._learned.limit, self._most)))
            if len(recent) >= limit:
                at = max(at, recent[-limit] + WINDOW)
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
            learned.limit = max(min(LOWEST, self._most), min(learned.limit, self._most) / 2)
            learned.refused_at = learned.grown_at = now

    def _grow(self, now: float) -> None:
        learned = self._learned
        if learned.refused_at is None or (minutes := int((now - learned.grown_at) // WINDOW)) < 1:
            return
        learned.grown_at += minutes * WINDOW
        learned.limit *= _GROWTH ** min(minutes, 100)
        if learned.limit >= self._most:
            learned.limit, learned.refused_at = float(self._most), None


_known: dict[str, Learned] = {}
_knowing = threading.Lock()


def remembered(tenant: str, per_minute: int, now: float) -> Learned:
    """What this process knows of a tenant, and from now on learns; calls a clock has not reached yet are forgotten."""
    with _knowing:
        learned = _known.setdefault(tenant, Learned(limit=float(per_minute)))
        learned.recent = deque(at for at in learned.recent if at <= now)
        if learned.refused_at is None:
            learned.limit = float(per_minute)
        return learned


def limits() -> dict[str, int]:
    """Calls per minute held to now, by tenant; for metrics."""
    with _knowing:
        return {tenant: int(learned.limit) for tenant, learned in _known.items()}
