"""Processes that a test starts, ends, and never waits for without end."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def started(
    command: Sequence[str], *, seconds: float = 60.0, ignores_sigint: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A process whose output is read by `line`; killed at the end, and after so many seconds at the latest.

    Once it is killed, what it says ends: nobody who reads or waits is kept longer. `ignores_sigint`: started as a
    script starts what it sends to the background. Call in the main thread.
    """
    # A child inherits what is ignored, and so do the tests from whoever started them.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignores_sigint else signal.default_int_handler)
    try:
        opened = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with opened as process:
        deadline = threading.Timer(seconds, process.kill)
        deadline.daemon = True
        deadline.start()
        try:
            yield process
        finally:
            deadline.cancel()
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """The next line that the process says; fails with what it complained of if it has ended instead."""
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, f"it ended with {process.wait(10)}: {complaints(process)}"
    return said


def complaints(process: subprocess.Popen[str]) -> str:
    """What a process that has ended left on stderr."""
    assert process.stderr is not None
    return process.stderr.read()
