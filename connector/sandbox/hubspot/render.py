"""Records as the API writes them: every value text, an unset one null, an unknown one left out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import schema, tenant
from .state import Change, Record, Row

if TYPE_CHECKING:
    from .world import World

_PAGES = f"https://app.hubspot.example.com/contacts/{tenant.PORTAL}/record/"
# How a property comes to its value.
_PLAIN, _TIME, _CREATED, _CHANGED, _ID, _COMPANY = range(6)
Wanted = Sequence[tuple[str, int]]


class Renderer:
    """Renders the records of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bare = world.readings["timestamps"] == "mixed"
        self._extra = world.readings["extra_fields"] == "many"

    def time(self, millis: int) -> str:
        """Return a time as ISO 8601 in UTC."""
        seconds, fraction = divmod(millis, 1000)
        y, mo, d, h, mi, s, *_ = time.gmtime(seconds)
        if self._bare and not fraction:
            return f"{y:04d}-{mo:02d}-{d:02d}T{h:02d}:{mi:02d}:{s:02d}Z"
        return f"{y:04d}-{mo:02d}-{d:02d}T{h:02d}:{mi:02d}:{s:02d}.{fraction:03d}Z"

    def wanted(self, kind: str, names: Sequence[str]) -> Wanted:
        """Return which properties to write and how each comes to its value; none named means the defaults."""
        known = self._world.state.properties[kind]
        created, changed = schema.created_name(kind), schema.changed_name(kind)
        special = {created: _CREATED, changed: _CHANGED, "hs_object_id": _ID}
        if kind == schema.CONTACTS:
            special["associatedcompanyid"] = _COMPANY
        asked = names or schema.DEFAULTS.get(kind, schema.OTHER_DEFAULTS)
        return [
            (name, special.get(name, _TIME if known[name].type == "datetime" else _PLAIN))
            for name in dict.fromkeys((*asked, created, changed, "hs_object_id"))
            if name in known
        ]

    def record(self, kind: str, record: Record, wanted: Wanted, *, history: Sequence[str] = ()) -> Row:
        """Return one record; `wanted` comes from `wanted()`."""
        created, updated = self.time(record.created), self.time(record.updated)
        row: Row = {
            "id": str(record.id),
            "properties": self._properties(kind, record, wanted, created, updated),
            "createdAt": created,
            "updatedAt": updated,
            "archived": bool(record.archived),
        }
        if record.archived:
            row["archivedAt"] = self.time(record.archived)
        if history:
            row["propertiesWithHistory"] = self._history(kind, record, history)
        row["url"] = f"{_PAGES}{schema.TYPE_IDS[kind]}/{record.id}"
        if self._extra:
            row["recordSourceDetails"] = {"source": "CRM_UI", "levels": [1, None]}
        return row

    def _properties(
        self, kind: str, record: Record, wanted: Wanted, created: str, updated: str
    ) -> dict[str, str | None]:
        values = record.properties
        found: dict[str, str | None] = {}
        for name, how in wanted:
            value = values.get(name)
            if how == _PLAIN:
                pass
            elif how == _CREATED:
                value = created
            elif how == _CHANGED:
                value = updated
            elif how == _ID:
                value = str(record.id)
            elif how == _COMPANY:
                value = self._primary(kind, record)
            elif value and value.isdecimal():
                value = self.time(int(value))
            found[name] = value
        return found

    def value(self, kind: str, record: Record, name: str) -> str | None:
        """Return one property as stored: times in milliseconds; None for an unset one."""
        if name == schema.changed_name(kind):
            return str(record.updated)
        if name == schema.created_name(kind):
            return str(record.created)
        if name == "hs_object_id":
            return str(record.id)
        if name == "associatedcompanyid" and kind == schema.CONTACTS:
            return self._primary(kind, record)
        return record.properties.get(name)

    def _primary(self, kind: str, record: Record) -> str | None:
        company = self._world.links.primary(kind, record.id, schema.COMPANIES)
        return None if company is None else str(company)

    def _history(self, kind: str, record: Record, names: Sequence[str]) -> Row:
        found: Row = {}
        for name, how in self.wanted(kind, names):
            if name not in names:
                continue
            rows = [self._entry(change, is_time=how == _TIME) for change in record.history if change.name == name]
            when = self.time(record.created)
            value = self._properties(kind, record, [(name, how)], when, self.time(record.updated))[name]
            if not rows and value is not None:
                rows = [{"value": value, "timestamp": when, "sourceType": "CRM_UI", "sourceId": "userId:901001"}]
            found[name] = rows[::-1]
        return found

    def _entry(self, change: Change, *, is_time: bool) -> Row:
        value = self.time(int(change.value)) if is_time and change.value else change.value
        row: Row = {"value": value, "timestamp": self.time(change.when), "sourceType": change.by.source}
        if change.by.user:
            return row | {"sourceId": f"userId:{change.by.user}", "updatedByUserId": int(change.by.user)}
        return row | {"sourceId": "4711", "sourceLabel": None}
