"""Stored rows → what screening looks at: a Glance first, a Candidate then; opt-outs of other Connections with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import msgspec

from connector.jobs.records.record import Record, RowForm
from connector.store import Tx, addresses, codec, contacts, people
from connector.store.contacts import ContactAtCompany
from connector.store.tables import instant
from connector.sync import law
from connector.sync.address import Address, AddressKind
from connector.sync.candidates import Candidate, Glance
from connector.sync.groups import Groups

ADDRESS_KINDS = {kind.value: kind for kind in AddressKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of people beyond the CRM: address key, person id or `connection/company id` → what."""

    suppressed: dict[str, str] = field(default_factory=dict)
    bounced: dict[str, datetime] = field(default_factory=dict)
    last_asked: dict[str, datetime] = field(default_factory=dict)
    suppressed_contacts: dict[str, str] = field(default_factory=dict)
    """`connection/contact id` → why."""


def load_known(tx: Tx, now: datetime) -> Known:
    in_force = people.suppressions(tx, now=now)
    by_other_address = {f"{at}/{contact}": why for at, contact, why in addresses.suppressed(tx, instant(now))}
    return Known(
        suppressed={s.value: s.reason or s.source for s in in_force if s.kind != people.CONTACT},
        bounced=people.bounces(tx),
        last_asked=people.last_asked(tx),
        suppressed_contacts=by_other_address
        | {s.value: s.reason or s.source for s in in_force if s.kind == people.CONTACT},
    )


class View:
    """Turns the stored rows of one Connection into what screening looks at."""

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
                row.inactive == contacts.GONE,
            )

    def _suppression(self, row: ContactAtCompany) -> str | None:
        known = self._known
        if known.suppressed:
            for value in (row.address_key, row.person_id, f"{self._connection}/{row.company_id}"):
                if value and value in known.suppressed:
                    return known.suppressed[value]
        if known.suppressed_contacts:
            return known.suppressed_contacts.get(f"{self._connection}/{row.id}")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """An opted-out contact of another Connection, and whom it binds; `email` is an address key."""

    contact: str
    person_id: str
    email: str


def opted_out_elsewhere(record: Record, connection: str, known: Known, own: View) -> Iterator[Glance]:
    """A Glance of each opted-out contact of the other Connections: it binds its person and address here too.
    And one for whom an opted-out contact, also of this Connection, binds by an address that is not the default one.

    Opted out by itself, by its company, or suppressed here. Not by a marketing group: what somebody does not want to
    get by a group of another CRM says nothing about this audience.
    """
    form = RowForm[OptOut](lambda row: row, msgspec.json.Decoder(OptOut).decode)
    for found in record.stream("opted_out_elsewhere", lambda tx: _elsewhere(tx, connection, known, own), form):
        yield Glance(found.contact, None, found.person_id, found.email, AddressKind.PERSONAL, "", True, active=False)


def _elsewhere(tx: Tx, connection: str, known: Known, own: View) -> Iterator[OptOut]:
    views = {connection: own}
    for other in contacts.connections(tx):
        if other == connection:
            continue
        view = views[other] = View(other, known, Groups())
        for row in contacts.with_company(tx, other, documents=False):
            if view.glance(row).opted_out:
                yield OptOut(contact=f"{other}/{row.id}", person_id=row.person_id, email=row.address_key or "")
    for at, row, person, key in addresses.bound(tx):
        if views[at].glance(row).opted_out:
            yield OptOut(contact=row.id if at == connection else f"{at}/{row.id}", person_id=person, email=key)
