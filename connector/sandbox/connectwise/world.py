"""One world: the people and firms, what has been changed, the clock, and snapshots of it all."""

from __future__ import annotations

import itertools
import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from . import tenant
from .firms import Firms
from .layout import ANCHOR, Layout
from .people import People
from .readings import Readings
from .state import Row, State
from .tables import Computed, Fixed, Table
from .views import Communications, ContactGroups, TypeAssociations

Columns = dict[str, Sequence[int]]
AnyTable = Table | Communications | TypeAssociations | ContactGroups
_EMPTY = ("contact_notes", "company_notes", "tickets", "ticket_notes", "activities", "callbacks")
# Created rows start where no planted id can be mistaken for them.
_FIRST_ID = {"tickets": 70001, "ticket_notes": 80001, "contact_notes": 60001, "company_notes": 65001}
_BY = tenant.API_MEMBER


class World:
    """All records of one tenant, lazily rendered: memory grows with the edits, not with the contacts."""

    def __init__(
        self,
        *,
        contacts: int = 200,
        seed: int = 7,
        companies: int | None = None,
        group_members: int | None = None,
        readings: str | Mapping[str, str] = "lenient",
    ) -> None:
        self.seed = seed
        self.readings = Readings(readings)
        count = max(1, contacts)
        firms = max(8, count // 4 if companies is None else companies)
        members = min(count, max(1, round(count * 0.4) if group_members is None else group_members))
        self.layout = Layout(count, firms, members, seed)
        self.firms = Firms(self.layout, seed)
        self.people = People(self.layout, self.firms, seed)
        self.lock = threading.RLock()
        self.state = State()
        # Moves with every change of any table, so that caches can be believed at the cost of one comparison.
        self.edition = 0
        # Stamps are never reused, also not after a restore: one stamp names one content.
        self._next_stamp = itertools.count(1)
        self._snapshots: dict[str, State] = {}
        self._columns: dict[str, Columns] = {}
        self.tables = self._tables()
        self.reset()

    # ------------------------------------------------------------------ clock

    def now(self) -> float:
        """Return seconds since 1970 by the world's clock, never before the people's last planted edit."""
        return max(time.time(), ANCHOR) + self.state.offset

    def written_now(self) -> str:
        return tenant.written(int(self.now()))

    def new_info(self, by: str = _BY) -> dict[str, str]:
        now = int(self.now())
        return tenant.stamp(now, by, now, by)

    def restamped(self, row: Row, seconds: int | None = None, by: str | None = None) -> Row:
        """Return the row as changed now, or at the given second."""
        written = self.written_now() if seconds is None else tenant.written(seconds)
        info = row["_info"] | {"lastUpdated": written}
        return row | {"_info": info | {"updatedBy": by} if by else info}

    # ------------------------------------------------------------------ change

    def stamp(self, *tables: str) -> int:
        """Return a number that changes whenever one of the tables does."""
        stamps = self.state.stamps
        return max(stamps.get(table, 0) for table in tables)

    def changed(self, table: str) -> None:
        self.edition = self.state.stamps[table] = next(self._next_stamp)

    def edit_contact(self, number: int, *, touch: bool = True, **members: object) -> None:
        contacts = self.tables["contacts"]
        row = contacts.row(0, number)
        if row is not None:
            row = row | members
            contacts.put(0, number, self.restamped(row, by=_BY) if touch else row)

    def touch(self, table: str, numbers: Iterable[int]) -> None:
        """Move lastUpdated of the records to now, and nothing else."""
        now = int(self.now())
        self.state.touched[table].update(dict.fromkeys(numbers, now))
        self.changed(table)

    def next_communication_id(self) -> int:
        last = self.state.last_id
        last["communications"] = last.get("communications", 900_000_000) + 1
        return last["communications"]

    def mark_served(self, table: str, numbers: Iterable[int]) -> None:
        """Remember which contacts or companies a client has been given."""
        ids = self.layout.contact_ids if table == "contacts" else self.layout.company_ids
        marks, new = self.state.served[table], self.state.served_new[table]
        for number in numbers:
            index = ids.index(number)
            if index is None:
                new.add(number)
            else:
                marks[index] = 1

    def served(self, table: str) -> list[int]:
        ids = self.layout.contact_ids if table == "contacts" else self.layout.company_ids
        marks = self.state.served[table]
        planted = (ids.of(index) for index, mark in enumerate(marks) if mark)
        return sorted({*planted, *self.state.served_new[table]})

    def forget_served(self) -> None:
        layout = self.layout
        self.state.served = {"contacts": bytearray(layout.contacts), "companies": bytearray(layout.companies)}
        self.state.served_new = {"contacts": set(), "companies": set()}
        self.state.calls.clear()

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> str:
        name = f"s{len(self._snapshots) + 1}"
        self._snapshots[name] = self.state.copy()
        return name

    def restore(self, name: str) -> None:
        """Return to a snapshot; planned faults are cleared. Raise KeyError for an unknown one."""
        self.state = self._snapshots[name].copy()
        self.state.faults.clear()
        self.edition = next(self._next_stamp)

    def reset(self) -> None:
        """Return to the beginning."""
        self.state = State()
        self.forget_served()
        # A fresh stamp for each table: caches made before the reset must not be believed.
        for table in self.tables:
            self.changed(table)

    # ------------------------------------------------------------------ base

    def columns(self, table: str) -> Columns:
        """Return the columns of the planted contacts or companies; made at the first filter that needs them."""
        if table not in self._columns:
            made = self.people.columns() if table == "contacts" else self.firms.columns()
            self._columns[table] = made
        return self._columns[table]

    def _tables(self) -> dict[str, AnyTable]:
        layout = self.layout
        contact_ids, company_ids = layout.contact_ids.all(), layout.company_ids.all()

        def contact(_: int, number: int) -> Row | None:
            index = layout.contact_ids.index(number)
            return None if index is None else self.people.row(index)

        def company(_: int, number: int) -> Row | None:
            index = layout.company_ids.index(number)
            return None if index is None else self.firms.row(index)

        def teams(parent: int) -> dict[int, Row]:
            index = layout.company_ids.index(parent)
            return {} if index is None else self.firms.teams(index)

        members = _Members(layout)
        found: dict[str, AnyTable] = {
            "contacts": Table(self, "contacts", Computed(lambda _: contact_ids, contact), first_id=9_000_001),
            "companies": Table(self, "companies", Computed(lambda _: company_ids, company), first_id=9_500_001),
            "company_teams": Table(
                self, "company_teams", Computed(lambda p: sorted(teams(p)), lambda p, n: teams(p).get(n)), first_id=1
            ),
            "group_contacts": Table(self, "group_contacts", Computed(members.contacts, members.contact)),
            "group_companies": Table(self, "group_companies", Computed(members.companies, members.company)),
            "communications": Communications(self),
            "type_associations": TypeAssociations(self),
            "contact_groups": ContactGroups(self),
        }
        for name, rows in tenant.setup_rows().items():
            found[name] = Table(self, name, Fixed(rows), first_id=1001)
        for name in _EMPTY:
            found[name] = Table(self, name, Fixed(), first_id=_FIRST_ID.get(name, 1))
        return found


class _Members:
    """The planted rows of the marketing groups."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._ids: dict[int, Sequence[int]] = {}
        self._info = tenant.stamp(ANCHOR - 86400 * 60, "alice", ANCHOR - 86400 * 90, "alice")

    def contacts(self, group: int) -> Sequence[int]:
        if group not in self._ids:
            indices: Sequence[int] = ()
            if group == tenant.NPS_GROUP:
                indices = self._layout.group_contacts()
            elif group == tenant.NEWSLETTER:
                indices = self._layout.newsletter_contacts()
            self._ids[group] = array("I", map(self._layout.contact_ids.of, indices))
        return self._ids[group]

    def contact(self, group: int, number: int) -> Row | None:
        ids = self.contacts(group)
        place = bisect_left(ids, number)
        if place == len(ids) or ids[place] != number:
            return None
        index = self._layout.contact_ids.index(number) or 0
        quiet = group == tenant.NPS_GROUP and unsubscribed_rank(self._layout.group_rank(index))
        return {"id": number, "groupId": group, "note": "", "unsubscribeFlag": quiet, "_info": self._info}

    def companies(self, group: int) -> Sequence[int]:
        if group != tenant.NPS_GROUP:
            return ()
        of = self._layout.company_ids.of
        return [of(k) for k in range(self._layout.companies) if k % 12 in (3, 7)]

    def company(self, group: int, number: int) -> Row | None:
        k = self._layout.company_ids.index(number)
        if group != tenant.NPS_GROUP or k is None or k % 12 not in (3, 7):
            return None
        return {
            "id": number,
            "groupId": group,
            "defaultContactFlag": k % 12 == 7,
            "allContactsFlag": k % 12 == 3,
            "unsubscribeFlag": k % 36 == 15,
            "_info": self._info,
        }


def unsubscribed_rank(rank: int | None) -> bool:
    """Return whether a member of that rank has opted out of NPS 2026; Ann has rank 0."""
    return rank is not None and rank % 37 == 5
