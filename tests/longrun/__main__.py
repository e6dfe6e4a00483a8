"""Does it stay small? `python -m tests.longrun --minutes 30` runs `connector run` against a stand-in PSA under load.

Everything is due every few seconds; answers keep coming; the PSA throttles, fails and is slow by turns; the service is
ended by SIGTERM and SIGKILL in the middle. Memory, threads and open files of each of its lives are sampled from /proc.
Leaves with 1 if one of them grows, if a SIGTERM took 10 seconds or more, if a ticket is doubled or an answer lost.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connector.store import open_store
from connector.store.engine import rows
from tests.jobs.story import HEADER
from tests.kill.psa import Psa
from tests.longrun.proc import Sample, sample, slope
from tests.longrun.running import ServiceProcess

SCHEDULE = {"pull": "3 seconds", "collect": "2 seconds", "deliver": "2 seconds", "watch": "5 seconds"}
WARM_UP = 0.25
"""The share of a life that is not judged: imports, pools and caches fill."""
MB_PER_HOUR, ANY_MB = 20.0, 8.0
"""Growth that counts: this slope, if the life also grew by so much from its first judged quarter to its last."""
ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""As in the Dockerfile and the systemd unit."""
KEPT_FOR = 180.0
"""Seconds until a file of answers is tidied away: a thousand of them in a watched folder would be a growing load."""
SHORTEST = 240.0
"""Seconds of a life below which nothing is said about growth: it still warms up."""
OPEN = 20
"""Tickets the technicians leave open: they keep up, so that no stock of work grows, and with it what is watched."""
FAULTS = (
    {"kind": "429", "times": 2, "seconds": 1},
    {"kind": "503html", "times": 2},
    {"kind": "slow", "times": 3, "seconds": 1},
    {"kind": "reset", "times": 1},
    {"kind": "drop_after_write", "times": 1},
)
say: Callable[[str], object] = print


@dataclass(slots=True)
class Life:
    """One process from its start to its end."""

    ended_by: str
    samples: list[Sample] = field(default_factory=list)
    took: float = 0.0

    def judged(self) -> list[Sample]:
        return self.samples[int(len(self.samples) * WARM_UP) :]


@dataclass(slots=True)
class Run:
    """The whole: every life, how many answers were given, what is wrong."""

    lives: list[Life] = field(default_factory=list)
    answers: int = 0
    tickets: int = 0
    wrong: list[str] = field(default_factory=list)


def run(minutes: float, *, lives: int, seed: int = 1, contacts: int = 300) -> Run:
    """Tell the story in so many lives of equal length; the last one is parked and settles what is left."""
    told, dice = Run(), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, Psa(contacts=contacts) as psa:
        limits = {"tickets_per_day": 10_000, "tickets_per_owner": 10_000}
        service = ServiceProcess(psa.url, Path(folder), environ=ARENAS, schedule=SCHEDULE, limits=limits)
        for number in range(lives):
            last = number == lives - 1
            ending = "SIGTERM" if last or number % 2 else "SIGKILL"
            _live(service, psa, told, dice, minutes * 60 / lives, ending, settle=last)
        keys = [str(row.get("externalXRef") or "") for row in psa.records()["tickets"]]
        _judge(told, [key for key in keys if key], taken_in(service))
        if bugs := sorted({str(line.get("error")) for line in service.events("lane_failed")}):
            told.wrong.append(f"errors that nobody foresaw: {'; '.join(bugs)}")
        if told.answers and not told.tickets:
            told.wrong.append("no ticket was opened")
    return told


def _live(
    service: ServiceProcess, psa: Psa, told: Run, dice: random.Random, seconds: float, ending: str, *, settle: bool
) -> None:
    life = Life(ending)
    told.lives.append(life)
    people = [each["email"] for each in psa.control("truth")["contacts"].values() if "healthy" in each["labels"]]
    service.start()
    assert service.process is not None
    begun = time.monotonic()
    try:
        while (at := time.monotonic() - begun) < seconds:
            if dice.random() < 0.3:
                _answer(service.folder / "answers", told, dice, [*people, "nobody-we-know@example.com"])
                _tidy(service.folder / "answers")
            if dice.random() < 0.05:
                _close_tickets(psa)
            if dice.random() < 0.02:
                psa.control("faults", dice.choice(FAULTS))
            if dice.random() < 0.1:
                service.get("/metrics")
                service.get("/readyz")
            seen = sample(service.process.pid, at)
            if seen is None:
                told.wrong.append(f"life {len(told.lives)}: the service died by itself\n{service.tail()}")
                return
            life.samples.append(seen)
            time.sleep(0.5)
        if settle:
            psa.control("faults", method="DELETE")
            try:
                _settle(service, told.answers)
            except AssertionError as late:  # what was sampled is told all the same
                told.wrong.append(str(late))
        if ending == "SIGTERM":
            code, life.took = service.park()
            if code or life.took >= 10:
                told.wrong.append(f"life {len(told.lives)}: SIGTERM took {life.took:.1f} s and left with {code}")
        else:
            service.signal(signal.SIGKILL)
            service.wait()
    finally:
        service.kill()


def _close_tickets(psa: Psa) -> None:
    """As technicians do, the oldest first."""
    waiting = [row["id"] for row in psa.records()["tickets"] if not row["closedFlag"]]
    for ticket in sorted(waiting)[:-OPEN]:
        psa.control("technician", {"act": "close", "ticket": ticket})


def _answer(folder: Path, told: Run, dice: random.Random, people: Sequence[str]) -> None:
    """One more answer of a detractor, in a file of its own."""
    told.answers += 1
    at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 60))
    who = dice.choice(people)
    path = folder / f"answer-{told.answers}.csv"
    row = f"long-{told.answers},{who},{dice.randrange(7)},number {told.answers},{at},c{told.answers}\n"
    path.write_text(HEADER + row, encoding="utf-8")


def _tidy(folder: Path) -> None:
    """Take away old files, as an operator does. An answer that was not taken in by then would be missed at the end."""
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > KEPT_FOR:
            path.unlink()


def taken_in(service: ServiceProcess) -> int:
    """How many answers are in the store."""
    store = open_store(f"sqlite:///{service.config.storage.data / 'nps.sqlite3'}")
    try:
        return rows(store)["response"]
    finally:
        store.close()


def _settle(service: ServiceProcess, answers: int) -> None:
    """Until every answer was taken in, and the claimed write-backs are through."""
    service.until(lambda: taken_in(service) >= answers, "every answer is in the store", 120)
    end = time.monotonic() + 20
    while time.monotonic() < end and 'state="sending"' in service.get("/metrics")[1]:
        time.sleep(1)


def _judge(told: Run, keys: list[str], taken: int) -> None:
    for number, life in enumerate(told.lives, 1):
        judged = life.judged()
        if not judged or judged[-1].at < SHORTEST:
            continue
        quarter = max(1, len(judged) // 4)
        for name in ("rss_mb", "threads", "files"):
            values = [(each.at, float(getattr(each, name))) for each in judged]
            first = sum(v for _, v in values[:quarter]) / quarter
            last = sum(v for _, v in values[-quarter:]) / quarter
            grows = slope(values) * 3600
            limit, least = (MB_PER_HOUR, ANY_MB) if name == "rss_mb" else (10.0, 4.0)
            if grows > limit and last - first > least:
                told.wrong.append(f"life {number}: {name} grows by {grows:.0f} an hour ({first:.0f} → {last:.0f})")
    told.tickets = len(keys)
    doubled = len(keys) - len(set(keys))
    if doubled:
        told.wrong.append(f"{doubled} tickets were opened twice")
    if taken != told.answers:
        told.wrong.append(f"{told.answers} answers were given and {taken} are in the store")


def report(told: Run) -> None:
    say(f"{'life':<5} {'seconds':>8} {'ended by':<9} {'in s':>5}  " + "  ".join(
        f"{name:>24}" for name in ("rss MB min/max/slope h", "threads min/max/slope h", "files min/max/slope h")
    ))  # fmt: skip
    for number, life in enumerate(told.lives, 1):
        judged = life.judged()
        cells = []
        for name in ("rss_mb", "threads", "files"):
            values = [float(getattr(each, name)) for each in judged] or [0.0]
            grows = slope([(each.at, float(getattr(each, name))) for each in judged]) * 3600
            cells.append(f"{min(values):8.0f} /{max(values):5.0f} /{grows:+8.1f}")
        length = life.samples[-1].at if life.samples else 0.0
        say(f"{number:<5} {length:8.0f} {life.ended_by:<9} {life.took:5.1f}  " + "  ".join(f"{c:>24}" for c in cells))
    say(f"{told.answers} answers given, {told.tickets} tickets opened")
    for wrong in told.wrong:
        say(f"WRONG  {wrong}")
    say(
        "VERDICT  "
        + ("flat, no ticket doubled, no answer lost, every SIGTERM within 10 s" if not told.wrong else "not well")
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.longrun", description="Does it stay small?")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--lives", type=int, default=4, help="how often it is started in that time")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    told = run(given.minutes, lives=given.lives, seed=given.seed)
    report(told)
    return 1 if told.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
