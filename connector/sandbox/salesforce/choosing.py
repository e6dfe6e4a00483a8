"""Which records a query finds, and in which order: conditions judged on columns, planted ones kept between queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

from .ids import whole
from .naming import Path, path, visible_shape
from .refusals import malformed_query, refuse
from .shapes import BY_PREFIX, IDS, Field, Shape
from .soql import Condition, Junction, Literal, Query, Tree
from .tables import Table, sort

if TYPE_CHECKING:
    from .world import World

Mask = bytes
Judge = Callable[[Any], bool]
_KEPT = 64
_LITERALS = {"datetime": "datetime", "date": "date", "boolean": "boolean", "double": "number", "int": "number"}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


class Chooser:
    """Finds the positions of a query's records in one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._masks: dict[tuple[str, str, str], Mask] = {}

    def positions(self, query: Query, *, with_deleted: bool) -> Sequence[int]:
        """Return the positions in the asked order, without LIMIT and OFFSET. Raise the vendor's 400s."""
        found = self._positions(query, with_deleted=with_deleted)
        unshared = self._world.state.unshared
        if not unshared:
            return found
        ids = self._world.tables[visible_shape(self._world, query.entity).name].ids
        hidden = {ids.position(record_id) for record_id in unshared}
        return [position for position in found if position not in hidden]

    def _positions(self, query: Query, *, with_deleted: bool) -> Sequence[int]:
        world = self._world
        of = visible_shape(world, query.entity)
        table = world.tables[of.name]
        keys = self._keys(of, query)
        changed = table.changed_positions()
        narrow = self._narrow(table, query.where)
        if narrow is not None:
            found = self._kept(of, table, query.where, narrow, with_deleted)
            return sort(table, found, keys) if keys else sorted(found)
        base = self._of_base(of, table, query.where)
        overlay = table.overlay
        if overlay:
            gone = bytearray(b"\1") * table.base
            for position in overlay:
                if position < table.base:
                    gone[position] = 0
            base = _both(base, bytes(gone))
        later = self._kept(of, table, query.where, changed, with_deleted) if changed else []
        if not keys:
            planted = list(compress(range(table.base), base))
            return sorted([*planted, *later]) if later else planted
        planted = list(compress(order := table.base_order(keys), map(base.__getitem__, order)))
        return sort(table, [*planted, *later], keys) if later else planted

    def column(self, of: Shape, found: Path, positions: Sequence[int]) -> list[Any]:
        """Return the values at the end of a path, None where a parent is missing."""
        table = self._world.tables[of.name]
        if not found.over:
            return table.column(found.field.name, positions)
        return _followed(self._world, table.column(found.over[0].name, positions), found)

    # ------------------------------------------------------------------ parts

    def _keys(self, of: Shape, query: Query) -> tuple[tuple[str, bool, bool], ...]:
        keys = []
        for name, descending, last in query.order:
            found = path(self._world, of, name)
            if found.over or not found.field.filterable:
                raise refuse(400, "MALFORMED_QUERY", f"field '{name}' can not be sorted in a query call")
            keys.append((found.field.name, descending, last))
        return tuple(keys)

    def _narrow(self, table: Table, where: Tree | None) -> list[int] | None:
        """Return the few positions that conditions on the record's own id allow, None where there are none."""
        parts = where.parts if isinstance(where, Junction) and where.word == "AND" else (where,)
        for part in parts:
            if isinstance(part, Condition) and part.path.lower() == "id" and part.sign in ("=", "IN") and part.values:
                found = (table.position(literal.value) for literal in part.values)
                return sorted({position for position in found if position is not None})
        return None

    def _kept(self, of: Shape, table: Table, where: Tree | None, positions: list[int], with_deleted: bool) -> list[int]:
        """Return those of the positions that the conditions hold for, judged one by one."""
        if not with_deleted and "IsDeleted" in of.fields:
            deleted = table.column("IsDeleted", positions)
            positions = [p for p, gone in zip(positions, deleted, strict=True) if not gone]
        if where is None or not positions:
            if where is not None:
                self._mask(of, where, lambda found: self.column(of, found, positions), 0)
            return positions
        mask = self._mask(of, where, lambda found: self.column(of, found, positions), len(positions))
        return list(compress(positions, mask))

    def _of_base(self, of: Shape, table: Table, where: Tree | None) -> Mask:
        if where is None:
            return b"\1" * table.base

        def column(found: Path) -> list[Any]:
            if found.over:
                return _followed(self._world, table.base_column(found.over[0].name), found)
            return table.base_column(found.field.name)

        return self._mask(of, where, column, table.base, keep=of.name)

    def _mask(self, of: Shape, tree: Tree, column: Callable[[Path], list[Any]], length: int, keep: str = "") -> Mask:
        if isinstance(tree, Junction):
            masks = [self._mask(of, part, column, length, keep) for part in tree.parts]
            if tree.word == "NOT":
                return bytes(1 - bit for bit in masks[0])
            result = masks[0]
            for mask in masks[1:]:
                result = _both(result, mask) if tree.word == "AND" else _either(result, mask)
            return result
        found = path(self._world, of, tree.path)
        judge = self._judge(found.field, tree)
        kept = (keep, found.text, f"{tree.sign}{tree.values}") if keep and not found.over and not tree.query else None
        if kept in self._masks:
            return self._masks[kept]
        mask = bytes(map(_Memo(judge).__getitem__, column(found)))
        if kept is not None:
            if len(self._masks) >= _KEPT:
                self._masks.clear()
            self._masks[kept] = mask
        return mask

    def _judge(self, member: Field, condition: Condition) -> Judge:
        sign = condition.sign
        if not member.filterable:
            raise refuse(400, "INVALID_FIELD", f"field '{member.name}' can not be filtered in a query call")
        if condition.query is not None:
            wanted = self._values(condition.query)
            return (lambda v: v in wanted) if sign == "IN" else lambda v: v is not None and v not in wanted
        values = [self._value(member, literal) for literal in condition.values]
        if sign in ("INCLUDES", "EXCLUDES"):
            return _includes(member, condition)
        if sign == "LIKE":
            pattern = _pattern(str(values[0]))
            return lambda v: v is not None and pattern.fullmatch(v) is not None
        folded = member.is_text and self._world.readings["text_equals"] == "ignores_case"
        if folded:
            values = [v.lower() if isinstance(v, str) else v for v in values]
        if sign in ("=", "IN", "!=", "NOT IN"):
            chosen = set(values)
            # An empty text is no text at all to the vendor.
            if "" in chosen:
                chosen.add(None)
            inside = sign in ("=", "IN")
            if folded:
                return lambda v: ((v.lower() if v is not None else v) in chosen) is inside
            return lambda v: (v in chosen) is inside
        compare, bound = _COMPARISONS[sign], values[0]
        if bound is None:
            return lambda _: False
        if folded:
            return lambda v: v is not None and compare(v.lower(), bound)
        return lambda v: v is not None and compare(v, bound)

    def _value(self, member: Field, literal: Literal) -> Any:
        """Return a literal in the form that the column has; raise INVALID_FIELD for one of the wrong type."""
        if literal.kind == "null":
            return None
        wanted = _LITERALS.get(member.type, "string")
        if literal.kind != wanted:
            quotes = "should be" if wanted == "string" else "should not be"
            kind = {"datetime": "dateTime", "number": "double"}.get(wanted, wanted)
            raise refuse(
                400,
                "INVALID_FIELD",
                f"value of filter criterion for field '{member.name}' must be of type {kind} and {quotes} "
                "enclosed in quotes",
            )
        if member.type in ("id", "reference"):
            return _id(str(literal.value))
        return literal.value

    def _values(self, query: Query) -> set[Any]:
        of = visible_shape(self._world, query.entity)
        if len(query.paths) != 1:
            raise malformed_query("a semi-join selects one field")
        positions = self.positions(query, with_deleted=False)
        return set(self.column(of, path(self._world, of, query.paths[0]), positions)) - {None}


class _Memo(dict[Any, int]):
    """Judges each value once."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, value: Any) -> int:
        self[value] = bit = int(self._judge(value))
        return bit


def _followed(world: World, ids: list[Any], found: Path) -> list[Any]:
    """Return the values behind a column of references, each distinct parent read once."""
    known: dict[Any, Any] = {None: None}
    for record_id in set(ids) - {None}:
        known[record_id] = _behind(world, record_id, found)
    return [known[record_id] for record_id in ids]


def _behind(world: World, record_id: str, found: Path) -> Any:
    for reference in [*found.over[1:], found.field]:
        name = BY_PREFIX.get(record_id[:3])
        position = world.tables[name].position(record_id) if name else None
        if name is None or position is None or reference.name not in world.tables[name].shape.fields:
            return None
        value = world.tables[name].column(reference.name, (position,))[0]
        if reference is found.field or value is None:
            return value
        record_id = value
    return None


def _id(text: str) -> str:
    if text == "":
        return text
    given = whole(text)
    known = IDS.get(BY_PREFIX.get(given[:3], ""))
    if len(given) != 18 or (known is not None and known.position(given) is None and not given.isalnum()):
        raise refuse(400, "INVALID_ID_FIELD", f"invalid ID field: {text[:40]}")
    return given


def _pattern(like: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", like, re.S)
    made = "".join(
        re.escape(part[1]) if len(part) == 2 else ".*" if part == "%" else "." if part == "_" else re.escape(part)
        for part in parts
    )
    return re.compile(made, re.I | re.S)


def _includes(member: Field, condition: Condition) -> Judge:
    if member.type != "multipicklist":
        raise refuse(400, "INVALID_FIELD", f"field '{member.name}' is no multi-select picklist")
    wanted = [frozenset(str(literal.value).lower().split(";")) for literal in condition.values]
    inside = condition.sign == "INCLUDES"

    def judge(value: Any) -> bool:
        has = frozenset(str(value).lower().split(";")) if value else frozenset()
        return any(group <= has for group in wanted) is inside

    return judge


def _both(one: Mask, other: Mask) -> Mask:
    return (int.from_bytes(one, "little") & int.from_bytes(other, "little")).to_bytes(len(one), "little")


def _either(one: Mask, other: Mask) -> Mask:
    return (int.from_bytes(one, "little") | int.from_bytes(other, "little")).to_bytes(len(one), "little")
