"""Start the stand-in: in this process for tests, or for as long as the process lives."""

from __future__ import annotations

from typing import TypeAlias, Unpack

from connector.sandbox.http import Answer, Request, Wire
from connector.sandbox.server import OfWorld, StandIn

from .api import Api, Login
from .callbacks import KEY_PATH, Callbacks
from .control import control
from .pages import Pages
from .world import World

Server: TypeAlias = StandIn[World, Api, Login]


def serve(*, port: int = 0, contacts: int = 200, latency: float = 0.0, **of_world: Unpack[OfWorld]) -> Server:
    """Start a stand-in in a daemon thread and return it; port 0 takes a free one, `latency` is in seconds."""
    world, login = World(contacts=contacts, **of_world), Login()
    api = Api(world, login)
    pages = Pages(world, api.renderer)
    wire = Wire(port)
    callbacks = Callbacks(world, api.renderer, login.company, wire.url)

    def shown(request: Request) -> Answer:
        return callbacks.key(request) if request.path == KEY_PATH else pages.answer(request)

    return StandIn(
        wire,
        world,
        api,
        login,
        control=control(world, api),
        pages=shown,
        defect=lambda trace: {"code": "SandboxDefect", "message": trace},
        latency=latency,
        around=lambda request: callbacks.told_of(request, by_api=api.handles(request.path)),
        beside=callbacks.close,
    )
