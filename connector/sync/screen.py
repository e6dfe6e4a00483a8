"""Screening: who of an audience may be asked, and why the others may not.

Two streaming passes. The first looks at a Glance of every contact and remembers only what is shared; the second
reads every Candidate and says one `Screened` for each. The caps of a campaign follow as the next stage of the stream:

    decisions = caps.cap(screen(glances, candidates, resolved, cleaning, now), caps_settings, now, seed, wave)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from sys import intern
from zlib import crc32

from connector.domain import Finding
from connector.sync.audience import ResolvedAudience
from connector.sync.candidates import Candidate, Glance, Screened
from connector.sync.eligibility import eligibility
from connector.sync.gather import gather
from connector.sync.names import name_key
from connector.sync.settings import Cleaning
from connector.sync.survivors import Deferred

__all__ = ["Candidate", "Glance", "Screened", "screen"]

_NOTHING: tuple[Finding, ...] = ()


def screen(
    glances: Iterable[Glance],
    candidates: Iterable[Candidate],
    resolved: ResolvedAudience,
    cleaning: Cleaning,
    now: datetime,
) -> Iterator[Screened]:
    """Exactly one `Screened` for each candidate, whose findings are all that hold, deciding one first.

    The glances are read first and to their end. What is decided does not depend on the order of either stream; the
    order of the answers does: contacts that share something with others come last. An audience that is held must not
    be screened (ValueError): its selection is not what the admin meant.
    """
    if resolved.held:
        raise ValueError(f"audience {resolved.name!r} is held: {'; '.join(map(str, resolved.findings))}")
    gathered = gather(glances)
    check = eligibility(resolved, cleaning, gathered, now)
    deferred = Deferred(cleaning)
    shared_addresses, shared_persons = gathered.shared_addresses, gathered.shared_persons
    shared_names = gathered.shared_names
    for candidate in candidates:
        findings, notes = check(candidate)
        contact, company, address = candidate.contact, candidate.company, candidate.address
        person_id, company_id = candidate.person_id, contact.company_id
        if company_id is not None:
            company_id = intern(company_id)  # what follows keeps each company's id, some of them more than once
        screened = Screened(
            contact.id,
            person_id,
            company_id,
            company.name if company is not None else "",
            contact.email,
            address,
            candidate.last_asked_at,
            tuple(findings) if findings else _NOTHING,
            tuple(notes) if notes else _NOTHING,
        )
        name = candidate.name_key
        if name is None:
            name = name_key(contact.name)
        shared_name = bool(name) and company_id is not None and crc32(f"{company_id}\0{name}".encode()) in shared_names
        if shared_name or (
            not findings and (_shared(address.key, shared_addresses) or _shared(person_id, shared_persons))
        ):
            deferred.add(candidate, screened, name if shared_name else "")
        else:
            yield screened
    for sightings in (shared_addresses, shared_persons, shared_names):
        sightings.clear()  # they have served, and what follows takes memory
    yield from deferred.settle()


def _shared(value: str | None, sightings: set[int]) -> bool:
    return value is not None and crc32(value.encode()) in sightings
