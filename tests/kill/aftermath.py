"""After the story: technicians act, a week goes by, tickets are watched and reconciled, a delivery is taken back.

Two more passes that can be killed anywhere, each with a measure of its own. A message of unknown outcome stays unknown,
for nobody can be asked whether it arrived; told or unknown, it counts as told at most once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connector.jobs import once
from connector.jobs import undo as undoing
from connector.jobs.runtime import LOG, Runtime
from connector.store import jobs, open_store, outbox
from tests.kill.crm import Crm
from tests.kill.crms import CONNECTWISE
from tests.kill.harness import PASSES, SETTLE, Case, Result, Story, _went_well
from tests.kill.projection import Projection, differences
from tests.kill.stores import Database

WATCHING, UNDOING = 4, 5
"""The numbers of the two stages; the story itself has 0 to 2, and 3 is its end."""
LATER = 8 * 86400.0


def look_after(runtime: Runtime) -> list[once.Step]:
    """See how the tickets stand, tell people, compare everything."""
    return [
        once.perform(runtime, "watch", _crm(runtime)),
        once.perform(runtime, "deliver", LOG),
        once.perform(runtime, "reconcile", _crm(runtime)),
    ]


def take_back(runtime: Runtime) -> list[once.Step]:
    """What the first delivery that opened tickets did."""
    name = _crm(runtime)
    with runtime.store.read() as tx:
        deliveries = [job for job in jobs.listed(tx, limit=500) if (job.story, job.connection) == ("deliver", name)]
    job = min(deliveries, key=lambda each: each.created_at)
    params = {"job": job.id, "found": undoing.found_there(runtime, job)}
    return [once.perform(runtime, "undo", name, params)]


def _crm(runtime: Runtime) -> str:
    """The one connection there is."""
    [name] = runtime.config.connections
    return name


DOES = {WATCHING: look_after, UNDOING: take_back}


class Aftermath(Story):
    """Told, it has the boundaries of the two stages too, and what is expected after each."""

    def __init__(self, database: Callable[[Path], Database], *, crm: Crm = CONNECTWISE) -> None:
        super().__init__(database, crm=crm)
        self.after: dict[int, Projection] = {}

    def tell(self) -> None:
        super().tell()
        self.go_to_the_end()
        closed, by_rule, _ = self.crm.tickets(self.stand_in.records())
        self.stand_in.set_clock(self.virtual)
        self.stand_in.control(*self.crm.closed_by_a_person(closed))
        self.stand_in.control(*self.crm.closed_by_a_rule(by_rule))
        self.virtual += LATER
        self.boundaries.append([])
        for stage in DOES:
            self.keep_start()
            passed = self.run(do=DOES[stage])
            assert not passed.error, passed.error
            assert {outcome for _, outcome, _ in passed.outcomes} <= {"done", "partial"}, passed.outcomes
            self.boundaries.append(passed.boundaries)
            self._settle(Case(stage=stage, at=0), Result(case=Case(stage=stage, at=0)))
            self.after[stage] = self.measure()

    def suffer(self, case: Case) -> Result:
        result = Result(case=case)
        self.go_back(case.stage)
        if case.fault:
            self.stand_in.set_clock(self.virtual)
            self.stand_in.control("faults", case.fault)
        result.label = self._killed(case.at, case, result)
        self._settle(case, result)
        if not result.problems:
            result.problems = differences(self.after[case.stage], self.measure())
        return result

    def _killed(self, at: int, case: Case, result: Result) -> str:
        passed = self.run(kill_at=at, foreign=case.foreign, do=DOES[case.stage])
        if passed.error:
            result.problems.append(passed.error)
        return passed.killed_at

    def _settle(self, case: Case, result: Result) -> None:
        """Again what was killed, and everything else that is due, until all of it went well."""
        for number in range(PASSES):
            self.virtual += SETTLE if number == 1 else self.crm.step
            result.passes += 1
            passed = self.run(foreign=case.foreign, do=DOES[case.stage])
            if not passed.error and _went_well(passed) and not self.due():
                passed = self.run(foreign=case.foreign)  # pulls what all that changed
                if not passed.error and _went_well(passed):
                    return
            if passed.error:
                result.problems.append(passed.error)
                return
            if any(outcome == "held" for _, outcome, _ in passed.outcomes):
                self.resume()
        result.problems.append(f"not settled after {PASSES} passes: {self.due()}")

    def due(self) -> dict[str, int]:
        """A message of unknown outcome is not waited for."""
        store = open_store(self.database.url, migrate=False)
        try:
            with store.read() as tx:
                unknown = [e for e in outbox.listed(tx, states=("unknown", "sending")) if e.write_back.kind == "notify"]
        finally:
            store.close()
        states = super().due()
        left = {state: n - sum(e.write_back.state == state for e in unknown) for state, n in states.items()}
        return {state: n for state, n in left.items() if n}

    def measure(self) -> Projection:
        """The projection, with follow-ups and undos; messages told or unknown are alike."""
        found = self.projection()
        for row in found["write_backs"]:
            if row[2] == "notify" and row[1] == "unknown":
                row[1] = "applied"
        told = {row[0] for row in found["write_backs"] if row[2] == "notify"}
        found["receipts"] = [row for row in found["receipts"] if row[0] not in told]
        return found
