"""Everyone, or only those in scope: which way of reading contacts whole takes the fewest calls, by counting first.

A page brings up to 1,000 contacts; a list of ids in a condition brings at most as many as fit into an address. So a
small group in a large tenant is cheaper by id, and anything that is a fair part of all contacts is cheaper by reading
everyone. Small tenants are not counted: that would cost more than it saves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import any_type, number
from connector.domain import Facet
from connector.ports import Scope, Selection

PER_LIST = 150  # ids of six or seven digits in one condition, see conditions.LIST_CAP
MOST_IDS = 5000  # the cursor holds them, and goes with every page
_CONTACTS, _COMPANIES, _GROUPS = "/company/contacts/count", "/company/companies/count", "/marketing/groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How contacts are read whole: those of `types` by one condition, of the companies of `company_types` and the
    members of `groups` by id. None of the three: everyone. `calls` is what contacts will cost, `why` says so."""

    types: tuple[str, ...] = ()
    company_types: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    calls: int = 0
    why: str = ""

    @property
    def everyone(self) -> bool:
        return not (self.types or self.company_types or self.groups)

    @property
    def by_id(self) -> bool:
        return bool(self.company_types or self.groups)

    def kept(self) -> dict[str, Any]:
        """As it stands in the cursor."""
        return {
            "types": list(self.types),
            "company_types": list(self.company_types),
            "groups": list(self.groups),
            "calls": self.calls,
            "why": self.why,
        }

    @classmethod
    def back(cls, kept: Mapping[str, Any]) -> Way:
        return cls(
            types=tuple(kept.get("types", ())),
            company_types=tuple(kept.get("company_types", ())),
            groups=tuple(kept.get("groups", ())),
            calls=int(kept.get("calls", 0)),
            why=str(kept.get("why", "")),
        )


def choose(psa: Psa, scope: Scope) -> Way:
    """The cheapest way for this scope; makes one call, and a few more where that may pay."""
    size = psa.settings.page_size
    contacts = psa.count(_CONTACTS, {})
    everyone = Way(calls=_pages(contacts, size), why=f"everyone: {contacts:,} contacts")
    by_types = contact_types(scope)
    least = replace(everyone, types=_sorted(by_types)) if by_types and any_type(by_types) else everyone
    facets = sum(len(selection.include) + 1 for selection in scope.selections)
    if everyone.calls <= facets + 2:
        return replace(least, why=f"{len(by_types)} contact types") if not least.everyone else everyone
    counted = _Counted(psa, contacts, size)
    ways = [counted.cheapest(selection) for selection in scope.selections]
    if any(way is None for way in ways):
        return everyone
    chosen = _united([way for way in ways if way is not None])
    if counted.ids > MOST_IDS or chosen.calls >= everyone.calls:
        if least.everyone:
            return replace(everyone, why=f"{everyone.why}, {everyone.calls} calls; in parts {chosen.calls}")
        calls = counted.of_types(by_types)
        return replace(least, calls=calls, why=f"{len(by_types)} contact types, {calls} calls")
    return replace(chosen, why=f"{chosen.why}, {chosen.calls} calls; everyone {everyone.calls}")


def contact_types(scope: Scope) -> frozenset[str]:
    """The types of which every contact in scope has one; none: contacts without such a type are in scope."""
    wanted: set[str] = set()
    for selection in scope.selections:
        types = selection.include.get(Facet.CONTACT_TYPE)
        if not types:
            return frozenset()
        wanted |= types
    return frozenset(wanted)


class _Counted:
    """What each facet of a selection would cost; each thing is counted once."""

    def __init__(self, psa: Psa, contacts: int, size: int) -> None:
        self._psa, self._contacts, self._size = psa, contacts, size
        self._known: dict[tuple[str, str], int] = {}
        self.ids = 0

    def cheapest(self, selection: Selection) -> Way | None:
        """All facets of a selection must hold, so one is enough to read by: the cheapest."""
        found: list[tuple[int, int, Way]] = []
        for facet, ids in selection.include.items():
            if ids and (one := self._way(facet, ids)) is not None:
                found.append(one)
        if not found:
            return None
        calls, ids_needed, way = min(found, key=lambda each: (each[0], each[1]))
        self.ids += ids_needed
        return replace(way, calls=calls)

    def of_types(self, ids: Iterable[str]) -> int:
        return _pages(self._count(_CONTACTS, {"childConditions": any_type(ids) or ""}), self._size)

    def _way(self, facet: Facet, ids: frozenset[str]) -> tuple[int, int, Way] | None:
        if facet is Facet.CONTACT_TYPE:
            if any_type(ids) is None:
                return None
            return self.of_types(ids), 0, Way(types=_sorted(ids), why=f"{len(ids)} contact types")
        if facet is Facet.COMPANY_TYPE:
            if (condition := any_type(ids)) is None:
                return None
            companies = self._count(_COMPANIES, {"childConditions": condition})
            return (
                self._of_companies(companies),
                companies,
                Way(company_types=_sorted(ids), why=f"contacts of {companies:,} companies"),
            )
        members = sum(self._count(f"{_GROUPS}/{number(group)}/contacts/count", {}) for group in ids)
        companies = sum(self._count(f"{_GROUPS}/{number(group)}/companies/count", {}) for group in ids)
        calls = max(_pages(members, PER_LIST), _pages(members, self._size)) if members else 0
        calls += self._of_companies(companies)
        words = f"{members:,} members" + (f" and contacts of {companies:,} companies" if companies else "")
        return calls, members + companies, Way(groups=_sorted(ids), why=words)

    def _of_companies(self, companies: int) -> int:
        """Their contacts, if they have as many as others have."""
        if not companies:
            return 0
        share = min(1.0, companies / max(1, self._count(_COMPANIES, {})))
        return max(_pages(companies, PER_LIST), _pages(math.ceil(self._contacts * share), self._size))

    def _count(self, path: str, query: dict[str, str]) -> int:
        key = (path, str(query))
        if key not in self._known:
            self._known[key] = self._psa.count(path, query)
        return self._known[key]


def _united(ways: list[Way]) -> Way:
    return Way(
        types=_sorted({each for way in ways for each in way.types}),
        company_types=_sorted({each for way in ways for each in way.company_types}),
        groups=_sorted({each for way in ways for each in way.groups}),
        calls=sum(way.calls for way in ways),
        why=" and ".join(dict.fromkeys(way.why for way in ways)),
    )


def _pages(rows: int, size: int) -> int:
    return max(1, math.ceil(rows / size))


def _sorted(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ids, key=lambda each: (len(each), each)))
