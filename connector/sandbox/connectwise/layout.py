"""Who sits where: ids, firms and group memberships by arithmetic, in both directions, without a table of people."""

from __future__ import annotations

import math
from array import array

from connector.sandbox.plants import PERIOD

from . import dirt

# Records existed before this moment; every edit comes after it, whatever the machine's clock says.
ANCHOR = 1793491200  # 2026-11-01T00:00:00Z


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
        return array("I", [number for number in range(self.start, self.of(self.count)) if self._taken(number)])

    def _taken(self, number: int) -> bool:
        return (number - self.start) % (self.run + 1) != self.run


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
    """The seating of `contacts` people in `companies` firms; small firms first, Ann Example in firm 0."""

    def __init__(self, contacts: int, companies: int, group_members: int, seed: int) -> None:
        self.contacts, self.companies, self.group_members = contacts, companies, group_members
        self.contact_ids = Ids(1001, 7, contacts)
        self.company_ids = Ids(5001, 5, companies)
        self._seats = Shuffle(contacts, seed % 97)
        self._group = Shuffle(contacts, 131 + seed % 89)
        self._news = Shuffle(contacts, 977 + seed % 83)
        # Sizes grow from a third of the mean to three times the mean.
        shares = ((k / companies) for k in range(companies + 1))
        seats = [int(contacts * (0.3 * x + 0.7 * x**4) + 1e-9) for x in shares]
        # Seat 0 is Ann's and belongs to firm 0, also where there are more firms than people.
        self._first_seat = array("I", [0, *(max(1, seat) for seat in seats[1:])])
        self._firm_of_seat = array("I")
        for k in range(companies):
            self._firm_of_seat.extend([k] * (self._first_seat[k + 1] - self._first_seat[k]))

    def company_of(self, index: int) -> int | None:
        """Return the index of the contact's firm, None for nobody's contact."""
        planted = dirt.slot(index)
        if planted.label == "no_company":
            return None
        if planted.copies and planted.label != "duplicate_across_companies":
            index -= 1
        return self._firm_of_seat[self._seats.place(index)]

    def contacts_of(self, company: int) -> list[int]:
        """Return the indices of the firm's contacts, ascending."""
        found = []
        for seat in range(self._first_seat[company], self._first_seat[company + 1]):
            index = self._seats.index(seat)
            planted = dirt.slot(index)
            moved = planted.copies and planted.label != "duplicate_across_companies"
            if not moved and planted.label != "no_company":
                found.append(index)
            after = dirt.followed_by(index, self.contacts)
            if after.copies and after.label != "duplicate_across_companies":
                found.append(index + 1)
        return sorted(found)

    def default_contact(self, company: int) -> int | None:
        """Return the index of the firm's default contact, if it has one."""
        if self._first_seat[company] == self._first_seat[company + 1]:
            return None
        index = self._seats.index(self._first_seat[company])
        return index if dirt.slot(index).label in ("healthy", "inactive") else None

    def is_default(self, index: int, company: int) -> bool:
        return self._seats.place(index) == self._first_seat[company] and self.default_contact(company) == index

    def group_rank(self, index: int) -> int | None:
        """Return the contact's rank in NPS 2026, None for no member."""
        rank = self._group.place(index)
        return rank if rank < self.group_members else None

    def in_newsletter(self, index: int) -> bool:
        return self._news.place(index) < self.contacts // 5

    def group_contacts(self) -> array[int]:
        """Return the indices of the members of NPS 2026, ascending."""
        return array("I", sorted(self._group.index(rank) for rank in range(self.group_members)))

    def newsletter_contacts(self) -> array[int]:
        return array("I", sorted(self._news.index(rank) for rank in range(self.contacts // 5)))

    def company_column(self) -> array[int]:
        """Return the firm's id for each contact, 0 for none."""
        count, step, start, run = self.contacts, self._seats.step, self.company_ids.start, self.company_ids.run
        ids = array("I", [start + k + k // run for k in self._firm_of_seat])
        column = array("I", [ids[index * step % count] for index in range(count)])
        for place, planted in enumerate(dirt.SLOTS):
            here = slice(place + 1, count, PERIOD)
            if planted.label == "no_company":
                column[here] = array("I", [0] * len(column[here]))
            elif planted.copies and planted.label != "duplicate_across_companies":
                # Copies sit where the contact before them sits; the range may end between the two.
                column[here] = column[place : count - 1 : PERIOD]
        return column
