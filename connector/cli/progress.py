"""How far long work is: a line at a terminal that is written over, else a line of the log every few seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter

import structlog

from connector.cli import common
from connector.cli.output import Live

SHOWN = {
    "contacts": "contacts",
    "companies": "companies",
    "memberships": "members of groups",
    "decisions": "contacts decided",
    "response": "answers",
    "outcome": "write-backs",
}
"""What people see of the rows that stories make, by the name under which these go on record."""
EVERY_SHOWN, EVERY_LOGGED = 0.2, 10.0  # seconds
log = structlog.get_logger()


class Progress:
    """Hears of rows made (`Runtime.told`), by several threads; `end(story, connection)` begins counting anew."""

    def __init__(self, *, live: bool = True) -> None:
        self._live = Live()
        self._live.on = self._live.on and live
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._said: dict[tuple[str, str], float] = {}

    def __call__(self, story: str, connection: str, name: str, rows: int) -> None:
        if name not in SHOWN or not rows:
            return
        work = story, connection
        with self._lock:
            counts = self._counts.setdefault(work, Counter())
            counts[SHOWN[name]] += rows
            now = time.monotonic()
            before = self._said.setdefault(work, now)
            if now - before < (EVERY_SHOWN if self._live.on else EVERY_LOGGED):
                return
            self._said[work] = now
            words = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        if self._live.on:
            self._live.show(f"{story} {connection}: {words}")
        elif not sys.stderr.isatty() and not common.given.json:
            log.info("progress", story=story, connection=connection, done=words)

    def end(self, story: str, connection: str) -> None:
        with self._lock:
            self._counts.pop((story, connection), None)
            self._said.pop((story, connection), None)
        self._live.end()
