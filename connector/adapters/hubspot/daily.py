"""The portal's daily calls as a fuse: all integrations share them, and who uses them up stops the others too.

What is left stands in the headers of most answers (not of searches, not for OAuth apps); it begins anew at midnight in
the portal's own time zone, which nobody tells us: what was heard is believed for an hour. Each session hears for
itself, by its own calls: what another one heard is in no record, and a replay would go on where this one stopped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from connector.errors import FuseError
from connector.ports import Answer

_BELIEVED = 3_600.0


class Daily:
    """What is left of a day; `check` raises FuseError once no more than `reserve` percent are."""

    def __init__(self, reserve: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reserve, self._clock = reserve, clock
        self._lock = threading.Lock()
        self._left, self._of, self._heard_at = 0, 0, 0.0

    def hear(self, answer: Answer) -> None:
        left = _number(answer, "x-hubspot-ratelimit-daily-remaining")
        of = _number(answer, "x-hubspot-ratelimit-daily")
        if left is not None and of:
            with self._lock:
                self._left, self._of, self._heard_at = left, of, self._clock()

    def check(self) -> None:
        with self._lock:
            if not self._of or self._clock() - self._heard_at > _BELIEVED:
                return
            if self._left * 100 <= self._reserve * self._of:
                raise FuseError(
                    f"{self._left:,} of the portal's {self._of:,} daily calls are left, no more than daily_reserve "
                    f"({self._reserve} %) keeps for other integrations; they begin anew at the portal's midnight"
                )


def _number(answer: Answer, header: str) -> int | None:
    value = answer.headers.get(header, "").strip()
    return int(value) if value.isascii() and value.isdigit() else None
