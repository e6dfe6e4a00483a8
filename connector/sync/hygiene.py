"""What a person should put right in the CRM, contact by contact: a stream, made of what screening said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from connector.domain import Finding, Reason
from connector.sync.address import AddressKind
from connector.sync.candidates import Glance, Screened

HygieneProblem = Literal[
    "missing address",
    "malformed address",
    "mistyped address",
    "role address",
    "technical mailbox",
    "throw-away address",
    "duplicate",
    "replaced",
    "bounced",
    "old",
    "foreign domain",
    "suspected same person",
]
_PROBLEMS: dict[Reason, HygieneProblem] = {
    Reason.NO_ADDRESS: "missing address",
    Reason.MALFORMED: "malformed address",
    Reason.TECHNICAL_MAILBOX: "technical mailbox",
    Reason.DISPOSABLE: "throw-away address",
    Reason.BOUNCED: "bounced",
    Reason.REPLACED: "replaced",
    Reason.STALE_AGE: "old",
    Reason.DUPLICATE: "duplicate",
}
_OUTSIDE = frozenset((Reason.OUTSIDE_CONTACT_TYPE, Reason.OUTSIDE_COMPANY_TYPE, Reason.OUTSIDE_MARKETING_GROUP))
_FREE_MAIL = frozenset(
    ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "aol.com")
)
FEWEST = 3
"""A company's usual domain is one, not a free-mail one, that so many of its contacts, and more than half, have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HygieneFinding:
    """One thing to put right: what is `seen` in the CRM, what a person might write instead, and the evidence."""

    contact_id: str
    company: str
    problem: HygieneProblem
    seen: str = ""
    proposal: str = ""
    evidence: str = ""


def hygiene(
    screened: Iterable[Screened],
    *,
    usual_domains: Mapping[str, str] | None = None,
    suspected: Mapping[str, str] | None = None,
    everybody: bool = False,
) -> Iterator[HygieneFinding]:
    """Every problem of every contact of the audience; of all contacts if `everybody`.

    `usual_domains` is company id → domain (see `usual_domains_of`); `suspected` is contact id → what person linking
    suspects. Proposals are for a person to apply; nothing here changes anything.
    """
    domains, suspicions = usual_domains or {}, suspected or {}
    for contact in screened:
        if not everybody and contact.findings and contact.findings[0].reason in _OUTSIDE:
            continue
        if any(finding.reason is Reason.GONE for finding in contact.findings):
            continue  # there is nothing left to put right
        for finding in (*contact.findings, *contact.notes):
            if (problem := _PROBLEMS.get(finding.reason)) is not None:
                yield _finding(contact, problem, finding)
                if problem == "duplicate" and finding.seen.endswith("same address"):
                    yield _plain(contact, "suspected same person", evidence=finding.seen)
        yield from _about_address(contact, domains)
        if contact.contact_id in suspicions:
            yield _plain(contact, "suspected same person", evidence=suspicions[contact.contact_id])


def usual_domains_of(glances: Iterable[Glance]) -> dict[str, str]:
    """Company id → the domain most of its contacts have, for companies where that is clear."""
    counts: dict[str, Counter[str]] = {}
    for glance in glances:
        if glance.company_id is not None and glance.address_key and glance.active:
            counts.setdefault(glance.company_id, Counter())[glance.address_key.rpartition("@")[2]] += 1
    usual: dict[str, str] = {}
    for company_id, domains in counts.items():
        domain, count = min(domains.items(), key=lambda pair: (-pair[1], pair[0]))
        if domain not in _FREE_MAIL and count >= FEWEST and 2 * count > domains.total():
            usual[company_id] = domain
    return usual


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_cell(text: str) -> str:
    """The text as a spreadsheet may show it: what would start a formula gets an apostrophe before it (OWASP)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _about_address(contact: Screened, usual_domains: Mapping[str, str]) -> Iterator[HygieneFinding]:
    address = contact.address
    if address.kind == AddressKind.ROLE:
        yield _plain(contact, "role address", seen=contact.email, evidence="no person's own mailbox")
    if address.key and address.proposal:
        yield _plain(contact, "mistyped address", seen=contact.email, proposal=address.proposal)
    usual = usual_domains.get(contact.company_id or "")
    if usual is not None and address.key:
        domain = address.key.rpartition("@")[2]
        if domain != usual and not domain.endswith(f".{usual}") and not usual.endswith(f".{domain}"):
            yield _plain(contact, "foreign domain", seen=contact.email, evidence=f"most of the company use {usual}")


def _finding(contact: Screened, problem: HygieneProblem, finding: Finding) -> HygieneFinding:
    if problem == "malformed address":
        return _plain(
            contact,
            problem,
            seen=contact.email,
            proposal=contact.address.proposal,
            evidence=contact.address.problem,
        )
    if problem in ("duplicate", "replaced"):
        kept = finding.seen.partition(",")[0]
        return _plain(contact, problem, seen=contact.email, proposal=f"keep {kept}", evidence=finding.seen)
    return _plain(contact, problem, seen=contact.email, evidence="" if finding.seen == contact.email else finding.seen)


def _plain(
    contact: Screened, problem: HygieneProblem, *, seen: str = "", proposal: str = "", evidence: str = ""
) -> HygieneFinding:
    return HygieneFinding(
        contact_id=contact.contact_id,
        company=contact.company_name,
        problem=problem,
        seen=seen,
        proposal=proposal,
        evidence=evidence,
    )
