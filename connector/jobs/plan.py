"""plan: stored contacts, history, suppressions, configuration → one decision with all its reasons for each contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any

import msgspec

from connector.campaigns.caps import cap
from connector.config import Config
from connector.domain import Decision, Facet, Finding, Membership, Reason
from connector.errors import UnavailableError
from connector.jobs.glances import Known, View, load_known, opted_out_elsewhere
from connector.jobs.records.record import ASKS_ONCE, Record, RowForm, raw
from connector.jobs.resolving import resolved_audience, why_held
from connector.store import Tx, codec, contacts, elsewhere, plans
from connector.store.contacts import ContactAtCompany
from connector.store.elsewhere import InvitedElsewhere
from connector.sync import audience as audiences
from connector.sync import law
from connector.sync.groups import Groups, expand
from connector.sync.screen import Screened, screen

BATCH = 1000


def plan(record: Record, config: Config, name: str, *, wave: str = "") -> dict[str, Any]:
    """Decide for every contact of the audience's Connection, store the Plan, and return its summary.

    Raises ContractError when somebody would disappear (law 1). An audience that is held, by its names or by the hold
    that the last pull left, is not planned. Who is invited by the newest plan of another audience is left to that.
    Raises UnavailableError where another audience was planned meanwhile: both might ask the same people.
    """
    audience = config.audiences[name]
    connection = audience.from_
    resolved = resolved_audience(record, config, name)
    if held := why_held(record, resolved):
        return {"audience": name, "held_audiences": 1, "why": held}
    pulled = law.IdsDigest()
    others = _Others(record, config, name)
    screened = screened_contacts(record, config, resolved, pulled)
    invites = others.inviting(connection)
    decisions = cap(screened, config.caps, record.now, record.installation, wave or name, elsewhere=invites)
    summary = _Summary(name, connection, resolved)
    plan_id = f"{name}@{record.now:%Y%m%dT%H%M%S.%fZ}"
    _keep(record, plan_id, summary.watch(decisions))
    law.check(pulled, summary.invited, summary.excluded)
    return _count(record, plan_id, summary, others)


class _Others:
    """The audiences whose newest plans count beside this one's: of any Connection, made within the cool-down."""

    def __init__(self, record: Record, config: Config, name: str) -> None:
        self._record, self._name = record, name
        self._names = [other for other in config.audiences if other != name] if record.does(ASKS_ONCE) else []
        self._since = config.caps.cool_down.before(record.now)
        self._plans: list[plans.Plan] = []
        if self._names:
            self._plans = record.read("other_plans", list[plans.Plan], self._standing)

    def inviting(self, connection: str) -> Callable[[str], Finding | None] | None:
        """What holds for a contact of the connection, by id, where another audience invites it; asked once for each."""
        if not self._plans:
            return None
        taken: dict[str, Finding] | None = None

        def ask(contact_id: str) -> Finding | None:
            nonlocal taken
            if taken is None:  # not before the first look at everybody is over, which needs memory of its own
                taken = self._invited(connection)
            return taken.pop(contact_id, None)

        return ask

    def _invited(self, connection: str) -> dict[str, Finding]:
        found: dict[str, Finding] = {}
        of = {
            plan.audience: Finding(
                reason=Reason.INVITED_ELSEWHERE,
                rule=f"audiences.{plan.audience}",
                seen=f"{plan.audience} on {plan.connection}",
            )
            for plan in self._plans
        }
        rows = self._record.stream(
            "invited_elsewhere",
            lambda tx: elsewhere.invited(tx, connection, self._name, self._plans, since=self._since),
            RowForm(lambda row: row, msgspec.json.Decoder(InvitedElsewhere).decode),
        )
        for row in rows:
            found.setdefault(row.contact_id, of[row.audience])
        return found

    def let_stand(self, plan: plans.Plan) -> None:
        """Store the plan, unless one of the others was planned since they were looked at."""
        if not self._names:
            self._record.commit(lambda tx: plans.put(tx, plan))
            return
        late: list[str] = []

        def write(tx: Tx) -> None:
            elsewhere.take_turns(tx)
            known = {other.id for other in self._plans}
            late.extend(other.audience for other in self._standing(tx) if other.id not in known)
            if not late:
                plans.put(tx, plan)

        self._record.commit(write)
        if meanwhile := self._record.read("planned_meanwhile", list[str], lambda _: late):
            raise UnavailableError(
                f"{self._name}: {', '.join(meanwhile)} was planned at the same time, and may ask the same people; "
                "plan it again"
            )

    def _standing(self, tx: Tx) -> list[plans.Plan]:
        return elsewhere.standing(tx, self._names, since=self._since)


def screened_contacts(
    record: Record, config: Config, resolved: audiences.ResolvedAudience, pulled: law.IdsDigest
) -> Iterator[Screened]:
    """Every stored contact of the audience's Connection after screening; its id is in `pulled` then.

    Addresses carry the stored verdict without its problem and proposal: deciding needs neither, finding them costs.
    """
    connection = resolved.connection
    known = record.read("known", Known, lambda tx: load_known(tx, record.now))
    groups = _groups(record, connection, resolved)
    form = RowForm(_out, _back)
    first = record.stream(
        "contacts", lambda tx: contacts.with_company(tx, connection, documents=False), form, keep=False
    )
    second = record.stream("contacts", lambda tx: contacts.with_company(tx, connection), form)
    view = View(connection, known, groups)
    glances = chain(map(view.glance, first), opted_out_elsewhere(record, connection, known, view))
    return screen(glances, view.candidates(second, pulled), resolved, config.cleaning, record.now)


def _groups(record: Record, connection: str, resolved: audiences.ResolvedAudience) -> Groups:
    """The members of the groups this audience names; an opt-out of another group says nothing about this one."""
    used = {group for facets in (resolved.include, resolved.exclude) for group in facets.get(Facet.MARKETING_GROUP, ())}
    rows = record.stream(
        "memberships",
        lambda tx: (m for m in contacts.memberships(tx, connection) if m.group_id in used),
        RowForm(lambda membership: membership, msgspec.json.Decoder(Membership).decode),
    )
    return expand(rows)


class _Summary:
    """Watches the decisions go by."""

    def __init__(self, name: str, connection: str, resolved: audiences.ResolvedAudience) -> None:
        self.name, self.connection, self.resolved = name, connection, resolved
        self.invited, self.excluded = law.IdsDigest(), law.IdsDigest()
        self.reasons: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.companies: dict[str, bool] = {}  # seen, and whether somebody of it is invited
        self.next_eligible: datetime | None = None

    def watch(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        for decision in decisions:
            if decision.findings:
                self.excluded.add(decision.contact_id)
                self._excluded(decision, decision.findings[0])
            else:
                self.invited.add(decision.contact_id)
                if decision.company_id:
                    self.companies[decision.company_id] = True
            for note in decision.notes:
                self.notes[note.reason.value] += 1
            yield decision

    def _excluded(self, decision: Decision, finding: Finding) -> None:
        self.reasons[finding.reason.value] += 1
        if decision.company_id and finding.reason not in OUTSIDE:
            self.companies.setdefault(decision.company_id, False)
        if finding.eligible_at and (self.next_eligible is None or finding.eligible_at < self.next_eligible):
            self.next_eligible = finding.eligible_at

    def counts(self) -> dict[str, Any]:
        """JSON-able: what preview prints and `--json` gives."""
        return {
            "audience": self.name,
            "connection": self.connection,
            "words": audiences.words(self.resolved),
            "pulled": self.invited.count + self.excluded.count,
            "invitations": self.invited.count,
            "invited_companies": sum(self.companies.values()),
            "companies": len(self.companies),
            "exclusions": dict(sorted(self.reasons.items())),
            "notes": dict(sorted(self.notes.items())),
            "next_eligible": self.next_eligible.isoformat() if self.next_eligible else None,
        }


OUTSIDE = frozenset((Reason.OUTSIDE_CONTACT_TYPE, Reason.OUTSIDE_COMPANY_TYPE, Reason.OUTSIDE_MARKETING_GROUP))


def _keep(record: Record, plan_id: str, decisions: Iterator[Decision]) -> None:
    """Keep the decisions batch by batch; they count only once the Plan row stands."""
    record.commit(lambda tx: plans.drop_decisions(tx, plan_id), durable=False)
    while batch := list(islice(decisions, BATCH)):
        encoded = [(decision, codec.encode(decision)) for decision in batch]
        record.emit("decisions", [raw(document) for _, document in encoded])
        record.commit(_putting(plan_id, encoded), durable=False)


def _count(record: Record, plan_id: str, summary: _Summary, others: _Others) -> dict[str, Any]:
    counts = summary.counts()
    record.emit("summary", [counts])
    row = plans.Plan(
        id=plan_id,
        audience=summary.name,
        connection=summary.connection,
        at=record.now,
        fingerprint=f"{summary.invited}/{summary.excluded}",
        summary=counts,
    )
    others.let_stand(row)
    return counts


def _putting(plan_id: str, encoded: list[tuple[Decision, bytes]]) -> Callable[[Tx], None]:
    return lambda tx: plans.put_decisions(tx, plan_id, encoded)


def _out(row: ContactAtCompany) -> list[Any]:
    return [*row[:-2], raw(row.doc), raw(row.company) if row.company else None]


_row = msgspec.json.Decoder(
    tuple[str, str | None, str, str | None, str, str, int | None, int, str | None, msgspec.Raw, msgspec.Raw]
)


def _back(line: bytes) -> ContactAtCompany:
    *columns, document, company = _row.decode(line)
    held = None if bytes(company) == b"null" else bytes(company)
    return ContactAtCompany._make((*columns, bytes(document), held))
