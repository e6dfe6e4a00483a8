"""Who is in which list: planted by arithmetic, edited by clients and people, followed where a filter decides."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import schema, tenant
from .state import Record, Row

if TYPE_CHECKING:
    from .world import World

KIND_OF = {number: kind for kind, number in schema.TYPE_IDS.items()}


class Members:
    """The members of the lists of one world. Call under the world's lock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[int, tuple[tuple[int, int], Sequence[int]]] = {}
        self._planted: dict[int, Sequence[int]] = {}

    def of(self, number: int) -> Sequence[int]:
        """Return the ids of the records in a list, ascending; archived ones are in none."""
        row = self._world.state.lists[number]
        kind = KIND_OF[row["objectTypeId"]]
        stamp = (self._world.stamp(kind), self._world.stamp(f"list {number}"))
        kept = self._kept.get(number)
        if kept is None or kept[0] != stamp:
            self._kept[number] = kept = (stamp, self._count(number, row, kind))
        return kept[1]

    def change(self, number: int, add: Sequence[int], remove: Sequence[int]) -> None:
        """Put records into a list and take others out, whatever its kind."""
        now, rows = self._world.millis(), self._world.state.members.setdefault(number, {})
        rows.update(dict.fromkeys(add, now))
        rows.update(dict.fromkeys(remove, 0))
        self._world.changed(f"list {number}")

    def added(self, number: int, record: int) -> int:
        """Return when a record joined, in milliseconds."""
        edited = self._world.state.members.get(number, {}).get(record)
        return edited or int(self._world.state.lists[number]["createdAt"]) + record % 997 * 1000

    def _count(self, number: int, row: Row, kind: str) -> Sequence[int]:
        found = self._base(number)
        edits, store = self._world.state.members.get(number), self._world.stores[kind]
        if row["processingType"] == tenant.DYNAMIC:
            return found
        if edits:
            gone = {record for record, when in edits.items() if not when}
            found = sorted({*found, *(record for record, when in edits.items() if when)} - gone)
        changed = store.overlay()
        gone = {record for record in found if record in changed and _is_gone(changed[record])}
        if gone:
            # Archived and merged-away records leave every list; the survivor of a merge takes their place, unless it
            # was taken out since.
            led = {store.resolve(record) for record in gone if store.live(record) is not None}
            led -= {record for record in led if (edits or {}).get(record) == 0}
            found = sorted({*found, *led} - gone)
        return array("q", found)

    def _base(self, number: int) -> Sequence[int]:
        layout = self._world.layout
        if number == tenant.CUSTOMER_LIST:
            return self._customers()
        if number not in self._planted:
            indices: Sequence[int] = ()
            of = layout.contact_ids.of
            if number == tenant.NPS_LIST:
                indices = layout.group_contacts()
            elif number == tenant.NEWS_LIST:
                indices = layout.newsletter_contacts()
            elif number == tenant.COMPANY_LIST:
                of, indices = layout.company_ids.of, range(0, layout.companies, 6)
            self._planted[number] = array("q", map(of, indices))
        return self._planted[number]

    def _customers(self) -> Sequence[int]:
        """Return who is in the active list of customers: the lifecycle stage decides."""
        layout, store = self._world.layout, self._world.stores[schema.CONTACTS]
        if tenant.CUSTOMER_LIST not in self._planted:
            stage, of = self._world.contacts.stage, layout.contact_ids.of
            found = [of(index) for index in range(layout.contacts) if stage(index) == "customer"]
            self._planted[tenant.CUSTOMER_LIST] = array("q", found)
        planted, edits = self._planted[tenant.CUSTOMER_LIST], store.overlay()
        now = {
            number
            for number, record in edits.items()
            if record is not None and not record.archived and record.properties.get("lifecyclestage") == "customer"
        }
        kept = [number for number in planted if number not in edits]
        return array("q", sorted({*kept, *now})) if edits else planted


def _is_gone(record: Record | None) -> bool:
    return record is None or bool(record.archived)
