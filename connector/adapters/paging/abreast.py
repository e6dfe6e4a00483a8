"""Several ranges read side by side, each in a thread of its own, handed on in turns.

In turns, not as they arrive: the same pages come in the same order again, whatever the network did, so that what is
made of them can be replayed. A range that is ahead waits with one batch in hand and one asked for.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator, Mapping
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

K = TypeVar("K")
B = TypeVar("B")
MOST = 4
"""Never more calls at once to one tenant."""
_TICK = 0.05
_PATIENCE = 5.0  # seconds to wait for a page nobody wants any more; its thread is a daemon


def abreast(ranges: Mapping[K, Callable[[], Generator[B, None, None]]]) -> Generator[tuple[K, B], None, None]:
    """Yield every batch of every range with the range's name: one of each in turn, in the order given.

    An error surfaces where its batch would have come. Closing the iterator starts nothing more. At most MOST ranges
    (ValueError).
    """
    if len(ranges) > MOST:
        raise ValueError(f"at most {MOST} ranges are read side by side, not {len(ranges)}")
    readers = {name: _Reader(batches) for name, batches in ranges.items()}
    try:
        while readers:
            for name, reader in list(readers.items()):
                batch = reader.next()
                if batch is None:
                    del readers[name]
                else:
                    yield name, batch[0]
    finally:
        for reader in readers.values():
            reader.stop()
        for reader in readers.values():
            reader.join()


class _Reader(Generic[B]):
    """One range; its batches come through a queue that holds one."""

    def __init__(self, batches: Callable[[], Generator[B, None, None]]) -> None:
        self._batches = batches
        self._queue: Queue[tuple[B] | BaseException | None] = Queue(maxsize=1)
        self._stopped = threading.Event()
        context = contextvars.copy_context()  # what logs are bound to goes along
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="range", daemon=True)
        self._thread.start()

    def next(self) -> tuple[B] | None:
        """The next batch, None at the end; raises what reading it raised."""
        while True:
            try:
                got = self._queue.get(timeout=1.0)  # not for ever: a signal must be able to come through
                break
            except Empty:
                continue
        if isinstance(got, BaseException):
            raise got
        return got

    def stop(self) -> None:
        self._stopped.set()

    def join(self) -> None:
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        batches = self._batches()
        try:
            for batch in batches:
                if not self._hand((batch,)):
                    return
            self._hand(None)
        except BaseException as error:  # handed over to the caller's thread, nothing is swallowed
            self._hand(error)
        finally:
            batches.close()

    def _hand(self, what: tuple[B] | BaseException | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(what, timeout=_TICK)
                return True
            except Full:
                continue
        return False
