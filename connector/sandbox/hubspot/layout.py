"""Who sits where: ids, firms and list memberships by arithmetic, in both directions, without a table of people."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from connector.sandbox import people

from . import dirt

# Records existed before this moment; every edit comes after it, whatever the machine's clock says.
ANCHOR = 1793491200  # 2026-11-01T00:00:00Z
CONSULTANT_FIRMS = 120


class Ids:
    """Ids with gaps: blocks of `run` numbers, then one that never existed."""

    def __init__(self, start: int, run: int, count: int) -> None:
        self.start, self.run, self.count = start, run, count

    def of(self, index: int) -> int:
        return self.start + index + index // self.run

    def index(self, number: int) -> int | None:
        """Return the index of an id, None for a gap or an id outside."""
        block, place = divmod(number - self.start, self.run + 1)
        index = block * self.run + place
        return index if place < self.run and 0 <= index < self.count else None

    def all(self) -> array[int]:
        return array("q", [self.of(index) for index in range(self.count)])


class Shuffle:
    """A permutation of range(count) that leaves 0 in place and can be undone."""

    def __init__(self, count: int, salt: int) -> None:
        self.count = max(1, count)
        step = int(self.count * 0.6180339887) + salt
        while math.gcd(step, self.count) != 1:
            step += 1
        self.step = step
        self.back = pow(step, -1, self.count) if self.count > 1 else 0

    def place(self, index: int) -> int:
        return index * self.step % self.count

    def index(self, place: int) -> int:
        return place * self.back % self.count


class Layout:
    """The seating of `contacts` people in `companies` firms; Ann Example sits in firm 0."""

    def __init__(self, contacts: int, companies: int, group_members: int, seed: int) -> None:
        self.contacts, self.companies, self.group_members = contacts, companies, group_members
        # Ids of contacts and companies overlap and grow a digit on the way, as real ones do: text order misleads.
        self.contact_ids = Ids(901, 7, contacts)
        self.company_ids = Ids(951, 5, companies)
        self._group = Shuffle(contacts, 131 + seed % 89)
        self._news = Shuffle(contacts, 977 + seed % 83)

    def company_of(self, index: int) -> int | None:
        """Return the index of the contact's primary firm, None for nobody's contact."""
        planted = dirt.slot(index)
        if planted.label == "no_company":
            return None
        return people.firm_of(index - 1 if planted.copies else index) % self.companies

    def companies_of(self, index: int) -> list[int]:
        """Return the indices of all firms of a contact, the primary one first."""
        primary = self.company_of(index)
        if primary is None:
            return []
        label = dirt.slot(index).label
        if label == "consultant":
            return [(primary + n) % self.companies for n in range(min(CONSULTANT_FIRMS, self.companies))]
        if label in ("several_companies", "labelled_company") and self.companies > 1:
            return [primary, (primary + 1) % self.companies]
        return [primary]

    def contacts_of(self, company: int) -> Sequence[int]:
        """Return the indices of the firm's contacts, ascending, those of second firms among them."""
        found: set[int] = set()
        for firm in range(company, people.firm_of(max(0, self.contacts - 1)) + 1, self.companies):
            seats = people.people_of(firm)
            # The one after the last seat may be a copy of it and sit here; the first seat may sit elsewhere.
            found.update(i for i in range(seats.start, seats.stop + 1) if i < self.contacts)
        before = (company - 1) % self.companies
        for firm in range(before, people.firm_of(max(0, self.contacts - 1)) + 1, self.companies):
            found.update(i for i in people.people_of(firm) if i < self.contacts)
        consultant = dirt.once("consultant")
        if consultant < self.contacts:
            found.add(consultant)
        return sorted(index for index in found if company in self.companies_of(index))

    def group_contacts(self) -> array[int]:
        """Return the indices of the members of NPS 2026, ascending."""
        return array("q", sorted(self._group.index(rank) for rank in range(self.group_members)))

    def in_group(self, index: int) -> bool:
        return self._group.place(index) < self.group_members

    def newsletter_contacts(self) -> array[int]:
        return array("q", sorted(self._news.index(rank) for rank in range(self.contacts // 5)))
