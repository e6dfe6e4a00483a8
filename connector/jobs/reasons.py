"""Everybody of an audience's newest Plan, each with the reasons the Plan kept: for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from connector.domain import REASON_TEXT, Finding
from connector.jobs.runtime import Runtime
from connector.store import codec, contacts, plans


class Line(NamedTuple):
    """One contact of a Plan in words; the order of the columns."""

    audience: str
    connection: str
    contact: str
    name: str
    company: str
    address: str
    decision: str
    reason: str
    in_words: str
    rule: str
    seen: str
    next_eligible: str
    other_reasons: str
    reported_only: str


def everybody(runtime: Runtime, audience: str) -> Iterator[Line]:
    """Each contact the newest Plan decided on, in the order of ids, streamed; nobody where there is no Plan."""
    with runtime.store.read() as tx:
        plan = plans.newest(tx, audience)
        if plan is None:
            return
        stored = contacts.with_company(tx, plan.connection)
        row = next(stored, None)
        for decision in plans.each_decision(tx, plan.id):
            while row is not None and row.id != decision.contact_id:
                row = next(stored, None)  # both come in the order of ids
            contact = codec.decode_contact(row.doc) if row else None
            company = codec.decode_company(row.company) if row and row.company else None
            first, *others = decision.findings or (None,)
            yield Line(
                audience=audience,
                connection=plan.connection,
                contact=decision.contact_id,
                name=contact.name if contact else "",
                company=company.name if company else "",
                address=contact.email if contact else "",
                decision="invited" if decision.invited else "excluded",
                reason=first.reason if first else "",
                in_words=REASON_TEXT[first.reason] if first else "",
                rule=first.rule if first else "",
                seen=first.seen if first else "",
                next_eligible=_day(first),
                other_reasons="; ".join(finding.reason for finding in others if finding),
                reported_only="; ".join(REASON_TEXT[note.reason] for note in decision.notes),
            )


def _day(finding: Finding | None) -> str:
    return f"{finding.eligible_at:%Y-%m-%d}" if finding and finding.eligible_at else ""
