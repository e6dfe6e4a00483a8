"""Batches read in a thread of their own, a bounded number of them ahead of whoever takes them."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

B = TypeVar("B")
_SIGNALS = 1.0  # seconds between looks: a signal must be able to come through to whoever waits
_PATIENCE = 5.0  # seconds to wait for a page nobody wants any more; its thread is a daemon


class Reader(Generic[B]):
    """One generator, run in a thread from the start; `next` gives its batches in their order.

    The next batch is asked for while those that wait to be taken weigh less than `room`. An error surfaces where its
    batch would have come. `name` is the thread's.
    """

    def __init__(
        self,
        batches: Callable[[], Generator[B, None, None]],
        *,
        name: str,
        room: int = 2,
        weight: Callable[[B], int] = lambda _: 1,
    ) -> None:
        self._batches, self._room, self._weight = batches, room, weight
        self._waiting: deque[B] = deque()
        self._weighs = 0
        self._ended = self._stopped = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        context = contextvars.copy_context()  # what logs are bound to goes along
        self._thread = threading.Thread(target=context.run, args=(self._run,), name=name, daemon=True)
        self._thread.start()

    def next(self) -> tuple[B] | None:
        """The next batch, None at the end; raises what reading it raised."""
        with self._changed:
            while not (self._waiting or self._ended):
                self._changed.wait(_SIGNALS)
            if self._waiting:
                batch = self._waiting.popleft()
                self._weighs -= self._weight(batch)
                self._changed.notify_all()
                return (batch,)
        if self._error is not None:
            raise self._error
        return None

    def stop(self) -> None:
        """Nothing more is begun; what waits is forgotten."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self) -> None:
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        batches = self._batches()
        try:
            for batch in batches:
                if not self._hand(batch):
                    break
        except BaseException as error:  # handed over to the taker's thread, nothing is swallowed
            self._error = error
        finally:
            try:
                batches.close()
            finally:
                with self._changed:
                    self._ended = True
                    self._changed.notify_all()

    def _hand(self, batch: B) -> bool:
        """Lay it beside those that wait, then wait for room; False where nobody wants more."""
        with self._changed:
            self._waiting.append(batch)
            self._weighs += self._weight(batch)
            self._changed.notify_all()
            while self._weighs >= self._room and not self._stopped:
                self._changed.wait()
            return not self._stopped
