"""Which misfortunes are tried: every boundary alone, and seeded random ones with what a PSA and a network can do."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

from tests.kill.harness import Case

LOOK_UPS = r"^/service/tickets$|/notes$"
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "429", "seconds": 5},
    "429 for long": {"kind": "429", "seconds": 300},
    "503html": {"kind": "503html"},
    "500timeout": {"kind": "500timeout"},
    "reset": {"kind": "reset"},
    "truncate": {"kind": "truncate"},
    "slow": {"kind": "slow", "seconds": 0.05},
    "drop_after_write": {"kind": "drop_after_write", "method": "POST"},
    "drop_after_patch": {"kind": "drop_after_write", "method": "PATCH"},
    "late_write in the grace": {"kind": "late_write", "method": "POST", "seconds": 60},
    "late_write between look-ups": {"kind": "late_write", "method": "POST", "seconds": 190},
    "late_patch": {"kind": "late_write", "method": "PATCH", "seconds": 60},
    "auth_lost": {"kind": "auth_lost"},
    "auth_lost at a write": {"kind": "auth_lost", "method": "POST"},
    "duplicate_row": {"kind": "duplicate_row", "method": "GET"},
    "missing_row": {"kind": "missing_row", "method": "GET", "path": LOOK_UPS},
    "empty_list": {"kind": "empty_list", "method": "GET", "path": LOOK_UPS},
    "codebase_change": {"kind": "codebase_change"},
}
"""By name, as the control address takes them. Missing rows only where a look-up meets them: in a pull, a row that a
page lacks comes with the next full pull, which is another law."""


def every(boundaries: list[list[str]]) -> list[Case]:
    """A kill at each boundary of each pass, with no fault."""
    return [Case(stage=stage, at=at) for stage, labels in enumerate(boundaries) for at in range(len(labels))]


def random_case(boundaries: list[list[str]], dice: random.Random, *, fault: str | None = None) -> Case:
    """One kill at a random boundary; perhaps a second during recovery, perhaps with a fault near the first."""
    stage = dice.choices(range(len(boundaries)), weights=[len(labels) for labels in boundaries])[0]
    at = dice.randrange(len(boundaries[stage]))
    case = Case(
        stage=stage,
        at=at,
        again=dice.randrange(len(boundaries[stage])) if dice.random() < 0.3 else None,
        foreign=dice.random() < 0.2,
    )
    name = dice.choice(["", *FAULTS]) if fault is None else fault
    return with_fault(case, name, boundaries, dice) if name else case


def with_fault(case: Case, name: str, boundaries: list[list[str]], dice: random.Random) -> Case:
    """The fault befalls a request shortly before the boundary, at it, or after the restart."""
    planned = FAULTS[name]
    requests = [
        label.split(" ")[1:] for label in boundaries[case.stage][: case.at] if label.startswith("request:before")
    ]
    method, path = planned.get("method", "*"), planned.get("path", "")
    before = sum(method in ("*", verb) and re.search(path, place) is not None for verb, place in requests)
    skip = max(0, before + dice.randint(-3, 2))
    return replace(case, fault={**planned, "skip": skip}, fault_name=name)
