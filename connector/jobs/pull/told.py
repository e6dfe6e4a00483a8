"""The part of a pull that heeds what the CRM itself tells of contacts that are not there any more: archived or deleted,
or merged into another. It is evidence, not absence, so no fuse asks about it.

The survivor of a merge takes over the person of the old contact, and with it caps, opt-outs and history. A survivor
that was not pulled yet takes them over when it comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.jobs.pull.gone import COMPANIES, CONTACTS
from connector.jobs.records.record import Record
from connector.ports import Page
from connector.store import Tx, contacts, merges
from connector.store.contacts import StoredContact
from connector.store.merges import Linked, Merge
from connector.sync.merges import MergedPair, Union, followed, united


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the store knew of who was told of; contacts that come with the page itself are not in it."""

    contacts: list[Linked] = field(default_factory=list)
    companies: dict[str, bool] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    links: list[Merge] = field(default_factory=list)
    """Told before, into a contact that never came and of which the page tells that it was merged on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What follows for the store from what one page tells."""

    contacts: Sequence[str] = ()
    companies: Sequence[str] = ()
    merged: Sequence[Merge] = ()
    unions: Sequence[Union] = ()

    def write(self, tx: Tx, record: Record, connection: str) -> None:
        """After the page's own rows: a survivor may be among them."""
        merges.put(tx, connection, self.merged, at=record.now)
        for union in self.unions:
            merges.unite(tx, union.kept, union.others, at=record.now)
        contacts.put_gone(tx, connection, self.contacts, self.companies, at=record.now)


def told(
    record: Record,
    connection: str,
    page: Page,
    rows: Sequence[StoredContact],
    waiting: Sequence[Merge],
    counts: Counter[str],
) -> Told:
    """Judge what the page tells; `rows` are its contacts as they will be stored, `waiting` the merges into one of them
    that were told before. Nothing is written here."""
    merged = {merge.old: merge.survivor for merge in waiting} | followed(page.merged)
    if not (merged or page.gone_contacts or page.gone_companies):
        return Told()
    here = {row.id: Linked(row.id, row.person_id, row.person_since, False) for row in rows}
    asked = {*merged, *merged.values(), *page.gone_contacts}

    def load(tx: Tx) -> _Known:
        links = [merge for merge in merges.waiting_for(tx, connection, sorted(merged)) if merge.old not in merged]
        olds = {merge.old for merge in links}
        return _Known(
            contacts=merges.linked(tx, connection, sorted((asked | olds) - here.keys())),
            companies=contacts.stored(tx, COMPANIES, connection, sorted(page.gone_companies)),
            merges=merges.known(tx, connection, sorted(merged.keys() | olds)),
            links=links,
        )

    known = record.read("told", _Known, load)
    merged |= {link.old: merged[link.survivor] for link in known.links if merged[link.survivor] != link.old}
    linked = {each.contact_id: each for each in known.contacts} | here
    before = {merge.old: merge for merge in known.merges}
    now = [Merge(old, to, to in linked or old not in linked) for old, to in sorted(merged.items())]
    new = [merge for merge in now if before.get(merge.old) != merge]
    pairs = [
        MergedPair(old, to, linked[old].person_id, linked[old].since, linked[to].person_id)
        for old, to in sorted(merged.items())
        if old in linked and to in linked and linked[old].person_id != linked[to].person_id
    ]
    shown_companies = {company.id for company in page.companies}
    found = Told(
        contacts=sorted(
            id_ for id_ in {*merged, *(set(page.gone_contacts) - here.keys())} if id_ in linked and not linked[id_].gone
        ),
        companies=sorted(id_ for id_, gone in known.companies.items() if not gone and id_ not in shown_companies),
        merged=new,
        unions=united(pairs),
    )
    if found.contacts or found.companies:
        record.emit("told_gone", [[CONTACTS, found.contacts], [COMPANIES, found.companies]])
    if found.merged or found.unions:
        record.emit("merged", [*found.merged, *found.unions])
    for what, number in (
        ("gone_contacts", len(found.contacts)),
        ("gone_companies", len(found.companies)),
        ("merged", len(found.merged)),
    ):
        if number:
            counts[what] += number
    return found
