"""What every stand-in is: a world that answers on 127.0.0.1, one request at a time, until it is closed."""

from __future__ import annotations

import operator
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypedDict, TypeVar

import msgspec

from .control import Control, World
from .http import Answer, Request, Wire


class Api(Protocol):
    """A vendor's paths."""

    def handles(self, path: str) -> bool: ...
    def answer(self, request: Request) -> Answer: ...
    def settle(self) -> None:
        """Do what is due by now, such as a late write."""


class OfWorld(TypedDict, total=False):
    """How the world of a stand-in is made, beside the number of its contacts."""

    seed: int
    companies: int | None
    group_members: int | None
    readings: str | Mapping[str, str]


W = TypeVar("W", bound=World)
A = TypeVar("A", bound=Api)
L = TypeVar("L")


class StandIn(Generic[W, A, L]):
    """A running stand-in; a context manager that closes it. `login` holds the keys that it accepts."""

    def __init__(
        self,
        wire: Wire,
        world: W,
        api: A,
        login: L,
        *,
        control: Control,
        pages: Callable[[Request], Answer],
        defect: Callable[[str], Any],
        latency: float,
        delayed: Callable[[float, float], float] = operator.add,
        around: Callable[[Request], AbstractContextManager[None]] = lambda _: nullcontext(),
        beside: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve from now on, in a daemon thread.

        `latency` is in seconds from a request's arrival, the server's own work included; `delayed` makes one time of
        it and of a delay that was planned. `pages` answers what is no path of the vendor's API, and `defect` is the
        body that shows a traceback. `around` goes about each request, and `beside` closes what else was opened.
        """
        self.world, self.login, self.url, self.port = world, login, wire.url, wire.port
        self._wire, self._api, self._control, self._pages = wire, api, control, pages
        self._defect, self._latency, self._delayed = defect, latency, delayed
        self._around, self._beside = around, beside
        wire.desk, wire.clock = self._answer, world.now
        self._thread = threading.Thread(target=wire.serve_forever, args=(0.01,), daemon=True, name="sandbox")
        self._thread.start()

    def close(self) -> None:
        self._wire.shutdown()
        self._beside()
        self._wire.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Request, arrived: float) -> Answer:
        with self.world.lock:
            try:
                self._api.settle()
                with self._around(request):
                    return self._routed(request, arrived)
            except Exception:
                # The one place where a defect of the stand-in can be shown to whoever tests against it.
                return Answer(status=500, body=msgspec.json.encode(self._defect(traceback.format_exc())))

    def _routed(self, request: Request, arrived: float) -> Answer:
        if self._control.handles(request.path):
            return self._control.answer(request)
        if not self._api.handles(request.path):
            return self._pages(request)
        answer = self._api.answer(request)
        answer.delay = self._delayed(answer.delay, self._latency)
        entry = {
            "method": request.method,
            "path": request.path,
            "query": request.raw_query,
            "status": answer.status,
            "ms": round((time.monotonic() - arrived) * 1000, 1),
            "broken": answer.broken,
        }
        self.world.state.log.append(entry)
        return answer
