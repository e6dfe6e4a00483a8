"""One page of look-ahead: the next page is on its way while the caller reads and stores this one."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator
from typing import Generic, NamedTuple, TypeVar

A = TypeVar("A")
B = TypeVar("B")
P = TypeVar("P")
_PATIENCE = 5.0  # seconds to wait for a page nobody wants any more; its thread is a daemon


class Steps(NamedTuple, Generic[P, A, B]):
    """How pages are come by. `ask` goes over the network, in a thread of its own; the others work here.

    `likely` names the place that surely follows before the answer has been read, or None. `read` gives the batch
    (None: this place has to be asked again, in the way it names) and the place that follows (None: the end).
    """

    ask: Callable[[P], A]
    likely: Callable[[P, A], P | None]
    read: Callable[[P, A], tuple[B | None, P | None]]


def look_ahead(steps: Steps[P, A, B], start: P) -> Generator[B, None, None]:
    """Yield each batch, following the places that `read` names until that is None.

    One page at most is asked for beyond the one in hand, and at once if `likely` knows it. An error surfaces where
    its page would have come. Closing the iterator starts nothing more.
    """
    place: P | None = start
    answer = steps.ask(start)
    while place is not None:
        likely = steps.likely(place, answer)
        ahead = _Ahead(steps.ask, likely) if likely is not None else None
        try:
            batch, following = steps.read(place, answer)
            if following is not None and (ahead is None or likely != following):
                if ahead is not None:
                    ahead.abandon()
                ahead = _Ahead(steps.ask, following)
            if batch is not None:
                yield batch
        except BaseException:
            if ahead is not None:
                ahead.abandon()
            raise
        place = following
        if place is not None and ahead is not None:
            answer = ahead.result()


def follow(steps: Steps[P, A, B], start: P) -> Generator[B, None, None]:
    """The same without looking ahead: for a range that has a thread of its own already."""
    place: P | None = start
    while place is not None:
        batch, following = steps.read(place, steps.ask(place))
        if batch is not None:
            yield batch
        place = following


class _Ahead(Generic[P, A]):
    def __init__(self, ask: Callable[[P], A], place: P) -> None:
        self._result: list[A] = []
        self._error: BaseException | None = None
        self._ask, self._place = ask, place
        context = contextvars.copy_context()  # what logs are bound to goes along
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="look-ahead", daemon=True)
        self._thread.start()

    def result(self) -> A:
        try:
            self._thread.join()
        except BaseException:
            self.abandon()
            raise
        if self._error is not None:
            raise self._error
        return self._result[0]

    def abandon(self) -> None:
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            self._result.append(self._ask(self._place))
        except BaseException as error:  # handed over to the caller's thread, nothing is swallowed
            self._error = error
