"""The story of `connector demo`, chapter by chapter; every number in it is measured, most of them on the other side."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from connector import config
from connector.cli import demo_folder
from connector.domain import Contact, Mode, OpenTicket
from connector.errors import ConnectorError, ContractError
from connector.jobs import look, once
from connector.jobs.collect import ANSWERS
from connector.jobs.dry import DryRecord
from connector.jobs.replay import Recorded, replay
from connector.jobs.runner import mode_line
from connector.jobs.runtime import Runtime, open_ports, open_runtime
from connector.report.nps import Nps, nps_of
from connector.sandbox.connectwise import Server
from connector.store import contacts, jobs, outbox, plans, responses
from connector.store.outbox import Entry

PSA, AUDIENCE = "psa", "decision-makers"
BACK = timedelta(minutes=20)
"""How far the clock stands back until the answers are in; longer than the time in which they may be changed."""


@dataclass(slots=True)
class Measured:
    """What `connector demo --json` prints."""

    served: int = 0
    contacts: int = 0
    invitations: int = 0
    exclusions: dict[str, int] = field(default_factory=dict)
    responses: int = 0
    write_backs: dict[str, int] = field(default_factory=dict)
    tickets: int = 0
    second_run: dict[str, int] = field(default_factory=dict)
    nps: float = 0.0
    nps_margin: float = 0.0
    seconds: float = 0.0
    law_of_ids: bool = False
    replay: dict[str, int] = field(default_factory=dict)


class Story:
    """One demonstration against a running stand-in. The chapters are called in their order."""

    def __init__(self, server: Server, folder: Path, seed: int) -> None:
        self.server, self.folder, self.seed = server, folder, seed
        self.measured = Measured()
        self.back = BACK
        self._started = time.monotonic()
        login = server.login
        keys = demo_folder.Keys(
            public_key=login.public_key, private_key=login.private_key, client_id=login.client_id
        )  # fmt: skip
        demo_folder.write(folder, server.url, keys)
        self.config = config.load(folder / "nps.yaml", keys.environ())
        self.runtime: Runtime = open_runtime(self.config, environ={}, clock=lambda: datetime.now(UTC) - self.back)

    def close(self) -> None:
        self.runtime.store.close()

    # ------------------------------------------------------------ chapters
    def check(self) -> list[str]:
        """What the key may not see: nothing, one hopes."""
        source = open_ports(self.config, PSA, DryRecord(self.runtime)).source
        assert source is not None, "ConnectWise has contacts"
        return source.check()

    def pull(self) -> once.Step:
        return self._done("pull", PSA)

    def preview(self) -> list[str]:
        """Decide for everybody; the funnel's lines, the law checked against what the stand-in served."""
        self._done("plan", PSA, {"audience": AUDIENCE})
        self.law()
        found = look.newest_funnel(self.runtime, AUDIENCE)
        assert found is not None, "the plan was just made"
        return found[0].lines(head=mode_line(Mode.PREVIEW))

    def answers(self) -> once.Step:
        """Half of the invited people answer; then the clock goes on to now."""
        people = self._invited()
        demo_folder.write_answers(self.folder, people, seed=self.seed, now=self.runtime.now())
        step = self._done("collect", ANSWERS)
        self.back = timedelta(0)
        return step

    def deliver(self) -> once.Step:
        step = self._done("deliver", PSA)
        with self.runtime.store.read() as tx:
            self.measured.write_backs = outbox.counts(tx)
            self.measured.responses = len(responses.listed(tx))
        self.measured.tickets = self._tickets()
        return step

    def ticket(self) -> tuple[Entry, str] | None:
        """The ticket of the first answer, and who owns it in the stand-in."""
        with self.runtime.store.read() as tx:
            first = [r.key for r in responses.listed(tx) if r.external_id == demo_folder.FIRST]
            entries = [e for key in first for e in outbox.listed(tx, states=("applied",), response_key=key)]
        for entry in entries:
            change, receipt = entry.write_back.change, entry.receipt
            if isinstance(change, OpenTicket) and receipt is not None:
                record = next(row for row in self._records() if str(row["id"]) == receipt.record_id)
                source = open_ports(self.config, PSA, DryRecord(self.runtime)).source
                found = source.owner(change.company_id, change.owner) if source is not None else None
                name = (record.get("owner") or {}).get("name") or "nobody"
                return entry, f"{name} ({found[1].replace('_', ' ')})" if found else name
        return None

    def nps(self) -> Nps:
        with self.runtime.store.read() as tx:
            found = nps_of(response.score for response in responses.listed(tx))
        self.measured.nps, self.measured.nps_margin = round(float(found.score), 1), round(found.margin, 1)
        return found

    def second_run(self) -> list[once.Step]:
        """Everything once more, the same answers in a second file; measured at the stand-in."""
        calls, tickets = self._served()["calls"], self._tickets()
        demo_folder.write_answers_again(self.folder)
        steps = [
            self._done("pull", PSA),
            self._done("plan", PSA, {"audience": AUDIENCE}),
            self._done("collect", ANSWERS),
            self._done("deliver", PSA),
        ]
        self.measured.second_run = {
            "tickets_created": self._tickets() - tickets,
            "api_calls": self._served()["calls"] - calls,
        }
        again = steps[2].attempt
        assert again is not None, "it came to its end"
        if again.counts.get("already_there", 0) != self.measured.responses:
            raise ContractError(f"{again.counts} of {self.measured.responses} answers were known; please report it")
        self.law()
        return steps

    def law(self) -> None:
        """Served = stored = invited + excluded, id by id. Raises ContractError where it is not so."""
        served = {str(number) for number in self._served()["contacts"]}
        with self.runtime.store.read() as tx:
            stored = contacts.ids(tx, PSA)
            plan = plans.newest(tx, AUDIENCE)
            decisions = plans.decisions(tx, plan.id) if plan else []
        invited = {d.contact_id for d in decisions if d.invited}
        excluded = {d.contact_id for d in decisions if not d.invited}
        self.measured.law_of_ids = (
            served == set(stored) == invited | excluded
            and not invited & excluded
            and len(decisions) == len(stored) == len(served)
        )
        self.measured.served, self.measured.contacts = len(served), len(stored)
        self.measured.invitations = len(invited)
        reasons: dict[str, int] = {}
        for decision in decisions:
            if decision.findings:
                name = decision.findings[0].reason.value
                reasons[name] = reasons.get(name, 0) + 1
        self.measured.exclusions = dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
        if not self.measured.law_of_ids:
            raise ContractError(
                f"law of ids broken: {len(served)} served, {len(stored)} stored, {len(invited)} invited, "
                f"{len(excluded)} excluded; please report it"
            )

    def replay(self) -> list[str]:
        """Every attempt again from its record; what differs."""
        rows = different = 0
        said: list[str] = []
        with self.runtime.store.read() as tx:
            attempts = [a for job in jobs.listed(tx) for a in jobs.attempts(tx, job.id)]
        for attempt in attempts:
            report = replay(Recorded.load(self.runtime.data / attempt.journal))
            rows += report.compared
            different += len(report.differences)
            said += [f"{attempt.id}: {difference.what}" for difference in report.differences]
        self.measured.replay = {"jobs": len(attempts), "rows": rows, "differences": different}
        return said

    def example(self) -> str:
        """The address of somebody there is much to tell of."""
        with self.runtime.store.read() as tx:
            first = [r.email for r in responses.listed(tx) if r.external_id == demo_folder.FIRST]
        return first[0] if first else "ann@example.com"

    def end(self) -> Measured:
        self.measured.seconds = round(time.monotonic() - self._started, 1)
        return self.measured

    # ------------------------------------------------------------ the other side
    def _served(self) -> dict[str, Any]:
        return _asked(self.server.url, "served")

    def _records(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = _asked(self.server.url, "records")["tickets"]
        return rows

    def _tickets(self) -> int:
        return len(self._records())

    def _invited(self) -> list[Contact]:
        with self.runtime.store.read() as tx:
            plan = plans.newest(tx, AUDIENCE)
            chosen = [d.contact_id for d in plans.decisions(tx, plan.id) if d.invited] if plan else []
            stored = [contacts.contact(tx, PSA, contact_id) for contact_id in chosen]
        return [row.contact() for row in stored if row is not None]

    def _done(self, story: str, connection: str, params: dict[str, Any] | None = None) -> once.Step:
        """One step, which must come to its end here."""
        step = once.perform(self.runtime, story, connection, params)
        if step.outcome != "done":
            raise ConnectorError(
                f"{story} on {connection} ended {step.outcome}: {step.why or 'see connector jobs list'}"
            )
        return step


def _asked(url: str, lever: str) -> dict[str, Any]:
    with urlopen(f"{url}/control/{lever}", timeout=60) as answer:  # noqa: S310 - our own server on this machine
        found: dict[str, Any] = json.load(answer)
    return found
