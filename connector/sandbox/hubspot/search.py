"""Search: filter groups, one sort, offset pages up to 10,000 rows, and an index that lags behind (facts 2.1)."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.http import Answer

from . import schema
from .ask import Ask, record_id
from .filters import Filter, number_of, read, test
from .refusals import invalid
from .state import Record, Row

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

LARGEST_PAGE, LARGEST_RESULT, LONGEST_BODY = 200, 10_000, 3_000
GROUPS, FILTERS_IN_GROUP = 5, 6
ID, COMPANY = "hs_object_id", "associations.company"
_SEARCHED = ("email", "firstname", "lastname", "phone", "company", "name", "domain", "subject", "content")
_encode = msgspec.json.Encoder().encode
_KEPT = 64


class Search:
    """Answers searches. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer
        # What was found for a set of filters, without their bounds on the id.
        self._found: dict[tuple[str, bytes], tuple[int, Sequence[int]]] = {}
        self._updated: array[int] | None = None

    def answer(self, ask: Ask, kind: str) -> Answer:
        """Return one page of what is found, and how much there is in all."""
        if len(ask.request.body) > LONGEST_BODY:
            raise invalid(f"The request body must not be longer than {LONGEST_BODY} characters")
        body = ask.object()
        limit, offset = self._place(body)
        groups = self._groups(body)
        query = str(body.get("query") or "")
        ids = self._matching(kind, groups, query)
        ids = self._sorted(kind, ids, body.get("sorts") or ())
        wanted = self._renderer.wanted(kind, [str(name) for name in body.get("properties") or ()])
        store, results = self._world.stores[kind], []
        for number in ids[offset : offset + limit]:
            record = store.indexed(number)
            if record is not None:
                results.append(self._renderer.record(kind, record, wanted))
        self._world.mark_served(kind, ids[offset : offset + limit])
        page: Row = {"total": len(ids), "results": results}
        if offset + limit < len(ids):
            link = f"{ask.request.base_url}{ask.request.path}?after={offset + limit}"
            page["paging"] = {"next": {"after": str(offset + limit), "link": link}}
        return Answer(status=200, body=_encode(page))

    def _place(self, body: Row) -> tuple[int, int]:
        limit, after = body.get("limit", 10), body.get("after")
        if not isinstance(limit, int) or not 1 <= limit <= LARGEST_PAGE:
            raise invalid(f"limit must be a whole number from 1 to {LARGEST_PAGE}")
        offset = record_id(after or 0)
        if after not in (None, "", "0", 0) and not offset:
            raise invalid("after must be a whole number")
        if offset + limit > LARGEST_RESULT:
            raise invalid(f"The maximum number of results supported by search is {LARGEST_RESULT}")
        return limit, offset

    def _groups(self, body: Row) -> list[list[Filter]]:
        given: Any = body.get("filterGroups")
        if given is None:
            given = [{"filters": body["filters"]}] if body.get("filters") else []
        groups = [[read(row) for row in group.get("filters") or ()] for group in given]
        most = int(self._world.readings["search_filters"])
        if len(groups) > GROUPS or sum(map(len, groups)) > most or any(len(g) > FILTERS_IN_GROUP for g in groups):
            raise invalid(
                f"There are too many filterGroups or filters; at most {GROUPS}, {FILTERS_IN_GROUP} and {most}"
            )
        return groups

    # ------------------------------------------------------------------ finding

    def _matching(self, kind: str, groups: list[list[Filter]], query: str) -> Sequence[int]:
        """Return the ids found, ascending; bounds on the id cut the kept result of the other filters."""
        if len(groups) != 1:
            return self._kept(kind, groups, query)
        bounds = [f for f in groups[0] if f.name == ID and f.operator in ("GT", "GTE", "LT", "LTE", "BETWEEN")]
        rest = [f for f in groups[0] if f not in bounds]
        found = self._kept(kind, [rest] if rest else [], query)
        known = self._known(kind, ID)
        low, high = 0, len(found)
        for bound in bounds:
            value = number_of(bound.value, known)
            if bound.operator == "GT":
                low = max(low, bisect_right(found, value))
            elif bound.operator in ("GTE", "BETWEEN"):
                low = max(low, bisect_left(found, value))
            if bound.operator == "LT":
                high = min(high, bisect_left(found, value))
            elif bound.operator == "LTE":
                high = min(high, bisect_right(found, value))
            elif bound.operator == "BETWEEN":
                high = min(high, bisect_right(found, number_of(bound.high, known)))
        return found[low:high]

    def _kept(self, kind: str, groups: list[list[Filter]], query: str) -> Sequence[int]:
        if not groups and not query:
            # The store goes on with its own sequence, so nothing may be kept of it here.
            return self._all(kind)
        key = (kind, _encode([groups, query]))
        stamp = self._world.stamp(kind, "contacts>companies")
        kept = self._found.get(key)
        if kept is None or kept[0] != stamp:
            if len(self._found) >= _KEPT:
                self._found.clear()
            self._found[key] = kept = (stamp, self._find(kind, groups, query))
        return kept[1]

    def _find(self, kind: str, groups: list[list[Filter]], query: str) -> Sequence[int]:
        store = self._world.stores[kind]
        ids = self._all(kind)
        found: set[int] = set()
        for group in groups or [[]]:
            rest = list(group)
            candidates: Iterable[int] = ids
            since = (f for f in rest if f.name == "lastmodifieddate" and f.operator in ("GT", "GTE", "BETWEEN"))
            changed = next(since, None) if kind == schema.CONTACTS else None
            if changed is not None:
                candidates = self._changed_since(number_of(changed.value, self._known(kind, changed.name)))
            tests = [(f.name, self._test(kind, f)) for f in rest]
            found.update(
                number
                for number in candidates
                if number not in found
                and (record := store.indexed(number)) is not None
                and all(check(self._value(kind, record, name)) for name, check in tests)
                and (not query or self._has(record, query))
            )
        return array("q", sorted(found))

    def _all(self, kind: str) -> Sequence[int]:
        """Return the ids in the index: without what it has not learnt of, with what is archived but still in it."""
        store = self._world.stores[kind]
        late = [number for of, number in self._world.state.lagging if of == kind]
        if not late:
            return store.ids()
        found = {*store.ids(), *late}
        return array("q", sorted(number for number in found if store.indexed(number) is not None))

    def _changed_since(self, since: float) -> Iterable[int]:
        """Return the contacts that may have changed since: the column spares all planted ones that nobody has."""
        if self._updated is None:
            self._updated = self._world.contacts.updated_column()
        of = self._world.layout.contact_ids.of
        planted = {of(index) for index, updated in enumerate(self._updated) if updated >= since}
        return planted | self._world.stores[schema.CONTACTS].overlay().keys()

    def _test(self, kind: str, found: Filter) -> Callable[[str | None], bool]:
        if found.name == COMPANY and kind != schema.COMPANIES:
            wanted = set(found.values or (found.value,))
            return lambda value: bool(value) and not wanted.isdisjoint((value or "").split(";"))
        lower = self._world.readings["search_in_values"] == "lowercase"
        return test(found, self._known(kind, found.name), lower_only=lower)

    def _value(self, kind: str, record: Record, name: str) -> str | None:
        if name == COMPANY:
            return ";".join(map(str, self._world.links.of(kind, record.id, schema.COMPANIES)))
        return self._renderer.value(kind, record, name)

    def _has(self, record: Record, query: str) -> bool:
        words = query.lower().split()
        text = " ".join(record.properties.get(name, "") for name in _SEARCHED).lower()
        return all(word in text for word in words)

    def _known(self, kind: str, name: str) -> schema.Property:
        known = self._world.state.properties[kind].get(name)
        if known is None:
            raise invalid(f"There was a problem with the request: property {name!r} does not exist on {kind}")
        return known

    # ------------------------------------------------------------------ sorting

    def _sorted(self, kind: str, ids: Sequence[int], sorts: Sequence[Any]) -> Sequence[int]:
        if not sorts:
            return ids
        if len(sorts) > 1:
            raise invalid("Only one sort is supported")
        given = sorts[0]
        if isinstance(given, str):
            name, down = given.removeprefix("-"), given.startswith("-")
        else:
            name, down = str(given.get("propertyName", "")), given.get("direction") == "DESCENDING"
        known = self._known(kind, name)
        if name == ID:
            return ids[::-1] if down else ids
        store = self._world.stores[kind]

        def place(number: int) -> tuple[bool, float, str, int]:
            record = store.indexed(number)
            value = self._renderer.value(kind, record, name) if record is not None else None
            if not value:
                return (True, 0.0, "", number)
            if known.type in ("number", "datetime", "date"):
                return (False, number_of(value, known), "", number)
            return (False, 0.0, value.lower(), number)

        return sorted(ids, key=place, reverse=down)
