"""The tenant's objects and their fields, written as tables of text and read once.

A line is `Name type flags "Label"`. Types: id, string:80, textarea:32000, email:80, phone:40, url:255, boolean,
double, int, date, datetime, picklist:Set (`!` behind it: restricted), multipicklist:Set, ref:Object,Object. Flags:
c createable, u updateable, n nillable, d defaulted on create, x external id, q unique.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .catalogue import OBJECTS
from .ids import Ids

_LINE = re.compile(r'(\w+)\s+(\w+)(?::([\w,]+))?(!)?(?:\s+([a-z]+))?(?:\s+"([^"]*)")?$')
_TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "multipicklist"})
_UNFILTERABLE = frozenset({"textarea"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of one object."""

    name: str
    type: str
    length: int = 0
    picklist: str = ""
    restricted: bool = False
    refers: tuple[str, ...] = ()
    flags: str = ""
    label: str = ""

    @property
    def createable(self) -> bool:
        return "c" in self.flags

    @property
    def updateable(self) -> bool:
        return "u" in self.flags

    @property
    def nillable(self) -> bool:
        return "n" in self.flags

    @property
    def external(self) -> bool:
        return "x" in self.flags

    @property
    def unique(self) -> bool:
        return "q" in self.flags

    @property
    def required(self) -> bool:
        """Whether a create must name it; one that may be null or has a default need not."""
        return self.createable and not self.nillable and "d" not in self.flags and self.type != "boolean"

    @property
    def is_text(self) -> bool:
        return self.type in _TEXTS

    @property
    def filterable(self) -> bool:
        return self.type not in _UNFILTERABLE

    @property
    def relationship(self) -> str | None:
        """The name under which a query reaches the parent, None for what refers to nothing."""
        if not self.refers:
            return None
        return f"{self.name[:-1]}r" if self.name.endswith("__c") else self.name.removesuffix("Id")


@dataclass(slots=True, kw_only=True)
class Shape:
    """One object: its key prefix, labels and fields by name, in the order of the describe."""

    name: str
    prefix: str
    label: str
    plural: str
    flags: str = "cud"
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def find(self, name: str) -> Field | None:
        """Return the field of that name, whatever its case."""
        return self.fields.get(name) or _LOWER[self.name].get(name.lower())

    def relation(self, name: str) -> Field | None:
        """Return the reference field behind a relationship name, whatever its case."""
        return _RELATIONS[self.name].get(name.lower())


def _field(line: str) -> Field:
    match = _LINE.match(line.strip())
    if match is None:
        raise ValueError(f"not a field: {line!r}")
    name, kind, detail, bang, flags, label = match.groups()
    return Field(
        name=name,
        type="reference" if kind == "ref" else kind,
        length=int(detail) if detail and detail.isdigit() else 18 if kind in ("id", "ref") else 0,
        picklist=detail if kind in ("picklist", "multipicklist") else "",
        restricted=bang is not None,
        refers=tuple(detail.split(",")) if kind == "ref" else (),
        flags=flags or "",
        label=label or _spoken(name),
    )


def _spoken(name: str) -> str:
    """FirstName is spoken First Name, NPS_Score__c is spoken NPS Score."""
    bare = name.removesuffix("__c").replace("_", " ")
    bare = bare[:-2] + " ID" if bare.endswith("Id") and len(bare) > 2 else bare
    return bare if " " in bare and name.endswith("__c") else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare)


def _shapes() -> dict[str, Shape]:
    shapes = {}
    for head, text in OBJECTS.items():
        name, prefix, label, plural, *flags = head.split("|")
        fields = [_field(line) for line in text.strip().splitlines()]
        shape = Shape(name=name, prefix=prefix, label=label, plural=plural, fields={f.name: f for f in fields})
        if flags:
            shape.flags = flags[0]
        shapes[name] = shape
    return shapes


SHAPES = _shapes()
_LOWER = {name: {f.name.lower(): f for f in shape.fields.values()} for name, shape in SHAPES.items()}
_RELATIONS = {
    name: {f.relationship.lower(): f for f in shape.fields.values() if f.relationship} for name, shape in SHAPES.items()
}
_BY_LOWER = {name.lower(): shape for name, shape in SHAPES.items()}
IDS = {name: Ids(shape.prefix) for name, shape in SHAPES.items()}
BY_PREFIX = {shape.prefix: name for name, shape in SHAPES.items()}


def shape(name: str) -> Shape | None:
    """Return the object of that name, whatever its case."""
    return _BY_LOWER.get(name.lower())


def object_of(record_id: object) -> str | None:
    """Return the object that an id's prefix tells, None for text that is no id of the tenant's."""
    if not isinstance(record_id, str):
        return None
    name = BY_PREFIX.get(record_id[:3])
    return name if name and IDS[name].position(record_id) is not None else None
