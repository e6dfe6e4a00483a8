"""The tables of a world: a base that never changes under an overlay of edits."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from .state import Row

if TYPE_CHECKING:
    from .world import World


# Tables whose changes callbacks are told of.
_TOLD = frozenset({"contacts", "companies", "tickets"})


class Base(Protocol):
    """Rows that were there from the beginning, under a parent record (0 for none)."""

    def ids(self, parent: int) -> Sequence[int]:
        """Return the ids, ascending."""
        ...

    def row(self, parent: int, number: int) -> Row | None: ...


class Fixed:
    """A base that is a dict of rows."""

    def __init__(self, rows: dict[int, dict[int, Row]] | None = None) -> None:
        self._rows = rows or {}

    def ids(self, parent: int) -> Sequence[int]:
        return sorted(self._rows.get(parent, ()))

    def row(self, parent: int, number: int) -> Row | None:
        return self._rows.get(parent, {}).get(number)

    def parents(self) -> Iterable[int]:
        return self._rows


class Computed:
    """A base whose rows are made when they are asked for."""

    def __init__(self, ids: Callable[[int], Sequence[int]], row: Callable[[int, int], Row | None]) -> None:
        self._ids, self._row = ids, row

    def ids(self, parent: int) -> Sequence[int]:
        return self._ids(parent)

    def row(self, parent: int, number: int) -> Row | None:
        return self._row(parent, number)


class Table:
    """Stored rows of one kind. Ids are unique under their parent."""

    def __init__(self, world: World, name: str, base: Base, *, first_id: int = 1) -> None:
        self.world, self.name, self.base = world, name, base
        self._first_id = first_id
        self._merged: dict[int, tuple[int, Sequence[int]]] = {}

    def overlay(self, parent: int) -> dict[int, Row | None]:
        """Return the edits under one parent; empty if there are none."""
        return self.world.state.overlay.get(self.name, {}).get(parent, {})

    def row(self, parent: int, number: int) -> Row | None:
        edits = self.overlay(parent)
        row = edits[number] if number in edits else self.base.row(parent, number)
        touched = self.world.state.touched.get(self.name)
        if touched and row is not None and number in touched:
            return self.world.restamped(row, touched[number])
        return row

    def ids(self, parent: int) -> Sequence[int]:
        """Return the ids under one parent, ascending."""
        edits = self.overlay(parent)
        base = self.base.ids(parent)
        if not edits:
            return base
        stamp = self.world.stamp(self.name)
        kept = self._merged.get(parent)
        if kept is None or kept[0] != stamp:
            gone = {number for number, row in edits.items() if row is None}
            new = [number for number, row in edits.items() if row is not None and not _holds(base, number)]
            merged = array("I", sorted({*base, *new} - gone) if gone or new else base)
            self._merged[parent] = kept = (stamp, merged)
        return kept[1]

    def put(self, parent: int, number: int, row: Row) -> None:
        self._write(parent, number, row)

    def remove(self, parent: int, number: int) -> None:
        self._write(parent, number, None)

    def new_id(self) -> int:
        """Return an id that no row of this table has had."""
        last = self.world.state.last_id
        last[self.name] = last.get(self.name, self._first_id - 1) + 1
        return last[self.name]

    def parent_of(self, number: int) -> int | None:
        """Return the parent of a row, for tables whose ids are unique over all parents."""
        for parent, edits in self.world.state.overlay.get(self.name, {}).items():
            if edits.get(number) is not None:
                return parent
        if isinstance(self.base, Fixed):
            for parent in self.base.parents():
                if self.row(parent, number) is not None:
                    return parent
        return None

    def _write(self, parent: int, number: int, row: Row | None) -> None:
        if self.name in _TOLD and self.world.state.overlay.get("callbacks"):
            self.world.state.written.setdefault((self.name, number), self.row(parent, number))
        kept = self._merged.get(parent)
        known = kept is not None and kept[0] == self.world.stamp(self.name)
        rows = self.world.state.overlay.setdefault(self.name, {}).setdefault(parent, {})
        same_ids = number in rows and (rows[number] is None) is (row is None)
        rows[number] = row
        self.world.state.touched.get(self.name, {}).pop(number, None)
        self.world.changed(self.name)
        if kept is None or not known:
            return
        # Writing many records must not sort all ids again for each: keep them where the write leaves no doubt.
        ids = kept[1]
        if row is not None and not same_ids and isinstance(ids, array) and (not ids or number > ids[-1]):
            ids.append(number)
            same_ids = True
        if same_ids:
            self._merged[parent] = (self.world.stamp(self.name), ids)


def _holds(ids: Sequence[int], number: int) -> bool:
    place = bisect_left(ids, number)
    return place < len(ids) and ids[place] == number
