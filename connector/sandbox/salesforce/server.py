"""Start the stand-in: in this process for tests, or for as long as the process lives."""

from __future__ import annotations

from typing import TypeAlias, Unpack

from connector.sandbox.http import Wire
from connector.sandbox.server import OfWorld, StandIn

from .api import Api
from .control import control
from .pages import page
from .signing_in import Login
from .world import World

Server: TypeAlias = StandIn[World, Api, Login]


def serve(*, port: int = 0, contacts: int = 200, latency: float = 0.0, **of_world: Unpack[OfWorld]) -> Server:
    """Start a stand-in in a daemon thread and return it; port 0 takes a free one, `latency` is in seconds."""
    world, login = World(contacts=contacts, **of_world), Login()
    api = Api(world, login)
    api.writer.latency = latency
    return StandIn(
        Wire(port),
        world,
        api,
        login,
        control=control(world, api),
        pages=lambda _: page(world),
        defect=lambda trace: [{"errorCode": "SandboxDefect", "message": trace}],
        latency=latency,
    )
