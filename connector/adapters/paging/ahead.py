"""One page of look-ahead: the next page is on its way while the caller stores this one."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

B = TypeVar("B")
P = TypeVar("P")
_PATIENCE = 5.0  # seconds to wait for a page nobody wants any more; its thread is a daemon


def look_ahead(step: Callable[[P], tuple[B, P | None]], start: P) -> Generator[B, None, None]:
    """Yield what each step gives, following the place it names until that is None.

    At most one step runs at a time. An error of a step surfaces where its page would have come. Closing the
    iterator starts nothing more.
    """
    batch, place = step(start)
    while place is not None:
        ahead = _Ahead(step, place)
        try:
            yield batch
        except BaseException:
            ahead.abandon()
            raise
        batch, place = ahead.result()
    yield batch


class _Ahead(Generic[P, B]):
    def __init__(self, step: Callable[[P], tuple[B, P | None]], place: P) -> None:
        self._result: tuple[B, P | None] | None = None
        self._error: BaseException | None = None
        self._step, self._place = step, place
        context = contextvars.copy_context()  # what logs are bound to goes along
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="look-ahead", daemon=True)
        self._thread.start()

    def result(self) -> tuple[B, P | None]:
        try:
            self._thread.join()
        except BaseException:
            self.abandon()
            raise
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def abandon(self) -> None:
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            self._result = self._step(self._place)
        except BaseException as error:  # handed over to the caller's thread, nothing is swallowed
            self._error = error
