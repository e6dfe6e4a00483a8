"""A page for people: what has been written to the tenant."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from connector.sandbox.http import Answer

if TYPE_CHECKING:
    from .world import World

_SHOWN = {
    "Case": ("CaseNumber", "Status", "Priority", "Subject", "Description"),
    "CaseComment": ("ParentId", "CommentBody"),
    "Task": ("Status", "Subject", "Description"),
    "NPS_Response__c": ("Response_Key__c", "Score__c", "Category__c", "Comment__c"),
}


def page(world: World) -> Answer:
    """Return the cases, comments, tasks and responses as HTML; all text is escaped."""
    parts = ["<!doctype html><meta charset=utf-8><title>Salesforce stand-in</title><h1>Salesforce stand-in</h1>"]
    for name, fields in _SHOWN.items():
        table = world.tables[name]
        rows = [table.row(position) for position in sorted(table.changed_positions())]
        parts.append(f"<h2>{escape(table.shape.plural)}: {len(rows)}</h2>")
        for row in rows:
            cells = "".join(
                f"<dt>{escape(table.shape.fields[field].label)}<dd><pre>{escape(str(row.get(field)))}</pre>"
                for field in fields
            )
            parts.append(f"<dl>{cells}</dl>")
    return Answer(status=200, body="".join(parts).encode(), content_type="text/html; charset=utf-8")
