"""pull: CRM → pages → contacts, companies and memberships in the store; addresses judged, persons linked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.config import Config
from connector.domain import Contact, Facet, Segment
from connector.jobs.record import Record, raw
from connector.ports import ContactSource, Page
from connector.rules.names import referenced_names
from connector.store import Tx, codec, contacts, holds
from connector.store.contacts import KnownPerson, StoredContact
from connector.store.tables import instant
from connector.sync import audience as audiences
from connector.sync import person
from connector.sync.address import Address, judge
from connector.sync.names import name_key

OWN_EDIT = timedelta(minutes=10)
"""A change of a contact this close to a write of ours is taken for ours, not for a sign of life; clocks differ."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knew of the contacts and addresses of one page."""

    people: list[KnownPerson]
    our_edits: dict[str, list[tuple[str, str]]]
    touched: dict[str, str | None]


def pull(record: Record, config: Config, connection: str, source: ContactSource) -> dict[str, Any]:
    """Pull everything in scope that changed. Returns counts; raises by the error's type, pages stored so far stay.

    A rerun (`again` in the parameters, with the cursor its Job began at) leaves the cursor where it stands.
    """
    segments = segments_in_use(config, connection, source)
    resolved = resolve(record, config, connection, segments)
    counts: Counter[str] = Counter()
    for finding in (finding for audience in resolved for finding in audience.findings):
        log.warning("name_changed", problem=str(finding))
    _remember(record, connection, segments, resolved)
    counts["held_audiences"] = sum(audience.held for audience in resolved)
    why = {"why": [str(finding) for audience in resolved if audience.held for finding in audience.findings]}
    held = why if counts["held_audiences"] else {}
    scope = audiences.scope(resolved)
    if not scope.selections:
        log.warning("nothing_in_scope", connection=connection, remedy="name an audience for it, or lift its hold")
        return {**counts, **held}
    again = record.params.get("again", {})
    moves = "cursor" not in again
    stored = record.read("cursor", dict[str, Any] | None, lambda tx: contacts.cursor(tx, connection))
    for page in source.pages(scope, stored if moves else again["cursor"]):
        _store(record, connection, page, counts, moves=moves)
        log.info("page", contacts=counts["contacts"], companies=counts["companies"], memberships=counts["memberships"])
    return {**counts, **held}


def segments_in_use(config: Config, connection: str, source: ContactSource) -> dict[Facet, list[Segment]]:
    """The segments, as they are now, of every facet an audience or rule names; and the contact types, for tickets."""
    used = {Facet.CONTACT_TYPE}
    for audience in config.audiences.values():
        if audience.from_ == connection:
            used |= {facet for facet in Facet if audience.names(facet) or audience.exclude.names(facet)}
    kinds = {reference.kind for reference in referenced_names(config.rules)}
    used |= {facet for facet in Facet if facet.value in kinds}
    return {facet: source.segments(facet) for facet in Facet if facet in used}


def resolve(
    record: Record, config: Config, connection: str, segments: Mapping[Facet, Sequence[Segment]]
) -> list[audiences.ResolvedAudience]:
    """The audiences of a connection in the CRM's ids, by what their names stood for before."""
    rows = record.read(
        "remembered_names",
        list[tuple[str, str, str]],
        lambda tx: [(f, n, i) for (f, n), i in sorted(contacts.remembered_names(tx, connection).items())],
    )
    remembered = {(Facet(facet), name): segment_id for facet, name, segment_id in rows}
    return [
        audiences.resolve(name, audience, segments, remembered)
        for name, audience in config.audiences.items()
        if audience.from_ == connection
    ]


def _remember(
    record: Record,
    connection: str,
    segments: Mapping[Facet, Sequence[Segment]],
    resolved: Sequence[audiences.ResolvedAudience],
) -> None:
    record.emit("segments", [[facet, len(found)] for facet, found in segments.items()])
    record.emit("audiences", [[a.name, a.held, [str(finding) for finding in a.findings]] for a in resolved])

    def write(tx: Tx) -> None:
        contacts.put_segments(tx, connection, [segment for found in segments.values() for segment in found])
        for audience in resolved:
            names = {(facet.value, name): segment for (facet, name), segment in audience.remember.items()}
            contacts.remember_names(tx, connection, names, now=record.now)
            if audience.held:
                why = "; ".join(str(finding) for finding in audience.findings)
                hold = holds.Hold(kind="audience", name=audience.name, cause="missing", reason=why, since=record.now)
                holds.put(tx, hold)
            else:
                holds.lift(tx, "audience", audience.name, "missing")

    record.commit(write)


def _store(record: Record, connection: str, page: Page, counts: Counter[str], *, moves: bool) -> None:
    """Judge, link and keep one page, with its cursor, in one transaction."""
    judged = [(contact, judge(contact.email)) for contact in page.contacts]
    rows: list[StoredContact] = []
    ended: list[tuple[str, str, str, str, str]] = []
    if judged:
        known = record.read("known", Known, lambda tx: _known(tx, connection, judged))
        rows, ended = stored_rows(connection, judged, known, record.now)
        record.emit("contacts", [raw(row.doc) for row in rows])
        record.emit("links", [[row.id, row.person_id, row.address_key, row.address_kind] for row in rows])
    if page.companies:
        record.emit("companies", page.companies)
    if page.memberships:
        record.emit("memberships", page.memberships)
    record.emit("cursor", [page.cursor])
    counts["contacts"] += len(rows)
    counts["companies"] += len(page.companies)
    counts["memberships"] += len(page.memberships)

    def write(tx: Tx) -> None:
        contacts.put_companies(tx, page.companies)
        contacts.put_contacts(tx, rows)
        contacts.put_ended_links(tx, ended)
        contacts.put_memberships(tx, page.memberships, page.epoch)
        for group in page.finished_groups:
            contacts.finish_group(tx, connection, group, page.epoch)
        if moves:
            contacts.put_cursor(tx, connection, page.cursor, now=record.now)

    record.commit(write, durable=False)


def _known(tx: Tx, connection: str, judged: Sequence[tuple[Contact, Address]]) -> Known:
    ids = [contact.id for contact, _ in judged]
    people = contacts.known_people(tx, connection, ids, [address.key for _, address in judged if address.key])
    here = [known.contact_id for known in people if known.connection == connection]
    return Known(
        people=people,
        our_edits=contacts.our_edits(tx, connection, here) if here else {},
        touched={known.contact_id: known.touched_at for known in people if known.connection == connection},
    )


def stored_rows(
    connection: str, judged: Sequence[tuple[Contact, Address]], known: Known, now: datetime
) -> tuple[list[StoredContact], list[tuple[str, str, str, str, str]]]:
    """The rows to keep for judged contacts, and the links that end: (connection, contact, person, ended, linked)."""
    since = {(k.connection, k.contact_id): k.person_since for k in known.people}
    by_address: dict[str, list[tuple[str, str]]] = {}
    for k in known.people:
        if k.address_key:
            by_address.setdefault(k.address_key, []).append((k.person_id, k.name))
    links = person.link(
        [person.Linkable(connection, contact.id, contact.name, address) for contact, address in judged],
        person.Known(
            by_address=by_address, by_contact={(k.connection, k.contact_id): k.person_id for k in known.people}
        ),
        now,
    )
    stamp = instant(now)
    rows, ended = [], []
    encode = codec.encode
    for (contact, address), link in zip(judged, links, strict=True):
        linked_at = since.get((connection, contact.id), stamp)
        if link.ended is not None:
            ended.append((connection, contact.id, link.ended, stamp, linked_at))
            linked_at = stamp
        rows.append(
            StoredContact(
                connection,
                contact.id,
                contact.company_id,
                link.person_id,
                linked_at,
                address.key or None,
                address.kind.value,
                name_key(contact.name),
                None if contact.opted_out is None else int(contact.opted_out),
                int(contact.inactive),
                _touched(contact, known),
                encode(contact),
            )
        )
    return rows, ended


def _touched(contact: Contact, known: Known) -> str | None:
    """When somebody other than we changed the contact last."""
    if contact.updated_at is None:
        return None
    for begins, ends in known.our_edits.get(contact.id, ()):
        begun = contact.updated_at >= datetime.fromisoformat(begins) - OWN_EDIT
        if begun and (not ends or contact.updated_at <= datetime.fromisoformat(ends) + OWN_EDIT):
            return known.touched.get(contact.id)
    return instant(contact.updated_at)
