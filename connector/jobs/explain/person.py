"""What the store knows of one contact, hop by hop: pulled, stored, address and person, decisions, answers, written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from connector.domain import REASON_TEXT, Company, Contact, Facet, Finding
from connector.jobs.explain import traces
from connector.jobs.explain.sections import Section, company_facts, company_line, names, write_back_section
from connector.jobs.local_time import when, zone_of
from connector.jobs.runtime import Runtime
from connector.store import Tx, codec, contacts, outbox, people, plans, responses
from connector.store.contacts import StoredContact
from connector.store.segments import stored_segments
from connector.sync import groups
from connector.sync.address import AddressKind, judge

ADDRESS_WORDS: dict[AddressKind, str] = {
    AddressKind.PERSONAL: "a person's own mailbox",
    AddressKind.ROLE: "a role address",
    AddressKind.TECHNICAL: "a technical mailbox: never asked",
    AddressKind.DISPOSABLE: "a throw-away address: never asked",
    AddressKind.MALFORMED: "cannot exist",
    AddressKind.NONE: "there is none",
}


def person_sections(
    runtime: Runtime, stored: StoredContact, contact: Contact, company: Company | None, campaign: str
) -> Iterator[Section]:
    zone = zone_of(runtime.config)
    yield _pulled(runtime, contact)
    with runtime.store.read() as tx:
        yield _stored(tx, contact, company, stored.gone_at, zone)
        yield address_section(contact)
        yield _person(tx, stored)
        yield _decisions(tx, runtime, contact)
        yield _askings_of(tx, stored.address_key, stored.person_id, campaign, zone)
        yield suppressions_of(tx, runtime.now(), zone, stored=stored, company=company)
        answers = [
            r for r in responses.of_contacts(tx, [(contact.connection, contact.id)]) if _of(campaign, r.campaign)
        ]
        judged = {r.key: codec.from_text(responses.judged(tx, r.key)) for r in answers}
        entries = [e for r in answers for e in outbox.listed(tx, response_key=r.key)]
    yield _answers(runtime, answers, judged)
    yield write_back_section(runtime, entries)


def known_by_address(runtime: Runtime, email: str, campaign: str) -> tuple[Section, ...]:
    """Answers, askings and suppressions of an address that no contact has; only the parts that say something."""
    key, zone = judge(email).key, zone_of(runtime.config)
    if not key:
        return ()
    with runtime.store.read() as tx:
        answers = [r for r in responses.listed(tx) if judge(r.email).key == key and _of(campaign, r.campaign)]
        judged = {r.key: codec.from_text(responses.judged(tx, r.key)) for r in answers}
        entries = [e for r in answers for e in outbox.listed(tx, response_key=r.key)]
        asked = _askings_of(tx, key, None, campaign, zone)
        suppressed = _suppressed(tx, runtime.now(), zone, {("address", key)})
        bounced = key in people.bounces(tx)
    found = [asked] if asked.facts or bounced else []
    found += [suppressed] if suppressed.facts else []
    if answers:
        found += [_answers(runtime, answers, judged), write_back_section(runtime, entries)]
    return tuple(found)


def _of(campaign: str, value: str) -> bool:
    return not campaign or campaign == value


def _pulled(runtime: Runtime, contact: Contact) -> Section:
    trace = traces.pulled(runtime, contact.connection, contact.id)
    if trace is None:
        return Section("pulled", "pulled", ("the record of its pull is not kept any more",), None)
    line = f"{when(trace.at, zone_of(runtime.config))} by job {trace.job_id} (connector jobs show {trace.job_id})"
    return Section("pulled", "pulled", (line,), {"at": trace.at, "job": trace.job_id, "attempt": trace.attempt_id})


def _stored(tx: Tx, contact: Contact, company: Company | None, gone_at: str | None, zone: tzinfo) -> Section:
    segments = stored_segments(tx, contact.connection)
    member_of = groups.expand(contacts.groups_of(tx, contact.connection, contact.id, contact.company_id))
    types = names(segments, Facet.CONTACT_TYPE, contact.type_ids)
    in_groups = names(segments, Facet.MARKETING_GROUP, member_of.groups_of(contact, company))
    out_of = names(segments, Facet.MARKETING_GROUP, member_of.opt_outs_of(contact, company))
    consent = {None: "does not say", True: "opted out", False: "not opted out"}[contact.opted_out]
    lines = [
        f"types: {', '.join(types) or 'none'}; groups: {', '.join(in_groups) or 'none'}"
        + (f"; opted out of {', '.join(out_of)}" if out_of else ""),
        f"company: {company_line(company, segments)}" if company else f"company: {contact.company_id or 'none'}"
        + (" (not visible)" if contact.company_id else ""),
        f"consent: {consent}; {'inactive; ' if contact.inactive else ''}"
        f"last changed {when(contact.updated_at, zone) or '?'}",
    ]  # fmt: skip
    if gone_at:
        lines.append(f"gone from the CRM, or from what is pulled, since {when(datetime.fromisoformat(gone_at), zone)}")
    facts: dict[str, Any] = {
        "id": contact.id,
        "gone_at": gone_at,
        "connection": contact.connection,
        "name": contact.name,
        "title": contact.title,
        "types": types,
        "groups": in_groups,
        "opted_out_groups": out_of,
        "opted_out": contact.opted_out,
        "inactive": contact.inactive,
        "updated_at": contact.updated_at,
        "company": company_facts(company, segments) if company else None,
    }
    return Section("stored", "stored", tuple(lines), facts)


def address_section(contact: Contact) -> Section:
    """The verdict on the contact's address, and what a person might write instead."""
    address = judge(contact.email)
    line = f"{contact.email.strip()[:120] or 'no address'}: {ADDRESS_WORDS[address.kind]}"
    line += f" ({address.problem})" if address.problem else ""
    line += f"; probably meant: {address.proposal}" if address.proposal else ""
    facts = {
        "email": contact.email,
        "kind": address.kind.value,
        "problem": address.problem,
        "proposal": address.proposal,
    }
    return Section("address", "address", (line,), facts)


def _person(tx: Tx, stored: StoredContact) -> Section:
    others = contacts.contacts_with_address(tx, stored.address_key) if stored.address_key else []
    linked = [o for o in others if o.person_id == stored.person_id and (o.connection, o.id) != stored[:2]]
    same = [o for o in others if o.person_id != stored.person_id]
    line = f"person {stored.person_id}, linked since {stored.person_since[:10]}"
    if linked:
        line += f"; the same person: {', '.join(f'contact {o.id} on {o.connection}' for o in linked)}"
    lines = [line]
    if same:
        lines.append(f"same address, another name (only suspected): {', '.join(f'contact {o.id}' for o in same)}")
    facts = {
        "id": stored.person_id,
        "since": stored.person_since,
        "linked": [{"connection": o.connection, "id": o.id} for o in linked],
        "suspected": [{"connection": o.connection, "id": o.id} for o in same],
    }
    return Section("person", "person", tuple(lines), facts)


def _decisions(tx: Tx, runtime: Runtime, contact: Contact) -> Section:
    lines: list[str] = []
    facts: dict[str, Any] = {}
    zone = zone_of(runtime.config)
    for name, audience in runtime.config.audiences.items():
        if audience.from_ != contact.connection:
            continue
        plan = plans.newest(tx, name)
        decision = plans.decision(tx, plan.id, contact.id) if plan else None
        if plan is None or decision is None:
            lines.append(f"{name}: not decided yet; connector preview {name} does")
            facts[name] = None
            continue
        lines.append(f"{name}: {'invited' if decision.invited else 'not asked'} (plan of {when(plan.at, zone)})")
        for place, finding in enumerate(decision.findings):
            lines.append(f"  {'because' if place == 0 else 'also   '} {finding_line(finding, zone)}")
        lines += [f"  note    {finding_line(note, zone)}" for note in decision.notes]
        facts[name] = {
            "at": plan.at,
            "invited": decision.invited,
            "findings": decision.findings,
            "notes": decision.notes,
        }
    return Section("decisions", "decided", tuple(lines) or ("no audience is on this connection",), facts)


def finding_line(finding: Finding, zone: tzinfo) -> str:
    """`asked recently: asked 2026-10-01 (caps.cool_down); eligible again 2026-12-30`."""
    line = REASON_TEXT[finding.reason]
    line += f": {finding.seen}" if finding.seen else ""
    line += f" ({finding.rule})" if finding.rule else ""
    return line + (f"; eligible again {when(finding.eligible_at, zone)}" if finding.eligible_at else "")


def _askings_of(tx: Tx, address_key: str | None, person_id: str | None, campaign: str, zone: tzinfo) -> Section:
    askings = people.askings_of(tx, address_key=address_key, person_id=person_id)
    found = [asking for asking in askings if _of(campaign, asking.campaign)]
    lines = [f"{when(a.at, zone)}{f' in {a.campaign}' if a.campaign else ''}, known from {a.source}" for a in found]
    bounced = people.bounces(tx).get(address_key or "")
    if bounced is not None:
        lines.append(f"the address bounced on {when(bounced, zone)}")
    return Section("askings", "asked before", tuple(lines) or ("never, as far as is known",), found)


def suppressions_of(
    tx: Tx, now: datetime, zone: tzinfo, *, stored: StoredContact | None = None, company: Company | None = None
) -> Section:
    """Suppressions in force of the contact, its address and person, and the company."""
    meant = {("company", f"{company.connection}/{company.id}")} if company else set()
    if stored is not None:
        meant |= {("address", stored.address_key or ""), ("person", stored.person_id)}
        meant.add((people.CONTACT, f"{stored.connection}/{stored.id}"))
    return _suppressed(tx, now, zone, meant)


def _suppressed(tx: Tx, now: datetime, zone: tzinfo, meant: set[tuple[str, str]]) -> Section:
    found = [s for s in people.suppressions(tx, now=now) if (s.kind, s.value) in meant]
    lines = [
        f"{s.kind} {s.value}: {s.reason or 'no reason given'}, "
        f"{f'until {when(s.until, zone)}' if s.until else 'for ever'}"
        for s in found
    ]
    return Section("suppressions", "suppressed here", tuple(lines) or ("no",), found)


def _answers(runtime: Runtime, answers: list[Any], judged: dict[str, Any]) -> Section:
    titles = {rule.id: rule.title for rule in runtime.config.rules}
    zone = zone_of(runtime.config)
    lines: list[str] = []
    facts = []
    for response in answers:
        trace = traces.collected(runtime, response.key)
        by = f", taken in by job {trace.job_id}" if trace else ""
        of = f" in {response.campaign}" if response.campaign else ""
        revised = f", revision {response.revision}" if response.revision > 1 else ""
        at = when(response.responded_at, zone)
        lines.append(f"{response.score} of 10 ({response.band}) on {at}{of}{revised}{by}")
        if response.comment:
            words = " ".join(response.comment.split())
            lines.append(f'  "{words[:160]}{"…" if len(words) > 160 else ""}"')
        said = judged[response.key] if isinstance(judged[response.key], dict) else {}
        if said.get("rules_did_not_run"):
            lines.append(f"  no rule ran: {said['rules_did_not_run']}")
        for match in said.get("matches", ()):
            verdict = match["verdict"]
            rule = titles.get(match["rule_id"], match["rule_id"])
            lines.append(f"  rule {match['rule_id']} ({rule}): {'yes' if verdict['holds'] else 'no'}, {verdict['why']}")
        lines += [f"  {s['rule_id']}.{s['action_id']} left out: {s['why']}" for s in said.get("skipped", ())]
        facts.append({"response": response, "judged": said, "job": trace.job_id if trace else None})
    return Section("answers", "answered", tuple(lines) or ("no answer",), facts)
