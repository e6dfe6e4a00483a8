"""Duplicate rules: alert rules, which a header lets pass, and block rules, which nothing does (facts 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .refusals import RowError
from .shapes import Shape
from .state import Row

if TYPE_CHECKING:
    from .world import World

_MESSAGE = "You're creating a duplicate record. We recommend you use an existing record instead."
# By which field each object's rule matches.
MATCHED_BY = {"Contact": "Email", "Account": "Name", "NPS_Response__c": "Contact__c"}


def check(
    world: World, shape: Shape, row: Row, own: int | None, *, header: dict[str, bool], version: str, bare: bool
) -> None:
    """Raise DUPLICATES_DETECTED where the tenant's rule finds the record twice; `bare` leaves the matches out."""
    action = world.state.duplicate_rules.get(shape.name)
    if action is None or (action == "alert" and header.get("allowsave", False)):
        return
    found = _matches(world, shape, row, own)
    if not found:
        return
    error = RowError("DUPLICATES_DETECTED", _MESSAGE)
    if not bare:
        error.duplicate = {
            "allowSave": action == "alert",
            "duplicateRule": f"{shape.name}s_DR",
            "duplicateRuleEntityType": shape.name,
            "errorMessage": _MESSAGE,
            "matchResults": [
                {
                    "entityType": shape.name,
                    "errors": [],
                    "matchEngine": "ExactMatchEngine",
                    "matchRecords": [_record(world, shape, position, header, version) for position in found],
                    "rule": f"{shape.name}_MR",
                    "size": len(found),
                    "success": True,
                }
            ],
        }
    raise error


def _matches(world: World, shape: Shape, row: Row, own: int | None) -> list[int]:
    table, field = world.tables[shape.name], MATCHED_BY.get(shape.name, "Name")
    value = str(row.get(field) or "").strip().lower()
    if not value:
        return []
    planted = [
        position
        for position, other in enumerate(table.base_column(field))
        if other is not None and other.strip().lower() == value and position not in table.overlay
    ]
    found = planted + table.find(field, value)
    return [position for position in found if position != own][:10]


def _record(world: World, shape: Shape, position: int, header: dict[str, bool], version: str) -> Row:
    record_id = world.tables[shape.name].ids.of(position)
    record: Row = {
        "attributes": {"type": shape.name, "url": f"/services/data/{version}/sobjects/{shape.name}/{record_id}"},
        "Id": record_id,
    }
    if header.get("includerecorddetails", False):
        row = world.tables[shape.name].row(position)
        record |= {name: row.get(name) for name in ("Name", MATCHED_BY[shape.name])}
    return {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100, "record": record}
