"""Which misfortunes are tried: every boundary alone, and seeded random ones with what a CRM and a network can do.

Of faults, missing rows befall look-ups only: in a pull, a row that a page lacks comes with the next full pull, which is
another law.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from tests.kill.crm import Crm
from tests.kill.harness import Case

ALIKE = 8


def every(boundaries: list[list[str]]) -> list[Case]:
    """A kill at each boundary of each pass, with no fault."""
    return [Case(stage=stage, at=at) for stage, labels in enumerate(boundaries) for at in range(len(labels))]


def telling(cases: Sequence[Case], boundaries: list[list[str]], seed: int) -> list[Case]:
    """Those that leave something else than the one before them; of the others one in ALIKE.

    Between the end of one commit or request and the beginning of the next, nothing reaches the store or the CRM: killed
    at either, a process leaves the same. `python -m tests.kill.soak` makes no such difference.
    """
    alike = [case for case in cases if _is_alike(boundaries[case.stage], case.at)]
    told = [case for case in cases if not _is_alike(boundaries[case.stage], case.at)]
    return [*told, *thinned(alike, ALIKE, seed)]


def _is_alike(labels: Sequence[str], at: int) -> bool:
    return at > 0 and labels[at].split(" ")[0].endswith(":before") and labels[at - 1].split(" ")[0].endswith(":after")


def thinned(cases: Sequence[Case], each: int, seed: int) -> list[Case]:
    """One of `each` neighbours, which one turning from group to group by the seed: the same in every run."""
    dice = random.Random(seed)
    return [dice.choice(cases[begin : begin + each]) for begin in range(0, len(cases), each)]


def random_case(crm: Crm, boundaries: list[list[str]], dice: random.Random, *, fault: str | None = None) -> Case:
    """One kill at a random boundary; perhaps a second during recovery, perhaps with a fault near the first."""
    stage = dice.choices(range(len(boundaries)), weights=[len(labels) for labels in boundaries])[0]
    at = dice.randrange(len(boundaries[stage]))
    case = Case(
        stage=stage,
        at=at,
        again=dice.randrange(len(boundaries[stage])) if dice.random() < 0.3 else None,
        foreign=dice.random() < 0.2,
    )
    name = dice.choice(["", *crm.faults]) if fault is None else fault
    return with_fault(crm, case, name, boundaries, dice) if name else case


def with_fault(crm: Crm, case: Case, name: str, boundaries: list[list[str]], dice: random.Random) -> Case:
    """The fault befalls a request shortly before the boundary, at it, or after the restart."""
    planned = crm.faults[name]
    requests = [
        label.split(" ", 2)[1:] for label in boundaries[case.stage][: case.at] if label.startswith("request:before")
    ]
    method, path = planned.get("method", "*"), planned.get("path", "")
    before = sum(method in ("*", verb) and re.search(path, place) is not None for verb, place in requests)
    skip = max(0, before + dice.randint(-3, 2))
    return replace(case, fault={**planned, "skip": skip}, fault_name=name)
