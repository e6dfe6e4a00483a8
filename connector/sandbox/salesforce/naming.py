"""Looks up the names of a query: fields and relations that exist and that the API user may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .refusals import Refusal, invalid_field, invalid_type, malformed_query, refuse
from .shapes import SHAPES, Field, Shape, shape

if TYPE_CHECKING:
    from .world import World

DEEPEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A field, reached over the reference fields of `over`; `keys` are the names that the answer has."""

    over: tuple[Field, ...]
    field: Field
    keys: tuple[str, ...]

    @property
    def text(self) -> str:
        return ".".join(self.keys)


def visible_shape(world: World, name: str) -> Shape:
    """Return an object that the user may see; raise INVALID_TYPE otherwise."""
    found = shape(name)
    if found is None or found.name in world.state.hidden:
        raise invalid_type(name)
    return found


def is_visible(world: World, of: Shape, member: Field) -> bool:
    """Whether the user may read the field: field-level security and the tenant's make (facts 2.4)."""
    if f"{of.name}.{member.name}" in world.state.hidden:
        return False
    if member.name == "HasOptedOutOfEmail":
        return world.readings["opt_out_field"] == "visible"
    if member.name == "RecordTypeId" and of.name == "Contact":
        return world.readings["record_types_on_contact"] == "yes"
    return True


def visible_field(world: World, of: Shape, name: str) -> Field:
    """Return a field that the user may read; raise INVALID_FIELD otherwise."""
    found = of.find(name)
    if found is None or not is_visible(world, of, found):
        raise invalid_field(name, of.name)
    return found


def path(world: World, of: Shape, text: str) -> Path:
    """Return the path that a query names, e.g. Account.Owner.Name."""
    *relations, last = text.split(".")
    # The object itself, or its name as an alias, may stand before the field.
    if relations and relations[0].lower() == of.name.lower() and of.relation(relations[0]) is None:
        relations = relations[1:]
    if len(relations) > DEEPEST:
        raise malformed_query("relationships can be followed up to five levels")
    over: list[Field] = []
    keys: list[str] = []
    here = of
    for name in relations:
        reference = here.relation(name)
        if reference is None or not is_visible(world, here, reference):
            raise _no_relation(name, here.name)
        over.append(reference)
        keys.append(reference.relationship or "")
        here = target(reference)
        if here.name in world.state.hidden:
            raise _no_relation(name, of.name)
    member = here.find(last)
    if member is None and over and len(over[-1].refers) > 1:
        # An owner may be a queue or a user: what either has can be asked for.
        member = next((found for name in over[-1].refers if (found := SHAPES[name].find(last))), None)
    if member is None or not is_visible(world, here, member):
        raise invalid_field(last, here.name)
    return Path(over=tuple(over), field=member, keys=(*keys, member.name))


def target(reference: Field) -> Shape:
    """Return the object whose fields a relation offers; of several, the first."""
    return SHAPES[reference.refers[0]]


def _no_relation(name: str, entity: str) -> Refusal:
    return refuse(
        400,
        "INVALID_FIELD",
        f"Didn't understand relationship '{name}' in field path on entity '{entity}'. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name.",
    )
