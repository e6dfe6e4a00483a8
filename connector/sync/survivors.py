"""What can only be said of contacts side by side: replaced by a newer one, and which duplicate survives.

Deferred contacts are kept until the stream has ended, without their records: only what deciding needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from connector.domain import Finding, Reason
from connector.sync.address import AddressKind
from connector.sync.candidates import Candidate, Screened
from connector.sync.settings import Cleaning

_NEVER = datetime.min.replace(tzinfo=UTC)
_Name = tuple[str, str]


class _Deferred(NamedTuple):
    screened: Screened
    name: _Name | None
    touched_at: datetime
    first: tuple[bool, bool, bool]


class _Newest(NamedTuple):
    touched_at: datetime
    contact_id: str
    address_key: str


@dataclass(slots=True)
class Deferred:
    """Contacts that share an address, a person or a name with another; `settle` decides them all."""

    cleaning: Cleaning
    _waiting: list[_Deferred] = field(default_factory=list)
    _newest: dict[_Name, _Newest] = field(default_factory=dict)

    def add(self, candidate: Candidate, screened: Screened, name: str) -> None:
        """Keep one contact until all have been seen. `name` is empty where its name is shared with nobody."""
        contact, company, address = candidate.contact, candidate.company, candidate.address
        touched = candidate.touched_at or contact.updated_at or contact.created_at or _NEVER
        group: _Name | None = None
        if name and contact.company_id is not None:
            group = (contact.company_id, name)
            if address.kind == AddressKind.PERSONAL and not contact.inactive and candidate.bounced_at is None:
                newest = _Newest(touched, contact.id, address.key)
                known = self._newest.get(group)
                if known is None or _newer(newest, known):
                    self._newest[group] = newest
        first = (
            company is None,
            company is None or company.default_contact_id != contact.id,
            address.kind != AddressKind.PERSONAL,
        )
        self._waiting.append(_Deferred(screened, group, touched, first))

    def settle(self) -> Iterator[Screened]:
        """Decide and hand out every waiting contact, once.

        Among the eligible of one person or address the survivor is the one with a company, then the company's default
        contact, then a personal address, then the newest update, then the smallest id; the others are its duplicates.
        """
        eligible: list[_Deferred] = []
        for deferred in self._waiting:
            settled = self._replaced(deferred)
            if settled.screened.findings:
                yield settled.screened
            else:
                eligible.append(settled)
        self._waiting = []
        eligible.sort(key=_rank)
        persons: dict[str, str] = {}
        addresses: dict[str, str] = {}
        for screened, _, _, _ in eligible:
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

    def _replaced(self, deferred: _Deferred) -> _Deferred:
        newest = self._newest.get(deferred.name) if deferred.name else None
        screened = deferred.screened
        if newest is None or newest.touched_at <= deferred.touched_at or newest.address_key == screened.address.key:
            return deferred
        finding = Finding(
            reason=Reason.REPLACED,
            rule="cleaning.stale.replaced",
            seen=f"contact {newest.contact_id}, same name and company, changed {newest.touched_at:%Y-%m-%d}",
        )
        if self.cleaning.stale.replaced == "exclude":
            screened = screened._replace(findings=_before_age(screened.findings, finding))
        else:
            screened = screened._replace(notes=_before_age(screened.notes, finding))
        return deferred._replace(screened=screened)


def _newer(one: _Newest, other: _Newest) -> bool:
    if one.touched_at != other.touched_at:
        return one.touched_at > other.touched_at
    return _by_id(one.contact_id) < _by_id(other.contact_id)


def _before_age(findings: tuple[Finding, ...], finding: Finding) -> tuple[Finding, ...]:
    if findings and findings[-1].reason is Reason.STALE_AGE:
        return (*findings[:-1], finding, findings[-1])
    return (*findings, finding)


def _rank(deferred: _Deferred) -> tuple[tuple[bool, bool, bool], timedelta, tuple[int, str]]:
    return deferred.first, _NEVER - deferred.touched_at, _by_id(deferred.screened.contact_id)


def _by_id(contact_id: str) -> tuple[int, str]:
    """Ids are text; shorter first, so that 9 comes before 10."""
    return len(contact_id), contact_id
