"""Start the stand-in: in this process for tests, or for as long as the process lives."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Mapping
from types import TracebackType

import msgspec

from .api import Api, Login
from .callbacks import KEY_PATH, Callbacks
from .control import PREFIX, Control
from .pages import Pages
from .refusals import Answer
from .state import Request
from .wire import Wire
from .world import World


class Server:
    """A running stand-in on 127.0.0.1; a context manager that closes it."""

    def __init__(self, world: World, *, port: int = 0, latency: float = 0.0) -> None:
        self.world, self.login, self._latency = world, Login(), latency
        self._api = Api(world, self.login)
        self._control = Control(world, self._api)
        self._pages = Pages(world, self._api.renderer)
        self._wire = Wire(port, self._answer)
        self._wire.clock = world.now
        self.port: int = self._wire.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._callbacks = Callbacks(world, self._api.renderer, self.login.company, self.url)
        self._thread = threading.Thread(target=self._wire.serve_forever, args=(0.01,), daemon=True, name="sandbox")
        self._thread.start()

    def close(self) -> None:
        self._wire.shutdown()
        self._callbacks.close()
        self._wire.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Request, arrived: float) -> Answer:
        with self.world.lock:
            try:
                self._api.settle()
                self._callbacks.flush(None, by_api=True)
                try:
                    return self._routed(request, arrived)
                finally:
                    self._callbacks.flush(request, by_api=self._api.handles(request.path))
            except Exception:
                # The one place where a defect of the stand-in can be shown to whoever tests against it.
                body = {"code": "SandboxDefect", "message": traceback.format_exc()}
                return Answer(status=500, body=msgspec.json.encode(body))

    def _routed(self, request: Request, arrived: float) -> Answer:
        if request.path == KEY_PATH:
            return self._callbacks.key(request)
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        if not self._api.handles(request.path):
            return self._pages.answer(request)
        answer = self._api.answer(request)
        answer.delay += self._latency
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


def serve(
    *,
    port: int = 0,
    contacts: int = 200,
    seed: int = 7,
    companies: int | None = None,
    group_members: int | None = None,
    readings: str | Mapping[str, str] = "lenient",
    latency: float = 0.0,
) -> Server:
    """Start a stand-in in a daemon thread and return it; port 0 takes a free one, `latency` is in seconds."""
    world = World(contacts=contacts, seed=seed, companies=companies, group_members=group_members, readings=readings)
    return Server(world, port=port, latency=latency)
