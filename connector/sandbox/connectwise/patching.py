"""The vendor's PATCH: an array of operations with case-sensitive paths, with or without a leading slash (facts 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import checking, ticket_rules
from .refusals import invalid, refuse
from .resources import Resource
from .shapes import shape
from .state import Row

if TYPE_CHECKING:
    from .world import World


def patched(world: World, resource: Resource, old: Row, body: Any) -> Row:
    """Return the members that change, in their stored form; empty if everything was ignored."""
    if not isinstance(body, list):
        raise refuse(400, "InvalidPatch", "The body must be an array of patch operations.")
    board = _board(world, resource, old, body)
    changes: Row = {}
    for operation in body:
        _apply(world, resource, old, changes, operation, board)
    return {name: value for name, value in changes.items() if name not in old or old[name] != value}


def _apply(world: World, resource: Resource, old: Row, changes: Row, operation: Any, board: int | None) -> None:
    op, path, value = _parts(operation)
    name, *rest = path.removeprefix("/").split("/")
    member = shape(resource.table).get(name)
    if member is None:
        raise refuse(400, "InvalidPatch", f"The path '{path}' does not exist on {resource.label}.")
    if name == "id":
        raise refuse(400, "InvalidPatch", "The id cannot be changed.")
    if resource.table in ("contacts", "companies") and name in ("types", "typeIds"):
        # Written only on creation; afterwards typeAssociations (facts 4.1).
        raise invalid(resource.name, ("InvalidField", "The types field cannot be changed by patch.", "types"))
    if name == "communicationItems":
        items: list[Row] = changes.get(name) or old.get(name) or []
        changes[name] = _communication_items(items, op, rest, value)
        return
    if rest:
        # `company/identifier` answers 200 and changes nothing (facts 5).
        return
    if op == "remove" or value is None:
        changes[name] = {} if name == "customFields" else None
    else:
        changes.update(checking.members(world, resource.table, resource.name, {name: value}, board=board))


def _parts(operation: Any) -> tuple[str, str, Any]:
    if not isinstance(operation, dict):
        raise refuse(400, "InvalidPatch", "A patch operation must be an object.")
    op, path = operation.get("op"), operation.get("path")
    if op not in ("add", "replace", "remove") or not isinstance(path, str):
        raise refuse(400, "InvalidPatch", f"Unknown patch operation '{op}' on '{path}'.")
    return op, path, operation.get("value")


def _communication_items(items: list[Row], op: str, rest: list[str], value: Any) -> list[Row]:
    if not rest:
        if not isinstance(value, list):
            raise refuse(
                400,
                "InvalidPatch",
                "Could not cast or convert from System.String to ContactCommunicationItem[].",
            )
        return value
    place = len(items) if rest[0] == "-" else int(rest[0]) if rest[0].isdecimal() else -1
    if not 0 <= place <= len(items) or (place == len(items) and (op != "add" or len(rest) > 1)):
        raise refuse(400, "InvalidPatch", f"There is no communication item {rest[0]}.")
    copy = list(items)
    if len(rest) > 1:
        copy[place] = {**copy[place], rest[1]: value}
    elif op == "remove":
        del copy[place]
    elif op == "add":
        copy.insert(place, value)
    else:
        copy[place] = value
    return copy


def _board(world: World, resource: Resource, old: Row, body: list[Any]) -> int | None:
    """Return the board a ticket will be on after the patch: statuses and types are looked up on that one."""
    if resource.table != "tickets":
        return None
    for operation in body:
        if isinstance(operation, dict) and str(operation.get("path")).removeprefix("/") == "board":
            return ticket_rules.board_of(world, {"board": operation.get("value")})
    board = old["board"]
    return board if isinstance(board, int) else None
