"""One way to the vendors: `HttpWire` carries a call, `Transport` says what the answer means and repeats reads."""

from connector.adapters.transport.decode import decode, shape
from connector.adapters.transport.meaning import MEANING, Meaning, Words, asked_wait, error_of, json_words
from connector.adapters.transport.pace import Bucket
from connector.adapters.transport.transport import Policy, Transport
from connector.adapters.transport.wire import HttpWire

__all__ = [
    "MEANING",
    "Bucket",
    "HttpWire",
    "Meaning",
    "Policy",
    "Transport",
    "Words",
    "asked_wait",
    "decode",
    "error_of",
    "json_words",
    "shape",
]
