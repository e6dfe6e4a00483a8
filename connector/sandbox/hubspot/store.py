"""Records of one object type: planted ones made when asked for, edits kept over them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .state import Record

if TYPE_CHECKING:
    from .world import World

# Made records get ids beyond 32 bits, as real ones have.
FIRST_ID = 90_000_000_001
KEPT_DAYS = 90


class Store:
    """All records of one type. Archived ones are kept apart from the live; merged-away ids lead to the survivor."""

    def __init__(
        self, world: World, kind: str, ids: Sequence[int] = (), record: Callable[[int], Record | None] = lambda _: None
    ) -> None:
        self._world, self.kind = world, kind
        self._base_ids, self._base = ids, record
        self._live: tuple[int, Sequence[int]] = (-1, ())

    def overlay(self) -> dict[int, Record | None]:
        return self._world.state.overlay.get(self.kind, {})

    def resolve(self, number: int) -> int:
        """Return the id that a merged-away one leads to by now."""
        aliases = self._world.state.aliases.get(self.kind)
        while aliases and number in aliases:
            number = aliases[number]
        return number

    def record(self, number: int) -> Record | None:
        """Return the record of exactly this id, archived or not."""
        edits = self.overlay()
        return edits[number] if number in edits else self._base(number)

    def live(self, number: int) -> Record | None:
        """Return the record an id leads to, unless it is archived."""
        found = self.record(self.resolve(number))
        return None if found is None or found.archived else found

    def indexed(self, number: int) -> Record | None:
        """Return the record as the search index knows it; archived ones are not in it."""
        known = self._world.state.lagging.get((self.kind, number))
        found = known[0][1] if known else self.record(number)
        return None if found is None or found.archived else found

    def ids(self) -> Sequence[int]:
        """Return the ids of the live records, ascending."""
        edits = self.overlay()
        if not edits:
            return self._base_ids
        stamp = self._world.stamp(self.kind)
        if self._live[0] != stamp:
            gone = {number for number, row in edits.items() if row is None or row.archived}
            new = [n for n, row in edits.items() if n not in gone and not holds(self._base_ids, n)]
            gone = {number for number in gone if holds(self._base_ids, number)}
            merged = array("q", sorted({*self._base_ids, *new} - gone)) if gone or new else self._base_ids
            self._live = (stamp, merged)
        return self._live[1]

    def archived(self) -> list[int]:
        """Return the ids of the archived records, ascending; after ninety days nobody is told of one any more."""
        since = self._world.millis() - KEPT_DAYS * 86_400_000
        return sorted(n for n, row in self.overlay().items() if row is not None and row.archived > max(0, since))

    def put(self, record: Record, *, lag: bool = False) -> None:
        """Store a record; with `lag` the search index learns of it later."""
        self._write(record.id, record, lag=lag)

    def remove(self, number: int) -> None:
        """Forget a record for good."""
        self._write(number, None, lag=False)

    def archive(self, number: int, *, lag: bool = False) -> None:
        record = self.record(number)
        if record is not None and not record.archived:
            self._write(number, replace(record, archived=self._world.millis()), lag=lag)

    def new_id(self) -> int:
        """Return an id that no record of this type has had."""
        last = self._world.state.last_id
        last[self.kind] = last.get(self.kind, FIRST_ID - 1) + 1
        return last[self.kind]

    def _write(self, number: int, record: Record | None, *, lag: bool) -> None:
        world = self._world
        old = self.record(number)
        seconds = world.state.lag
        if lag and seconds > 0:
            known = world.state.lagging.setdefault((self.kind, number), [])
            known.append((world.now() + seconds, old))
        stamp, ids = self._live
        known_ids = stamp == world.stamp(self.kind)
        world.state.overlay.setdefault(self.kind, {})[number] = record
        world.changed(self.kind)
        world.learn_unique(self.kind, old, record)
        # Writing many records must not sort all ids again for each: keep them where the write leaves no doubt.
        was, lives = old is not None and not old.archived, record is not None and not record.archived
        if known_ids and isinstance(ids, array) and ids is not self._base_ids:
            if not was and lives and (not ids or number > ids[-1]):
                ids.append(number)
                was = True
            if was is lives:
                self._live = (world.stamp(self.kind), ids)


def holds(ids: Sequence[int], number: int) -> bool:
    """Whether an ascending sequence has the number."""
    place = bisect_left(ids, number)
    return place < len(ids) and ids[place] == number
