"""Property definitions and their groups (facts 5.3): read, made one by one or in a batch, never with a name twice."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.http import Answer

from . import schema
from .ask import Ask
from .associating import object_type
from .reading import batch_answer, row_error
from .refusals import Refusal, conflict, invalid, no_endpoint, refuse
from .schema import Property
from .state import Row

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

MOST_UNIQUE = 10
# Which form of input goes with which type (facts 5.3).
FIELD_TYPES = {
    "string": {"text", "textarea", "html", "phonenumber", "file"},
    "number": {"number", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox"},
    "bool": {"booleancheckbox"},
    "phone_number": {"phonenumber"},
}
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,99}$")
_ACTIVITIES = (schema.NOTES, schema.TASKS)


class Properties:
    """Answers /properties/…. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer

    def answer(self, ask: Ask) -> Answer | Row:
        """Answer a request on the properties of a type."""
        if not ask.parts:
            raise no_endpoint()
        kind, rest, method = object_type(ask.parts[0]), ask.parts[1:], ask.method
        if rest[:1] == ["groups"]:
            return self._groups(ask, kind, rest[1:])
        if rest == ["batch", "create"] and method == "POST":
            return self._batch_create(ask, kind)
        if rest == ["batch", "read"] and method == "POST":
            rows = [self._world.state.properties[kind].get(str(row.get("name"))) for row in ask.inputs(100)]
            shown = [self.shown(kind, p) for p in rows if p is not None]
            return batch_answer(self._world, self._renderer, shown, [], 0)
        if not rest and method == "GET":
            known = self._world.state.properties[kind].values()
            return {"results": [] if ask.flag("archived") else [self.shown(kind, p) for p in known]}
        if not rest and method == "POST":
            made = self._create(kind, ask.object())
            return Answer(status=201, body=msgspec.json.encode(self.shown(kind, made)))
        if len(rest) == 1:
            return self._one(ask, kind, rest[0])
        raise no_endpoint()

    def _one(self, ask: Ask, kind: str, name: str) -> Answer | Row:
        known = self._world.state.properties[kind]
        found = known.get(name)
        if found is None:
            raise refuse(404, "OBJECT_NOT_FOUND", f"Property {name} does not exist", context={"propertyName": [name]})
        if ask.method == "GET":
            return self.shown(kind, found)
        if found.planted and not found.options:
            raise invalid(f"Property {name} is HubSpot defined and cannot be changed")
        if ask.method == "DELETE":
            del known[name]
            return Answer(status=204)
        if ask.method == "PATCH":
            given = ask.object()
            options = _options(given["options"]) if "options" in given else found.options
            known[name] = replace(found, label=str(given.get("label", found.label)), options=options)
            self._world.changed(kind)
            return self.shown(kind, known[name])
        raise no_endpoint()

    def _batch_create(self, ask: Ask, kind: str) -> Answer:
        results, errors = [], []
        for row in ask.inputs(100):
            try:
                results.append(self.shown(kind, self._create(kind, row)))
            except Refusal as refusal:
                errors.append(row_error(refusal.body, {"name": [str(row.get("name"))]}))
        return batch_answer(self._world, self._renderer, results, errors, len(errors), done=201)

    def _create(self, kind: str, given: Row) -> Property:
        known = self._world.state.properties[kind]
        missing = [name for name in ("name", "label", "type", "fieldType", "groupName") if not given.get(name)]
        if missing:
            raise invalid(f"Some required fields were not set: [{', '.join(missing)}]")
        name, of_type, field_type = str(given["name"]), str(given["type"]), str(given["fieldType"])
        if not _NAME.match(name) or name.startswith("hs_"):
            raise invalid(f"Property name {name} is not valid", errors=[{"code": "INVALID_PROPERTY_NAME"}])
        if name in known:
            message = f"A property named '{name}' already exists."
            raise conflict(message) if self._world.readings["existing_property"] == "409" else invalid(message)
        if field_type not in FIELD_TYPES.get(of_type, ()):
            raise invalid(f"fieldType {field_type} is not valid for a property of type {of_type}")
        if str(given["groupName"]) not in self._world.state.groups[kind]:
            raise invalid(f"Property group {given['groupName']} does not exist")
        unique = bool(given.get("hasUniqueValue"))
        if unique:
            self._may_be_unique(kind, of_type, field_type)
        options = _options(given.get("options") or ())
        if of_type == "enumeration" and field_type != "booleancheckbox" and not options:
            raise invalid(f"Property {name} of type enumeration needs options")
        made = Property(
            name=name, label=str(given["label"]), type=of_type, field_type=field_type, group=str(given["groupName"]),
            options=options, unique=unique, planted=False, description=str(given.get("description") or ""),
            made=self._world.millis(),
        )  # fmt: skip
        known[name] = made
        self._world.changed(kind)
        return made

    def _may_be_unique(self, kind: str, of_type: str, field_type: str) -> None:
        if kind in _ACTIVITIES and self._world.readings["unique_on_activities"] == "refused":
            raise invalid(f"Unique properties are not supported on {kind}")
        if of_type not in ("string", "number") or field_type not in ("text", "number"):
            raise invalid("Only text and number properties can have unique values")
        if sum(p.unique for p in self._world.state.properties[kind].values()) >= MOST_UNIQUE:
            raise invalid(f"{kind} already has {MOST_UNIQUE} properties with unique values")

    def shown(self, kind: str, found: Property) -> Row:
        """Return a definition as the API writes it."""
        made = self._renderer.time(found.made)
        group = found.group or f"{schema.SINGULAR.get(kind, kind)}information"
        options = [
            {"label": label, "value": value, "displayOrder": place, "hidden": False, "description": ""}
            for place, (value, label) in enumerate(self._of_pipelines(found))
        ]
        locked = found.planted
        return {
            "name": found.name,
            "label": found.label,
            "type": found.type,
            "fieldType": found.field_type,
            "groupName": group,
            "description": found.description,
            "options": options,
            "displayOrder": -1,
            "calculated": False,
            "externalOptions": False,
            "archived": False,
            "hasUniqueValue": found.unique or (kind, found.name) == (schema.CONTACTS, "email"),
            "hidden": False,
            "hubspotDefined": locked,
            "formField": not found.read_only,
            "createdAt": made,
            "updatedAt": made,
            "modificationMetadata": {
                "archivable": not locked,
                "readOnlyDefinition": locked,
                "readOnlyValue": found.read_only,
            },
        }

    def _of_pipelines(self, found: Property) -> tuple[tuple[str, str], ...]:
        if found.name == "hs_pipeline":
            return tuple((row["id"], row["label"]) for row in self._world.state.pipelines)
        if found.name == "hs_pipeline_stage":
            return tuple(stage[:2] for row in self._world.state.pipelines for stage in row["stages"])
        return found.options

    def _groups(self, ask: Ask, kind: str, rest: list[str]) -> Answer | Row:
        groups = self._world.state.groups[kind]
        if not rest and ask.method == "GET":
            return {"results": list(groups.values())}
        if not rest and ask.method == "POST":
            given = ask.object()
            name, label = str(given.get("name", "")), str(given.get("label", ""))
            if not _NAME.match(name) or not label:
                raise invalid("A property group needs a valid name and a label")
            if name in groups:
                message = f"A property group named '{name}' already exists."
                raise conflict(message) if self._world.readings["existing_property"] == "409" else invalid(message)
            groups[name] = {
                "name": name,
                "label": label,
                "displayOrder": given.get("displayOrder", -1),
                "archived": False,
            }
            return Answer(status=201, body=msgspec.json.encode(groups[name]))
        if len(rest) == 1 and rest[0] in groups and ask.method == "GET":
            return groups[rest[0]]
        raise refuse(404, "OBJECT_NOT_FOUND", f"Property group {'/'.join(rest)} does not exist")


def _options(given: Any) -> tuple[tuple[str, str], ...]:
    found = tuple((str(row.get("value", "")), str(row.get("label", ""))) for row in given if isinstance(row, dict))
    if any(not value or not label for value, label in found) or len({value for value, _ in found}) < len(found):
        raise invalid("Property options need a label and a value, and no value twice")
    return found
