"""Everything about a world that changes, so that a snapshot is one copy."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.http import Request

Row = dict[str, Any]
# A stored row is never changed in place: a write puts a new one. None marks a row that is gone for good.
Overlay = dict[int, Row | None]


@dataclass(slots=True, kw_only=True)
class Fault:
    """A planned misfortune; `times` below zero means for ever. `rows` are places in a collection, empty for all.

    `over` lets a query time out only where it finds more records than that.
    """

    kind: str
    method: str = "*"
    path: str = ""
    skip: int = 0
    times: int = 1
    seconds: float = 0.0
    rows: tuple[int, ...] = ()
    over: int = 0


@dataclass(slots=True, kw_only=True)
class State:
    """What has happened since the world began."""

    overlay: dict[str, Overlay] = field(default_factory=dict)
    # How many records each object has had beyond the planted ones.
    added: dict[str, int] = field(default_factory=dict)
    served: dict[str, bytearray] = field(default_factory=dict)
    served_new: dict[str, set[int]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    log: deque[Row] = field(default_factory=lambda: deque(maxlen=10_000))
    faults: list[Fault] = field(default_factory=list)
    late: list[tuple[float, Request]] = field(default_factory=list)
    offset: float = 0.0
    # Fields and objects that the API user may not see ("Contact.Email", "Task"), or may not write.
    hidden: set[str] = field(default_factory=set)
    readonly: set[str] = field(default_factory=set)
    # Records that sharing hides from the API user, by id.
    unshared: set[str] = field(default_factory=set)
    # Duplicate rules by object: alert or block.
    duplicate_rules: dict[str, str] = field(default_factory=dict)
    # Calls by hour of the world's clock, what was used before, and the allotment of 24 hours.
    used: Counter[int] = field(default_factory=Counter)
    used_before: int = 18
    allotment: int = 100_000
    limit_info: str = "short"

    def copy(self) -> State:
        """Return a copy that later writes leave alone; rows are shared, since they are never changed in place."""
        return State(
            overlay={table: dict(rows) for table, rows in self.overlay.items()},
            added=dict(self.added),
            served={table: bytearray(marks) for table, marks in self.served.items()},
            served_new={table: set(ids) for table, ids in self.served_new.items()},
            calls=Counter(self.calls),
            log=deque(self.log, maxlen=10_000),
            faults=[replace(fault) for fault in self.faults],
            late=list(self.late),
            offset=self.offset,
            hidden=set(self.hidden),
            readonly=set(self.readonly),
            unshared=set(self.unshared),
            duplicate_rules=dict(self.duplicate_rules),
            used=Counter(self.used),
            used_before=self.used_before,
            allotment=self.allotment,
            limit_info=self.limit_info,
        )
