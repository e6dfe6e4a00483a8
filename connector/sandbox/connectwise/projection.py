"""The `fields` parameter: which members come back (facts 2)."""

from __future__ import annotations

from typing import Any

from .readings import Readings
from .refusals import refuse
from .shapes import by_lower_name
from .state import Row

Tree = dict[str, "Tree"]


def wanted(text: str, table: str, readings: Readings) -> Tree | None:
    """Return the members asked for as a tree, None if all are; names in the vendor's spelling at top level.

    `_info` comes only if it is listed. An unknown name is a 400 or ignored, as the reading says.
    """
    if not text.strip():
        return None
    members = by_lower_name(table)
    tree: Tree = {}
    for entry in text.split(","):
        first, *rest = (part.strip() for part in entry.split("/"))
        member = members.get(first.lower())
        name = member.name if member else "_info" if first.lower() == "_info" else ""
        if not name:
            if readings["unknown_projection_field"] == "error":
                raise refuse(400, "InvalidField", f"{first} is not a recognized name.")
            continue
        branch = tree.setdefault(name, {})
        for part in rest:
            branch = branch.setdefault(part, {})
    return tree


def project(record: Row, tree: Tree) -> Row:
    """Return the record cut down to the tree."""
    return {name: _cut(record[name], branch) for name, branch in tree.items() if name in record}


def _cut(value: Any, branch: Tree) -> Any:
    if not branch:
        return value
    if isinstance(value, list):
        return [_cut(element, branch) for element in value]
    if isinstance(value, dict):
        by_name = {name.lower(): name for name in value}
        found = ((by_name.get(name.lower()), inner) for name, inner in branch.items())
        return {name: _cut(value[name], inner) for name, inner in found if name is not None}
    return value
