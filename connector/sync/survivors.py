"""What can only be said of contacts side by side: replaced by a newer one, and which duplicate survives.

Deferred contacts are kept until the stream has ended, without their records: only what deciding needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from connector.domain import Finding, Reason
from connector.sync.address import AddressKind
from connector.sync.candidates import Candidate, Screened
from connector.sync.settings import Cleaning

_NEVER = datetime.min.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = (datetime.max.replace(tzinfo=UTC) - _NEVER) // _MICROSECOND


class _Waiting(NamedTuple):
    screened: Screened
    name: str  # company and name, where another contact of the company bears it too; else empty
    touched_at: datetime


class _Newest(NamedTuple):
    touched_at: datetime
    contact_id: str
    address_key: str


@dataclass(slots=True)
class Deferred:
    """Contacts that share an address, a person or a name with another; `settle` decides them all.

    They wait as bytes (see `_packed`): of a million contacts a hundred thousand and more may wait.
    """

    cleaning: Cleaning
    _waiting: list[bytes] = field(default_factory=list)
    _newest: dict[str, _Newest] = field(default_factory=dict)

    def add(self, candidate: Candidate, screened: Screened, name: str) -> None:
        """Keep one contact until all have been seen. `name` is empty where its name is shared with nobody."""
        contact, company, address = candidate.contact, candidate.company, candidate.address
        touched = candidate.touched_at or contact.updated_at or contact.created_at or _NEVER
        group = ""
        if name and contact.company_id is not None:
            group = f"{contact.company_id}\0{name}"
            there = not (contact.inactive or candidate.gone)
            if address.kind == AddressKind.PERSONAL and there and candidate.bounced_at is None:
                newest = _Newest(touched, contact.id, address.key)
                known = self._newest.get(group)
                if known is None or _newer(newest, known):
                    self._newest[group] = newest
        last = (
            (company is None) << 2
            | (company is None or company.default_contact_id != contact.id) << 1
            | (address.kind != AddressKind.PERSONAL)
        )
        self._waiting.append(_packed(_Waiting(screened, group, touched), last))

    def settle(self) -> Iterator[Screened]:
        """Decide and hand out every waiting contact, once.

        Among the eligible of one person or address the survivor is the one with a company, then the company's default
        contact, then a personal address, then the newest update, then the smallest id; the others are its duplicates.
        """
        eligible: list[bytes] = []
        for packed in self._waiting:
            screened, changed = self._replaced(_unpacked(packed))
            if screened.findings:
                yield screened
            else:
                eligible.append(_repacked(packed, screened) if changed else packed)
        self._waiting = []
        eligible.sort()
        persons: dict[str, str] = {}
        addresses: dict[str, str] = {}
        for packed in eligible:
            screened = _unpacked(packed).screened
            person, key = screened.person_id, screened.address.key
            survivor, why = persons.get(person or ""), "same person"
            if survivor is None:
                survivor, why = addresses.get(key), "same address"
            if survivor is None:
                if person:
                    persons[person] = screened.contact_id
                if key:
                    addresses[key] = screened.contact_id
                yield screened
                continue
            seen = f"contact {survivor}, {why}"
            yield screened._replace(findings=(Finding(reason=Reason.DUPLICATE, rule="built-in", seen=seen),))

    def _replaced(self, waiting: _Waiting) -> tuple[Screened, bool]:
        """The contact, with the finding that a newer one replaces it where that holds; and whether it does."""
        screened = waiting.screened
        newest = self._newest.get(waiting.name) if waiting.name else None
        if newest is None or newest.touched_at <= waiting.touched_at or newest.address_key == screened.address.key:
            return screened, False
        finding = Finding(
            reason=Reason.REPLACED,
            rule="cleaning.stale.replaced",
            seen=f"contact {newest.contact_id}, same name and company, changed {newest.touched_at:%Y-%m-%d}",
        )
        if self.cleaning.stale.replaced == "exclude":
            return screened._replace(findings=_before_age(screened.findings, finding)), True
        return screened._replace(notes=_before_age(screened.notes, finding)), True


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Waiting).decode


def _packed(waiting: _Waiting, last: int) -> bytes:
    """Rank, then contents. Ranks sort the better survivor first: `last` (0 to 7), newest, shorter id, smaller id."""
    contact_id = waiting.screened.contact_id.encode()
    age = _LATEST - (waiting.touched_at - _NEVER) // _MICROSECOND
    return b"".join((bytes((last,)), age.to_bytes(8), len(contact_id).to_bytes(2), contact_id, _encode(waiting)))


def _unpacked(packed: bytes) -> _Waiting:
    return _decode(packed[_rank_ends(packed) :])


def _repacked(packed: bytes, screened: Screened) -> bytes:
    """The same rank; name and time have served by now."""
    return packed[: _rank_ends(packed)] + _encode(_Waiting(screened, "", _NEVER))


def _rank_ends(packed: bytes) -> int:
    return 11 + int.from_bytes(packed[9:11])


def _newer(one: _Newest, other: _Newest) -> bool:
    if one.touched_at != other.touched_at:
        return one.touched_at > other.touched_at
    return _by_id(one.contact_id) < _by_id(other.contact_id)


def _before_age(findings: tuple[Finding, ...], finding: Finding) -> tuple[Finding, ...]:
    if findings and findings[-1].reason is Reason.STALE_AGE:
        return (*findings[:-1], finding, findings[-1])
    return (*findings, finding)


def _by_id(contact_id: str) -> tuple[int, str]:
    """Ids are text; shorter first, so that 9 comes before 10."""
    return len(contact_id), contact_id
