"""What /proc says of a process: memory, threads, open files; and how it moves over time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    at: float  # seconds since the process began to be watched
    rss_mb: float
    threads: int
    files: int


def sample(pid: int, at: float) -> Sample | None:
    """None where the process is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        threads = len(os.listdir(f"/proc/{pid}/task"))
        files = len(os.listdir(f"/proc/{pid}/fd"))
    except (OSError, IndexError):
        return None
    return Sample(at=at, rss_mb=pages * PAGE / 2**20, threads=threads, files=files)


def slope(values: Sequence[tuple[float, float]]) -> float:
    """Least squares: how much the second grows for each unit of the first; 0 for fewer than three."""
    if len(values) < 3:
        return 0.0
    mean_x = sum(x for x, _ in values) / len(values)
    mean_y = sum(y for _, y in values) / len(values)
    spread = sum((x - mean_x) ** 2 for x, _ in values)
    return sum((x - mean_x) * (y - mean_y) for x, y in values) / spread if spread else 0.0
