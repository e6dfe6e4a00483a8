"""Contacts that are read by id: of which companies, and which themselves; kept in the cursor.

`known` are those whose contacts are stored and kept up by what changed; `fresh` came into scope and are still to be
read (a company that got a type in scope, a new member of a group): neither moves lastUpdated of a contact.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from connector.adapters.connectwise.choosing import Way
from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import id_in
from connector.adapters.connectwise.wire_types import CONTACT_FIELDS, WireContact
from connector.adapters.paging import Batch
from connector.domain import Company, Membership
from connector.ports import Coverage

CONTACTS = "/company/contacts"
_KINDS = ("companies", "contacts")


def nobody() -> dict[str, Any]:
    """As it stands in a cursor at the beginning."""
    return {"known": {kind: [] for kind in _KINDS}, "fresh": {kind: [] for kind in _KINDS}}


def note(targets: dict[str, Any], way: Way, companies: Sequence[Company], memberships: Sequence[Membership]) -> None:
    """Remember whose contacts are to be read, of the companies and members just seen."""
    wanted = frozenset(way.company_types)
    _add(targets, "companies", (each.id for each in companies if not wanted.isdisjoint(each.type_ids)))
    members = [each for each in memberships if each.group_id in way.groups]
    _add(targets, "contacts", (each.contact_id for each in members if each.contact_id))
    _add(targets, "companies", (each.company_id for each in members if each.company_id))


def settled(targets: dict[str, Any]) -> dict[str, Any]:
    """The fresh ones are read: they are known now."""
    known = {kind: _sorted({*targets["known"][kind], *targets["fresh"][kind]}) for kind in _KINDS}
    return {"known": known, "fresh": {kind: [] for kind in _KINDS}}


def coverage(targets: dict[str, Any], way: Way) -> Coverage:
    known = targets["known"]
    return Coverage(
        contact_types=frozenset(way.types) if way.types else None,
        companies=frozenset(known["companies"]) if way.by_id else None,
        contacts=frozenset(known["contacts"]) if way.by_id else None,
    )


def batches(psa: Psa, targets: dict[str, Any], after: int) -> Generator[Batch[WireContact], None, None]:
    """The contacts of the fresh targets, list by list; `after` counts the lists that are in."""
    fresh = targets["fresh"]
    lists = [*id_in("company/id", fresh["companies"]), *id_in("id", fresh["contacts"])]
    if len(lists) <= after:
        yield Batch(rows=(), after=after, last=True)
    for place, condition in enumerate(lists[after:], start=after):
        query = {"fields": CONTACT_FIELDS, "conditions": condition}
        with closing(psa.batches(CONTACTS, WireContact, query)) as found:
            for batch in found:
                done = place + 1 if batch.last else place
                yield replace(batch, after=done, last=batch.last and done == len(lists), short=False)


def _add(targets: dict[str, Any], kind: str, ids: Iterable[str]) -> None:
    found = set(ids).difference(targets["known"][kind], targets["fresh"][kind])
    if found:
        targets["fresh"][kind] = [*targets["fresh"][kind], *_sorted(found)]


def _sorted(ids: Iterable[str]) -> list[str]:
    return sorted(ids, key=lambda each: (len(each), each))
