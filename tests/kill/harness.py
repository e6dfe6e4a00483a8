"""Run the story in processes that are killed at a boundary, go on in fresh ones, and compare with the story unkilled.

A `Stage` is one pass of everything that is due (`once.run_once`). `Story` runs the stages once without a kill, keeps
what each one starts from, and lists their boundaries. `Story.suffer(case)` goes back to one start, kills the pass at a
boundary (and perhaps the one after it too), perhaps with a fault, and passes on until nothing is due.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import io
import json
import mmap
import os
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

# Whatever a pass needs is imported here, before any fork: a child starts at once.
from connector.config import Config
from connector.jobs import once, runner
from connector.jobs.pull import pages
from connector.jobs.runtime import DATABASE_URL, Runtime, open_runtime
from connector.store import holds, open_store, outbox
from connector.store.tables import instant
from connector.sync import gather
from tests.kill.boundaries import Boundaries, die
from tests.kill.crm import Crm, Lever
from tests.kill.crms import CONNECTWISE
from tests.kill.projection import Projection, differences, project
from tests.kill.stand_in import StandIn
from tests.kill.stores import Database
from tests.pacing import paced_by

At = Callable[[int, str], None]
Do = Callable[[Runtime], list[once.Step]]
PASSES = 12
"""At most so many passes after a kill; the longest case (held, unknown, looked up twice, sent again) needs 7."""
PATIENCE = 120.0
"""Seconds after which a pass hangs; one takes less than one, on a machine that is busy some."""
AUDIENCE = "decision-makers"
STEP = CONNECTWISE.step
SETTLE = 16 * 60.0
"""Seconds after which answers have settled, and every lease has run out."""
ANSWERS = """external_id,email,score,comment,responded_at,wave
r1,ann@example.com,3,"Tickets take days, and nobody calls back.",{3}Z,2026-11
r2,{second},6,,{2}Z,2026-11
r3,{third},0,"<b>{{{{ 7*7 }}}}</b> ""quoted"" *words*",{2}Z,2026-11
r4,{passive},8,fine,{2}Z,2026-11
r5,{promoter},10,,{2}Z,2026-11
r6,ann@example.com,9,Much better now.,{1}Z,2026-11
r7,{stranger},9,never pulled,{1}Z,2026-11
r8,ann@example.com,11,no such score,{1}Z,2026-11
"""
"""Three detractors; one person twice, so that the older answer must not overwrite the newer; one never pulled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One misfortune: which pass is killed where, where the one after it is killed too, and what the CRM does."""

    stage: int
    at: int
    again: int | None = None
    fault: dict[str, Any] | None = None
    fault_name: str = ""
    foreign: bool = False
    """The killed process is not known to be dead (another machine): its lease must run out."""
    name: str = ""


@dataclass(slots=True, kw_only=True)
class Result:
    case: Case
    label: str = ""  # of the boundary where the kill fell; empty where the pass ended before it
    label_again: str = ""
    passes: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return bool(self.label) + bool(self.label_again)


@dataclass(slots=True, kw_only=True)
class Passed:
    """What became of one forked pass."""

    killed_at: str = ""
    boundaries: list[str] = field(default_factory=list)
    outcomes: list[list[str]] = field(default_factory=list)
    error: str = ""


class Story:
    """One CRM, one database, one folder of answers; a context manager."""

    def __init__(
        self,
        database: Callable[[Path], Database],
        stand_in: StandIn | None = None,
        *,
        crm: Crm = CONNECTWISE,
        meanwhile: Callable[[str], Lever] | None = None,
        **changes: Any,
    ) -> None:
        """`meanwhile`: what befalls the company of one of the detractors before the tickets are opened."""
        shared = Path("/dev/shm")  # a SIGKILL takes nothing from the page cache, so no disk is needed
        self.folder = Path(tempfile.mkdtemp(prefix="nps-kill-", dir=shared if os.access(shared, os.W_OK) else None))
        gather.SLOTS = 1 << 12  # sized for a million contacts; clearing it would be half of the work of a pass
        self.crm, self.stand_in, self._own = crm, stand_in or crm.serve(), stand_in is None
        self.database = database(self.folder)
        changes = {"answers": {"folder": "answers"}, **changes}
        self.config: Config = crm.config(self.stand_in, self.folder, **changes)
        self.answers = self.folder / "answers" / "answers.csv"
        self.answers.parent.mkdir()
        self.began = _working_noon(self.stand_in.now())
        self.virtual = self.began
        self.boundaries: list[list[str]] = []
        self.expected: Projection = {}
        self._starts: list[tuple[str, float]] = []
        self._meanwhile = meanwhile
        self._running: list[Running] = []
        if self._own:
            self._warm_up()

    def close(self) -> None:
        for running in self._running:
            running.end()
        if self._own:
            self.stand_in.close()
        self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ without a kill
    def tell(self) -> None:
        """Pull; collect answers; deliver once they have settled; pull what that changed. The measure of all cases."""
        open_store(self.database.url).close()  # the installation's id is part of every key
        self.keep_start()
        self.pass_cleanly()
        self.write_answers()
        self.keep_start()
        self.pass_cleanly()
        self.virtual += SETTLE
        if self._meanwhile is not None:
            self.stand_in.control(*self._meanwhile(self._company_of(self.crm.people[1])))
        self.keep_start()
        self.pass_cleanly()
        self._last_pass()
        self.expected = self.projection()
        self.keep_start()

    def _warm_up(self) -> None:
        """The story in this process, so that its children find everything imported and compiled; then forget it."""
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch, redirect_stdout(io.StringIO()):
            answers = Path(scratch) / "answers"
            answers.mkdir()
            config = self.crm.config(self.stand_in, Path(scratch), answers={"folder": "answers"})
            clock = VirtualClock(self.began)
            runtime = open_runtime(config, environ={}, clock=clock, sleep=clock.sleep)
            with paced_by(lambda: clock().timestamp()):
                once.run_once(runtime)
                self.write_answers(folder=answers)
                once.run_once(runtime)
                clock.sleep(SETTLE)
                once.run_once(runtime)
            runtime.store.close()
        self.stand_in.control("reset", {})
        gc.collect()
        gc.freeze()  # what is here now need not be copied into every child

    def go_back(self, stage: int) -> None:
        """To where a stage starts from: store, CRM, clock and answers."""
        snapshot, self.virtual = self._starts[stage]
        self.stand_in.idle()
        self.stand_in.control("restore", {"id": snapshot})
        self.database.put_back(f"start{stage}")
        self.answers.unlink(missing_ok=True)
        if stage:
            self.write_answers()

    def go_to_the_end(self) -> None:
        """To where the whole story has been told."""
        self.go_back(len(self._starts) - 1)

    def write_answers(self, rows: str = ANSWERS, *, folder: Path | None = None) -> None:
        file = self.answers if folder is None else folder / self.answers.name
        hours = [datetime.fromtimestamp(self.began - 3600 * n, UTC).strftime("%Y-%m-%dT%H:%M:%S") for n in range(4)]
        names = ("second", "third", "passive", "promoter", "stranger")
        people = dict(zip(names, self.crm.people, strict=True))
        file.write_text(rows.format(*hours, **people), encoding="utf-8")
        os.utime(file, (self.began - 600, self.began - 600))

    def keep_start(self) -> None:
        number = len(self._starts)
        self.database.keep(f"start{number}")
        self._starts.append((self.stand_in.control("snapshot", {})["id"], self.virtual))

    def pass_cleanly(self) -> None:
        passed = self.run()
        assert not passed.error, passed.error
        assert _went_well(passed), passed.outcomes
        self.boundaries.append(passed.boundaries)

    def _company_of(self, address: str) -> str:
        people = self.projection()["contacts"]
        return next(str(each["company_id"]) for each in people if each["address_key"] == address)

    def _last_pass(self) -> None:
        """Pull what our own writes changed; a fault that waited for this very pass gets another one."""
        for _ in range(3):
            self.virtual += self.crm.step
            passed = self.run()
            if _went_well(passed):
                return
            self.resume()

    # ------------------------------------------------------------ with one
    def suffer(self, case: Case) -> Result:
        result = Result(case=case)
        self.go_back(case.stage)
        if case.fault:
            self.stand_in.set_clock(self.virtual)
            self.stand_in.control("faults", case.fault)
        result.label = self._killed(case.at, case, result)
        if case.again is not None:
            self.virtual += 1
            result.label_again = self._killed(case.again, case, result)
        if case.stage == 0:
            self._recover(case, result)
            self.write_answers()
        self._recover(case, result)
        self._last_pass()
        if not result.problems:
            result.problems = differences(self.expected, self.projection())
        return result

    def _killed(self, at: int, case: Case, result: Result) -> str:
        passed = self.run(kill_at=at, foreign=case.foreign)
        if passed.error:
            result.problems.append(passed.error)
        return passed.killed_at

    def _recover(self, case: Case, result: Result) -> None:
        """Pass after pass, the clocks moved on between, until all went well and nothing is due."""
        for number in range(PASSES):
            self.virtual += SETTLE if number == 1 else self.crm.step if number or case.at % 2 else 1
            result.passes += 1
            passed = self.run(foreign=case.foreign)
            if passed.error:
                result.problems.append(passed.error)
                return
            if any(outcome == "held" for _, outcome, _ in passed.outcomes):
                self.resume()
            if _went_well(passed) and not self.due():
                return
        result.problems.append(f"not settled after {PASSES} passes: {self.due()}, {passed.outcomes}")

    def due(self) -> dict[str, int]:
        store = open_store(self.database.url, migrate=False)
        try:
            with store.read() as tx:
                states = outbox.counts(tx)
        finally:
            store.close()
        return {state: n for state, n in states.items() if state in ("waiting", "sending", "unknown")}

    def resume(self) -> None:
        """What `connector resume` does."""
        store = open_store(self.database.url, migrate=False)
        try:
            with store.write() as tx:
                holds.lift(tx, "connection", self.crm.name, "auth")
        finally:
            store.close()

    def projection(self) -> Projection:
        began = instant(datetime.fromtimestamp(self.began, UTC))
        return project(self.database.url, self.crm, self.stand_in.records(), audience=AUDIENCE, began=began)

    # ------------------------------------------------------------ a pass in a process of its own
    def run(self, *, kill_at: int | None = None, foreign: bool = False, do: Do = once.run_once) -> Passed:
        """One pass; the virtual clock goes on by as long as it took."""
        started = time.monotonic()

        def at(number: int, label: str) -> None:
            if number == kill_at:
                raise_kill(label)

        passed = self.start(at=at, foreign=foreign, do=do).finish()
        self.virtual += time.monotonic() - started
        return passed

    def start(
        self,
        *,
        at: At = lambda number, label: None,
        before_call: Callable[[str], None] = lambda place: None,
        foreign: bool = False,
        do: Do = once.run_once,
        clock: Clock | None = None,
    ) -> Running:
        """Fork a process that does one pass. `at` and `before_call` are called in it; see Boundaries."""
        self.stand_in.set_clock(self.virtual)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            self.crm.prepare()
            boundaries = Boundaries(self.crm, at)
            boundaries.before_call = before_call
            if foreign:
                runner.is_dead = lambda owner: False  # type: ignore[attr-defined]
            _child(writing, self.config, self.database.url, clock or VirtualClock(self.virtual), boundaries, do)
        os.close(writing)
        running = Running(pid, reading)
        self._running = [*(each for each in self._running if not each.ended), running]
        return running


class Running:
    """A forked pass under way."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid, self._pipe = pid, pipe
        self.ended = False

    def wait_until_stopped(self) -> None:
        """Until it has stopped itself (SIGSTOP); fails when it ended instead."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"the pass ended instead of stopping: {os.read(self._pipe, 100_000).decode()}"

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """Not one that hangs or was stopped stays behind."""
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
            self.finish()

    def finish(self) -> Passed:
        """Wait for its end; of one that hangs, say where."""
        with os.fdopen(self._pipe, "rb") as told:
            hangs = not select.select([told], [], [], PATIENCE)[0]
            if hangs:
                os.kill(self.pid, _WHERE)
                time.sleep(1)
                os.kill(self.pid, signal.SIGKILL)
            text = told.read().decode()
        _, status = os.waitpid(self.pid, 0)
        self.ended = True
        if hangs:
            return Passed(error=f"it hung:\n{text}")
        if os.WIFSIGNALED(status):
            killed = os.WTERMSIG(status) == signal.SIGKILL and text
            return Passed(killed_at=text) if killed else Passed(error=f"died of signal {os.WTERMSIG(status)}")
        return Passed(**json.loads(text))


_pipe_of_child: list[int] = []
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_WHERE = signal.SIGUSR1


def raise_kill(label: str) -> None:
    """In a child: say where, and die."""
    os.write(_pipe_of_child[0], label.encode())
    die()


def stop() -> None:
    """In a child: stop until SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


def _child(pipe: int, config: Config, url: str, clock: Clock, boundaries: Boundaries, do: Do) -> NoReturn:
    """Says at the end what it did, and where it is whenever it is asked; ends with its parent."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    faulthandler.register(_WHERE, file=pipe)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _pipe_of_child[:] = [pipe]
    said: dict[str, Any] = {}
    try:
        _silence()
        boundaries.install()
        pages.MOST = 1  # each page of so small a tenant is stored alone, as the large ones of a large tenant are
        pages.READ_AHEAD = 0  # boundaries keep their numbers: no page is on its way while another is stored
        runtime = open_runtime(config, environ={DATABASE_URL: url}, clock=clock, sleep=clock.sleep)
        with paced_by(lambda: clock().timestamp()):
            steps = do(runtime)
        runtime.store.close()
        said = {"outcomes": [[s.story, s.outcome, s.why] for s in steps], "boundaries": boundaries.labels}
    except BaseException:
        said = {"error": traceback.format_exc()[-3000:]}
    finally:
        with os.fdopen(pipe, "wb") as out:
            out.write(json.dumps(said).encode())
        os._exit(0)


def _went_well(passed: Passed) -> bool:
    return not passed.error and all(outcome in ("done", "partial") for _, outcome, _ in passed.outcomes)


def _silence() -> None:
    """In a child: nobody reads its log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = os.fdopen(nowhere, "w")


class Clock(Protocol):
    def __call__(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class VirtualClock:
    """Flows from a given moment; sleeping moves it and takes no time."""

    def __init__(self, start: float) -> None:
        self._start, self._began, self._slept = start, time.monotonic(), 0.0

    def __call__(self) -> datetime:
        seconds = self._start + time.monotonic() - self._began + self._slept
        return datetime.fromtimestamp(seconds, UTC)

    def sleep(self, seconds: float) -> None:
        self._slept += seconds


class SharedClock:
    """Flows from a given moment, and is moved for every process that was forked with it."""

    def __init__(self, start: float) -> None:
        self._start, self._began = start, time.monotonic()
        self._shift = mmap.mmap(-1, 8)

    def __call__(self) -> datetime:
        (shift,) = struct.unpack("d", self._shift[:8])
        return datetime.fromtimestamp(self._start + time.monotonic() - self._began + shift, UTC)

    def move(self, seconds: float) -> None:
        (shift,) = struct.unpack("d", self._shift[:8])
        self._shift[:8] = struct.pack("d", shift + seconds)

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.05))


def _working_noon(now: float) -> float:
    """11:00 UTC of the next Monday to Thursday: due dates then fall on the same day in every case."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=11, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while day.weekday() > 3:
        day += timedelta(days=1)
    return day.timestamp()
