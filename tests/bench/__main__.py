"""`make bench`: the speed and the calls, measured here and now, against the figures promised. Exit 1 if one is missed.

Each figure comes from a process of its own against a stand-in PSA in another process on this machine; recording is
on. CPU seconds are the measured process's own (user + system); on a busy machine they grow, so the ten-minute script
(a `requests` loop into sqlite3 that only loads) runs beside each and its figure is printed too.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

CONTACTS, COMPANIES, MEMBERS = 100_000, 10_000, 20_000
LATENCY = 0.080
PAGE = 1000
SCRIPT = 3.6
"""CPU seconds of the ten-minute script for 100,000 contacts on the machine the rates were promised for."""


@dataclass
class Check:
    what: str
    measured: str
    promised: str
    kept: bool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    parser.add_argument("--million", type=int, default=1_000_000, help="contacts of the memory run; 0 leaves it out")
    parser.add_argument("--runs", type=int, default=3, help="runs of each CPU figure; the lowest counts")
    options = parser.parse_args()
    checks = [*_speed(options.contacts, options.runs), *_latency(options.contacts), *_second_pull(options.contacts)]
    if options.million:
        checks += _memory(options.million)
    checks.append(_help())
    print()
    for check in checks:
        print(
            f"{'kept  ' if check.kept else 'MISSED'}  {check.what:<58} {check.measured:<62} promised {check.promised}"
        )
    return 0 if all(check.kept for check in checks) else 1


def _speed(contacts: int, runs: int) -> Iterator[Check]:
    """fetch, decode, judge, link, store, record; then dedupe and decide; in turn with the script that only loads.

    The rates were promised for a machine on which that script takes SCRIPT seconds. Machines differ by more than four
    times and one machine by more than twice from hour to hour, so each run is scaled by the script run beside it.
    """
    pulls, plans, scripts = [], [], []
    with _sandbox(contacts) as psa:
        for run in range(runs):
            told = _child("tell", psa, "everyone")
            script = _child("script", psa, "everyone")
            pulls.append(told["pull"]["cpu"])
            plans.append(told["plan"]["cpu"])
            scripts.append(script["pull"]["cpu"])
            _say(
                f"run {run + 1}: pull {pulls[-1]:.2f} + dedupe and decide {plans[-1]:.2f} CPU s; "
                f"the ten-minute script {scripts[-1]:.2f} CPU s (loads only)"
            )
    found = told["pull"]["contacts"]
    wholes = [pull + plan for pull, plan in zip(pulls, plans, strict=True)]
    for what, seconds in (
        (f"{found:,} contacts: fetched, judged, linked by address, stored", pulls),
        ("the same, and for each a decision with all its reasons, stored", wholes),
    ):
        ratio = statistics.median(mine / script for mine, script in zip(seconds, scripts, strict=True))
        rate = 100_000 / (ratio * SCRIPT)
        yield Check(
            what,
            f"{rate:,.0f} contacts per CPU s ({ratio:.2f} × the script; here {found / min(seconds):,.0f})",
            f"≥ 20,000 where the script takes {SCRIPT} s",
            rate >= 20_000,
        )
    _say(f"lowest of {runs}: pull {min(pulls):.2f}, plan {min(plans):.2f}, script {min(scripts):.2f} CPU s")


def _latency(contacts: int) -> Iterator[Check]:
    with _sandbox(contacts, latency=LATENCY) as psa:
        pull = _child("tell", psa, "everyone")["pull"]
    least = max(pull["calls"] * LATENCY, pull["cpu"])
    yield Check(
        f"wall time at {LATENCY * 1000:.0f} ms a call, {pull['calls']} calls",
        f"{pull['wall']:.1f} s = {pull['wall'] / least:.2f} × {least:.1f} s",
        "≤ 1.3 × max(calls × 80 ms, CPU)",
        pull["wall"] <= 1.3 * least,
    )


def _second_pull(contacts: int) -> Iterator[Check]:
    """1 % changed; by contact type alone, and with the README's audience."""
    with _sandbox(contacts) as psa:
        told = _child("twice", psa, "types")
        first, second = told["pull"]["calls"], told["second"]["calls"]
        yield Check(
            "second pull, 1 % changed, by contact type alone",
            f"{second} of {first} calls = {100 * second / first:.1f} %",
            "≤ 3 %",
            second <= 0.03 * first,
        )
    with _sandbox(contacts) as psa:
        told = _child("twice", psa, "readme")
        second = told["second"]
        names, changed, firms = 3, math.ceil(contacts / 100 / PAGE), math.ceil(COMPANIES / 100 / PAGE)
        rows = math.ceil(second["contact_members"] / PAGE) + max(1, math.ceil(second["company_members"] / PAGE))
        least = names + changed + firms + rows
        _say(
            f"least calls = {names} (segment names: contact types, company types, groups) + ⌈changed contacts/1000⌉ "
            f"{changed} + ⌈changed companies/1000⌉ {firms} + ⌈contact members/1000⌉ + max(1, ⌈company members/1000⌉) "
            f"{rows} = {least}"
        )
        yield Check(
            f"second pull, README's audience, {second['contact_members'] + second['company_members']:,} members",
            f"{second['calls']} calls, least is {least}",
            "≤ least + 3",
            second["calls"] <= least + 3,
        )


def _memory(contacts: int) -> Iterator[Check]:
    with _sandbox(contacts, companies=contacts // 4) as psa:
        told = _child("tell", psa, "everyone")
    peak = told["pull"]["peak_mb"]
    yield Check(f"peak memory at {contacts:,} contacts, pull", f"{peak:.0f} MB", "< 400 MB", peak < 400)
    peak, invited = told["plan"]["peak_mb"], told["plan"]["invitations"]
    yield Check(f"the same, plan with {invited:,} invitations", f"{peak:.0f} MB", "< 400 MB", peak < 400)


def _help() -> Check:
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "connector.cli.main", "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return Check("connector --help", f"{min(times):.2f} s", "< 0.5 s", min(times) < 0.5)


@contextmanager
def _sandbox(contacts: int, latency: float = 0.0, companies: int = COMPANIES) -> Iterator[dict[str, str]]:
    command = [
        sys.executable, "-m", "connector.sandbox.connectwise", "--port", "0", "--seed", "7",
        "--contacts", str(contacts), "--companies", str(companies), "--group-members", str(MEMBERS),
        "--latency-ms", str(int(latency * 1000)),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def _child(what: str, psa: dict[str, str], audience: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.measure", what, json.dumps(psa), audience]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
