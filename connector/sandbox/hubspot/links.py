"""Associations: computed between planted contacts and companies, kept for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import schema, tenant
from .dirt import slot
from .state import Links

if TYPE_CHECKING:
    from .world import World


class Associations:
    """All links of one world, readable from both sides."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, kind: str, number: int, to: str) -> Links:
        """Return the type ids of each link from one record to records of a type; a dict nobody may change."""
        edits = self._world.state.links.get((kind, to))
        if edits is not None and number in edits:
            return edits[number]
        if (kind, to) == (schema.CONTACTS, schema.COMPANIES):
            return self._companies(number)
        if (kind, to) == (schema.COMPANIES, schema.CONTACTS):
            return self._contacts(number)
        return {}

    def primary(self, kind: str, number: int, to: str) -> int | None:
        """Return the id of the record behind the primary label, if the pair has one."""
        label = tenant.ASSOCIATIONS.get((kind, to), (0, 0))[0]
        if not label:
            return None
        return next((other for other, types in self.of(kind, number, to).items() if label in types), None)

    def add(self, kind: str, number: int, to: str, other: int, type_ids: tuple[int, ...]) -> None:
        """Link two records, in both directions, keeping at most one primary company."""
        primary, plain = tenant.ASSOCIATIONS[kind, to]
        back_plain = tenant.ASSOCIATIONS[to, kind][1]
        wanted = set(type_ids) | {plain}
        first = self._world.readings["first_company"] == "primary" and to == schema.COMPANIES
        if primary and first and not self.of(kind, number, to):
            wanted.add(primary)
        if primary in wanted and primary:
            self._drop_primary(kind, number, to, other)
        self._put(kind, number, to, other, wanted | set(self.of(kind, number, to).get(other, ())))
        back = {tenant.OPPOSITE[t] for t in wanted if t in tenant.OPPOSITE} | {back_plain}
        self._put(to, other, kind, number, back | set(self.of(to, other, kind).get(number, ())))

    def remove(self, kind: str, number: int, to: str, other: int) -> None:
        """Take all links between two records away."""
        self._put(kind, number, to, other, set())
        self._put(to, other, kind, number, set())

    def remove_all(self, kind: str, number: int) -> None:
        """Take all links of a record away, as a deletion does."""
        for to in schema.TYPES:
            if (kind, to) in tenant.ASSOCIATIONS:
                for other in list(self.of(kind, number, to)):
                    self.remove(kind, number, to, other)

    def move(self, kind: str, old: int, new: int, *, keep_primary: bool) -> None:
        """Give all links of a record to another, as a merge does; excess primary labels are dropped."""
        for to in schema.TYPES:
            pair = tenant.ASSOCIATIONS.get((kind, to))
            if pair is None:
                continue
            for other, types in list(self.of(kind, old, to).items()):
                kept = tuple(t for t in types if t != pair[0] or keep_primary)
                self.remove(kind, old, to, other)
                self.add(kind, new, to, other, kept or (pair[1],))

    def _drop_primary(self, kind: str, number: int, to: str, other: int) -> None:
        primary = tenant.ASSOCIATIONS[kind, to][0]
        back = tenant.ASSOCIATIONS[to, kind][0]
        before = self.primary(kind, number, to)
        if before is not None and before != other:
            self._put(kind, number, to, before, set(self.of(kind, number, to)[before]) - {primary})
            self._put(to, before, kind, number, set(self.of(to, before, kind)[number]) - {back})

    def _put(self, kind: str, number: int, to: str, other: int, types: set[int]) -> None:
        links = dict(self.of(kind, number, to))
        if types:
            links[other] = tuple(sorted(types))
        else:
            links.pop(other, None)
        self._world.state.links.setdefault((kind, to), {})[number] = links
        self._world.changed(f"{kind}>{to}")

    def _companies(self, number: int) -> Links:
        layout = self._world.layout
        index = layout.contact_ids.index(number)
        if index is None:
            return {}
        of = layout.company_ids.of
        found: Links = {of(k): (279,) for k in layout.companies_of(index)}
        for place, company in enumerate(found):
            if place == 0:
                found[company] = (1, 279)
            elif slot(index).label == "labelled_company":
                found[company] = (279, tenant.BILLING)
        return dict(sorted(found.items()))

    def _contacts(self, number: int) -> Links:
        layout = self._world.layout
        company = layout.company_ids.index(number)
        if company is None:
            return {}
        found: Links = {}
        for index in layout.contacts_of(company):
            back = (280,) if layout.company_of(index) != company else (2, 280)
            if len(back) == 1 and slot(index).label == "labelled_company":
                back = (280, tenant.BILLING_BACK)
            found[layout.contact_ids.of(index)] = back
        return found
