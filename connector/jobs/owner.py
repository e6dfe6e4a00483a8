"""Who this process (or a task of it) is, and whether another that holds a lease is surely dead.

Surely means: same machine boot, same process-id namespace, and no process of that id and start time. A container
with a namespace of its own, or another machine, is never judged; its lease runs out instead.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process(task: str = "") -> str:
    """Who acts: this process, or one task of it where several act at once and must not be taken for one another."""
    parts = [socket.gethostname(), _place(), str(os.getpid()), _started(os.getpid()) or "?"]
    return "|".join([*parts, task] if task else parts)


def is_dead(owner: str) -> bool:
    """Whether the process is surely gone; a task lives as long as its process."""
    parts = owner.split("|")
    if len(parts) not in (4, 5) or parts[1] != _place() or parts[1] == "?" or parts[3] == "?" or not parts[2].isdigit():
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
