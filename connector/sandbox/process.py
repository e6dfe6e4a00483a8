"""A stand-in as a process of its own: its options, what it says when it is ready, how it stays until it is ended."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, TypeVar

S = TypeVar("S")


def stay(opened: AbstractContextManager[S], words: Callable[[S], str], *, freeze: bool = False) -> None:
    """Print what `words` makes of the running server, and serve until SIGINT or SIGTERM; then close it and return.

    `freeze`: nothing but this server runs here. A page of contacts makes many short-lived objects and no cycles, so
    with fewer collections it is served a third faster. Call in the main thread, which alone hears of signals.
    """
    with _terminated_as_interrupted(), opened as server, suppress(KeyboardInterrupt):
        if freeze:
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
        sys.stdout.write(words(server))
        sys.stdout.flush()
        _wait()


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end this process as Ctrl-C does: a script starts what runs in the background deaf to SIGINT."""

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # some tell a process and its group, so that it comes twice
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _wait() -> None:
    threading.Event().wait()


def options(arguments: Sequence[str] | None, *, kind: str, example: str) -> dict[str, Any]:
    """What a command line asks for, as `serve` of each stand-in takes it; `example` is one of its single readings."""
    parser = argparse.ArgumentParser(prog=f"python -m connector.sandbox.{kind}")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--readings", default="lenient", help=f'lenient, strict, or single ones: "strict,{example}"')
    parser.add_argument("--companies", type=int)
    parser.add_argument("--group-members", type=int)
    given = vars(parser.parse_args(arguments))
    given["latency"] = given.pop("latency_ms") / 1000
    given["readings"] = _readings(given["readings"])
    return given


def _readings(text: str) -> str | dict[str, str]:
    if "=" not in text:
        return text
    ground, single = "lenient", {}
    for entry in text.split(","):
        name, _, answer = entry.partition("=")
        if answer:
            single[name.strip()] = answer.strip()
        else:
            ground = name.strip()
    return {"*": ground, **single}
