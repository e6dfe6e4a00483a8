"""Whose answer is this? One raw answer, matched to what the store knows of contact, company and earlier answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.domain import Band, Company, Contact, Facet, Response
from connector.ports import RawAnswer
from connector.rules.facts import Facts, Tallies, There
from connector.rules.keys import response_key
from connector.store import Tx, contacts, merges, people, plans, responses
from connector.store.segments import remembered_names, stored_segments
from connector.sync import groups
from connector.sync.address import judge

SOURCE = "answers"
"""All files speak for one source: the same answer from an import and from the watched folder is one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What the store knows about one raw answer; `existing` is the same answer as stored before."""

    key: str
    contact: Contact | None = None
    company: Company | None = None
    person_id: str | None = None
    segments: dict[str, dict[str, str]] = field(default_factory=dict)
    """facet → id → name, of this contact and company."""
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """facet → configured name → id."""
    previous: list[tuple[int, datetime]] = field(default_factory=list)
    tallies: Tallies = field(default_factory=Tallies)
    existing: Response | None = None
    elsewhere: dict[str, There] = field(default_factory=dict)


def match(
    tx: Tx,
    answer: RawAnswer,
    *,
    connection: str,
    source: str = SOURCE,
    installation: str,
    responded_at: datetime,
    found: tuple[Contact, Company | None] | None = None,
    at: Sequence[str] = (),
) -> Matched:
    """Match by contact id, else by e-mail address. `at`: connections where the same person's contact is looked for too.
    `found` was read live: a contact never pulled, and its company."""
    values = answer.values
    contact = found[0] if found else contact_of(tx, values, connection)
    stored = contacts.contact(tx, connection, contact.id) if contact else None
    olds = merges.olds_of(tx, connection, contact.id) if contact else []
    keys = _keys(values, contact, olds, source, installation, responded_at)
    person_id = stored.person_id if stored else None
    existing = responses.get(tx, keys[0])
    for other in keys[1:] if existing is None else ():
        taken = responses.get(tx, other)
        if taken and not somebody_else(taken, values, connection, contact, person_id):
            existing = taken
            break
    key = existing.key if existing else keys[0]
    if contact is None:
        return Matched(key=key, existing=existing)
    company = contacts.company(tx, connection, contact.company_id) if contact.company_id else None
    company = company or (found[1] if found else None)
    member_of = groups.expand(contacts.groups_of(tx, connection, contact.id, contact.company_id))
    ids = {
        Facet.CONTACT_TYPE: frozenset(contact.type_ids),
        Facet.COMPANY_TYPE: frozenset(company.type_ids if company else ()),
        Facet.MARKETING_GROUP: member_of.groups_of(contact, company),
    }
    known = stored_segments(tx, connection)
    named: dict[str, dict[str, str]] = {}
    for (facet, name), segment_id in remembered_names(tx, connection).items():
        named.setdefault(facet, {})[name] = segment_id
    return Matched(
        key=key,
        contact=contact,
        company=company,
        person_id=person_id,
        segments={
            facet.value: {s.id: s.name for s in known if s.facet is facet and s.id in wanted}
            for facet, wanted in ids.items()
        },
        names=named,
        previous=_previous(tx, key, connection, contact, person_id, responded_at),
        tallies=_tallies(tx, key, connection, contact, answer),
        existing=existing,
        elsewhere=elsewhere(tx, person_id, [name for name in at if name != connection]),
    )


def elsewhere(tx: Tx, person_id: str | None, at: Sequence[str]) -> dict[str, There]:
    """By connection, the person's contact there: one that is not gone, the newest updated of several."""
    found: dict[str, There] = {}
    for name in at if person_id else ():
        rows = [row.contact() for row in contacts.contacts_of_person(tx, name, person_id or "")]
        rows.sort(key=lambda c: (-(c.updated_at.timestamp() if c.updated_at else 0.0), len(c.id), c.id))
        for contact in rows[:1]:
            company = contacts.company(tx, name, contact.company_id) if contact.company_id else None
            found[name] = There(contact=contact, company=company)
    return found


def _keys(
    values: Mapping[str, str], contact: Contact | None, olds: list[str], source: str, installation: str, at: datetime
) -> list[str]:
    """The key of an answer as its row words it, then the keys it has if another file words it otherwise.

    Without an external id, one file may name a contact by its id and another by address. A new answer always gets the
    first key, which no match made later can change; the others only find it where it was taken before. `olds` are the
    ids of contacts that were merged into this one.
    """
    external_id, address = values.get("external_id", ""), judge(values.get("email", "")).key
    worded = values.get("contact_id") or address or values.get("email", "")
    others = [contact.id, *olds, judge(contact.email).key, address] if contact and not external_id else []
    return [
        response_key(
            installation, source, external_id=external_id, contact=name, at=at, campaign=values.get("campaign", "")
        )
        for name in dict.fromkeys([worded, *others])
        if name or external_id
    ]


def somebody_else(
    old: Response, values: Mapping[str, str], connection: str, contact: Contact | None, person_id: str | None
) -> bool:
    """Whether a stored answer that has the key of this row is another person's; one named by nothing is nobody's."""
    if contact and (old.connection, old.contact_id) == (connection, contact.id):
        return False
    if person_id and old.person_id == person_id:
        return False
    if values.get("contact_id") and old.contact_id and old.connection == connection:
        return bool(values["contact_id"] != old.contact_id)
    before, now = judge(old.email).key, judge(values.get("email", "")).key
    if before and now:
        return before != now
    return bool(old.contact_id or before) and bool(contact or now or values.get("contact_id"))


def contact_of(tx: Tx, values: Mapping[str, str], connection: str) -> Contact | None:
    """The stored contact an answer names: by id, also one merged into another since; else the best with the address:
    who is not gone, then whom a plan invited, then who is in an audience, then the active and newest. Who is gone and
    was merged is its survivor, which may have another address."""
    if values.get("contact_id"):
        return _today(tx, connection, values["contact_id"])
    key = judge(values.get("email", "")).key
    if not key:
        return None
    rows = [row for row in contacts.contacts_with_address(tx, key) if row.connection == connection]
    rows = [row for row in rows if row.gone_at is None] or rows
    # who has it beside another address is meant only where it is nobody's default one
    having = [row.contact() for row in rows if row.address_key == key] or [row.contact() for row in rows]
    ranks = plans.chosen(tx, connection, [c.id for c in having]) if len(having) > 1 else {}
    neither = (2, 0.0)
    having.sort(
        key=lambda c: (
            ranks.get(c.id, neither),
            c.inactive,
            -(c.updated_at.timestamp() if c.updated_at else 0.0),
            len(c.id),
            c.id,
        )
    )
    return _today(tx, connection, having[0].id) if having else None


def _today(tx: Tx, connection: str, contact_id: str) -> Contact | None:
    """The stored contact that stands for this id now; itself, as long as its survivor was not pulled."""
    stored = contacts.contact(tx, connection, merges.survivor_of(tx, connection, contact_id))
    stored = stored or contacts.contact(tx, connection, contact_id)
    return stored.contact() if stored else None


def person_of(tx: Tx, contact: Contact | None) -> str | None:
    stored = contacts.contact(tx, contact.connection, contact.id) if contact else None
    return stored.person_id if stored else None


def _previous(
    tx: Tx, key: str, connection: str, contact: Contact, person_id: str | None, at: datetime
) -> list[tuple[int, datetime]]:
    asked = Response(
        key=key, connection=connection, source=SOURCE, external_id="", score=0, responded_at=at, received_at=at,
        contact_id=contact.id, person_id=person_id,
    )  # fmt: skip
    return responses.before(tx, asked)


def _tallies(tx: Tx, key: str, connection: str, contact: Contact, answer: RawAnswer) -> Tallies:
    """How the company answered, the answer in hand included; `asked` counts its people on record as asked."""
    if not contact.company_id:
        return Tallies()
    scores = dict(responses.newest_of_company(tx, connection, contact.company_id))
    scores.pop(key, None)
    scores[contact.id] = int(answer.values["score"])
    bands = Counter(Band.of(score) for score in scores.values())
    colleagues = contacts.contacts_of_company(tx, connection, contact.company_id)
    asked = people.ever_asked(
        tx, {c.address_key for c in colleagues if c.address_key}, {c.person_id for c in colleagues}
    )
    return Tallies(
        asked=asked,
        answered=len(scores),
        promoters=bands[Band.PROMOTER],
        passives=bands[Band.PASSIVE],
        detractors=bands[Band.DETRACTOR],
    )


def facts(response: Response, matched: Matched, timezone: str) -> Facts:
    def names(facet: Facet) -> frozenset[str]:
        return frozenset(matched.segments.get(facet.value, {}).values())

    return Facts(
        response=response,
        contact=matched.contact,
        company=matched.company,
        contact_types=names(Facet.CONTACT_TYPE),
        company_types=names(Facet.COMPANY_TYPE),
        groups=names(Facet.MARKETING_GROUP),
        group_ids=frozenset(matched.segments.get(Facet.MARKETING_GROUP.value, {})),
        previous=tuple(matched.previous),
        tallies=matched.tallies,
        timezone=timezone,
        elsewhere=matched.elsewhere,
    )
