"""Why somebody whom the CRM knows is not in the store: which condition of each audience fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connector.config import Config
from connector.domain import Company, Contact, Facet, Segment
from connector.jobs.dry import DryRecord
from connector.jobs.explain.person import address_section
from connector.jobs.explain.sections import Section, company_line, names
from connector.jobs.pull import resolve, segments_in_use
from connector.jobs.runtime import Runtime, open_ports
from connector.store import contacts
from connector.sync import groups
from connector.sync.audience import ResolvedAudience

WORDS = {
    Facet.CONTACT_TYPE: "contact type",
    Facet.COMPANY_TYPE: "company type",
    Facet.MARKETING_GROUP: "marketing group",
}


def sections(runtime: Runtime, dry: DryRecord, contact: Contact, company: Company | None) -> Iterator[Section]:
    connection = contact.connection
    source = open_ports(runtime.config, connection, dry).source
    assert source is not None, "it was looked up there"
    by_facet = segments_in_use(runtime.config, connection, source)
    segments = [segment for found in by_facet.values() for segment in found]
    with runtime.store.read() as tx:
        rows = contacts.groups_of(tx, connection, contact.id, contact.company_id)
        pulled = contacts.count(tx, connection)
    in_groups = groups.expand(rows).groups_of(contact, company)
    has = {
        Facet.CONTACT_TYPE: frozenset(contact.type_ids),
        Facet.COMPANY_TYPE: frozenset(company.type_ids) if company else frozenset(),
        Facet.MARKETING_GROUP: in_groups,
    }
    lines = [
        f"types: {', '.join(names(segments, Facet.CONTACT_TYPE, contact.type_ids)) or 'none'}",
        f"company: {company_line(company, segments)}" if company else f"company: {contact.company_id or 'none'}",
    ]
    yield Section("live", "in the CRM", tuple(lines), {"contact": contact, "company": company})
    yield address_section(contact)
    resolved = resolve(dry, runtime.config, connection, by_facet)
    yield _audiences(runtime.config, resolved, has, segments, contact, company, pulled)


def _audiences(
    config: Config,
    resolved: Sequence[ResolvedAudience],
    has: dict[Facet, frozenset[str]],
    segments: Sequence[Segment],
    contact: Contact,
    company: Company | None,
    pulled: int,
) -> Section:
    lines: list[str] = []
    facts: dict[str, Any] = {}
    for audience in resolved:
        failing = [
            {"facet": facet.value, "wanted": names(segments, facet, wanted), "has": names(segments, facet, has[facet])}
            for facet, wanted in audience.include.items()
            if wanted.isdisjoint(has[facet])
        ]
        facts[audience.name] = failing
        if audience.held:
            lines.append(f"{audience.name}: the audience is held: {'; '.join(map(str, audience.findings))}")
        elif failing:
            lines.append(f"{audience.name}: not in it")
            lines += [_line(fails) for fails in failing]
        elif not pulled:
            lines.append(f"{audience.name}: every condition holds; nothing was pulled yet: connector pull")
        else:
            lines.append(f"{audience.name}: every condition holds now; the next pull brings it: connector pull")
    if company is None and contact.company_id:
        lines.append(f"company {contact.company_id} is not visible to this key, so its types are not known")
    others = [name for name, audience in config.audiences.items() if audience.from_ != contact.connection]
    if others:
        lines.append(f"on other connections: {', '.join(others)}")
    return Section("audiences", "audiences", tuple(lines) or ("no audience is on this connection",), facts)


def _line(fails: dict[str, Any]) -> str:
    wanted, has = " or ".join(fails["wanted"]), ", ".join(fails["has"]) or "none"
    return f"  fails   {WORDS[Facet(fails['facet'])]}: wanted {wanted}; has {has}"
