"""The associations API, v4 (facts 3): reads page by record, defaults, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.http import Answer

from . import schema, tenant
from .ask import Ask, record_id
from .reading import batch_answer, row_error
from .refusals import Refusal, invalid, no_endpoint, not_found, refuse
from .state import Row

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

MOST_READ, MOST_WRITTEN, PAGE, LARGEST_PAGE = 1000, 2000, 100, 500


def object_type(name: str) -> str:
    """Return the type that a path names; raise a 400 for an unknown one."""
    kind = schema.NAMES.get(name.lower())
    if kind is None:
        raise invalid(f"Unable to infer object type from: {name}")
    return kind


class Associating:
    """Answers /associations/{from}/{to}/… and /objects/{type}/{id}/associations/…. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer

    def of_types(self, ask: Ask) -> Answer | Row:
        """Answer a request on a pair of types."""
        if len(ask.parts) < 3:
            raise no_endpoint()
        kind, to, rest = object_type(ask.parts[0]), object_type(ask.parts[1]), "/".join(ask.parts[2:])
        if (kind, to) not in tenant.ASSOCIATIONS:
            raise invalid(f"No associations are possible from {kind} to {to}")
        if (ask.method, rest) == ("GET", "labels"):
            return self._labels(kind, to)
        if (ask.method, rest) == ("POST", "batch/read"):
            return self._batch_read(ask, kind, to)
        if (ask.method, rest) == ("POST", "batch/create"):
            return self._batch_write(ask, kind, to, default=False)
        if (ask.method, rest) == ("POST", "batch/associate/default"):
            return self._batch_write(ask, kind, to, default=True)
        if (ask.method, rest) == ("POST", "batch/archive"):
            return self._batch_archive(ask, kind, to)
        raise no_endpoint()

    def of_record(self, ask: Ask, kind: str, name: str, rest: list[str]) -> Answer | Row:
        """Answer a request on one record's associations; `rest` is the path after /associations."""
        number = self._there(kind, name)
        if ask.method == "GET" and len(rest) == 1:
            return self._one(ask, kind, number, object_type(rest[0]))
        default = rest[:1] == ["default"]
        if len(rest) != (3 if default else 2):
            raise no_endpoint()
        to = object_type(rest[-2])
        other = self._there(to, rest[-1])
        if ask.method == "DELETE" and not default:
            self._world.links.remove(kind, number, to, other)
            return Answer(status=204)
        if ask.method != "PUT":
            raise no_endpoint()
        types = () if default else self.type_ids(kind, to, ask.body())
        self.link(kind, number, to, other, types)
        if default:
            rows = [self._default_row(kind, number, to, other), self._default_row(to, other, kind, number)]
            return batch_answer(self._world, self._renderer, rows, [], 0)
        labels = [tenant.LABELS[t] for t in types if t in tenant.LABELS]
        return {
            "fromObjectTypeId": schema.TYPE_IDS[kind],
            "fromObjectId": str(number),
            "toObjectTypeId": schema.TYPE_IDS[to],
            "toObjectId": str(other),
            "labels": labels,
        }

    def link(self, kind: str, number: int, to: str, other: int, types: tuple[int, ...]) -> None:
        """Link two records; as the portal's reading says, it counts as a change of the first one or not."""
        self._world.links.add(kind, number, to, other, types)
        if self._world.readings["link_touches_record"] == "yes":
            self._world.touch(kind, [number])

    def type_ids(self, kind: str, to: str, given: Any) -> tuple[int, ...]:
        """Return the type ids of association specs; raise a 400 for one that is not of this pair."""
        known = set(tenant.ASSOCIATIONS[kind, to]) | set(tenant.LABELLED_PAIRS.get((kind, to), ())) - {0}
        found = []
        for row in given if isinstance(given, list) else []:
            type_id = row.get("associationTypeId") if isinstance(row, dict) else None
            who = row.get("associationCategory") if isinstance(row, dict) else None
            if type_id not in known or who != tenant.category(type_id):
                raise invalid(f"One or more association types are not valid from {kind} to {to}: {who} {type_id}")
            found.append(int(type_id))
        if not found:
            raise invalid("At least one association type is needed")
        return tuple(found)

    # ------------------------------------------------------------------ inside

    def _there(self, kind: str, name: object) -> int:
        record = self._world.stores[kind].live(record_id(name))
        if record is None:
            raise not_found(name)
        return record.id

    def _to(self, other: int, types: tuple[int, ...]) -> Row:
        as_number = self._world.readings["to_object_id"] == "number"
        rows = [{"category": tenant.category(t), "typeId": t, "label": tenant.LABELS.get(t)} for t in types]
        return {"toObjectId": other if as_number else str(other), "associationTypes": rows}

    def _cut(self, kind: str, number: int, to: str, after: object, size: int) -> tuple[list[Row], str]:
        """Return one page of a record's links and the cursor of the next, "" for none."""
        links = list(self._world.links.of(kind, number, to).items())
        start = record_id(after or 0)
        shown = [(other, types) for other, types in sorted(links) if other >= start]
        more = str(shown[size][0]) if len(shown) > size else ""
        return [self._to(other, types) for other, types in shown[:size]], more

    def _one(self, ask: Ask, kind: str, number: int, to: str) -> Row:
        rows, more = self._cut(kind, number, to, ask.first("after"), ask.whole("limit", LARGEST_PAGE, LARGEST_PAGE))
        link = f"{ask.request.base_url}{ask.request.path}?after={more}"
        return {"results": rows, **({"paging": {"next": {"after": more, "link": link}}} if more else {})}

    def _batch_read(self, ask: Ask, kind: str, to: str) -> Answer:
        results, errors = [], []
        for row in ask.inputs(MOST_READ):
            name = str(row.get("id", ""))
            number, led = record_id(name), self._world.readings["associations_of_merged"]
            if led != "none":
                number = self._world.stores[kind].resolve(number)
            rows, more = self._cut(kind, number, to, row.get("after"), PAGE)
            name = str(number) if led == "survivor" else name
            if rows:
                found: Row = {"from": {"id": name}, "to": rows}
                if more:
                    found["paging"] = {"next": {"after": more, "link": f"{ask.request.path}?after={more}"}}
                results.append(found)
            elif self._world.readings["no_associations"] == "error":
                body = refuse(
                    404,
                    "OBJECT_NOT_FOUND",
                    f"No {schema.SINGULAR.get(to, to)} is associated with {kind} {name}.",
                    subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
                ).body
                context = {"fromObjectId": [name], "fromObjectType": [schema.TYPE_IDS[kind]]}
                errors.append(row_error(body, context))
        return batch_answer(self._world, self._renderer, results, errors, len(errors))

    def _batch_write(self, ask: Ask, kind: str, to: str, *, default: bool) -> Answer:
        results, errors = [], []
        for row in ask.inputs(MOST_WRITTEN):
            of, toward = (row.get("from") or {}).get("id"), (row.get("to") or {}).get("id")
            try:
                number, other = self._there(kind, of), self._there(to, toward)
                types = () if default else self.type_ids(kind, to, row.get("types"))
            except Refusal as refusal:
                errors.append(row_error(refusal.body, {"fromObjectId": [str(of)], "toObjectId": [str(toward)]}))
                continue
            self.link(kind, number, to, other, types)
            if default:
                results += [self._default_row(kind, number, to, other), self._default_row(to, other, kind, number)]
            else:
                labels = [tenant.LABELS[t] for t in types if t in tenant.LABELS]
                results.append({"fromObjectId": number, "toObjectId": other, "labels": labels})
        return batch_answer(self._world, self._renderer, results, errors, len(errors), done=200 if default else 201)

    def _batch_archive(self, ask: Ask, kind: str, to: str) -> Answer:
        for row in ask.inputs(MOST_WRITTEN):
            number = self._there(kind, (row.get("from") or {}).get("id"))
            for target in row.get("to") or ():
                self._world.links.remove(kind, number, to, record_id(target.get("id")))
        return Answer(status=204)

    def _labels(self, kind: str, to: str) -> Row:
        primary, plain = tenant.ASSOCIATIONS[kind, to]
        every = [t for t in (primary, plain, *tenant.LABELLED_PAIRS.get((kind, to), ())) if t]
        rows = [{"category": tenant.category(t), "typeId": t, "label": tenant.LABELS.get(t)} for t in every]
        return {"results": rows}

    def _default_row(self, kind: str, number: int, to: str, other: int) -> Row:
        type_id = tenant.ASSOCIATIONS[kind, to][1]
        return {
            "from": {"id": str(number)},
            "to": {"id": str(other)},
            "associationSpec": {"associationCategory": tenant.category(type_id), "associationTypeId": type_id},
        }


def encoded(found: Answer | Row) -> Answer:
    """Return an answer as it is, a row as a 200."""
    return found if isinstance(found, Answer) else Answer(status=200, body=msgspec.json.encode(found))
