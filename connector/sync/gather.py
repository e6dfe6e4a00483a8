"""The first pass: what one contact's decision must know about the others, and nothing else.

Memory is fixed but for what is found: addresses, persons and names that occur more than once, opt-outs, companies.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from sys import intern
from zlib import crc32

from connector.sync.address import AddressKind
from connector.sync.candidates import Glance

SLOTS = 1 << 24
"""Bytes of each of three tables, a power of two: of a million different values one in 33 is kept needlessly."""
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the first pass found.

    The `shared_*` sets hold 32-bit checksums and may name too many: a sighting is remembered in one byte of a table
    of fixed size, so that two different values may meet there. Whoever is named is only kept until the end and then
    compared exactly; no decision depends on a checksum. CRC-32, not `hash`: that differs from process to process, and
    with it the order of the decisions, which replay compares.
    """

    shared_addresses: set[int] = field(default_factory=set)
    shared_persons: set[int] = field(default_factory=set)
    shared_names: set[int] = field(default_factory=set)
    opted_out_addresses: dict[str, str] = field(default_factory=dict)
    opted_out_persons: dict[str, str] = field(default_factory=dict)
    personal_companies: set[str] = field(default_factory=set)


def gather(glances: Iterable[Glance]) -> Gathered:
    """Read every glance once. The result does not depend on their order.

    `opted_out_*` name the opted-out contact with the smallest id of each person and address; `personal_companies`
    are those with an active contact who has a personal address.
    """
    # Mapped, not allocated: a small CRM touches few of their pages, and the system has them back at once.
    with ExitStack() as mapped:
        addresses, persons, names = (mapped.enter_context(mmap.mmap(-1, SLOTS, **_PRIVATE)) for _ in range(3))
        return _gathered(glances, addresses, persons, names)


def _gathered(glances: Iterable[Glance], addresses: mmap.mmap, persons: mmap.mmap, names: mmap.mmap) -> Gathered:
    found, mask = Gathered(), SLOTS - 1
    share_address, share_person, share_name = (
        found.shared_addresses.add,
        found.shared_persons.add,
        found.shared_names.add,
    )
    personal_company, personal = found.personal_companies.add, AddressKind.PERSONAL
    for contact_id, company_id, person_id, key, kind, name, opted_out, _, active in glances:
        if key:
            number = crc32(key.encode())
            if addresses[number & mask]:
                share_address(number)
            else:
                addresses[number & mask] = 1
        if person_id is not None:
            number = crc32(person_id.encode())
            if persons[number & mask]:
                share_person(number)
            else:
                persons[number & mask] = 1
        if company_id is not None:
            if name:
                number = crc32(f"{company_id}\0{name}".encode())
                if names[number & mask]:
                    share_name(number)
                else:
                    names[number & mask] = 1
            if kind == personal and active:
                personal_company(intern(company_id))
        if opted_out:
            _remember(found.opted_out_addresses, key, contact_id)
            _remember(found.opted_out_persons, person_id, contact_id)
    return found


def _remember(by: dict[str, str], key: str | None, contact_id: str) -> None:
    if key and ((known := by.get(key)) is None or contact_id < known):
        by[key] = contact_id
