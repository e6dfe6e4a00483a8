"""plan: stored contacts, history, suppressions, configuration → one decision with all its reasons for each contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from connector.campaigns.caps import cap
from connector.config import Config
from connector.domain import Decision, Facet, Finding, Membership, Reason, Segment
from connector.jobs.record import Record, RowForm, raw
from connector.store import Tx, codec, contacts, people, plans
from connector.store.contacts import ContactAtCompany
from connector.sync import audience as audiences
from connector.sync import law
from connector.sync.address import Address, AddressKind
from connector.sync.candidates import Candidate, Glance
from connector.sync.groups import Groups, expand
from connector.sync.screen import Screened, screen

BATCH = 1000
ADDRESS_KINDS = {kind.value: kind for kind in AddressKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of people beyond the CRM: address key, person id or `connection/company id` → what."""

    suppressed: dict[str, str]
    bounced: dict[str, datetime]
    last_asked: dict[str, datetime]


def plan(record: Record, config: Config, name: str, *, wave: str = "") -> dict[str, Any]:
    """Decide for every contact of the audience's Connection, store the Plan, and return its summary.

    Raises ContractError when somebody would disappear (law 1). A held audience is not planned.
    """
    audience = config.audiences[name]
    connection = audience.from_
    resolved = resolved_audience(record, config, name)
    if resolved.held:
        return {"audience": name, "held_audiences": 1, "why": [str(finding) for finding in resolved.findings]}
    pulled = law.IdsDigest()
    screened = screened_contacts(record, config, resolved, pulled)
    decisions = cap(screened, config.caps, record.now, record.installation, wave or name)
    summary = _Summary(name, connection, resolved)
    plan_id = f"{name}@{record.now:%Y%m%dT%H%M%S.%fZ}"
    _keep(record, plan_id, summary.watch(decisions))
    law.check(pulled, summary.invited, summary.excluded)
    return _count(record, plan_id, summary)


def screened_contacts(
    record: Record, config: Config, resolved: audiences.ResolvedAudience, pulled: law.IdsDigest
) -> Iterator[Screened]:
    """Every stored contact of the audience's Connection after screening; its id is in `pulled` then.

    Addresses carry the stored verdict without its problem and proposal: deciding needs neither, finding them costs.
    """
    connection = resolved.connection
    known = record.read("known", Known, lambda tx: _known(tx, record.now))
    groups = _groups(record, connection, resolved)
    form = RowForm(_out, _back)
    first = record.stream(
        "contacts", lambda tx: contacts.with_company(tx, connection, documents=False), form, keep=False
    )
    second = record.stream("contacts", lambda tx: contacts.with_company(tx, connection), form)
    view = _View(connection, known, groups)
    return screen(map(view.glance, first), view.candidates(second, pulled), resolved, config.cleaning, record.now)


def resolved_audience(record: Record, config: Config, name: str) -> audiences.ResolvedAudience:
    """The audience in the ids that its names stood for at the last pull; no call."""
    connection = config.audiences[name].from_
    segments = record.read("segments", list[Segment], lambda tx: contacts.segments(tx, connection))
    rows = record.read(
        "remembered_names",
        list[tuple[str, str, str]],
        lambda tx: [(f, n, i) for (f, n), i in sorted(contacts.remembered_names(tx, connection).items())],
    )
    by_facet = {facet: [segment for segment in segments if segment.facet is facet] for facet in Facet}
    return audiences.resolve(name, config.audiences[name], by_facet, {(Facet(f), n): i for f, n, i in rows})


def _known(tx: Tx, now: datetime) -> Known:
    return Known(
        suppressed={s.value: s.reason or s.source for s in people.suppressions(tx, now=now)},
        bounced=people.bounces(tx),
        last_asked=people.last_asked(tx),
    )


def _groups(record: Record, connection: str, resolved: audiences.ResolvedAudience) -> Groups:
    """The members of the groups this audience names; an opt-out of another group says nothing about this one."""
    used = {group for facets in (resolved.include, resolved.exclude) for group in facets.get(Facet.MARKETING_GROUP, ())}
    rows = record.stream(
        "memberships",
        lambda tx: (m for m in contacts.memberships(tx, connection) if m.group_id in used),
        RowForm(lambda membership: membership, msgspec.json.Decoder(Membership).decode),
    )
    return expand(rows)


class _View:
    """Turns stored rows into what screening looks at."""

    def __init__(self, connection: str, known: Known, groups: Groups) -> None:
        self._connection, self._known, self._groups = connection, known, groups
        self._company = lru_cache(maxsize=4096)(codec.decode_company)

    def glance(self, row: ContactAtCompany) -> Glance:
        company = self._company(row.company) if row.company else None
        gone = company is not None and (company.deleted or company.inactive)
        opted_out = (
            row.opted_out == 1
            or (company is not None and company.opted_out is True)
            or self._suppression(row) is not None
            or bool(self._groups.opt_outs_of(row, company))
        )
        return Glance(
            row.id,
            row.company_id,
            row.person_id,
            row.address_key or "",
            ADDRESS_KINDS[row.address_kind],
            row.name_key,
            opted_out,
            None,
            not gone and not row.inactive,
        )

    def candidates(self, rows: Iterable[ContactAtCompany], pulled: law.IdsDigest) -> Iterator[Candidate]:
        opt_outs_of, groups_of = self._groups.opt_outs_of, self._groups.groups_of
        bounced, last_asked = self._known.bounced, self._known.last_asked
        decode, moment, add = codec.decode_contact, datetime.fromisoformat, pulled.add
        for row in rows:
            add(row.id)
            contact = decode(row.doc)
            company = self._company(row.company) if row.company else None
            key = row.address_key
            asked = None
            if last_asked:
                both = (last_asked.get(key or ""), last_asked.get(row.person_id))
                asked = max((at for at in both if at), default=None)
            yield Candidate(
                contact,
                company,
                Address(key or "", ADDRESS_KINDS[row.address_kind]),
                row.person_id,
                groups_of(row, company),
                opt_outs_of(row, company),
                self._suppression(row),
                bounced.get(key) if key else None,
                asked,
                row.name_key,
                moment(row.touched_at) if row.touched_at else None,
            )

    def _suppression(self, row: ContactAtCompany) -> str | None:
        suppressed = self._known.suppressed
        if not suppressed:
            return None
        for value in (row.address_key, row.person_id, f"{self._connection}/{row.company_id}"):
            if value and value in suppressed:
                return suppressed[value]
        return None


class _Summary:
    """Watches the decisions go by."""

    def __init__(self, name: str, connection: str, resolved: audiences.ResolvedAudience) -> None:
        self.name, self.connection, self.resolved = name, connection, resolved
        self.invited, self.excluded = law.IdsDigest(), law.IdsDigest()
        self.reasons: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.companies: set[str] = set()
        self.invited_companies: set[str] = set()
        self.next_eligible: datetime | None = None

    def watch(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        for decision in decisions:
            if decision.findings:
                self.excluded.add(decision.contact_id)
                self._excluded(decision, decision.findings[0])
            else:
                self.invited.add(decision.contact_id)
                if decision.company_id:
                    self.invited_companies.add(decision.company_id)
                    self.companies.add(decision.company_id)
            for note in decision.notes:
                self.notes[note.reason.value] += 1
            yield decision

    def _excluded(self, decision: Decision, finding: Finding) -> None:
        self.reasons[finding.reason.value] += 1
        if decision.company_id and finding.reason not in OUTSIDE:
            self.companies.add(decision.company_id)
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
            "invited_companies": len(self.invited_companies),
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


def _count(record: Record, plan_id: str, summary: _Summary) -> dict[str, Any]:
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
    record.commit(lambda tx: plans.put(tx, row))
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
