"""Collections below /composite/sobjects: up to 200 records a request, an outcome for each (facts 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

import msgspec

from connector.sandbox.http import Answer, Request

from .ids import whole
from .naming import visible_field, visible_shape
from .records import decoded
from .refusals import Refusal, RowError, not_found, refuse, wrong_method
from .shapes import Shape, object_of
from .state import Row
from .writing import SeveralMatchesError, Writer

if TYPE_CHECKING:
    from .world import World

LARGEST, MOST_TYPES = 200, 10
_Given = TypeVar("_Given", Row, str)


class Batches:
    """Answers for one world."""

    def __init__(self, world: World, writer: Writer) -> None:
        self._world, self._writer = world, writer

    def answer(self, request: Request, steps: list[str], version: str) -> Answer:
        """Answer 200 with one entry a row, also where all rows fail; raise Refusal for what cannot be read."""
        match (request.method, *steps):
            case ("POST",):
                return self._written(request, self._create)
            case ("PATCH",):
                return self._written(request, self._update)
            case ("DELETE",):
                return self._deleted(request)
            case ("PATCH", name, key):
                return self._upserted(request, name, key)
            case ("GET" | "POST", name):
                return self._read(request, name, version)
        if len(steps) > 2:
            raise not_found()
        raise wrong_method(request.method, "DELETE, GET, PATCH, POST")

    def _written(self, request: Request, write: Callable[[Row], Row]) -> Answer:
        body = decoded(request.body)
        rows = _rows(body)
        kinds = [str((row.get("attributes") or {}).get("type", "")) for row in rows]
        if len(list(groupby(kinds))) > MOST_TYPES:
            raise refuse(400, "LIMIT_EXCEEDED", f"Cannot have more than {MOST_TYPES} chunks per operation")
        return self._outcomes(rows, write, all_or_none=bool(body.get("allOrNone")))

    def _create(self, row: Row) -> Row:
        shape = self._shape(row)
        return {"id": self._writer.create(shape, _without(row, "attributes")), "success": True, "errors": []}

    def _update(self, row: Row) -> Row:
        shape = self._shape(row)
        record_id = str(next((row[name] for name in row if name.lower() == "id"), ""))
        if not record_id:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call")
        self._writer.update(shape, record_id, _without(row, "attributes", "id"))
        return {"id": whole(record_id), "success": True, "errors": []}

    def _upserted(self, request: Request, name: str, key: str) -> Answer:
        shape = visible_shape(self._world, name)
        field = visible_field(self._world, shape, key)
        if not field.external:
            raise not_found(f"Provided external ID field does not exist or is not accessible: {key}")
        body = decoded(request.body)

        def upsert(row: Row) -> Row:
            if self._shape(row) is not shape:
                raise RowError("INVALID_TYPE", f"the collection is of {shape.name}")
            value = next((row[given] for given in row if given.lower() == field.name.lower()), None)
            if value in (None, ""):
                raise RowError("MISSING_ARGUMENT", f"{field.name} not specified", [field.name])
            try:
                record_id, created = self._writer.upsert(
                    shape, field, str(value), _without(row, "attributes", field.name.lower())
                )
            except SeveralMatchesError as several:
                message = f"{field.name}: more than one record found for external id field: {several.ids}"
                raise RowError("DUPLICATE_EXTERNAL_ID", message, [field.name]) from None
            return {"id": record_id, "success": True, "errors": [], "created": created}

        return self._outcomes(_rows(body), upsert, all_or_none=bool(body.get("allOrNone")))

    def _deleted(self, request: Request) -> Answer:
        ids = [given for given in request.query.get("ids", "").split(",") if given]
        if not ids or len(ids) > LARGEST:
            raise refuse(400, "INVALID_FIELD" if not ids else "LIMIT_EXCEEDED", f"ids: 1 to {LARGEST}, not {len(ids)}")

        def delete(record_id: str) -> Row:
            kind = object_of(record_id)
            if kind is None:
                raise RowError("MALFORMED_ID", f"bad id {record_id[:30]}")
            self._writer.delete(visible_shape(self._world, kind), record_id)
            return {"id": record_id, "success": True, "errors": []}

        together = request.query.get("allornone", "false").lower() == "true"
        return self._outcomes(ids, delete, all_or_none=together)

    def _read(self, request: Request, name: str, version: str) -> Answer:
        """Answer the records of given ids, null for those that are not there."""
        shape = visible_shape(self._world, name)
        if request.method == "POST":
            body = decoded(request.body)
            ids, names = [str(i) for i in body.get("ids", [])], [str(f) for f in body.get("fields", [])]
        else:
            ids, names = request.query.get("ids", "").split(","), request.query.get("fields", "").split(",")
        fields = [visible_field(self._world, shape, given.strip()).name for given in names if given.strip()]
        table = self._world.tables[shape.name]
        out: list[Row | None] = []
        for record_id in ids:
            position = table.position(record_id)
            if position is None or table.column("IsDeleted", (position,))[0]:
                out.append(None)
                continue
            self._world.mark_served(shape.name, [position])
            row = table.row(position)
            url = f"/services/data/{version}/sobjects/{shape.name}/{row['Id']}"
            out.append({"attributes": {"type": shape.name, "url": url}} | {field: row.get(field) for field in fields})
        self._world.state.calls[f"read {shape.name}"] += 1
        return Answer(status=200, body=msgspec.json.encode(out))

    def _outcomes(self, given: Sequence[_Given], write: Callable[[_Given], Row], *, all_or_none: bool) -> Answer:
        point = self._writer.savepoint() if all_or_none else None
        out: list[Row] = []
        failed = False
        for place, row in enumerate(given):
            self._writer.row_of_collection(place)
            try:
                out.append(write(row))
            except RowError as error:
                failed = True
                said = error.row()
                if error.duplicate is not None:
                    said["duplicateResult"] = error.duplicate
                out.append({"success": False, "errors": [said]})
        if failed and point is not None:
            self._writer.rollback(point)
            rolled = {
                "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "message": "Record rolled back because not all records were valid and the request was using AllOrNone "
                "header",
                "fields": [],
            }
            out = [row if not row["success"] else {"success": False, "errors": [rolled]} for row in out]
        return Answer(status=200, body=msgspec.json.encode(out))

    def _shape(self, row: Row) -> Shape:
        kind = (row.get("attributes") or {}).get("type")
        if not isinstance(kind, str):
            raise RowError("INVALID_TYPE", "attributes.type is missing")
        try:
            return visible_shape(self._world, kind)
        except Refusal:
            raise RowError("INVALID_TYPE", f"sObject type '{kind}' is not supported.") from None


def _rows(body: Row) -> list[Row]:
    rows = body.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise refuse(400, "JSON_PARSER_ERROR", "records must be an array of objects")
    if len(rows) > LARGEST:
        raise refuse(400, "LIMIT_EXCEEDED", f"record limit reached. cannot submit more than {LARGEST} records")
    return rows


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name.lower() not in names}
