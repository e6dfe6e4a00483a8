"""Everything about a world that changes, so that a snapshot is one copy."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.http import Request

Row = dict[str, Any]
# A stored row is never changed in place: a write puts a new one. None marks a deleted base row.
Overlay = dict[int, dict[int, Row | None]]


@dataclass(slots=True, kw_only=True)
class Fault:
    """A planned misfortune; `times` below zero means for ever."""

    kind: str
    method: str = "*"
    path: str = ""
    skip: int = 0
    times: int = 1
    seconds: float = 0.0
    # The status of the answer where the kind has one to choose.
    status: int = 0


@dataclass(slots=True, kw_only=True)
class State:
    """What has happened since the world began."""

    overlay: dict[str, Overlay] = field(default_factory=dict)
    touched: dict[str, dict[int, int]] = field(default_factory=lambda: {"contacts": {}, "companies": {}})
    stamps: dict[str, int] = field(default_factory=dict)
    last_id: dict[str, int] = field(default_factory=dict)
    served: dict[str, bytearray] = field(default_factory=dict)
    served_new: dict[str, set[int]] = field(default_factory=lambda: {"contacts": set(), "companies": set()})
    calls: Counter[str] = field(default_factory=Counter)
    log: deque[Row] = field(default_factory=lambda: deque(maxlen=10_000))
    mails: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    late: list[tuple[float, Request]] = field(default_factory=list)
    # The rows as they were before writes that no callback has been told of yet, by (table, id); never copied.
    written: dict[tuple[str, int], Row | None] = field(default_factory=dict)
    deliveries: deque[Row] = field(default_factory=lambda: deque(maxlen=10_000))
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=1001))
    offset: float = 0.0
    codebase: str = "v2026_1"
    # Which tickets the API member may not see, by technician.permit.
    forbidden: Row = field(default_factory=dict)

    def copy(self) -> State:
        """Return a copy that later writes leave alone; rows are shared, since they are never changed in place."""
        return State(
            overlay={t: {p: dict(rows) for p, rows in by.items()} for t, by in self.overlay.items()},
            touched={t: dict(rows) for t, rows in self.touched.items()},
            stamps=dict(self.stamps),
            last_id=dict(self.last_id),
            served={t: bytearray(marks) for t, marks in self.served.items()},
            served_new={t: set(ids) for t, ids in self.served_new.items()},
            calls=Counter(self.calls),
            log=deque(self.log, maxlen=10_000),
            mails=list(self.mails),
            faults=[replace(fault) for fault in self.faults],
            late=list(self.late),
            deliveries=deque((dict(d) for d in self.deliveries if d["status"] != "pending"), maxlen=10_000),
            recent=deque(self.recent, maxlen=1001),
            offset=self.offset,
            codebase=self.codebase,
            forbidden=dict(self.forbidden),
        )
