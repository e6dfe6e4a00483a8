"""One world: the people and firms, what has been changed, the clock, and snapshots of it all."""

from __future__ import annotations

import itertools
import threading
import time
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import replace

from . import planting, schema, tenant
from .companies import Companies
from .contacts import Contacts
from .layout import ANCHOR, Layout
from .links import Associations
from .readings import Readings
from .state import Actor, Record, State
from .store import Store

_A_PERSON = Actor()
_LAGS = {"none": 0.0, "10s": 10.0, "30s": 30.0}
TIERS = {"off": (190, 0), "free": (100, 250_000), "professional": (190, 650_000)} | {
    "enterprise": (190, 1_000_000),
    "addon": (250, 2_000_000),
}
_FEW_COMPANIES = 130  # so that the consultant has more firms than a page of associations holds


class World:
    """All records of one portal, lazily rendered: memory grows with the edits, not with the contacts."""

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
        firms = max(_FEW_COMPANIES, count // 4) if companies is None else max(1, companies)
        members = min(count, max(1, round(count * 0.4) if group_members is None else group_members))
        self.layout = Layout(count, firms, members, seed)
        self.contacts = Contacts(self.layout, seed)
        self.companies = Companies(self.layout, seed)
        self.lock = threading.RLock()
        self.state = State()
        # Stamps are never reused, also not after a restore: one stamp names one content.
        self._next_stamp = itertools.count(1)
        self.edition = 0
        self._snapshots: dict[str, State] = {}
        self._emails: dict[str, int] | None = None
        self.stores = self._stores()
        self.links = Associations(self)
        self.reset()

    # ------------------------------------------------------------------ clock

    def now(self) -> float:
        """Return seconds since 1970 by the world's clock, never before the people's last planted edit."""
        return max(time.time(), ANCHOR) + self.state.offset

    def millis(self) -> int:
        return int(self.now() * 1000)

    def settle(self) -> None:
        """Let the search index learn what is due by now."""
        lagging, now = self.state.lagging, self.now()
        for key in [key for key, known in lagging.items() if known[0][0] <= now]:
            kept = [entry for entry in lagging[key] if entry[0] > now]
            if kept:
                lagging[key] = kept
            else:
                del lagging[key]
            self.changed(key[0])

    # ------------------------------------------------------------------ change

    def stamp(self, *names: str) -> int:
        """Return a number that changes whenever one of the named things does."""
        stamps = self.state.stamps
        return max(stamps.get(name, 0) for name in names)

    def changed(self, name: str) -> None:
        self.edition = self.state.stamps[name] = next(self._next_stamp)

    def touch(self, kind: str, numbers: Iterable[int]) -> None:
        """Move the time of the last change to now, and nothing else."""
        now = self.millis()
        for number in numbers:
            record = self.stores[kind].record(number)
            if record is not None:
                self.stores[kind].put(replace(record, updated=now))

    def edit(
        self,
        kind: str,
        number: int,
        properties: Mapping[str, str | None],
        *,
        touch: bool = True,
        by: Actor = _A_PERSON,
    ) -> None:
        """Set properties without any validation; None unsets. Does nothing for an unknown record."""
        record = self.stores[kind].record(number)
        if record is None:
            return
        after = record.changed(properties, self.millis(), by)
        self.stores[kind].put(after if touch else replace(after, updated=record.updated))

    # ------------------------------------------------------------------ unique values

    def holder(self, kind: str, name: str, value: str) -> int | None:
        """Return the id of the record that has this value of a unique property; e-mail in any case."""
        if (kind, name) == (schema.CONTACTS, "email"):
            value = value.strip().lower()
            found = self.state.unique.get((kind, "email"), {}).get(value)
            return self._planted_email(value) if found is None else found
        return self.state.unique.get((kind, name), {}).get(value)

    def learn_unique(self, kind: str, old: Record | None, new: Record | None) -> None:
        """Keep the index of unique values in step with one write; archived records give theirs free."""
        for name in self.unique_names(kind):
            before, after = _values(name, old), _values(name, new)
            if before == after:
                continue
            index = self.state.unique.setdefault((kind, name), {})
            for value in before - after:
                if index.get(value) == (old.id if old else 0):
                    del index[value]
            for value in after:
                index[value] = new.id if new else 0

    def unique_names(self, kind: str) -> list[str]:
        found = [p.name for p in self.state.properties.get(kind, {}).values() if p.unique]
        return ["email", *found] if kind == schema.CONTACTS else found

    def _planted_email(self, value: str) -> int | None:
        if self._emails is None:
            self._emails = {}
            for index in range(self.layout.contacts):
                number = self.layout.contact_ids.of(index)
                for address in (self.contacts.human(index).email, *self.contacts.additional(index).split(";")):
                    if address:
                        self._emails[address.lower()] = number
        number = self._emails.get(value, 0)
        record = self.stores[schema.CONTACTS].live(number) if number else None
        return record.id if record is not None and value in _values("email", record) else None

    # ------------------------------------------------------------------ snapshots

    def mark_served(self, kind: str, numbers: Iterable[int]) -> None:
        """Remember which records a client has been given."""
        self.state.served.setdefault(kind, set()).update(numbers)

    def forget_served(self) -> None:
        self.state.served.clear()
        self.state.calls.clear()

    def snapshot(self) -> str:
        name = f"s{len(self._snapshots) + 1}"
        self._snapshots[name] = self.state.copy()
        return name

    def restore(self, name: str) -> None:
        """Return to a snapshot; planned faults are cleared. Raise KeyError for an unknown one."""
        self.state = self._snapshots[name].copy()
        self.state.faults.clear()
        self.edition = next(self._next_stamp)

    def back_to(self, state: State) -> None:
        """Take back all that was written since a copy of the state was made, as a refused batch does."""
        self.state = state
        self.edition = next(self._next_stamp)

    def reset(self) -> None:
        """Return to the beginning."""
        self.state = State(
            properties=schema.planted(bare=self.readings["tenant_fields"] == "bare"),
            groups=schema.groups(),
            lists=tenant.lists(),
            owners={number: dict(row) for number, row in tenant.OWNERS.items()},
            pipelines=[dict(row) for row in tenant.PIPELINES],
            lag=_LAGS[self.readings["search_lag"]],
            daily_limit=TIERS[self.readings["rate_limits"]][1],
            refresh={planting.REFRESH_TOKEN},
        )
        # A fresh stamp for everything: caches made before the reset must not be believed.
        for name in schema.TYPES:
            self.changed(name)
        if self.readings["primary_company_property"] == "absent":
            del self.state.properties[schema.CONTACTS]["associatedcompanyid"]
        planting.plant(self)
        # What lies there from the beginning, so that what was written can be told from it.
        self.first_day = {
            (kind, number): record for kind, rows in self.state.overlay.items() for number, record in rows.items()
        }

    # ------------------------------------------------------------------ base

    def _stores(self) -> dict[str, Store]:
        layout = self.layout

        def contact(number: int) -> Record | None:
            index = layout.contact_ids.index(number)
            return None if index is None else self.contacts.record(index)

        def company(number: int) -> Record | None:
            index = layout.company_ids.index(number)
            return None if index is None else self.companies.record(index)

        found = {kind: Store(self, kind, array("q")) for kind in schema.TYPES}
        found[schema.CONTACTS] = Store(self, schema.CONTACTS, layout.contact_ids.all(), contact)
        found[schema.COMPANIES] = Store(self, schema.COMPANIES, layout.company_ids.all(), company)
        return found


def _values(name: str, record: Record | None) -> set[str]:
    """Return the unique values a live record holds; of a contact the additional addresses too."""
    if record is None or record.archived:
        return set()
    found = [record.properties.get(name, "")]
    if name == "email":
        found += record.properties.get("hs_additional_emails", "").split(";")
        found = [value.strip().lower() for value in found]
    return {value for value in found if value}
