"""Which contacts are one human being. Linked by equal personal address and compatible name; less is only suspected."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple

from connector.sync.address import Address, AddressKind
from connector.sync.names import compatible, name_key

Because = Literal["founded", "kept", "same address", "moved"]
_LINKING = frozenset((AddressKind.PERSONAL, AddressKind.DISPOSABLE))
ContactRef = tuple[str, str]
"""(connection, contact id)"""


class Linkable(NamedTuple):
    """A contact as linking sees it. `name` is the name as the CRM gives it or its name key; both work. `others` are its
    addresses beside the default one."""

    connection: str
    contact_id: str
    name: str
    address: Address
    others: tuple[Address, ...] = ()


_AsTuple = tuple[str, str, str, Address, tuple[Address, ...]]


class KnownPerson(NamedTuple):
    """The person of a stored contact, and the name the contact has."""

    person_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows about the addresses and contacts of one page; nothing else is needed.

    `by_address`: address key → each contact that has it, and its person; all of an address a contact of the page has.
    """

    by_address: Mapping[str, Mapping[ContactRef, KnownPerson | tuple[str, str]]]
    by_contact: Mapping[ContactRef, str]


class PersonLink(NamedTuple):
    """One contact's person from `since`. Where `ended` names a person, that older link ends at `since`.

    `kept` links are already stored. `suspected` are people of the same address under a name that does not fit, or of
    whom several would fit: reported, never linked.
    """

    connection: str
    contact_id: str
    person_id: str
    because: Because
    since: datetime
    ended: str | None = None
    suspected: tuple[str, ...] = ()


_linked = partial(tuple.__new__, PersonLink)  # of a tuple: in half the time of its own `__new__`, and everybody passes


def person_id(connection: str, contact_id: str) -> str:
    """The id of the person whom this contact founded, the same for ever: `p-psa-1001`.

    Readable, and in the order of the contacts' ids: an index of random ids cost a third of storing a first pull.
    """
    return f"p-{connection}-{contact_id}"


def link(contacts: Iterable[Linkable | _AsTuple], known: Known, now: datetime) -> list[PersonLink]:
    """One link for each contact, in the order given; the same input always gives the same links.

    A contact keeps its person, even under a new address, unless that address belongs to exactly one other compatible
    person: then the link moves. Its other addresses say so only where the default one says nothing. A contact without
    a usable address founds a person of its own. People founded earlier on the page are known to the later contacts, and
    who left an address is not met there any more: where pages end makes no difference. A contact stands on a page once.
    """
    met: dict[str, dict[ContactRef, tuple[str, str]]] = {}
    address_of: dict[ContactRef, str] = {}
    more_of: dict[ContactRef, list[str]] = {}  # few contacts have several
    for key, having in known.by_address.items():
        for contact in having:
            if address_of.setdefault(contact, key) != key:
                more_of.setdefault(contact, []).append(key)
    links: list[PersonLink] = []
    current_of, stored_at = known.by_contact.get, known.by_address.get
    for connection, contact_id, name, (key, kind, _, _), others in contacts:
        contact = (connection, contact_id)
        current = current_of(contact) if known.by_contact else None
        chosen: str | None = None
        suspected: tuple[str, ...] = ()
        left = address_of.get(contact) if address_of else None
        if left is not None and (left != key or contact in more_of):
            has = {key, *(other.key for other in others)}
            for each in (left, *more_of.get(contact, ())):
                if each not in has:
                    if each not in met:
                        met[each] = dict(stored_at(each, {}))
                    met[each].pop(contact, None)
        here: dict[ContactRef, tuple[str, str]] | None = None
        if kind in _LINKING:
            here = met.get(key)
            if here is None:
                stored = stored_at(key)
                met[key] = here = dict(stored) if stored else {}
            if here and (len(here) > 1 or next(iter(here.values()))[0] != current):
                chosen = _fitting(name, current, here.values())
                suspected = tuple(sorted({person for person, _ in here.values()} - {chosen or current}))
        if others:
            chosen, suspected = _by_others(others, name, current, chosen, suspected, met, stored_at)
        person = chosen or current or person_id(connection, contact_id)
        if here is not None:
            here[contact] = (person, name)
        for other in others:
            if other.kind in _LINKING:
                met[other.key][contact] = (person, name)
        if chosen is None or chosen == current:
            because: Because = "kept" if current else "founded"
            links.append(_linked((connection, contact_id, person, because, now, None, suspected)))
        else:
            because = "moved" if current else "same address"
            links.append(_linked((connection, contact_id, person, because, now, current, suspected)))
    return links


def _by_others(
    others: Iterable[Address],
    name: str,
    current: str | None,
    chosen: str | None,
    suspected: tuple[str, ...],
    met: dict[str, dict[ContactRef, tuple[str, str]]],
    stored_at: Callable[..., Mapping[ContactRef, tuple[str, str]]],
) -> tuple[str | None, tuple[str, ...]]:
    """The person, where the default address chose none, and who is suspected, by the other addresses in their order."""
    met_there = set(suspected)
    for key, kind, _, _ in others:
        if kind not in _LINKING:
            continue
        if key not in met:
            met[key] = dict(stored_at(key, {}))
        here = met[key].values()
        if here and (len(here) > 1 or next(iter(here))[0] != current):
            chosen = chosen or _fitting(name, current, here)
            met_there |= {person for person, _ in here}
    return chosen, tuple(sorted(met_there - {chosen or current}))


def _fitting(name: str, current: str | None, here: Collection[tuple[str, str]]) -> str | None:
    """The person at this address whom a contact belongs to: its own, else the only one whose name fits, else None."""
    if current is not None and any(person == current for person, _ in here):
        return current
    own = name_key(name)
    keyed = [(person, name_key(known_as)) for person, known_as in here]
    fitting = {person for person, known_as in keyed if known_as == own} or {
        person for person, known_as in keyed if compatible(known_as, own)
    }
    return next(iter(fitting)) if len(fitting) == 1 else None
