"""Small worlds for screening: contacts, companies and the two streams made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from connector.domain import Company, Contact, Facet, Reason, Segment
from connector.sync.address import judge
from connector.sync.audience import ResolvedAudience, resolve
from connector.sync.names import name_key
from connector.sync.screen import Candidate, Glance, Screened, screen
from connector.sync.settings import Audience, Cleaning

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SEGMENTS = {
    Facet.CONTACT_TYPE: [
        Segment(facet=Facet.CONTACT_TYPE, id="1", name="Decision Maker"),
        Segment(facet=Facet.CONTACT_TYPE, id="2", name="Owner"),
        Segment(facet=Facet.CONTACT_TYPE, id="3", name="Former Employee"),
    ],
    Facet.COMPANY_TYPE: [
        Segment(facet=Facet.COMPANY_TYPE, id="10", name="Managed Clients"),
        Segment(facet=Facet.COMPANY_TYPE, id="11", name="Former Client"),
    ],
    Facet.MARKETING_GROUP: [
        Segment(facet=Facet.MARKETING_GROUP, id="20", name="NPS 2026"),
        Segment(facet=Facet.MARKETING_GROUP, id="21", name="Never Ask"),
    ],
}
ACME = Company(connection="psa", id="100", name="Acme Ltd", type_ids=("10",))
ANN = Contact(
    connection="psa",
    id="1",
    first_name="Ann",
    last_name="Example",
    email="ann@example.com",
    company_id="100",
    type_ids=("1",),
    opted_out=False,
    updated_at=NOW - timedelta(days=30),
)


def audience(**written: Any) -> Audience:
    return Audience.model_validate({"from": "psa", "contact_types": ["Decision Maker", "Owner"]} | written)


def resolved(**written: Any) -> ResolvedAudience:
    return resolve("decision-makers", audience(**written), SEGMENTS, {})


def candidate(contact: Contact = ANN, company: Company | None = ACME, **more: Any) -> Candidate:
    """A candidate whose address is judged and whose person is itself, unless told otherwise."""
    return Candidate(
        **(
            {"contact": contact, "company": company, "address": judge(contact.email), "person_id": f"p{contact.id}"}
            | more
        )
    )


def contact(id: str, name: str = "", email: str | None = None, **more: Any) -> Contact:
    """Another contact at Acme with a name and an address of its own."""
    first, _, last = (name or f"Person{'abcdefghij'[int(id) % 10]} Number{id}").partition(" ")
    address = f"person{id}x@example.com" if email is None else email
    return replace(ANN, id=id, first_name=first, last_name=last, email=address, **more)


def glance(of: Candidate) -> Glance:
    """The first look at a candidate, as the job composes it."""
    company = of.company
    return Glance(
        contact_id=of.contact.id,
        company_id=of.contact.company_id,
        person_id=of.person_id,
        address_key=of.address.key,
        address_kind=of.address.kind,
        name_key=name_key(of.contact.name),
        opted_out=bool(of.contact.opted_out or (company and company.opted_out) or of.suppressed or of.group_opt_outs),
        touched_at=of.touched_at or of.contact.updated_at,
        active=not (of.contact.inactive or (company is not None and (company.inactive or company.deleted))),
    )


@dataclass
class World:
    """The screened contacts of one run, by contact id."""

    screened: dict[str, Screened]

    def reasons(self, contact_id: str = "1") -> list[Reason]:
        return [finding.reason for finding in self.screened[contact_id].findings]

    def notes(self, contact_id: str = "1") -> list[Reason]:
        return [note.reason for note in self.screened[contact_id].notes]

    @property
    def eligible(self) -> set[str]:
        return {id for id, screened in self.screened.items() if not screened.findings}


def screen_all(
    candidates: Sequence[Candidate],
    *,
    of: ResolvedAudience | None = None,
    cleaning: Cleaning | None = None,
    glances: Iterable[Glance] | None = None,
) -> World:
    """Screen a whole world; every candidate must come back exactly once."""
    looks = [glance(each) for each in candidates] if glances is None else glances
    stream = list(screen(looks, candidates, of or resolved(), cleaning or Cleaning(), NOW))
    world = World({screened.contact_id: screened for screened in stream})
    assert len(stream) == len(world.screened) == len(candidates)
    return world
