"""explain: one contact in six hops, from the store; for a company its people; for a ticket where it came from.

Somebody never pulled is looked at live: which condition of each audience fails, or that the CRM has nobody like that.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

from connector import registry
from connector.domain import Company, Contact
from connector.errors import ConfigError, RejectedError
from connector.jobs.dry import DryRecord
from connector.jobs.explain import never_pulled
from connector.jobs.explain.person import known_by_address, person_sections, suppressions_of
from connector.jobs.explain.sections import Section, company_facts, company_line, write_back_section
from connector.jobs.local_time import zone_of
from connector.jobs.runtime import Runtime, open_ports
from connector.ports import ContactSource
from connector.store import Tx, contacts, forgotten, outbox, plans, receipts, responses
from connector.store.contacts import StoredContact
from connector.store.segments import stored_segments
from connector.sync.address import judge

TICKET = re.compile(r"ticket:\s*#?(\w{1,40})", re.IGNORECASE)
SHOWN = 50
"""People of a company that are listed one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is known of one contact, company or ticket. `found` False: neither the store nor the CRM has it."""

    kind: str  # contact | company | ticket | erased | never pulled | address | nobody
    subject: str
    sections: tuple[Section, ...] = ()
    found: bool = True

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        found = {"kind": self.kind, "subject": self.subject, "found": self.found}
        return found | {section.name: section.facts for section in self.sections}


def explain(runtime: Runtime, term: str, *, campaign: str = "", offline: bool = False) -> list[Explanation]:
    """Everything that is meant by an address, a contact's id, a company's id, identifier or name, or `ticket:N`."""
    term = term.strip()
    if ticket := TICKET.fullmatch(term):
        return [_ticket(runtime, ticket[1])]
    with runtime.store.read() as tx:
        people = _people(tx, runtime, term)
        companies = contacts.companies_called(tx, term) if "@" not in term else []
    found = [_contact(runtime, stored, campaign) for stored in people]
    found += [_company(runtime, company) for company in companies]
    if found:
        return found
    if erased := _erased(runtime, term):
        return [erased]
    if "@" not in term and not term.isdigit():
        return [Explanation(kind="nobody", subject=f'no company is called "{term[:80]}" in the store', found=False)]
    if offline:
        words = f"{term[:80]} is not in the store; without --offline the CRM is asked"
        return [_nobody(runtime, term, words, campaign)]
    return _live(runtime, term, campaign)


def _erased(runtime: Runtime, term: str) -> Explanation | None:
    """Somebody who was erased is known by a keyed digest only; the CRM, which may have them still, is not asked."""
    with runtime.store.read() as tx:
        if "@" in term:
            at = forgotten.since(tx, forgotten.ADDRESS, judge(term).key or term.casefold())
        else:
            connections = runtime.config.connections
            known = (forgotten.since(tx, forgotten.CONTACT, f"{each}/{term}") for each in connections)
            at = next((each for each in known if each), None)
    if at is None:
        return None
    who = "EMAIL" if "@" not in term else shlex.quote(term)
    words = f"erased on {at:%Y-%m-%d}; connector forget {who} --lift lets the pull bring them again"
    section = Section("erased", "erased", (words,), {"at": at})
    return Explanation(kind="erased", subject=f"{term[:80]}, known by a digest only", sections=(section,))


def _nobody(runtime: Runtime, term: str, words: str, campaign: str) -> Explanation:
    """Nobody has it; but for an address the store may know an answer, an asking or a suppression."""
    sections = known_by_address(runtime, term, campaign) if "@" in term else ()
    if not sections:
        with runtime.store.read() as tx:
            ours = "@" not in term and bool(receipts.keys_with_record(tx, "ticket", term))
        hint = f"; a ticket of ours has this number: connector explain ticket:{term}" if ours else ""
        return Explanation(kind="nobody", subject=f"{words}{hint}", found=False)
    contact = Section("contact", "contact", (words,), None)
    return Explanation(kind="address", subject=f"{term[:80]}, known by its address only", sections=(*sections, contact))


def _people(tx: Tx, runtime: Runtime, term: str) -> list[StoredContact]:
    if "@" in term:
        key = judge(term).key
        return contacts.contacts_with_address(tx, key) if key else []
    sources = [name for name, c in runtime.config.connections.items() if registry.spec(c.kind).facets]
    return [stored for name in sources if (stored := contacts.contact(tx, name, term)) is not None]


def _contact(runtime: Runtime, stored: StoredContact, campaign: str) -> Explanation:
    contact = stored.contact()
    with runtime.store.read() as tx:
        company = contacts.company(tx, contact.connection, contact.company_id) if contact.company_id else None
    at = f" of {company.name}" if company and company.name else ""
    subject = f"{contact.name or contact.email or 'no name'}, contact {contact.id}{at} on {contact.connection}"
    sections = person_sections(runtime, stored, contact, company, campaign)
    return Explanation(kind="contact", subject=subject, sections=tuple(sections))


def _company(runtime: Runtime, company: Company) -> Explanation:
    connection = company.connection
    audiences = [name for name, audience in runtime.config.audiences.items() if audience.from_ == connection]
    lines, rows = [], []
    with runtime.store.read() as tx:
        newest = [plan for name in audiences if (plan := plans.newest(tx, name)) is not None]
        people = contacts.contacts_of_company(tx, connection, company.id)
        for stored in people:
            contact = stored.contact()
            decided = {}
            for plan in newest:
                decision = plans.decision(tx, plan.id, stored.id)
                if decision is not None:
                    decided[plan.audience] = "invited" if decision.invited else decision.findings[0].reason.value
            scores = [r.score for r in responses.of_contacts(tx, [(connection, stored.id)])]
            rows.append({"id": stored.id, "name": contact.name, "decisions": decided, "scores": scores})
            words = "; ".join(f"{name}: {word.replace('_', ' ')}" for name, word in decided.items()) or "in no plan yet"
            gave = f"; gave {', '.join(map(str, scores))}" if scores else ""
            lines.append(f"{stored.id}  {contact.name or contact.email or 'no name'}: {words}{gave}")
        suppressed = suppressions_of(tx, runtime.now(), zone_of(runtime.config), company=company)
        segments = stored_segments(tx, connection)
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], f"and {len(lines) - SHOWN} more; --json lists all"]
    sections = (
        Section("company", "company", (company_line(company, segments),), company_facts(company, segments)),
        Section("people", f"its people ({len(people)})", tuple(lines) or ("none of them is stored",), rows),
        suppressed,
    )
    return Explanation(
        kind="company", subject=f"{company.name}, company {company.id} on {connection}", sections=sections
    )


def _ticket(runtime: Runtime, number: str) -> Explanation:
    with runtime.store.read() as tx:
        keys = receipts.keys_with_record(tx, "ticket", number)
        entries = [entry for key in keys if (entry := outbox.get(tx, key)) is not None]
    if not entries:
        words = f"ticket {number} is none of ours: no receipt names it"
        return Explanation(kind="nobody", subject=words, found=False)
    sections = [write_back_section(runtime, entries)]
    with runtime.store.read() as tx:
        for entry in entries:
            response = responses.get(tx, entry.write_back.response_key)
            if response is not None and response.contact_id:
                stored = contacts.contact(tx, response.connection, response.contact_id)
                break
        else:
            stored = None
    if stored is not None:
        person = _contact(runtime, stored, "")
        sections += [section for section in person.sections if section.name in ("answers",)]
        sections.insert(
            0, Section("contact", "opened for", (person.subject,), {"id": stored.id, "words": person.subject})
        )
    of = " of a rehearsal" if all(entry.rehearsal for entry in entries) else ""
    return Explanation(kind="ticket", subject=f"ticket {number}{of}", sections=tuple(sections))


def _live(runtime: Runtime, term: str, campaign: str) -> list[Explanation]:
    """Ask every CRM; one that is stored under another address is explained from the store after all."""
    found: list[Explanation] = []
    asked: list[str] = []
    dry = DryRecord(runtime)
    for name, connection in runtime.config.connections.items():
        if not registry.spec(connection.kind).facets:
            continue
        source = open_ports(runtime.config, name, dry).source
        if source is None:
            continue
        asked.append(name)
        for contact, company in _looked(source, term):
            with runtime.store.read() as tx:
                stored = contacts.contact(tx, name, contact.id)
            if stored is not None:
                found.append(_contact(runtime, stored, campaign))
            else:
                found.append(_never(runtime, dry, contact, company))
    if not asked:
        raise ConfigError("no connection has contacts; name one under connections")
    if not found:
        words = f"{', '.join(asked)} has nobody with {'this address' if '@' in term else 'this id'}: {term[:80]}"
        return [_nobody(runtime, term, words, campaign)]
    return found


def _looked(source: ContactSource, term: str) -> list[tuple[Contact, Company | None]]:
    try:
        return source.look(term)
    except RejectedError:
        return []  # no CRM can be asked for such a term; nobody has it


def _never(runtime: Runtime, dry: DryRecord, contact: Contact, company: Company | None) -> Explanation:
    at = f" of {company.name}" if company and company.name else ""
    subject = f"{contact.name or contact.email}, contact {contact.id}{at} on {contact.connection}: never pulled"
    sections = never_pulled.sections(runtime, dry, contact, company)
    return Explanation(kind="never pulled", subject=subject, sections=tuple(sections))
