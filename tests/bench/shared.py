"""What the bench of each CRM needs: a stand-in in a process of its own, each measurement in another, the figures told.

CPU seconds are the measured process's own (user + system), the clients' import left out on both sides: a service loads
them once. On a busy machine they grow, so the ten-minute script runs beside each, in turn, and the ratio counts.
"""

from __future__ import annotations

import json
import logging
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import structlog

from connector.config import Config, load
from connector.jobs import runner
from connector.jobs.runtime import open_runtime
from connector.ports import AdapterSpec, Answer, Call, Context, Ports, Wire
from connector.store import contacts as stored
from tests.vaults import NoVault

COMPANIES, MEMBERS, LATENCY_MS = 10_000, 20_000, 80
Told = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    contacts: int = 100_000
    million: int = 1_000_000
    runs: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    what: str
    measured: str
    promised: str
    kept: bool

    def __str__(self) -> str:
        return f"{'kept  ' if self.kept else 'MISSED'}  {self.what:<62} {self.measured:<62} promised {self.promised}"


def say(text: str) -> None:
    print(text, flush=True)


# ---------------------------------------------------------------- processes
@contextmanager
def stand_in(
    crm: str,
    contacts: int,
    *,
    companies: int = COMPANIES,
    members: int = MEMBERS,
    latency_ms: int = 0,
    readings: str = "lenient",
) -> Iterator[Told]:
    """A stand-in of that CRM; what it says of itself (address and keys)."""
    command = [
        sys.executable, "-m", f"connector.sandbox.{crm}", "--port", "0", "--seed", "7", "--contacts", str(contacts),
        "--companies", str(companies), "--group-members", str(members), "--latency-ms", str(latency_ms),
        "--readings", readings,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def child(crm: str, what: str, login: Told, *more: str) -> Told:
    """One of CHILDREN of `tests.bench.<crm>`, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.measure", crm, what, json.dumps(login), *more]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=1800)
    found: Told = json.loads(done.stdout.splitlines()[-1])
    return found


def ratios(crm: str, login: Told, what: str, runs: int, *more: str) -> tuple[list[float], list[Told], list[Told]]:
    """`what` and the script in turn; CPU of the one by CPU of the other for each run, and what both told."""
    mine, scripts = [], []
    for run in range(runs):
        mine.append(child(crm, what, login, *more)["pull"])
        scripts.append(child(crm, "script", login)["pull"])
        say(
            f"{crm} run {run + 1}: pull {mine[-1]['cpu']:.2f} CPU s; "
            f"the ten-minute script {scripts[-1]['cpu']:.2f} CPU s (loads only)"
        )
    return [m["cpu"] / s["cpu"] for m, s in zip(mine, scripts, strict=True)], mine, scripts


def cpu_check(crm: str, login: Told, options: Options, *more: str) -> Check:
    found, mine, scripts = ratios(crm, login, "pull", options.runs, *more)
    ratio = statistics.median(found)
    shown = f"{min(m['cpu'] for m in mine):.2f} s = {ratio:.2f} × the script's {min(s['cpu'] for s in scripts):.2f} s"
    return Check(
        what=f"CPU of {mine[-1]['contacts']:,} contacts: judged, linked, stored, recorded",
        measured=shown,
        promised="≤ 2 × the script",
        kept=ratio <= 2,
    )


def help_check() -> Check:
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "connector.cli.main", "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return Check(what="connector --help", measured=f"{min(times):.2f} s", promised="< 0.5 s", kept=min(times) < 0.5)


# ---------------------------------------------------------------- in the measured process
def timed(run: Callable[[], Told]) -> Told:
    cpu, wall = time.process_time(), time.perf_counter()
    found = run()
    found["cpu"], found["wall"] = time.process_time() - cpu, time.perf_counter() - wall
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


class Story:
    """A store of its own, and the jobs of one connection by the runner."""

    def __init__(self, config: Config, connection: str) -> None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        self.runtime, self._connection = open_runtime(config, environ={}), connection

    def pull(self) -> Told:
        attempt = runner.run(self.runtime, "pull", self._connection)
        assert not isinstance(attempt, runner.Held)
        assert attempt.outcome == "done", attempt.error
        with self.runtime.store.read() as tx:
            rows = list(stored.memberships(tx, self._connection))
        return {
            "contacts": attempt.counts["contacts"],
            "calls": attempt.calls,
            "contact_members": sum(row.contact_id is not None for row in rows),
            "company_members": sum(row.company_id is not None for row in rows),
        }

    def plan(self, audience: str) -> Told:
        attempt = runner.run(self.runtime, "plan", self._connection, params={"audience": audience})
        assert not isinstance(attempt, runner.Held)
        assert attempt.outcome == "done", attempt.error
        return {"pulled": attempt.counts["pulled"], "invitations": attempt.counts["invitations"]}


def crm_config(folder: Path, adapter: str, connection: Told, audience: Told) -> Config:
    """One connection `crm` and one audience of it."""
    text = {
        "mode": "preview",
        "connections": {"crm": {"adapter": adapter, **connection}},
        "audiences": {"asked": {"from": "crm", **audience}},
        "rules": [],
    }
    path = folder / "nps.yaml"
    path.write_text(json.dumps(text), encoding="utf-8")
    return load(path, {})


class Counting:
    """A wire that counts its calls, by method and path."""

    def __init__(self, inner: Wire) -> None:
        self._inner, self.calls = inner, list[str]()

    def send(self, call: Call) -> Answer:
        self.calls.append(f"{call.method} {call.path}")
        return self._inner.send(call)


def opened(spec: AdapterSpec, connection: Told) -> tuple[Ports, Counting]:
    """The ports of an adapter without the core, over a wire that counts; its client is loaded, and it has signed in."""
    settings = spec.settings.model_validate(connection)
    wire = Counting(spec.wire(settings, lambda: None, NoVault()))
    context = Context(connection="crm", wire=wire, now=lambda: datetime.now(UTC), sleep=time.sleep)
    ports = spec.open(settings, context)
    assert ports.source is not None
    ports.source.check()
    wire.calls.clear()
    return ports, wire


# ---------------------------------------------------------------- the stand-in's levers, and the script's parts
def session(**headers: str) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.headers.update(headers)
    return made


def control(login: Told, lever: str, body: Any = None) -> Any:
    with session() as client:
        where = f"{login['url']}/control/{lever}"
        answer = client.get(where, timeout=600) if body is None else client.post(where, json=body, timeout=600)
        answer.raise_for_status()
        return answer.json()


Loaded = tuple[Any, str, str | None, str | None, str]
"""What the script keeps of a contact: id, name, address, company id, and the whole row as JSON."""


def loaded(folder: Path, pages: Iterable[Sequence[Loaded]]) -> Told:
    """What somebody writes in ten minutes: pages into one table. No cleaning, no dedupe, no record."""
    database = sqlite3.connect(folder / "script.db")
    database.execute("create table contact (id primary key, name text, email text, company, doc)")
    count = 0
    for page in pages:
        for row in page:
            database.execute("insert or replace into contact values (?, ?, ?, ?, ?)", row)
        database.commit()
        count += len(page)
    return {"contacts": count}
