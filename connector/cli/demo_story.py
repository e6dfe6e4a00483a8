"""The story of `connector demo`, chapter by chapter; every number in it is measured, most of them on the other side."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector import config
from connector.cli import demo_crms, demo_folder
from connector.cli.demo_crms import StandIn
from connector.cli.demo_measured import AtCrm, Measured, OnePerson, OptOut, by_first_reason, commonest_first
from connector.domain import Contact, Decision, Mode, OpenTicket, Reason, RecordResponse
from connector.errors import ConnectorError, ContractError
from connector.jobs import look, once
from connector.jobs.collect import ANSWERS
from connector.jobs.dry import DryRecord
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runner import mode_line
from connector.jobs.runtime import Runtime, open_ports, open_runtime
from connector.report.nps import Nps, nps_of
from connector.store import attempts, contacts, jobs, outbox, plans, responses
from connector.store.outbox import Entry

BACK = timedelta(minutes=20)
"""How far the clock stands back until the answers are in; longer than the time in which they may be changed."""


class Story:
    """One demonstration against running stand-ins. The chapters are called in their order."""

    def __init__(self, standing: Sequence[StandIn], folder: Path, seed: int) -> None:
        self.standing, self.folder, self.seed = list(standing), folder, seed
        self.measured = Measured(crms={each.crm.connection: AtCrm() for each in standing})
        self.back = BACK
        self.first: dict[str, str] = {}
        self._started = time.monotonic()
        self._taken: dict[str, set[str]] = {}
        keys = {name: value for each in standing for name, value in each.environ.items()}
        demo_folder.write(folder, demo_crms.configuration(standing), keys)
        self.config = config.load(folder / "nps.yaml", keys)
        self.runtime: Runtime = open_runtime(self.config, environ={}, clock=lambda: datetime.now(UTC) - self.back)

    def close(self) -> None:
        self.runtime.store.close()

    @property
    def several(self) -> bool:
        return len(self.standing) > 1

    # ------------------------------------------------------------ chapters
    def check(self) -> list[str]:
        """What the keys may not see: nothing, one hopes."""
        blind = []
        for each in self.standing:
            source = open_ports(self.config, each.crm.connection, DryRecord(self.runtime)).source
            assert source is not None, "every CRM has contacts"
            blind += source.check()
        return blind

    def pull(self) -> dict[str, once.Step]:
        return {each.crm.connection: self._done("pull", each.crm.connection) for each in self.standing}

    def preview(self) -> list[str]:
        """Decide for everybody of the first CRM; the funnel's lines, the law checked against what was served."""
        first = self.standing[0]
        self._plan(first)
        found = look.newest_funnel(self.runtime, first.crm.audience)
        assert found is not None, "the plan was just made"
        return found[0].lines(head=mode_line(Mode.PREVIEW))

    def opt_out(self) -> OptOut | None:
        """Somebody invited by the first CRM unsubscribes in another one; the first one's plan is made again.

        None where, in a small world, nobody is known to both. Raises ContractError if the word does not hold.
        """
        first, found = self.standing[0], self._known_elsewhere()
        if found is None:
            return None
        contact, other, other_id = found
        other.unsubscribe(other_id)
        self._done("pull", other.crm.connection)
        self._plan(first)
        decision = next(d for d in self._decisions(first) if d.contact_id == contact.id)
        said = [finding.seen for finding in decision.findings if finding.reason is Reason.OPTED_OUT_CONTACT]
        if not said:
            raise ContractError(f"the opt-out of contact {other_id} does not hold elsewhere; please report it")
        done = OptOut(name=contact.name, at=other.crm.connection, by=first.crm.connection, seen=said[0])
        self.measured.opt_out = {"name": done.name, "at": done.at, "no_more_by": done.by, "seen": done.seen}
        return done

    def ask(self) -> dict[str, int]:
        """Plan the CRMs one after another, each asking whom it invites; how many each asks.

        Who was asked is taken in as a survey tool tells it, so that the next plan knows.
        """
        persons: list[str] = []
        for each in self.standing:
            if each is not self.standing[0]:
                self._plan(each)
            invited = self._invited(each)
            persons += [d.person_id or d.contact_id for d in self._decisions(each) if d.invited]
            path = demo_folder.write_asked(self.folder, each.crm.connection, invited, now=self.runtime.now())
            self._done("history", ANSWERS, {"file": str(path.resolve()), "connection": each.crm.connection})
        self.measured.asked_twice = len(persons) - len(set(persons))
        return {name: at_crm.invitations for name, at_crm in self.measured.crms.items()}

    def one_person(self) -> OnePerson | None:
        """One human being whom several CRMs know, Ann Example before others, asked by one of them; call after `ask`."""
        known = self._persons()
        self.measured.people_of_several = len(known)
        plans_of = {e.crm.connection: {d.contact_id: d for d in self._decisions(e)} for e in self.standing}
        for ids in sorted(known.values(), key=lambda ids: (self._name(ids)[1] != "ann@example.com", -len(ids))):
            decided = {connection: plans_of[connection][number] for connection, number in ids.items()}
            askers = [connection for connection, decision in decided.items() if decision.invited]
            waiting = {
                connection: finding.seen
                for connection, decision in decided.items()
                for finding in decision.findings[:1]
                if finding.reason is Reason.ASKED_RECENTLY
            }
            if len(askers) == 1 and waiting:
                name = self._name(ids)[0]
                self.measured.one_person = {"name": name, "asked_by": askers[0], **ids}
                return OnePerson(name=name, known=ids, asked_by=askers[0], elsewhere=waiting)
        return None

    def answers(self) -> once.Step:
        """Half of the invited people answer; then the clock goes on to now."""
        invited = {each.crm.connection: self._invited(each) for each in self.standing}
        given = demo_folder.write_answers(self.folder, invited, seed=self.seed, now=self.runtime.now())
        self.first = {connection: ids[0] for connection, ids in given.items() if ids}
        step = self._done("collect", ANSWERS)
        self.back = timedelta(0)
        return step

    def deliver(self) -> None:
        """Write back, each CRM for itself; then see what stands in each.

        Raises ContractError where a CRM has another ticket or record than those of the answers that came from it.
        """
        for each in self.standing:
            self._done("deliver", each.crm.connection)
        with self.runtime.store.read() as tx:
            self.measured.write_backs = outbox.counts(tx)
            given = responses.listed(tx)
            done = {r.key: outbox.listed(tx, states=("applied",), response_key=r.key) for r in given}
        self.measured.responses = len(given)
        for each in self.standing:
            name, at_crm = each.crm.connection, self.measured.crms[each.crm.connection]
            own = [r for r in given if r.connection == name]
            changes = [(r, e.write_back.change, e.receipt) for r in own for e in done[r.key]]
            opened = {receipt.record_id for _, change, receipt in changes if receipt and isinstance(change, OpenTicket)}
            written = {r.contact_id for r, change, _ in changes if isinstance(change, RecordResponse)}
            tickets, recorded = each.tickets(), each.recorded()
            if opened != set(tickets) or written != recorded:
                raise ContractError(
                    f"{name} has {len(tickets)} tickets and {len(recorded)} records of answers; "
                    f"{len(opened)} and {len(written)} are of its own; please report it"
                )
            at_crm.responses, at_crm.tickets, at_crm.recorded = len(own), len(tickets), len(recorded)
        self.measured.tickets = sum(at_crm.tickets for at_crm in self.measured.crms.values())

    def tickets(self) -> Iterator[tuple[StandIn, Entry, str]]:
        """The ticket of each CRM's first answer, and who owns it."""
        for each in self.standing:
            with self.runtime.store.read() as tx:
                first = [r.key for r in responses.listed(tx) if r.external_id == self.first.get(each.crm.connection)]
                entries = [e for key in first for e in outbox.listed(tx, states=("applied",), response_key=key)]
            for entry in entries:
                change = entry.write_back.change
                if isinstance(change, OpenTicket) and entry.receipt is not None:
                    source = open_ports(self.config, each.crm.connection, DryRecord(self.runtime)).source
                    found = source.owner(change.company_id, change.owner) if source is not None else None
                    owner = each.tickets()[entry.receipt.record_id] or (found[0] if found else "nobody")
                    yield each, entry, f"{owner} ({found[1].replace('_', ' ')})" if found else owner

    def nps(self) -> Nps:
        with self.runtime.store.read() as tx:
            found = nps_of(response.score for response in responses.listed(tx))
        self.measured.nps, self.measured.nps_margin = round(float(found.score), 1), round(found.margin, 1)
        return found

    def second_run(self) -> None:
        """Everything once more, the same answers in a second file; measured at the stand-ins."""
        calls, tickets = self._calls(), self._tickets()
        demo_folder.write_answers_again(self.folder)
        self.pull()
        for each in self.standing:
            self._plan(each, again=True)
        collected = self._done("collect", ANSWERS)
        for each in self.standing:
            self._done("deliver", each.crm.connection)
        self.measured.second_run = {
            "tickets_created": self._tickets() - tickets,
            "api_calls": self._calls() - calls,
        }
        again = collected.attempt
        assert again is not None, "it came to its end"
        if again.counts.get("already_there", 0) != self.measured.responses:
            raise ContractError(f"{again.counts} of {self.measured.responses} answers were known; please report it")

    def replay(self) -> list[str]:
        """Every attempt again from its record; what differs."""
        rows = different = 0
        said: list[str] = []
        with self.runtime.store.read() as tx:
            tried = [a for job in jobs.listed(tx) for a in attempts.of_job(tx, job.id)]
        for attempt in tried:
            report = replay(Recorded.load(self.runtime.data / attempt.journal))
            rows += report.compared
            different += len(report.differences)
            said += [f"{attempt.id}: {difference.what}" for difference in report.differences]
        self.measured.replay = {"jobs": len(tried), "rows": rows, "differences": different}
        return said

    def example(self) -> str:
        """The address of somebody there is much to tell of."""
        wanted = next(iter(self.first.values()), "")
        with self.runtime.store.read() as tx:
            first = [r.email for r in responses.listed(tx) if r.external_id == wanted]
        return first[0] if first else "ann@example.com"

    def end(self) -> Measured:
        self.measured.seconds = round(time.monotonic() - self._started, 1)
        return self.measured

    # ------------------------------------------------------------ the law
    def _plan(self, each: StandIn, *, again: bool = False) -> None:
        self._done("plan", each.crm.connection, {"audience": each.crm.audience})
        self._law(each, again=again)

    def _law(self, each: StandIn, *, again: bool) -> None:
        """Served = stored = invited + excluded, id by id; served as archived and never stored before is nobody.

        The numbers kept are those of the first run; in the second hardly anybody is left to ask. Raises ContractError
        where it is not so.
        """
        name, served, decisions = each.crm.connection, each.served(), self._decisions(each)
        with self.runtime.store.read() as tx:
            stored = contacts.ids(tx, name)
        invited = {d.contact_id for d in decisions if d.invited}
        excluded = {d.contact_id for d in decisions if not d.invited}
        archived = (served & each.archived()) - set(stored)
        holds = (
            served - archived == set(stored) == invited | excluded
            and not invited & excluded
            and len(decisions) == len(stored) == len(served) - len(archived)
        )
        if not holds:
            raise ContractError(
                f"{name}: law of ids broken: {len(served)} served, {len(archived)} archived, {len(stored)} stored, "
                f"{len(invited)} invited, {len(excluded)} excluded; please report it"
            )
        if again:
            return
        at_crm = self.measured.crms[name]
        at_crm.law_of_ids, at_crm.served, at_crm.contacts = holds, len(served), len(stored)
        at_crm.archived = len(archived)
        at_crm.invitations, at_crm.exclusions = len(invited), by_first_reason(decisions)
        self._sum_up()

    def _sum_up(self) -> None:
        told = [at_crm for at_crm in self.measured.crms.values() if at_crm.law_of_ids]
        self.measured.served = sum(at_crm.served for at_crm in told)
        self.measured.archived = sum(at_crm.archived for at_crm in told)
        self.measured.contacts = sum(at_crm.contacts for at_crm in told)
        self.measured.invitations = sum(at_crm.invitations for at_crm in told)
        reasons: dict[str, int] = {}
        for at_crm in told:
            for reason, count in at_crm.exclusions.items():
                reasons[reason] = reasons.get(reason, 0) + count
        self.measured.exclusions = commonest_first(reasons)
        self.measured.law_of_ids = len(told) == len(self.standing)

    # ------------------------------------------------------------ people
    def _persons(self) -> dict[str, dict[str, str]]:
        """Contact id by connection of each person whom several CRMs know."""
        found: dict[str, dict[str, str]] = {}
        with self.runtime.store.read() as tx:
            for each in self.standing:
                for row in contacts.with_company(tx, each.crm.connection, documents=False):
                    found.setdefault(row.person_id, {}).setdefault(each.crm.connection, row.id)
        return {person: ids for person, ids in found.items() if len(ids) > 1}

    def _known_elsewhere(self) -> tuple[Contact, StandIn, str] | None:
        """Somebody but Ann whom the first CRM invites and another one knows under the same address, both in health."""
        first, *others = self.standing
        own = first.healthy()
        for other in others:
            theirs = other.healthy()
            with self.runtime.store.read() as tx:
                stored = set(contacts.ids(tx, other.crm.connection))
            for contact in self._invited(first):
                there = theirs.get(contact.email)
                if contact.email in own and contact.email != "ann@example.com" and there in stored:
                    return contact, other, str(there)
        return None

    def _name(self, ids: dict[str, str]) -> tuple[str, str]:
        connection, number = next(iter(ids.items()))
        with self.runtime.store.read() as tx:
            row = contacts.contact(tx, connection, number)
        assert row is not None, "it is stored"
        return row.contact().name, row.contact().email

    def _invited(self, each: StandIn) -> list[Contact]:
        chosen = [d.contact_id for d in self._decisions(each) if d.invited]
        with self.runtime.store.read() as tx:
            stored = [contacts.contact(tx, each.crm.connection, contact_id) for contact_id in chosen]
        return [row.contact() for row in stored if row is not None]

    def _decisions(self, each: StandIn) -> list[Decision]:
        with self.runtime.store.read() as tx:
            plan = plans.newest(tx, each.crm.audience)
            return plans.decisions(tx, plan.id) if plan else []

    # ------------------------------------------------------------ the other side
    def _tickets(self) -> int:
        return sum(len(each.tickets()) for each in self.standing)

    def _calls(self) -> int:
        return sum(each.calls() for each in self.standing)

    def _done(self, story: str, connection: str, params: dict[str, Any] | None = None) -> once.Step:
        """One step, which must come to its end here."""
        step = once.perform(self.runtime, story, connection, params)
        if step.outcome != "done":
            raise ConnectorError(
                f"{story} on {connection} ended {step.outcome}: {step.why or 'see connector jobs list'}"
            )
        return step
