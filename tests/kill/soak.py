"""A thousand kills: `python -m tests.kill.soak [--kills 1000] [--seed S] [--crm KIND]`. Leaves with 1 on any mismatch.

Two processes, each with stand-ins of its own; the CRMs take turns, and every fourth case runs on PostgreSQL where one
answers. A case is one kill at a seeded random boundary, perhaps a second one during recovery, perhaps with a fault.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tests.databases import PostgresServer
from tests.kill.boundaries import kind
from tests.kill.cases import random_case
from tests.kill.crms import CRMS
from tests.kill.harness import Story
from tests.kill.stores import Database, PostgresDatabase, SqliteDatabase

PROCESSES = 2
POSTGRES_SHARE = 4


@dataclass(slots=True, kw_only=True)
class Tally:
    """What is counted over all cases."""

    kills: int = 0
    cases: int = 0
    passes: int = 0
    double: int = 0
    by_boundary: Counter[str] = field(default_factory=Counter)
    by_fault: Counter[str] = field(default_factory=Counter)
    by_store: Counter[str] = field(default_factory=Counter)
    by_crm: Counter[str] = field(default_factory=Counter)
    wrong: list[dict[str, Any]] = field(default_factory=list)

    def add(self, result: dict[str, Any]) -> None:
        labels = [label for label in (result["label"], result["label_again"]) if label]
        self.cases += 1
        self.kills += len(labels)
        self.double += len(labels) > 1
        self.passes += result["passes"]
        self.by_boundary.update(map(kind, labels))
        self.by_fault[f"{result['crm']}: {result['case']['fault_name'] or 'none'}"] += len(labels)
        self.by_crm[result["crm"]] += len(labels)
        self.by_store[result["store"]] += len(labels)
        if result["problems"]:
            self.wrong.append(result)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kill.soak", description="Kill, restart, compare.")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crm", action="append", choices=sorted(CRMS), help="only this one; may be repeated")
    given = parser.parse_args(arguments)
    kinds = given.crm or list(CRMS)
    stores = ["sqlite"] if PostgresServer().why_not() else ["sqlite", "postgres"]
    began = time.monotonic()
    where = f"CRMs {', '.join(kinds)}, stores {', '.join(stores)}, {PROCESSES} processes"
    print(f"{given.kills} kills, seed {given.seed}, {where}")  # noqa: T201
    tally = Tally()
    reading, workers = _started(given.kills, given.seed, stores, kinds)
    with reading:
        for line in reading:
            result = json.loads(line)
            tally.add(result)
            if result["problems"]:
                print(f"\nMISMATCH {result}")  # noqa: T201
            _progress(tally, given.kills, time.monotonic() - began)
    ended = [os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers]
    print(summary(tally, time.monotonic() - began))  # noqa: T201
    return 1 if tally.wrong or any(ended) or tally.kills < given.kills else 0


def _started(kills: int, seed: int, stores: list[str], kinds: list[str]) -> tuple[TextIO, list[int]]:
    reading, writing = os.pipe()
    workers = []
    for number in range(PROCESSES):
        share = kills // PROCESSES + (number < kills % PROCESSES)
        worker = os.fork()
        if worker == 0:
            os.close(reading)
            code = 1
            try:
                with os.fdopen(writing, "w", buffering=1) as out:
                    _work(number, share, seed, stores, kinds, out)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        workers.append(worker)
    os.close(writing)
    return os.fdopen(reading), workers


def _work(number: int, kills: int, seed: int, stores: list[str], kinds: list[str], out: TextIO) -> None:
    """Cases of this process's own dice until enough kills were done."""
    dice = random.Random(f"{seed}/{number}")
    stories: dict[tuple[str, str], Story] = {}
    try:
        done = turn = 0
        while done < kills:
            kind = kinds[turn % len(kinds)]
            store = stores[-1] if dice.randrange(POSTGRES_SHARE) == 0 else stores[0]
            turn += 1
            if (kind, store) not in stories:
                stories[kind, store] = Story(_database(store), crm=CRMS[kind])
                stories[kind, store].tell()
            story = stories[kind, store]
            result = story.suffer(random_case(story.crm, story.boundaries, dice))
            done += result.kills
            out.write(json.dumps({"store": store, "crm": kind, **asdict(result)}) + "\n")
    finally:
        for story in stories.values():
            story.close()


def _database(store: str) -> Any:
    def sqlite(folder: Path) -> Database:
        return SqliteDatabase(folder)

    def postgres(_: Path) -> Database:
        return PostgresDatabase()

    return sqlite if store == "sqlite" else postgres


def _progress(tally: Tally, kills: int, seconds: float) -> None:
    if sys.stdout.isatty() or tally.cases % 50 == 0:
        end = "\r" if sys.stdout.isatty() else "\n"
        print(f"{tally.kills} of {kills} kills, {len(tally.wrong)} mismatches, {seconds:.0f} s", end=end, flush=True)  # noqa: T201


def summary(tally: Tally, seconds: float) -> str:
    """The table that goes into a closing note."""
    lines = [
        f"{'kills':34}{tally.kills:6}",
        f"{'cases (some are killed twice)':34}{tally.cases:6}",
        f"{'killed again during recovery':34}{tally.double:6}",
        f"{'passes until nothing was due':34}{tally.passes:6}",
        f"{'seconds':34}{seconds:6.0f}",
    ]
    for title, counter in (
        ("by CRM", tally.by_crm),
        ("by store", tally.by_store),
        ("by boundary", tally.by_boundary),
        ("by fault", tally.by_fault),
    ):
        lines += ["", title, *(f"  {name:32}{count:6}" for name, count in sorted(counter.items()))]
    return "\n".join([*lines, "", f"{'MISMATCHES':34}{len(tally.wrong):6}"])


if __name__ == "__main__":
    sys.exit(main())
