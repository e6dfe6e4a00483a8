"""Tables: planted columns below, an overlay of changed and added rows above."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .shapes import IDS, SHAPES
from .state import Overlay, Row

if TYPE_CHECKING:
    from .world import World


class Planted(Protocol):
    """Columns of records that exist from the beginning."""

    count: int

    def column(self, name: str, indices: Sequence[int]) -> list[Any]: ...


class Listed:
    """Planted rows that are written down, as those of small tables are."""

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.count, self._rows, self._ids = len(rows), rows, IDS[name]

    def column(self, name: str, indices: Sequence[int]) -> list[Any]:
        if name == "Id":
            return [self._ids.of(index) for index in indices]
        return [self._rows[index].get(name) for index in indices]


class Table:
    """One object's records by position; positions from `planted.count` on were added."""

    def __init__(self, world: World, name: str, planted: Planted) -> None:
        self.name, self.shape, self.ids = name, SHAPES[name], IDS[name]
        self._world, self._planted = world, planted
        self.base = planted.count
        self._columns: dict[str, list[Any]] = {}
        self._orders: dict[tuple[tuple[str, bool, bool], ...], array[int]] = {}
        self._pairs: dict[tuple[Any, Any], int] | None = None
        self._keys: dict[str, dict[str, set[int]]] = {}

    @property
    def overlay(self) -> Overlay:
        return self._world.state.overlay.setdefault(self.name, {})

    @property
    def edition(self) -> int:
        """A number that changes with every change of the table."""
        return self._world.editions.get(self.name, 0)

    def position(self, record_id: object) -> int | None:
        """Return the position of a record that exists (deleted ones do, purged ones do not)."""
        position = self.ids.position(record_id) if isinstance(record_id, str) else None
        if position is None or position >= self.base + self._world.state.added.get(self.name, 0):
            return None
        return None if position in self.overlay and self.overlay[position] is None else position

    def row(self, position: int) -> Row:
        """Return a whole record; what it lacks is None."""
        if position in self.overlay:
            return self.overlay[position] or {}
        return {name: self._planted.column(name, (position,))[0] for name in self.shape.fields}

    def find(self, name: str, value: str) -> list[int]:
        """Return the added or changed records, not deleted, that have a text in a key field, whatever its case."""
        if name not in self._keys:
            self._keys[name] = {}
            for position in self.changed_positions():
                self._note(name, position)
        found = self._keys[name].get(value.lower(), ())
        return sorted(p for p in found if (row := self.overlay.get(p)) and self._is(row, name, value))

    @staticmethod
    def _is(row: Row, name: str, value: str) -> bool:
        return not row.get("IsDeleted") and str(row.get(name) or "").lower() == value.lower()

    def _note(self, name: str, position: int) -> None:
        value = (self.overlay[position] or {}).get(name)
        if value:
            self._keys[name].setdefault(str(value).lower(), set()).add(position)

    def forget_keys(self) -> None:
        """Forget what `find` knows, as after a restore."""
        self._keys.clear()

    def put(self, position: int, row: Row) -> None:
        self.overlay[position] = row
        for name in self._keys:
            self._note(name, position)
        self._world.changed(self.name)

    def add(self, row: Row) -> str:
        """Append a record and return its id."""
        added = self._world.state.added
        position = self.base + added.get(self.name, 0)
        added[self.name] = added.get(self.name, 0) + 1
        record_id = self.ids.of(position)
        self.put(position, {**dict.fromkeys(self.shape.fields), **row, "Id": record_id})
        return record_id

    def purge(self, position: int) -> None:
        """Remove a record for good."""
        self.overlay[position] = None
        self._world.changed(self.name)

    def changed_positions(self) -> list[int]:
        """Return the positions of changed and added records that exist."""
        return [position for position, row in self.overlay.items() if row is not None]

    def living(self, positions: Sequence[int]) -> Sequence[int]:
        """Return the positions without those purged or gone by a restore, as a list that was made before may hold."""
        overlay, end = self.overlay, self.base + self._world.state.added.get(self.name, 0)
        if not overlay and (not positions or max(positions) < end):
            return positions
        return [p for p in positions if p < end and not (p in overlay and overlay[p] is None)]

    def column(self, name: str, positions: Sequence[int]) -> list[Any]:
        """Return one field of the records at the positions."""
        overlay, base = self.overlay, self.base
        if not overlay:
            return self._planted_column(name, positions)
        hits = [place for place, position in enumerate(positions) if position in overlay]
        if not hits:
            return self._planted_column(name, positions)
        if len(hits) == len(positions):
            return [(overlay[position] or {}).get(name) for position in positions]
        # Positions beyond the planted ones are always in the overlay; any planted one may stand in for them meanwhile.
        values = self._planted_column(name, [p if p < base else 0 for p in positions] if base else [])
        for place in hits:
            values[place] = (overlay[positions[place]] or {}).get(name)
        return values

    def base_column(self, name: str) -> list[Any]:
        """Return one field of all planted records; made once, since they never change."""
        if name not in self._columns:
            self._columns[name] = self._planted.column(name, range(self.base))
        return self._columns[name]

    def base_pairs(self, one: str, other: str) -> dict[tuple[Any, Any], int]:
        """Return the planted positions by the values of two fields; made once."""
        if self._pairs is None:
            both = zip(self.base_column(one), self.base_column(other), strict=True)
            self._pairs = {pair: position for position, pair in enumerate(both)}
        return self._pairs

    def base_order(self, keys: tuple[tuple[str, bool, bool], ...]) -> array[int]:
        """Return the planted positions in the order of (field, descending, nulls last) keys; made once."""
        if keys not in self._orders:
            if len(self._orders) > 8:
                self._orders.clear()
            self._orders[keys] = array("I", sort(self, list(range(self.base)), keys))
        return self._orders[keys]

    def _planted_column(self, name: str, positions: Sequence[int]) -> list[Any]:
        known = self._columns.get(name)
        return [known[p] for p in positions] if known is not None else self._planted.column(name, positions)


def sort(table: Table, positions: list[int], keys: Sequence[tuple[str, bool, bool]]) -> list[int]:
    """Return the positions in the order of the keys; text is compared without case, but for ids."""
    places = list(range(len(positions)))
    whole = len(positions) == table.base and bool(positions) and positions[0] == 0 and not table.overlay
    for name, descending, nulls_last in reversed(keys):
        column = table.base_column(name) if whole else table.column(name, positions)
        kind = table.shape.fields[name].type
        if kind in ("id", "reference", "datetime", "date"):
            values = [("" if value is None else value) for value in column] if None in column else column
        elif table.shape.fields[name].is_text:
            values = ["" if value is None else value.lower() for value in column]
        else:
            values = [float("-inf") if value is None else value for value in column]
        places.sort(key=values.__getitem__, reverse=descending)
        # Nulls stand first unless asked otherwise, in either direction.
        if None in column and nulls_last != descending:
            places.sort(key=lambda place: (column[place] is None) == nulls_last)
    return [positions[place] for place in places]
