"""The public listener: only what the outside must reach. Off unless listen.public names an address.

It stands behind a reverse proxy that speaks TLS. Whatever comes in is a hint from strangers: it is checked, bounded,
and at most wakes a story, which reads the truth from the other system itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from connector.jobs.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the service lends its listeners.

    `runtime()` is the configuration and store of now (another one after a reload). `wake(story, connection)` asks for
    a story soon; it returns at once, is forgotten where that story is waiting already, and may be called by any thread.
    """

    runtime: Callable[[], Runtime]
    wake: Callable[[str, str], None]


def create_app(doors: Doors) -> FastAPI:
    """The application of the public listener. No docs pages, no schema: it tells strangers nothing about itself."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.doors = doors

    @app.get("/", response_class=PlainTextResponse)
    def root() -> str:
        return "ok\n"

    from connector.web.callbacks import add_callbacks

    add_callbacks(app, doors)
    return app
