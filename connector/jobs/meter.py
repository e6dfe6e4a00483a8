"""What this process counts on its way, for /metrics: calls, throttled answers, seconds waited, attempts ended."""

from __future__ import annotations

import threading
from collections import Counter

THROTTLED = 429


class Meter:
    """Counters that only grow, safe from several threads; keys are names of connections, stories and outcomes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()
        self._waited: dict[str, float] = {}
        self._ended: Counter[tuple[str, str, str]] = Counter()

    def called(self, connection: str, status: int) -> None:
        with self._lock:
            self._calls[connection] += 1
            if status == THROTTLED:
                self._throttled[connection] += 1

    def waited(self, connection: str, seconds: float) -> None:
        with self._lock:
            self._waited[connection] = self._waited.get(connection, 0.0) + max(seconds, 0.0)

    def ended(self, story: str, connection: str, outcome: str) -> None:
        with self._lock:
            self._ended[story, connection, outcome] += 1

    def calls(self) -> dict[str, int]:
        with self._lock:
            return dict(self._calls)

    def throttled(self) -> dict[str, int]:
        with self._lock:
            return dict(self._throttled)

    def seconds_waited(self) -> dict[str, float]:
        with self._lock:
            return dict(self._waited)

    def attempts_ended(self) -> dict[tuple[str, str, str], int]:
        with self._lock:
            return dict(self._ended)
