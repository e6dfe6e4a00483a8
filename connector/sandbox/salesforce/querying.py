"""The query resource: pages of rows as JSON, nextRecordsUrl, COUNT(), and the same rows as CSV for bulk jobs."""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.http import Answer, Request

from .choosing import Chooser
from .ids import suffixed
from .moments import bulk_form
from .naming import Path, path, visible_shape
from .refusals import malformed_query, refuse
from .shapes import BY_PREFIX, Shape
from .soql import Query, parse
from .state import Row

if TYPE_CHECKING:
    from .world import World

LARGEST_PAGE, SMALLEST_PAGE = 2000, 200
LOCATOR_LIFE = 2 * 86400.0
_KEPT = 200
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.I)


class _Attributes(msgspec.Struct, gc=False):
    type: str
    url: str


@lru_cache(maxsize=64)
def _record(keys: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a class whose instances are encoded as objects with these keys: twice as fast as with dicts."""
    names = [f"f{place}" for place in range(len(keys))]
    fields = [(name, Any) for name in names]
    return msgspec.defstruct("Record", fields, rename=dict(zip(names, keys, strict=True)), gc=False)


@dataclass(slots=True, kw_only=True)
class Found:
    """The records of a query that was answered in part."""

    of: Shape
    paths: list[Path]
    positions: Sequence[int]
    made: float
    batch: int


class Queries:
    """Answers queries of one world and keeps what has not been fetched yet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.chooser = Chooser(world)
        self._found: dict[str, Found] = {}
        self._serial = 0

    def first(self, request: Request, version: str, *, with_deleted: bool, spoil: str = "", most: int = 0) -> Answer:
        """Answer `query/?q=` and `queryAll/?q=`; one that finds more than `most` takes too long."""
        text = request.query.get("q", "")
        if not text.strip():
            raise malformed_query("SOQL is empty")
        query = parse(text)
        batch = self._batch(request)
        if query.count:
            of = visible_shape(self._world, query.entity)
            count = len(self.limited(query, with_deleted=with_deleted))
            self._world.state.calls[f"count {of.name}"] += 1
            return _json({"totalSize": count, "done": True, "records": []})
        if query.groups or query.counted:
            return _json(self._grouped(query, with_deleted=with_deleted))
        found = self.found(query, with_deleted=with_deleted, batch=batch)
        if most and len(found.positions) > most:
            raise refuse(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
        return self._page("", found, 0, version, spoil)

    def _grouped(self, query: Query, *, with_deleted: bool) -> Row:
        """Return one AggregateResult for each combination of the grouped fields; they come in one page."""
        if query.order or query.offset:
            raise malformed_query("the stand-in does not order groups")
        of = visible_shape(self._world, query.entity)
        groups = [path(self._world, of, text) for text in query.groups]
        for found in groups:
            if not found.field.filterable or found.field.type in ("datetime", "double"):
                raise malformed_query(f"field '{found.text}' can not be grouped in a query call")
        counted = [path(self._world, of, text) for text, _ in query.counted]
        positions = self.chooser.positions(query, with_deleted=with_deleted)
        columns = [self.chooser.column(of, found, positions) for found in groups]
        keys: list[tuple[Any, ...]] = list(zip(*columns, strict=True)) if groups else [()] * len(positions)
        numbers = [self.chooser.column(of, found, positions) for found in counted]
        tallies: dict[tuple[Any, ...], list[int]] = {} if groups else {(): [0] * len(counted)}
        for place, key in enumerate(keys):
            tally = tallies.setdefault(key, [0] * len(counted))
            for number, values in enumerate(numbers):
                tally[number] += values[place] is not None
        names = [found.field.name for found in groups]
        records = [
            {"attributes": {"type": "AggregateResult"}}
            | dict(zip(names, key, strict=True))
            | {name: tally[n] for n, (_, name) in enumerate(query.counted)}
            for key, tally in sorted(tallies.items(), key=lambda entry: [str(part or "") for part in entry[0]])
        ][: LARGEST_PAGE if query.limit is None else query.limit]
        self._world.state.calls[f"count {of.name}"] += 1
        return {"totalSize": len(records), "done": True, "records": records}

    def more(self, locator: str, version: str, *, spoil: str = "") -> Answer:
        """Answer `query/<locator>`."""
        name, _, offset = locator.rpartition("-")
        found = self._found.get(name)
        if found is None or self._world.now() - found.made > LOCATOR_LIFE or not offset.isdecimal():
            status = int(self._world.readings["bad_locator_status"])
            raise refuse(status, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(name, found, int(offset), version, spoil)

    def found(self, query: Query, *, with_deleted: bool, batch: int = LARGEST_PAGE) -> Found:
        """Return the records of a query with its fields looked up."""
        of = visible_shape(self._world, query.entity)
        paths = [path(self._world, of, text) for text in query.paths]
        if not paths:
            raise malformed_query("no fields selected")
        if len({p.text for p in paths}) != len(paths):
            raise malformed_query("duplicate field selected")
        # Two long texts in a row, and the vendor gives 200 rows at the most (facts 2.1).
        if sum(1 for p in paths if p.field.type == "textarea" and p.field.length > 255) >= 2:
            batch = min(batch, SMALLEST_PAGE)
        positions = self.limited(query, with_deleted=with_deleted)
        return Found(of=of, paths=paths, positions=positions, made=self._world.now(), batch=batch)

    def limited(self, query: Query, *, with_deleted: bool) -> Sequence[int]:
        """Return the positions that a query finds, after OFFSET and LIMIT."""
        if query.offset > 2000:
            raise refuse(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        positions = self.chooser.positions(query, with_deleted=with_deleted)
        if query.offset or query.limit is not None:
            end = None if query.limit is None else query.offset + query.limit
            return positions[query.offset : end]
        return positions

    def rows(self, found: Found, positions: Sequence[int], version: str) -> list[Any]:
        """Return records as the query resource renders them, ready to be encoded, in the order of the positions."""
        table = self._world.tables[found.of.name]
        positions = table.living(positions)
        self._world.mark_served(found.of.name, positions)
        ids = table.column("Id", positions)
        head = f"/services/data/{version}/sobjects/{found.of.name}/"
        name = found.of.name
        keys = ["attributes"]
        columns: list[list[Any]] = [[_Attributes(name, head + record_id) for record_id in ids]]
        parents: dict[str, list[Path]] = {}
        for wanted in found.paths:
            if wanted.over:
                if wanted.keys[0] not in parents:
                    keys.append(wanted.keys[0])
                    columns.append([])
                parents.setdefault(wanted.keys[0], []).append(wanted)
            else:
                keys.append(wanted.field.name)
                columns.append(table.column(wanted.field.name, positions))
        for key, paths in parents.items():
            references = table.column(paths[0].over[0].name, positions)
            known: dict[str | None, Row | None] = {None: None}
            for record_id in set(references) - {None}:
                known[record_id] = self._parent(record_id, paths, 1, version)
            columns[keys.index(key)] = [known[record_id] for record_id in references]
        return list(map(_record(tuple(keys)), *columns))

    def csv(self, found: Found, positions: Sequence[int], *, header: bool) -> bytes:
        """Return records as bulk results: null is nothing, booleans are words, times end in Z."""
        positions = self._world.tables[found.of.name].living(positions)
        self._world.mark_served(found.of.name, positions)
        columns: list[list[Any]] = []
        for wanted in found.paths:
            column = self.chooser.column(found.of, wanted, positions)
            columns.append(_CSV[wanted.field.type](column) if wanted.field.type in _CSV else column)
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if header:
            writer.writerow([wanted.text for wanted in found.paths])
        writer.writerows(zip(*columns, strict=True))
        # The vendor writes null and empty text alike, as "".
        return out.getvalue().encode()

    def _parent(self, record_id: str, paths: list[Path], depth: int, version: str) -> Row | None:
        name = BY_PREFIX[record_id[:3]]
        table = self._world.tables[name]
        position = table.position(record_id)
        if position is None:
            return None
        out: Row = {"attributes": {"type": name, "url": f"/services/data/{version}/sobjects/{name}/{record_id}"}}
        for wanted in paths:
            if len(wanted.over) == depth:
                known = wanted.field.name in table.shape.fields
                out[wanted.field.name] = table.column(wanted.field.name, (position,))[0] if known else None
            elif wanted.keys[depth] not in out:
                deeper = [p for p in paths if len(p.over) > depth and p.keys[depth] == wanted.keys[depth]]
                above = table.column(wanted.over[depth].name, (position,))[0]
                out[wanted.keys[depth]] = None if above is None else self._parent(above, deeper, depth + 1, version)
        return out

    def _page(self, name: str, found: Found, offset: int, version: str, spoil: str) -> Answer:
        batch = found.batch
        if spoil == "few_rows" or (self._world.readings["page_rows"] == "sometimes_fewer" and offset % 3 == 0):
            batch = max(1, batch - batch // 3)
        positions = found.positions[offset : offset + batch]
        end = offset + len(positions)
        total = len(found.positions)
        body: Row = {"totalSize": total, "done": end >= total}
        if end < total:
            if not name:
                name = self._keep(found)
            body["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
        positions = _spoiled(spoil, list(positions), found.positions[offset - 1] if offset else None)
        self._world.state.calls[f"query {found.of.name}"] += 1
        body["records"] = self.rows(found, positions, version) if positions else []
        return _json(body)

    def _keep(self, found: Found) -> str:
        self._serial += 1
        while len(self._found) >= _KEPT:
            del self._found[next(iter(self._found))]
        name = suffixed(f"{self._world.readings['locator_prefix']}5g00000{self._serial:05d}")
        found.positions = array("I", found.positions)
        self._found[name] = found
        return name

    @staticmethod
    def _batch(request: Request) -> int:
        asked = _BATCH_SIZE.search(request.headers.get("sforce-query-options", ""))
        if asked is None:
            return LARGEST_PAGE
        return max(SMALLEST_PAGE, min(LARGEST_PAGE, int(asked[1])))


def _spoiled(kind: str, positions: list[int], before: int | None) -> list[int]:
    if kind == "empty_list":
        return []
    if kind == "duplicate_row" and positions:
        return [positions[0] if before is None else before, *positions]
    if kind == "missing_row" and positions:
        middle = len(positions) // 2
        return positions[:middle] + positions[middle + 1 :]
    return positions


def _json(body: Any) -> Answer:
    return Answer(status=200, body=msgspec.json.encode(body))


def _words(values: list[Any]) -> list[Any]:
    return ["" if value is None else "true" if value else "false" for value in values]


_CSV: dict[str, Callable[[list[Any]], list[Any]]] = {
    "boolean": _words,
    "datetime": lambda values: [None if value is None else bulk_form(value) for value in values],
}
