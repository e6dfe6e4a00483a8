"""A stand-in HubSpot: a stateful server that speaks the vendor's REST dialect in three versions, with people in it."""

from .run import run_forever
from .server import Server, serve

__all__ = ["Server", "run_forever", "serve"]
