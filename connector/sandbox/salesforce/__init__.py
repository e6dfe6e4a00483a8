"""A stand-in Salesforce org: a stateful server that speaks the vendor's REST and bulk dialect, with people in it."""

from .run import run_forever
from .server import Server, serve

__all__ = ["Server", "run_forever", "serve"]
