"""A stand-in ConnectWise PSA: a stateful server that speaks the vendor's REST dialect, with people in it."""

from .run import run_forever
from .server import Server, serve

__all__ = ["Server", "run_forever", "serve"]
