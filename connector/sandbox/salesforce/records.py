"""Single records below /sobjects: create, read, change, upsert by external id, delete, and what changed or went."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from connector.sandbox.http import Answer, Request

from . import moments
from .naming import is_visible, visible_field, visible_shape
from .refusals import Refusal, RowError, not_found, refuse, wrong_method
from .shapes import Field, Shape
from .state import Row
from .writing import SeveralMatchesError, Writer

if TYPE_CHECKING:
    from .world import World

# A value that ends like a file's name is cut there, as the vendor reads it (facts 0.7).
_LIKE_A_FILE = re.compile(r"\.inc$", re.I)
_SPAN = 30 * 86400


def decoded(body: bytes) -> Row:
    """Return a JSON object; raise JSON_PARSER_ERROR."""
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise refuse(400, "JSON_PARSER_ERROR", f"Unexpected character: {error}") from None


class Records:
    """Answers for one world."""

    def __init__(self, world: World, writer: Writer) -> None:
        self._world, self._writer = world, writer

    def answer(self, request: Request, steps: list[str], version: str) -> Answer:
        """Answer below /sobjects/<name>; raise Refusal."""
        shape = visible_shape(self._world, steps[0])
        try:
            match steps[1:]:
                case []:
                    return self._create(request, shape, version)
                case ["updated"] | ["deleted"]:
                    return self._since(request, shape, deleted=steps[1] == "deleted")
                case [record_id]:
                    return self._one(request, shape, record_id, version)
                case [name, value]:
                    return self._by_key(request, shape, name, value, version)
        except RowError as error:
            raise error.refusal() from None
        raise not_found()

    def _create(self, request: Request, shape: Shape, version: str) -> Answer:
        if request.method != "POST":
            raise wrong_method(request.method, "GET, HEAD, POST")
        record_id = self._writer.create(shape, decoded(request.body))
        location = f"/services/data/{version}/sobjects/{shape.name}/{record_id}"
        return _json(201, {"id": record_id, "success": True, "errors": []}, {"Location": location})

    def _one(self, request: Request, shape: Shape, record_id: str, version: str) -> Answer:
        if request.method == "GET":
            return self._read(request, shape, self._writer.existing(shape, record_id), version)
        if request.method == "PATCH":
            self._writer.update(shape, record_id, decoded(request.body))
        elif request.method == "DELETE":
            self._writer.delete(shape, record_id)
        else:
            raise wrong_method(request.method, "DELETE, GET, HEAD, PATCH")
        return Answer(status=204)

    def _by_key(self, request: Request, shape: Shape, name: str, value: str, version: str) -> Answer:
        field = visible_field(self._world, shape, name)
        if field.type == "id":
            return self._one(request, shape, value, version)
        if not field.external:
            raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
        if _LIKE_A_FILE.search(value):
            raise not_found()
        if request.method == "PATCH":
            return self._upsert(request, shape, field, value, version)
        found = self._world.tables[shape.name].find(field.name, value)
        if len(found) > 1:
            raise self._several([self._world.tables[shape.name].ids.of(p) for p in found], shape, version)
        if not found:
            raise not_found()
        if request.method == "GET":
            return self._read(request, shape, found[0], version)
        if request.method == "DELETE":
            self._writer.delete(shape, self._world.tables[shape.name].ids.of(found[0]))
            return Answer(status=204)
        raise wrong_method(request.method, "DELETE, GET, HEAD, PATCH")

    def _upsert(self, request: Request, shape: Shape, field: Field, value: str, version: str) -> Answer:
        body = decoded(request.body)
        repeated = [name for name in body if name.lower() in (field.name.lower(), "id")]
        if repeated:
            if self._world.readings["external_id_in_body"] == "refused" or repeated[0].lower() == "id":
                message = f"The {repeated[0]} field should not be specified in the sobject data."
                raise refuse(400, "INVALID_FIELD", message, repeated)
            body = {name: given for name, given in body.items() if name not in repeated}
        only = request.query.get("updateonly", "false").lower() == "true"
        try:
            record_id, created = self._writer.upsert(shape, field, value, body, update_only=only)
        except SeveralMatchesError as several:
            raise self._several(several.ids, shape, version) from None
        answered = {"id": record_id, "success": True, "errors": []}
        number = int(version[1:].partition(".")[0])
        if not created and (number < 46 or self._world.readings["upsert_status"] == "204"):
            return Answer(status=204)
        return _json(201 if created else 200, answered | ({"created": created} if number >= 46 else {}))

    def _several(self, ids: list[str], shape: Shape, version: str) -> Refusal:
        urls = [f"/services/data/{version}/sobjects/{shape.name}/{quote(record_id)}" for record_id in ids]
        return Refusal(300, urls if self._world.readings["several_matches_body"] == "urls" else [])

    def _read(self, request: Request, shape: Shape, position: int, version: str) -> Answer:
        row = self._world.tables[shape.name].row(position)
        asked = request.query.get("fields", "")
        names = (
            [visible_field(self._world, shape, name.strip()).name for name in asked.split(",")]
            if asked
            else [field.name for field in shape.fields.values() if is_visible(self._world, shape, field)]
        )
        self._world.mark_served(shape.name, [position])
        self._world.state.calls[f"read {shape.name}"] += 1
        url = f"/services/data/{version}/sobjects/{shape.name}/{row['Id']}"
        attributes = {"type": shape.name, "url": url}
        return _json(200, {"attributes": attributes, "Id": row["Id"], **{name: row.get(name) for name in names}})

    def _since(self, request: Request, shape: Shape, *, deleted: bool) -> Answer:
        start, end = (moments.read(request.query.get(name, "")) for name in ("start", "end"))
        if start is None or end is None:
            raise refuse(400, "INVALID_REPLICATION_DATE", "start and end must be times")
        now = self._world.now()
        if moments.seconds(end) - moments.seconds(start) < 60:
            raise refuse(400, "INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
        if moments.seconds(start) < now - _SPAN:
            raise refuse(400, "INVALID_REPLICATION_DATE", f"startDate before org replication enabled date: {start}")
        table = self._world.tables[shape.name]
        positions = range(table.base + self._world.state.added.get(shape.name, 0))
        stamps = table.column("SystemModstamp", positions)
        gone = table.column("IsDeleted", positions)
        hits = [
            (table.ids.of(p), stamp)
            for p, stamp, was in zip(positions, stamps, gone, strict=True)
            if stamp is not None and start <= stamp < end and bool(was) is deleted
        ]
        body: Row = {"latestDateCovered": min(end, moments.written(int(now)))}
        if deleted:
            body["earliestDateAvailable"] = moments.written(moments.ANCHOR - 15 * 86400)
            body["deletedRecords"] = [{"id": record_id, "deletedDate": stamp} for record_id, stamp in hits]
        else:
            body["ids"] = [record_id for record_id, _ in hits]
        return _json(200, body)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(body), headers=headers or {})
