"""Creates, updates, upserts and deletes records, one at a time, for every resource that writes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.http import Request

from . import duplicates
from .checking import checked
from .choosing import Chooser
from .faults import OF_ROWS
from .ids import whole
from .refusals import RowError
from .savings import Save, memberships, saved
from .shapes import Field, Shape
from .state import Fault, Overlay, Row
from .world import API_USER

if TYPE_CHECKING:
    from .world import World

_PAIR = re.compile(r"(\w+)\s*=\s*(true|false)", re.I)
_AUTO_ASSIGNED = frozenset({"Case"})


class SeveralMatchesError(Exception):
    """An external id names more than one record; nothing was written."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} records")
        self.ids = ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Savepoint:
    """What a rollback returns to."""

    overlay: dict[str, Overlay]
    added: dict[str, int]


class Writer:
    """Writes for the request that `begin` was called with."""

    def __init__(self, world: World, chooser: Chooser) -> None:
        self._world, self._chooser = world, chooser
        self.latency = 0.0
        # What a request still holds while its answer takes its time: accounts, and keys just created.
        self._busy: dict[tuple[str, ...], float] = {}
        self._own: set[tuple[str, ...]] = set()
        self._fault: Fault | None = None
        self._version, self._auto_assign, self._header = "v60.0", True, {"": False}
        self._bare = False
        self._place = 0

    def begin(self, request: Request, version: str, fault: Fault | None) -> None:
        """Take over a request's headers, and the fault that befalls its rows."""
        self._version, self._fault, self._own = version, fault, set()
        # TRUE by default; FALSE switches assignment off; an id names a rule (facts 3.3).
        self._auto_assign = request.headers.get("sforce-auto-assign", "TRUE").strip().upper() != "FALSE"
        given = request.headers.get("sforce-duplicate-rule-header", "")
        self._header = {name.lower(): word.lower() == "true" for name, word in _PAIR.findall(given)}
        self._bare, self._place = False, 0

    def row_of_collection(self, place: int) -> None:
        """Say that the next record is the row at a place of a collection."""
        self._place = place
        self._bare = self._world.readings["collections_duplicate"] == "bare"

    # ------------------------------------------------------------------ records

    def create(self, shape: Shape, body: Row) -> str:
        """Create a record and return its id; raise RowError."""
        self._misfortune()
        if "c" not in shape.flags or shape.name in self._world.state.readonly:
            message = f"entity type cannot be inserted: {shape.label}"
            raise RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        values = checked(self._world, shape, body, creating=True)
        comments = values.pop("Comments", None) if shape.name == "Case" else None
        row = saved(self._save(shape, None, values), values)
        self._check_keys(shape, row, None)
        duplicates.check(self._world, shape, row, None, header=self._header, version=self._version, bare=self._bare)
        self._lock(row)
        now = self._world.written_now()
        by = {"CreatedDate": now, "CreatedById": API_USER} if "CreatedById" in shape.fields else {}
        self._world.state.calls[f"create {shape.name}"] += 1
        record_id = self._world.tables[shape.name].add(self._world.stamped(row | by))
        if comments:
            self._world.tables["CaseComment"].add(
                self._world.stamped(
                    {"ParentId": record_id, "CommentBody": comments, "IsPublished": False, "IsDeleted": False, **by}
                )
            )
        return record_id

    def update(self, shape: Shape, record_id: str, body: Row) -> None:
        """Change a record; raise RowError."""
        self._misfortune()
        table = self._world.tables[shape.name]
        position = self.existing(shape, record_id)
        if "u" not in shape.flags or shape.name in self._world.state.readonly:
            message = f"entity type cannot be updated: {shape.label}"
            raise RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        old = table.row(position)
        values = checked(self._world, shape, body, creating=False)
        row = saved(self._save(shape, old, values), old | values)
        self._check_keys(shape, row, position)
        duplicates.check(self._world, shape, row, position, header=self._header, version=self._version, bare=self._bare)
        self._lock(row)
        self._world.state.calls[f"update {shape.name}"] += 1
        table.put(position, self._world.stamped(row))

    def upsert(self, shape: Shape, key: Field, value: str, body: Row, *, update_only: bool = False) -> tuple[str, bool]:
        """Create or change the record with that external id; return its id and whether it was created."""
        table = self._world.tables[shape.name]
        found = table.find(key.name, value)
        if len(found) > 1:
            raise SeveralMatchesError([table.ids.of(position) for position in found])
        fresh = (shape.name, key.name, value.lower())
        if found:
            if fresh not in self._own and self._busy.get(fresh, 0.0) > time.monotonic():
                message = f"duplicate value found: {key.name} duplicates value on record with id: "
                raise RowError("DUPLICATE_VALUE", message + table.ids.of(found[0]))
            record_id = table.ids.of(found[0])
            self.update(shape, record_id, body)
            return record_id, False
        if update_only:
            status = int(self._world.readings["update_only_miss"])
            raise RowError("NOT_FOUND", "The requested resource does not exist", status=status)
        record_id = self.create(shape, {**body, key.name: value})
        if self._world.readings["new_key_race"] == "duplicate_value" and self.latency:
            self._own.add(fresh)
            self._busy[fresh] = time.monotonic() + self.latency
        return record_id, True

    def delete(self, shape: Shape, record_id: str) -> None:
        """Put a record into the recycle bin; raise RowError."""
        self._misfortune()
        position = self.existing(shape, record_id)
        if "d" not in shape.flags or shape.name in self._world.state.readonly:
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        table = self._world.tables[shape.name]
        self._world.state.calls[f"delete {shape.name}"] += 1
        members = self._world.tables["CampaignMember"]
        for place in memberships(self._world, table.ids.of(position)) if shape.name == "Contact" else ():
            members.put(place, self._world.stamped(members.row(place) | {"IsDeleted": True}))
        table.put(position, self._world.stamped(table.row(position) | {"IsDeleted": True}))

    def existing(self, shape: Shape, record_id: str) -> int:
        """Return the position of a record that is not deleted; raise RowError 404."""
        table = self._world.tables[shape.name]
        if table.ids.position(record_id) is None:
            raise RowError("MALFORMED_ID", f"{shape.label} ID: id value of incorrect type: {record_id[:30]}", ["Id"])
        position = table.position(record_id)
        if position is None or whole(record_id) in self._world.state.unshared:
            raise RowError("NOT_FOUND", "The requested resource does not exist", status=404)
        if table.column("IsDeleted", (position,))[0]:
            raise RowError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return position

    # ------------------------------------------------------------------ all or none

    def savepoint(self) -> Savepoint:
        state = self._world.state
        return Savepoint(overlay={t: dict(rows) for t, rows in state.overlay.items()}, added=dict(state.added))

    def rollback(self, point: Savepoint) -> None:
        state = self._world.state
        state.overlay, state.added = {t: dict(rows) for t, rows in point.overlay.items()}, dict(point.added)
        for name, table in self._world.tables.items():
            table.forget_keys()
            self._world.changed(name)

    # ------------------------------------------------------------------ parts

    def _save(self, shape: Shape, old: Row | None, values: Row) -> Save:
        assigns = self._auto_assign and shape.name in _AUTO_ASSIGNED
        return Save(world=self._world, shape=shape, old=old, named=frozenset(values), auto_assign=assigns)

    def _misfortune(self) -> None:
        fault = self._fault
        if fault is not None and (not fault.rows or self._place in fault.rows):
            raise RowError(*OF_ROWS[fault.kind])

    def _check_keys(self, shape: Shape, row: Row, own: int | None) -> None:
        table = self._world.tables[shape.name]
        for field in shape.fields.values():
            if field.unique and row.get(field.name):
                others = [p for p in table.find(field.name, str(row[field.name])) if p != own]
                if others:
                    message = f"duplicate value found: {field.name} duplicates value on record with id: "
                    raise RowError("DUPLICATE_VALUE", message + table.ids.of(others[0]))

    def _lock(self, row: Row) -> None:
        """Hold the record's account for as long as an answer takes; another request's hold is an error, if strict."""
        if self._world.readings["rows_of_one_account"] == "wait" or not self.latency:
            return
        account, now = ("Account", str(row.get("AccountId") or row.get("Account__c") or "")), time.monotonic()
        if not account[1]:
            return
        if account not in self._own and self._busy.get(account, 0.0) > now:
            raise RowError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records")
        self._own.add(account)
        self._busy[account] = now + self.latency
