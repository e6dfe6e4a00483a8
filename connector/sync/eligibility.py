"""Whether one contact may be asked, looking at it alone and at what the first pass gathered.

The order of the checks is the order in which reasons decide: audience, opt-outs, consent, excludes, company, contact,
address, staleness. Every reason that holds is listed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from connector.domain import Company, Contact, Facet, Finding, Reason
from connector.sync.address import AddressKind
from connector.sync.audience import ResolvedAudience
from connector.sync.candidates import NOBODY, Candidate
from connector.sync.gather import Gathered
from connector.sync.settings import FACET_FIELD, Cleaning

BUILT_IN = "built-in"
LONGEST_WORDS = 200
"""Of what a CRM says of an address that takes no mail; some keep the whole answer of the mail server."""
Findings = list[Finding]
_PERSONAL = AddressKind.PERSONAL


def eligibility(
    resolved: ResolvedAudience, cleaning: Cleaning, gathered: Gathered, now: datetime
) -> Callable[[Candidate], tuple[Findings, Findings]]:
    """A function that returns the findings and the notes of one candidate, deciding finding first.

    Not decided here: `replaced`, `duplicate` and the caps, which need the other contacts. A company that is not
    visible is not called outside the audience: nobody knows its types.
    """
    include, exclude = resolved.include, resolved.exclude
    in_contact_types, in_company_types = include.get(Facet.CONTACT_TYPE), include.get(Facet.COMPANY_TYPE)
    in_groups = include.get(Facet.MARKETING_GROUP)
    outside_contact_type, outside_company_type, outside_group = _outside(resolved)
    audience_groups = in_groups or NOBODY
    person_opted_out, address_opted_out = gathered.opted_out_persons.get, gathered.opted_out_addresses.get
    opted_out, company_opted_out, unknown, inactive, not_there = (
        Finding(reason=reason, rule=BUILT_IN)
        for reason in (
            Reason.OPTED_OUT_CONTACT,
            Reason.OPTED_OUT_COMPANY,
            Reason.CONSENT_UNKNOWN,
            Reason.CONTACT_INACTIVE,
            Reason.GONE,
        )
    )
    ex_contact_types, ex_company_types = (
        exclude.get(Facet.CONTACT_TYPE, NOBODY),
        exclude.get(Facet.COMPANY_TYPE, NOBODY),
    )
    ex_groups = exclude.get(Facet.MARKETING_GROUP, NOBODY)
    named = _named(resolved)
    company_findings = _company(cleaning)
    address_finding = _address(cleaning, gathered)
    bounced_excludes, age_excludes = cleaning.stale.bounced == "exclude", cleaning.stale.age.do == "exclude"
    oldest = cleaning.stale.age.over.before(now)

    def check(candidate: Candidate) -> tuple[Findings, Findings]:
        contact, company, address, person_id, groups, group_opt_outs, suppressed, bounced_at, _, _, touched, gone = (
            candidate
        )
        findings: Findings = []
        notes: Findings = []
        type_ids = contact.type_ids
        if in_contact_types is not None and in_contact_types.isdisjoint(type_ids):
            findings.append(outside_contact_type)
        if in_company_types is not None:
            if company is not None:
                if in_company_types.isdisjoint(company.type_ids):
                    findings.append(outside_company_type)
            elif contact.company_id is None:
                findings.append(outside_company_type)
        if in_groups is not None and in_groups.isdisjoint(groups):
            findings.append(outside_group)

        own = contact.opted_out
        before = len(findings)
        linked = person_opted_out(person_id or "") or address_opted_out(address.key)
        if own:
            findings.append(opted_out)
        elif linked is not None and linked != contact.id:
            seen = f"contact {linked} of the same person or address opted out"
            findings.append(Finding(reason=Reason.OPTED_OUT_CONTACT, rule=BUILT_IN, seen=seen))
        if company is not None and company.opted_out:
            findings.append(company_opted_out)
        if group_opt_outs and not audience_groups.isdisjoint(group_opt_outs):
            findings.append(named(Reason.OPTED_OUT_GROUP, audience_groups & group_opt_outs))
        if suppressed is not None:
            findings.append(Finding(reason=Reason.SUPPRESSED, rule=BUILT_IN, seen=suppressed))
        if linked is not None and len(findings) == before:
            findings.append(opted_out)  # the glance knew of an opt-out that the candidate does not carry
        if own is None:
            findings.append(unknown)

        if ex_contact_types and not ex_contact_types.isdisjoint(type_ids):
            findings.append(named(Reason.EXCLUDED_CONTACT_TYPE, ex_contact_types.intersection(type_ids)))
        if ex_company_types and company is not None and not ex_company_types.isdisjoint(company.type_ids):
            findings.append(named(Reason.EXCLUDED_COMPANY_TYPE, ex_company_types.intersection(company.type_ids)))
        if ex_groups and not ex_groups.isdisjoint(groups):
            findings.append(named(Reason.EXCLUDED_MARKETING_GROUP, ex_groups & groups))

        if gone:
            findings.append(not_there)
        if company is None or (company.deleted or company.inactive or company.own or company.vendor or company.lead):
            findings += company_findings(contact, company)
        if contact.inactive:
            findings.append(inactive)
        if address.kind != _PERSONAL and (finding := address_finding(contact, address.kind)) is not None:
            (notes if policy_reports and finding.reason is Reason.ROLE_ADDRESS else findings).append(finding)

        if contact.undeliverable or bounced_at is not None:  # the CRM's own words say more than a date of ours
            words = contact.undeliverable[:LONGEST_WORDS]
            seen = words or (bounced_at.date().isoformat() if bounced_at is not None else "")
            finding = Finding(reason=Reason.BOUNCED, rule="cleaning.stale.bounced", seen=seen)
            (findings if bounced_excludes else notes).append(finding)
        touched = touched or contact.updated_at or contact.created_at
        if touched is not None and touched < oldest:
            seen = f"last changed {touched.date().isoformat()}"
            finding = Finding(reason=Reason.STALE_AGE, rule="cleaning.stale.age", seen=seen)
            (findings if age_excludes else notes).append(finding)
        return findings, notes

    policy_reports = cleaning.role_addresses == "report"
    return check


def _outside(resolved: ResolvedAudience) -> tuple[Finding, ...]:
    reasons = {
        Facet.CONTACT_TYPE: Reason.OUTSIDE_CONTACT_TYPE,
        Facet.COMPANY_TYPE: Reason.OUTSIDE_COMPANY_TYPE,
        Facet.MARKETING_GROUP: Reason.OUTSIDE_MARKETING_GROUP,
    }
    return tuple(
        Finding(reason=reason, rule=f"audiences.{resolved.name}.{FACET_FIELD[facet]}")
        for facet, reason in reasons.items()
    )


def _named(resolved: ResolvedAudience) -> Callable[[Reason, frozenset[str]], Finding]:
    """Findings that name the segments seen; the few there are, are made once."""
    excludes = f"audiences.{resolved.name}.exclude"
    facets = {
        Reason.OPTED_OUT_GROUP: (Facet.MARKETING_GROUP, BUILT_IN),
        Reason.EXCLUDED_CONTACT_TYPE: (Facet.CONTACT_TYPE, f"{excludes}.contact_types"),
        Reason.EXCLUDED_COMPANY_TYPE: (Facet.COMPANY_TYPE, f"{excludes}.company_types"),
        Reason.EXCLUDED_MARKETING_GROUP: (Facet.MARKETING_GROUP, f"{excludes}.marketing_groups"),
    }

    @lru_cache(maxsize=1024)
    def named(reason: Reason, ids: frozenset[str]) -> Finding:
        facet, rule = facets[reason]
        seen = ", ".join(sorted(resolved.segments.get((facet, id), id) for id in ids))
        return Finding(reason=reason, rule=rule, seen=seen)

    return named


def _company(cleaning: Cleaning) -> Callable[[Contact, Company | None], Findings]:
    built_in = frozenset(cleaning.built_in)
    reasons = {
        "no_company": Reason.NO_COMPANY,
        "own_company": Reason.OWN_COMPANY,
        "vendors": Reason.VENDOR,
        "leads": Reason.LEAD,
    }
    by_choice = {
        name: [Finding(reason=reason, rule="cleaning.built_in")] if name in built_in else []
        for name, reason in reasons.items()
    }
    not_visible, deleted, inactive = (
        Finding(reason=reason, rule=BUILT_IN)
        for reason in (Reason.COMPANY_NOT_VISIBLE, Reason.COMPANY_DELETED, Reason.COMPANY_INACTIVE)
    )

    def findings(contact: Contact, company: Company | None) -> Findings:
        if company is None:
            return by_choice["no_company"] if contact.company_id is None else [not_visible]
        found: Findings = []
        if company.deleted:
            found.append(deleted)
        if company.inactive:
            found.append(inactive)
        for holds, name in ((company.own, "own_company"), (company.vendor, "vendors"), (company.lead, "leads")):
            if holds:
                found += by_choice[name]
        return found

    return findings


def _address(cleaning: Cleaning, gathered: Gathered) -> Callable[[Contact, str], Finding | None]:
    reasons = {
        AddressKind.NONE: Reason.NO_ADDRESS,
        AddressKind.MALFORMED: Reason.MALFORMED,
        AddressKind.TECHNICAL: Reason.TECHNICAL_MAILBOX,
        AddressKind.DISPOSABLE: Reason.DISPOSABLE,
    }
    policy, personal_companies = cleaning.role_addresses, gathered.personal_companies

    def finding(contact: Contact, kind: str) -> Finding | None:
        seen = contact.email.strip()[:120]
        if kind != AddressKind.ROLE:
            return Finding(reason=reasons[AddressKind(kind)], rule=BUILT_IN, seen=seen)
        if policy == "keep" or (policy == "keep_if_only" and contact.company_id not in personal_companies):
            return None
        return Finding(reason=Reason.ROLE_ADDRESS, rule="cleaning.role_addresses", seen=seen)

    return finding
