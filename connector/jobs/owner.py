"""Who this process is, and whether another that holds a lease is surely dead.

Surely means: same machine boot, same process-id namespace, and no process of that id and start time. A container
with a namespace of its own, or another machine, is never judged; its lease runs out instead.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process() -> str:
    return "|".join((socket.gethostname(), _place(), str(os.getpid()), _started(os.getpid()) or "?"))


def is_dead(owner: str) -> bool:
    parts = owner.split("|")
    if len(parts) != 4 or parts[1] != _place() or parts[1] == "?" or parts[3] == "?" or not parts[2].isdigit():
        return False
    return _started(int(parts[2])) != parts[3]


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return "?"  # not Linux: leases of dead processes run out by themselves


def _started(pid: int) -> str | None:
    """The start time of a process in clock ticks since boot; None where it is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
