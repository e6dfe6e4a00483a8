"""One world: the people and accounts, what has been changed, the clock, and snapshots of it all."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Mapping

from . import tenant
from .contacts import Contacts
from .firms import Firms
from .members import Members
from .moments import ANCHOR, written
from .readings import Readings
from .shapes import SHAPES
from .state import Row, State
from .tables import Listed, Planted, Table

API_USER = tenant.user_id(tenant.INTEGRATION)
_SERVED = ("Contact", "Account")


class World:
    """All records of one tenant; memory grows with the edits, not with the contacts."""

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
        firms = max(1, -(-count // 4) if companies is None else companies)
        in_nps = min(count, max(1, round(count * 0.4) if group_members is None else group_members))
        self.firms = Firms(firms, seed)
        self.contacts = Contacts(count, firms, seed)
        self.members = Members(count, in_nps, seed)
        self.lock = threading.RLock()
        self.state = State()
        # Editions are never reused, also not after a restore: one edition names one content.
        self.editions: dict[str, int] = {}
        self._next_edition = itertools.count(1)
        self._snapshots: dict[str, State] = {}
        rows = tenant.rows()
        for place, row in enumerate(rows["Campaign"]):
            row["NumberOfContacts"] = self.members.size(place)
        planted: dict[str, Planted] = {"Contact": self.contacts, "Account": self.firms, "CampaignMember": self.members}
        self.tables = {
            name: Table(self, name, planted.get(name) or Listed(name, rows.get(name, []))) for name in SHAPES
        }
        self.reset()

    # ------------------------------------------------------------------ clock

    def now(self) -> float:
        """Return seconds since 1970 by the world's clock, never before the people's last planted edit."""
        return max(time.time(), ANCHOR) + self.state.offset

    def written_now(self) -> str:
        return written(int(self.now()))

    # ------------------------------------------------------------------ change

    def changed(self, table: str) -> None:
        self.editions[table] = next(self._next_edition)

    def stamped(self, row: Row, *, by: str = API_USER, user_edit: bool = True) -> Row:
        """Return the row as changed now; an edit that no user makes moves only SystemModstamp (facts 0.6)."""
        now = self.written_now()
        stamps = {"SystemModstamp": now}
        if user_edit:
            stamps |= {"LastModifiedDate": now, "LastModifiedById": by}
        return row | stamps

    def touch(self, table: str, positions: Iterable[int]) -> int:
        """Move the stamps of the records to now, and nothing else; return how many there were."""
        found = self.tables[table]
        count = 0
        for position in positions:
            found.put(position, self.stamped(found.row(position), by=tenant.user_id(tenant.ALICE)))
            count += 1
        return count

    # ------------------------------------------------------------------ served

    def mark_served(self, table: str, positions: Iterable[int]) -> None:
        """Remember which contacts or accounts a client has been given."""
        if table not in _SERVED:
            return
        marks, new, base = self.state.served[table], self.state.served_new[table], self.tables[table].base
        for position in positions:
            if position < base:
                marks[position] = 1
            else:
                new.add(position)

    def served(self, table: str) -> list[str]:
        marks = self.state.served[table]
        positions = [*(p for p, mark in enumerate(marks) if mark), *sorted(self.state.served_new[table])]
        return [self.tables[table].ids.of(position) for position in positions]

    def forget_served(self) -> None:
        self.state.served = {table: bytearray(self.tables[table].base) for table in _SERVED}
        self.state.served_new = {table: set() for table in _SERVED}
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
        self._all_changed()

    def reset(self) -> None:
        """Return to the beginning."""
        self.state = State()
        self.forget_served()
        self._all_changed()

    def _all_changed(self) -> None:
        for name, table in self.tables.items():
            table.forget_keys()
            self.changed(name)
