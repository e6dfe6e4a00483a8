"""Who the contacts of a page are: what the store knows of them and of their addresses, and the rows to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from connector.domain import Contact
from connector.store import Tx, codec
from connector.store import linking as store_linking
from connector.store.contacts import StoredContact
from connector.store.linking import KnownPerson
from connector.store.merges import Merge, waiting_for
from connector.store.tables import instant
from connector.sync import person
from connector.sync.address import Address, AddressKind, judge
from connector.sync.names import name_key

OWN_EDIT = timedelta(minutes=10)
"""A change of a contact this close to a write of ours is taken for ours, not for a sign of life; clocks differ."""
_KIND = {kind: kind.value for kind in AddressKind}  # looked up faster than it is asked for
_stored = partial(tuple.__new__, StoredContact)  # of a tuple: in half the time of its own `__new__`


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knew of the contacts and addresses of one page."""

    people: list[KnownPerson]
    our_edits: dict[str, list[tuple[str, str]]]
    touched: dict[str, str | None]
    merges: list[Merge] = field(default_factory=list)
    """Told before, into a contact of the page that was not there yet."""


def other_addresses(wanted: Sequence[Contact]) -> dict[str, tuple[Address, ...]]:
    """By contact, those addresses beside the default one that one could write to; few contacts have any."""
    found: dict[str, tuple[Address, ...]] = {}
    for contact in wanted:
        if contact.other_emails:
            own = tuple(address for email in contact.other_emails if (address := judge(email, explain=False)).key)
            if own:
                found[contact.id] = own
    return found


def changed_keys(
    connection: str, rows: Sequence[StoredContact], known: Known, others: Mapping[str, tuple[Address, ...]]
) -> dict[str, list[str]]:
    """The other addresses of each contact of the page for whom they are not what they were."""
    before = {k.contact_id: sorted(k.other_keys) for k in known.people if k.connection == connection and k.other_keys}
    now = {row.id: sorted({each.key for each in others.get(row.id, ())} - {row.address_key}) for row in rows}
    return {contact_id: keys for contact_id, keys in now.items() if keys != before.get(contact_id, [])}


def known_of(
    tx: Tx,
    connection: str,
    judged: Sequence[tuple[Contact, Address]],
    others: Mapping[str, tuple[Address, ...]],
) -> Known:
    ids = [contact.id for contact, _ in judged]
    keys = [address.key for _, address in judged if address.key]
    if others:
        keys = list(dict.fromkeys([*keys, *(address.key for own in others.values() for address in own)]))
    people = store_linking.known_people(tx, connection, ids, keys)
    here = [known.contact_id for known in people if known.connection == connection]
    return Known(
        people=people,
        our_edits=store_linking.our_edits(tx, connection, here) if here else {},
        touched={known.contact_id: known.touched_at for known in people if known.connection == connection},
        merges=waiting_for(tx, connection, ids),
    )


def stored_rows(
    connection: str,
    judged: Sequence[tuple[Contact, Address]],
    known: Known,
    now: datetime,
    generation: str = "",
    others: Mapping[str, tuple[Address, ...]] = MappingProxyType({}),
) -> tuple[list[StoredContact], list[tuple[str, str, str, str, str]]]:
    """The rows to keep for judged contacts, and the links that end: (connection, contact, person, ended, linked)."""
    since = {(k.connection, k.contact_id): k.person_since for k in known.people}
    by_address: dict[str, dict[person.ContactRef, tuple[str, str]]] = {}
    for k in known.people:
        if k.address_key:
            by_address.setdefault(k.address_key, {})[k.connection, k.contact_id] = (k.person_id, k.name)
        for key in k.other_keys:
            by_address.setdefault(key, {})[k.connection, k.contact_id] = (k.person_id, k.name)
    names = [contact.name for contact, _ in judged]
    links = person.link(
        [
            (connection, contact.id, name, address, others.get(contact.id, ()) if others else ())
            for (contact, address), name in zip(judged, names, strict=True)
        ],
        person.Known(
            by_address=by_address, by_contact={(k.connection, k.contact_id): k.person_id for k in known.people}
        ),
        now,
    )
    stamp = instant(now)
    rows, ended = [], []
    encode = codec.encode
    for (contact, address), name, link in zip(judged, names, links, strict=True):
        linked_at = since.get((connection, contact.id), stamp) if since else stamp
        if link.ended is not None:
            ended.append((connection, contact.id, link.ended, stamp, linked_at))
            linked_at = stamp
        opted_out = contact.opted_out
        rows.append(
            _stored(
                (
                    connection,
                    contact.id,
                    contact.company_id,
                    link.person_id,
                    linked_at,
                    address.key or None,
                    _KIND[address.kind],
                    name_key(name),
                    None if opted_out is None else int(opted_out),
                    int(contact.inactive),
                    _touched(contact, known),
                    encode(contact),
                    generation,
                    None,
                )
            )
        )
    return rows, ended


def _touched(contact: Contact, known: Known) -> str | None:
    """When somebody other than we changed the contact last."""
    if contact.updated_at is None:
        return None
    for begins, ends in known.our_edits.get(contact.id, ()) if known.our_edits else ():
        begun = contact.updated_at >= datetime.fromisoformat(begins) - OWN_EDIT
        if begun and (not ends or contact.updated_at <= datetime.fromisoformat(ends) + OWN_EDIT):
            return known.touched.get(contact.id)
    return instant(contact.updated_at)
