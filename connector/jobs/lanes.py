"""Who works: one thread for each connection, so that a slow one does not stop the others, and a bound on them all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from connector.jobs.schedule import Entry

MOST_AT_ONCE = 16
"""Stories at work at the same time in one service; what is beyond waits its turn."""

log = structlog.get_logger()


class Lanes:
    """`put` an entry and its connection's thread will do it: one at a time, in order, each once however often put.

    `work(entry, asked)` is called in that thread; `asked` says that somebody asked for it, beside the clock. What it
    raises is logged, and the thread goes on.
    """

    def __init__(self, work: Callable[[Entry, bool], None]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._turn = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._closed = False

    def put(self, entry: Entry, *, asked: bool = False) -> None:
        """Do this soon; returns at once. Nothing after `close`."""
        with self._lock:
            if self._closed:
                return
            lane = self._lanes.get(entry.connection)
            if lane is None:
                lane = self._lanes[entry.connection] = _Lane(entry.connection, self._work, self._turn)
            lane.put(entry, asked=asked)

    def busy(self) -> list[str]:
        """The connections whose threads are at work, or have work waiting."""
        with self._lock:
            return [name for name, lane in self._lanes.items() if lane.busy]

    def close(self) -> None:
        """Take nothing more and forget what waits; what is at work goes on to its end."""
        with self._lock:
            self._closed = True
            for lane in self._lanes.values():
                lane.close()

    def join(self, seconds: float) -> list[str]:
        """Wait for the threads to end, at most so long in all; the connections still at work then."""
        end = time.monotonic() + seconds
        for lane in list(self._lanes.values()):
            lane.thread.join(max(0.0, end - time.monotonic()))
        return [name for name, lane in self._lanes.items() if lane.thread.is_alive()]


class _Lane:
    def __init__(self, name: str, work: Callable[[Entry, bool], None], turn: threading.BoundedSemaphore) -> None:
        self._work, self._turn = work, turn
        self._changed = threading.Condition()
        self._waiting: dict[str, tuple[Entry, bool]] = {}
        self._closed = self._working = False
        self.thread = threading.Thread(target=self._run, name=f"lane-{name}", daemon=True)
        self.thread.start()

    @property
    def busy(self) -> bool:
        with self._changed:
            return self._working or bool(self._waiting)

    def put(self, entry: Entry, *, asked: bool) -> None:
        with self._changed:
            before = self._waiting.get(entry.key)
            self._waiting[entry.key] = (entry, asked or (before is not None and before[1]))
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()

    def _next(self) -> tuple[Entry, bool] | None:
        with self._changed:
            self._working = False
            while not self._waiting and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            self._working = True
            return self._waiting.pop(next(iter(self._waiting)))

    def _run(self) -> None:
        while (given := self._next()) is not None:
            entry, asked = given
            with self._turn:
                try:
                    self._work(entry, asked)
                except Exception as bug:  # a lane that died would silently do nothing for ever
                    log.error("lane_failed", story=entry.story, connection=entry.connection, exc_info=bug)
