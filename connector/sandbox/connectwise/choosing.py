"""Find the ids a list request asks for: conditions, childConditions, customFieldConditions and orderBy.

Filters over contacts and companies that only name members kept as columns are answered without rendering
anybody, so that a filtered page of a million contacts does not cost a million renderings. Everything else is
tested on rendered records; both ways must agree.
"""

from __future__ import annotations

import operator
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from .conditions import Both, Either, Term, Tree, When, parse
from .layout import Ids
from .matching import (
    Test,
    check_child_names,
    check_custom_names,
    check_names,
    child_test,
    custom_test,
    record_test,
)
from .refusals import refuse
from .shapes import INFO_MEMBERS, by_lower_name, shape
from .state import Row
from .tables import Table

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

_KEEP = 24
# Tables whose edits can change an answer about contacts: the contact's own and the records it refers to.
_SEEN = {"contacts": ("contacts", "companies", "contact_types", "user_defined_fields")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a list request asks for, as text."""

    table: str
    parent: int = 0
    conditions: str = ""
    child: str = ""
    custom: str = ""
    order: str = ""


class Chooser:
    """Answers wishes for one world; the last answers are kept until a table they depend on changes."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer
        self._kept: OrderedDict[Wish, tuple[int, Sequence[int]]] = OrderedDict()

    def ids(self, wish: Wish) -> Sequence[int]:
        """Return the ids in the order asked for; raise a 400 for a condition that cannot be read."""
        # A view such as /communications has no stamp of its own, so any edit ends its answers.
        seen = _SEEN.get(wish.table)
        stamp = self._world.stamp(*seen) if seen else self._world.edition
        kept = self._kept.get(wish)
        if kept is None or kept[0] != stamp:
            kept = self._kept[wish] = (stamp, self._choose(wish))
            if len(self._kept) > _KEEP:
                self._kept.popitem(last=False)
        return kept[1]

    def _choose(self, wish: Wish) -> Sequence[int]:
        readings = self._world.readings
        escape = readings["quote_escape"] == "backslash"
        tree = check_names(parse(wish.conditions, escape=escape), wish.table, readings) if wish.conditions else None
        child = check_child_names(parse(wish.child, escape=escape), readings) if wish.child else None
        custom = check_custom_names(parse(wish.custom, escape=escape), readings) if wish.custom else None
        tests: list[Test] = []
        if custom is not None:
            tests.append(custom_test(custom, readings))
        if wish.table in _COLUMNS:
            found = self._with_columns(wish, tree, child, tests)
        else:
            plain = [part for part in _parts(tree) if _is_plain(part, wish.table)]
            rest = [part for part in _parts(tree) if part not in plain]
            if rest:
                tests.append(record_test(Both(tuple(rest)), readings))
            if child is not None:
                tests.append(child_test(child, readings))
            every = self._named(wish, plain, self._world.tables[wish.table].ids(wish.parent))
            if plain or tests:
                found = self._tested(wish, every, tests, record_test(Both(tuple(plain)), readings))
            else:
                # A copy: the table may append to its own while this answer is kept.
                found = array("I", every)
        return self._ordered(wish, found)

    def _named(self, wish: Wish, plain: list[Tree], every: Sequence[int]) -> Sequence[int]:
        """Narrow to rows whose text is the one asked for: a client looks for its own key before every write."""
        for term in plain:
            if not isinstance(term, Term) or term.op != "=" or not isinstance(term.values[0], str):
                continue
            table, name, word = self._world.tables[wish.table], term.path[-1], term.values[0].casefold()
            if isinstance(table, Table) and len(term.path) == 1:
                edits, base, parent = table.overlay(wish.parent), table.base.row, wish.parent
                rows = ((number, edits.get(number) or base(parent, number) or {}) for number in every)
                return [number for number, row in rows if str(row.get(name, "")).casefold() == word]
        return every

    def _tested(
        self, wish: Wish, numbers: Iterable[int], tests: list[Test], plain: Test | None = None
    ) -> Sequence[int]:
        """Return the ids for which all tests hold; `plain` is held against the stored row, before rendering it."""
        table, render = self._world.tables[wish.table], self._renderer.record
        found = array("I")
        for number in numbers:
            row = table.row(wish.parent, number)
            if row is None or (plain is not None and not plain(row)):
                continue
            if tests:
                record = render(wish.table, row)
                if not all(test(record) for test in tests):
                    continue
            found.append(number)
        return found

    def _with_columns(self, wish: Wish, tree: Tree | None, child: Tree | None, tests: list[Test]) -> Sequence[int]:
        """Split the and-ed terms into those a column answers and the rest."""
        world = self._world
        readings = world.readings
        table = world.tables[wish.table]
        assert isinstance(table, Table)
        every = table.ids(0)
        parts = _parts(tree)
        fast: list[Term] = []
        slow: list[Tree] = []
        for part in parts:
            if _is_column(part, wish.table):
                fast.append(part)
            else:
                slow.append(part)
        bits = _type_bits(child)
        rest = [record_test(Both(tuple(slow)), readings)] if slow else []
        if child is not None and bits is None:
            rest.append(child_test(child, readings))
        rest += tests
        if not fast and bits is None:
            return self._tested(wish, every, rest) if rest else array("I", every)
        edited = table.overlay(0)
        planted = self._by_columns(wish.table, fast, bits, edited)
        if rest:
            planted = self._tested(wish, planted, rest)
        full = [record_test(Both(tuple(fast)), readings)] if fast else []
        if bits is not None and child is not None:
            full.append(child_test(child, readings))
        changed = self._tested(wish, sorted(n for n, row in edited.items() if row is not None), full + rest)
        return array("I", sorted((*planted, *changed))) if changed else planted

    def _by_columns(
        self, table: str, terms: list[Term], bits: int | None, edited: dict[int, Row | None]
    ) -> Sequence[int]:
        """Return the ids of planted, unedited records for which all terms hold."""
        layout, columns, names = self._world.layout, self._world.columns(table), _COLUMNS[table]
        of = layout.contact_ids if table == "contacts" else layout.company_ids
        touched = self._world.state.touched[table]
        places: Sequence[int] = range(of.count)
        narrow = next((t for t in terms if t.path[0] in ("id", "company") and t.op in ("=", "in")), None)
        if narrow is not None:
            places = self._few_places(narrow, of)
            terms = [term for term in terms if term is not narrow]
        getters: dict[str, Callable[[int], Any]] = {name: column.__getitem__ for name, column in columns.items()}
        getters["id"] = of.of
        found = places
        if touched and any(names[term.path] == "lastUpdated" for term in terms):
            # Touched records differ from their planted row in this one column only.
            moved = {of.index(number): seconds for number, seconds in touched.items()}
            late: Sequence[int] = [place for place in places if place in moved]
            found = [place for place in places if place not in moved]
            for term in terms:
                name = names[term.path]
                late = _narrow(term, late, moved.__getitem__ if name == "lastUpdated" else getters[name])
        else:
            late = ()
        for term in terms:
            found = _narrow(term, found, getters[names[term.path]])
        if late:
            found = sorted([*found, *late])
        if bits is not None:
            types = columns["types"]
            found = [place for place in found if types[place] & bits]
        numbers = array("I", map(of.of, found))
        return array("I", [n for n in numbers if n not in edited]) if edited else numbers

    def _few_places(self, term: Term, of: Ids) -> list[int]:
        layout = self._world.layout
        if term.path[0] == "id":
            found = (of.index(int(v)) for v in term.values if isinstance(v, int | float))
            return sorted({place for place in found if place is not None})
        firms = (layout.company_ids.index(int(v)) for v in term.values if isinstance(v, int | float))
        return sorted({place for firm in set(firms) if firm is not None for place in layout.contacts_of(firm)})

    def _ordered(self, wish: Wish, found: Sequence[int]) -> Sequence[int]:
        order = wish.order
        if not order:
            by_id = self._world.readings["unordered_listing"] == "by_id"
            return found if by_id else self._newest_first(wish, found)
        keys = _order_keys(wish.table, order)
        if keys == [(("id",), False)]:
            return found
        if keys == [(("id",), True)]:
            return array("I", reversed(found))
        table, render = self._world.tables[wish.table], self._renderer.record
        records = [(number, render(wish.table, table.row(wish.parent, number) or {})) for number in found]
        for path, falling in reversed(keys):
            records.sort(key=_key_of(path), reverse=falling)
        return array("I", [number for number, _ in records])

    def _newest_first(self, wish: Wish, found: Sequence[int]) -> Sequence[int]:
        """Sort by the last change without rendering anybody."""
        table = self._world.tables[wish.table]
        rows = ((number, (table.row(wish.parent, number) or {})["_info"]["lastUpdated"]) for number in found)
        return array("I", [number for number, _ in sorted(rows, key=lambda pair: pair[1], reverse=True)])


def _parts(tree: Tree | None) -> tuple[Tree, ...]:
    if tree is None:
        return ()
    return tree.parts if isinstance(tree, Both) else (tree,)


def _is_plain(tree: Tree, table: str) -> bool:
    """Return whether a part reads only members that are stored as they are shown."""
    if not isinstance(tree, Term):
        return all(_is_plain(part, table) for part in tree.parts)
    return tree.path[0] == "_info" or shape(table)[tree.path[0]].kind not in ("ref", "list", "any")


# Members kept as columns, by table and path.
_COLUMNS: dict[str, dict[tuple[str, ...], str]] = {
    "contacts": {
        ("id",): "id",
        ("inactiveFlag",): "inactiveFlag",
        ("unsubscribeFlag",): "unsubscribeFlag",
        ("_info", "lastUpdated"): "lastUpdated",
        ("company", "id"): "company",
    },
    "companies": {
        ("id",): "id",
        ("_info", "lastUpdated"): "lastUpdated",
        ("deletedFlag",): "deletedFlag",
        ("unsubscribeFlag",): "unsubscribeFlag",
        ("leadFlag",): "leadFlag",
        ("isVendorFlag",): "isVendorFlag",
    },
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _is_column(tree: Tree, table: str) -> TypeGuard[Term]:
    if not isinstance(tree, Term) or tree.path not in _COLUMNS[table] or None in tree.values:
        return False
    # A contact without a firm makes != and `not in` depend on how null is read: left to the slow way.
    if tree.path == ("company", "id"):
        return tree.op in ("=", "in")
    return tree.op in _COMPARE or tree.op == "in"


def _narrow(term: Term, places: Sequence[int], get: Callable[[int], Any]) -> Sequence[int]:
    values = [v.seconds if isinstance(v, When) else v for v in term.values]
    if term.op == "in":
        wanted = set(values)
        return [place for place in places if get(place) in wanted]
    compare, value = _COMPARE[term.op], values[0]
    return [place for place in places if compare(get(place), value)]


def _type_bits(child: Tree | None) -> int | None:
    """Return the types asked for as bits, if the tree is only `types/id = n` joined by `or`."""
    if isinstance(child, Term):
        few = child.path == ("types", "id") and child.op in ("=", "in")
        if few and all(isinstance(v, int) and 0 <= v < 8 for v in child.values):
            return sum(1 << v for v in set(child.values) if isinstance(v, int))
        return None
    if isinstance(child, Either):
        parts = [_type_bits(part) for part in child.parts]
        if all(part is not None for part in parts):
            bits = 0
            for part in parts:
                bits |= part or 0
            return bits
    return None


def _order_keys(table: str, order: str) -> list[tuple[tuple[str, ...], bool]]:
    keys = []
    for entry in order.split(","):
        name, _, way = entry.strip().partition(" ")
        way = way.strip().lower()
        if way not in ("", "asc", "desc"):
            raise refuse(400, "ApiOrderBy", f"{entry.strip()} is not a valid orderBy.")
        keys.append((_order_path(table, name), way == "desc"))
    return keys


def _order_path(table: str, name: str) -> tuple[str, ...]:
    for info in INFO_MEMBERS:
        if name.lower() == info.lower():
            return ("_info", info)
    first, *rest = name.split("/")
    member = by_lower_name(table).get(first.lower())
    if member is None or member.kind in ("list", "any") or (rest and member.kind != "ref"):
        raise refuse(400, "ApiOrderBy", f"{name} is not a recognized name.")
    return (member.name, *rest) if rest else (member.name,) if member.kind != "ref" else (member.name, "name")


def _key_of(path: tuple[str, ...]) -> Callable[[tuple[int, Row]], tuple[bool, Any]]:
    def key(pair: tuple[int, Row]) -> tuple[bool, Any]:
        value: Any = pair[1]
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return (value is not None, value.casefold() if isinstance(value, str) else 0 if value is None else value)

    return key
