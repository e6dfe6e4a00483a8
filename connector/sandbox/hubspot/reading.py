"""Lists, single records and batch reads of the objects API (facts 2)."""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from connector.sandbox.http import Answer

from . import schema, tenant
from .ask import Ask, record_id
from .refusals import invalid, not_found, refuse
from .state import Record, Row

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

LARGEST_PAGE, LARGEST_WITH_HISTORY, INLINE = 100, 50, 100
_KEPT_PAGES = 4096
_encode = msgspec.json.Encoder().encode


class Reading:
    """Answers what only asks. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer
        # Encoded pages by what was asked, each with the stamp it was true at.
        self._pages: dict[tuple[str, str], tuple[int, bytes, Sequence[int]]] = {}

    def page(self, ask: Ask, kind: str) -> Answer:
        """Return one page of a list; unchanged pages are not rendered again."""
        key, stamp = (kind, ask.request.raw_query), self._world.edition
        kept = self._pages.get(key)
        if kept is None or kept[0] != stamp:
            body, ids = self._page(ask, kind)
            if len(self._pages) >= _KEPT_PAGES:
                self._pages.clear()
            self._pages[key] = kept = (stamp, _encode(body), ids)
        self._world.mark_served(kind, kept[2])
        return Answer(status=200, body=kept[1])

    def _page(self, ask: Ask, kind: str) -> tuple[Row, Sequence[int]]:
        store = self._world.stores[kind]
        history = ask.words("propertiesWithHistory")
        largest = LARGEST_WITH_HISTORY if history else LARGEST_PAGE
        limit = ask.whole("limit", 10, largest)
        ids = store.archived() if ask.flag("archived") else store.ids()
        start = self._start(ids, ask.first("after"))
        shown = ids[start : start + limit]
        wanted = self._renderer.wanted(kind, ask.words("properties"))
        associated = self._types(ask)
        results = []
        for number in shown:
            record = store.record(number)
            if record is not None:
                row = self._renderer.record(kind, record, wanted, history=history)
                if associated:
                    row |= self._inline(kind, number, associated, ask)
                results.append(row)
        body: Row = {"results": results}
        if start + limit < len(ids):
            cursor = self._cursor(ids[start + limit])
            body["paging"] = {"next": {"after": cursor, "link": _link(ask, cursor)}}
        return body, shown

    def one(self, ask: Ask, kind: str, name: str) -> Row:
        """Return one record by id, by a merged-away id, or by a unique property."""
        number = self.found(kind, name, ask.first("idProperty"))
        store = self._world.stores[kind]
        record = store.record(store.resolve(number)) if number else None
        if record is None or bool(record.archived) is not ask.flag("archived"):
            raise not_found(name)
        self._world.mark_served(kind, [record.id])
        wanted = self._renderer.wanted(kind, ask.words("properties"))
        row = self._renderer.record(kind, record, wanted, history=ask.words("propertiesWithHistory"))
        return row | self._inline(kind, record.id, self._types(ask), ask)

    def found(self, kind: str, name: str, id_property: str) -> int:
        """Return the id that a record is called by, 0 for none; `id_property` must be unique."""
        if not id_property or id_property == "hs_object_id":
            return record_id(name)
        if id_property not in self._world.unique_names(kind):
            raise invalid(f"{id_property} is not a unique property of {kind}")
        return self._world.holder(kind, id_property, name) or 0

    def batch(self, ask: Ask, kind: str) -> Answer:
        """Return many records by id or unique property; missing ones are named in a 207."""
        body = ask.object()
        inputs = ask.inputs(100)
        id_property = str(body.get("idProperty") or "")
        store, archived = self._world.stores[kind], ask.flag("archived")
        wanted = self._renderer.wanted(kind, [str(n) for n in body.get("properties") or ()])
        history = [str(n) for n in body.get("propertiesWithHistory") or ()]
        results, missing, seen = [], [], set()
        for row in inputs:
            name = str(row.get("id", ""))
            number = self.found(kind, name, id_property)
            record = store.record(store.resolve(number)) if number else None
            if record is None or bool(record.archived) is not archived:
                missing.append(name)
            elif record.id not in seen or self._world.readings["batch_read_merged"] == "each":
                results.append(self._renderer.record(kind, record, wanted, history=history))
            if record is not None:
                seen.add(record.id)
        self._world.mark_served(kind, [int(row["id"]) for row in results])
        return batch_answer(self._world, self._renderer, results, [_missing(missing)] if missing else [], len(missing))

    # ------------------------------------------------------------------ inside

    def _cursor(self, number: int) -> str:
        if self._world.readings["cursor"] == "record_id":
            return str(number)
        return base64.urlsafe_b64encode(f"o1|{number}|{number * 7919 % 9973}".encode()).decode()

    def _start(self, ids: Sequence[int], after: str) -> int:
        if not after:
            return 0
        number = record_id(after)
        if self._world.readings["cursor"] == "opaque":
            try:
                said, check = base64.urlsafe_b64decode(after.encode()).decode().removeprefix("o1|").split("|")
                number = int(said) if int(check) == int(said) * 7919 % 9973 else 0
            except ValueError:
                number = 0
        if not number:
            raise invalid("after is not a cursor of this list")
        return bisect_left(ids, number)

    def _types(self, ask: Ask) -> list[str]:
        found = []
        for name in ask.words("associations"):
            kind = schema.NAMES.get(name.lower())
            if kind is None:
                raise invalid(f"Unable to infer object type from: {name}")
            found.append(kind)
        return found

    def _inline(self, kind: str, number: int, types: Sequence[str], ask: Ask) -> Row:
        found: Row = {}
        twice = self._world.readings["inline_associations"] == "twice"
        for to in types:
            links = self._world.links.of(kind, number, to)
            if not links:
                continue
            plain = f"{schema.SINGULAR.get(kind, kind)}_to_{schema.SINGULAR.get(to, to)}"
            primary = tenant.ASSOCIATIONS.get((kind, to), (0, 0))[0]
            rows = []
            for other, type_ids in list(links.items())[:INLINE]:
                if primary and primary in type_ids and twice:
                    rows.append({"id": str(other), "type": plain})
                    rows.append({"id": str(other), "type": f"{plain}_unlabeled"})
                else:
                    rows.append({"id": str(other), "type": plain})
            found[to] = {"results": rows}
            if len(links) > INLINE:
                after = str(list(links)[INLINE])
                link = f"{ask.request.base_url}/crm/v4/objects/{kind}/{number}/associations/{to}?after={after}"
                found[to]["paging"] = {"next": {"after": after, "link": link}}
        return {"associations": found} if found else {}


def batch_answer(
    world: World, renderer: Renderer, results: list[Row], errors: list[Row], count: int, *, done: int = 200
) -> Answer:
    """Return the body that all batch endpoints share: `done`, or 207 where something was refused."""
    now = renderer.time(world.millis())
    if world.readings["batch_order"] == "reversed":
        results = results[::-1]
    body: Row = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": count, "errors": errors}
    return Answer(status=207 if errors else done, body=_encode(body))


def row_error(refusal_body: Row, context: dict[str, list[str]]) -> Row:
    """Return the error of one row of a batch."""
    return {name: value for name, value in refusal_body.items() if name != "correlationId"} | {"context": context}


def alive(record: Record | None, name: object) -> Record:
    """Return the record, or raise the 404 of a record that is not there."""
    if record is None or record.archived:
        raise not_found(name)
    return record


def _missing(ids: list[str]) -> Row:
    body = refuse(404, "OBJECT_NOT_FOUND", "Could not get some objects, they may be deleted or not exist.").body
    return row_error(body, {"ids": ids})


def _link(ask: Ask, cursor: str) -> str:
    kept = [part for part in ask.request.raw_query.split("&") if part and not part.startswith("after=")]
    return f"{ask.request.base_url}{ask.request.path}?{'&'.join([*kept, f'after={cursor}'])}"
