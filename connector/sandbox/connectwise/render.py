"""Turn stored rows into what the API answers: references expanded, `_info` with links, custom fields in full."""

from __future__ import annotations

import functools
from collections.abc import Collection as Names
from typing import TYPE_CHECKING, Any

from .shapes import WRITE_ONLY, shape
from .state import Row
from .tenant import SCREENS

if TYPE_CHECKING:
    from .world import World

# Links name the vendor's inner host and hold a double slash, as recorded: clients must not follow them (facts 2).
HOST = "https://psa-inner.example.com//v4_6_release/apis/3.0"
_PATHS = {
    "contacts": ("contact_href", "/company/contacts"),
    "companies": ("company_href", "/company/companies"),
    "members": ("member_href", "/system/members"),
    "boards": ("board_href", "/service/boards"),
    "priorities": ("priority_href", "/service/priorities"),
    "sources": ("source_href", "/service/sources"),
    "contact_types": ("type_href", "/company/contacts/types"),
    "company_types": ("type_href", "/company/companies/types"),
    "communication_types": ("type_href", "/company/communicationTypes"),
    "company_statuses": ("status_href", "/company/companies/statuses"),
    "groups": ("group_href", "/marketing/groups"),
    "tickets": ("ticket_href", "/service/tickets"),
    "note_types": ("type_href", "/company/noteTypes"),
    "locations": ("location_href", "/system/locations"),
    "agreements": ("agreement_href", "/finance/agreements"),
    "activity_types": ("type_href", "/sales/activities/types"),
    "activity_statuses": ("status_href", "/sales/activities/statuses"),
}
# (name, before the id, after it)
_OWN_LINKS = {
    "contacts": tuple(
        (f"{name}_href", f"{HOST}/company/contacts/", f"/{name}") for name in ("communications", "notes", "groups")
    ),
    "companies": tuple((f"{name}_href", f"{HOST}/company/companies/", f"/{name}") for name in ("teams", "notes")),
    "tickets": (("notes_href", f"{HOST}/service/tickets/", "/notes"),),
}
_NOTHING: frozenset[str] = frozenset()
# Members a sparse member row still has (facts 8: a client's model found seven required ones missing).
_SPARSE = frozenset({"id", "identifier", "firstName", "lastName", "inactiveFlag", "_info"})
# Hundreds of thousands of firms must not stay in memory as references.
_KEEP = 8192


class Renderer:
    """Renders rows of one world; references are kept until the record they show changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[str, dict[int, Row]] = {}
        self._stamps: dict[str, int] = {}
        self._edition = -1
        self._fields: dict[str, list[Row]] = {}
        self._null = world.readings["null_properties"] == "explicit"
        self._sparse = world.readings["member_rows"] == "sparse"

    def record(self, table: str, row: Row, wanted: Names[str] | None = None) -> Row:
        """Return one record as answered; with `wanted` only those members."""
        if self._edition != self._world.edition:
            self._freshen()
        hidden = WRITE_ONLY.get(table, _NOTHING)
        if wanted is None:
            out = {n: v for n, v in row.items() if n not in hidden} if hidden & row.keys() else row.copy()
        else:
            out = {n: v for n, v in row.items() if n in wanted and n not in hidden}
        for name, of in _references(table):
            if name in out:
                out[name] = self._reference(of, out[name])
        if "communicationItems" in out:
            out["communicationItems"] = [
                {**item, "type": self._reference("communication_types", item["type"])}
                for item in out["communicationItems"]
            ]
        if "types" in out:
            of = "contact_types" if table == "contacts" else "company_types"
            out["types"] = [self._reference(of, number) for number in out["types"]]
        if "customFields" in out:
            out["customFields"] = self._custom_fields(table, out["customFields"])
        links = _OWN_LINKS.get(table)
        if links and "_info" in out:
            info, number = out["_info"].copy(), row["id"]
            for name, before, after in links:
                info[name] = f"{before}{number}{after}"
            out["_info"] = info
        if self._sparse and table == "members":
            out = {name: value for name, value in out.items() if name in _SPARSE}
        if self._null:
            out = self._with_nulls(table, out, hidden, wanted)
        return out

    def label(self, table: str, number: int) -> str:
        """Return the name that a reference to this record shows."""
        reference = self._reference(table, number)
        return str(reference.get("name") or reference.get("summary") or number)

    def _freshen(self) -> None:
        """Forget what is kept of tables that have changed."""
        self._edition = self._world.edition
        for table in list(self._kept):
            if self._stamps[table] != self._world.stamp(table):
                del self._kept[table]
        fields = self._world.tables["user_defined_fields"]
        rows = [fields.row(0, number) or {} for number in fields.ids(0)]
        self._fields = {
            table: [_custom_field(row) for row in rows if row.get("screenId") == screen]
            for table, screen in SCREENS.items()
        }

    def _reference(self, table: str, number: Any) -> Row:
        kept = self._kept.get(table)
        if kept is None or len(kept) > _KEEP:
            kept = self._kept[table] = {}
            self._stamps[table] = self._world.stamp(table)
        if not isinstance(number, int):
            # A kind of record that the stand-in does not keep: shown as it was given.
            return number if isinstance(number, dict) else {}
        reference = kept.get(number)
        if reference is None:
            reference = kept[number] = self._new_reference(table, number)
        return reference

    def _new_reference(self, table: str, number: int) -> Row:
        world = self._world
        if table == "companies":
            # The name alone, where nobody has edited the firm: a whole row would cost ten times as much.
            index = world.layout.company_ids.index(number)
            if index is not None and number not in world.tables["companies"].overlay(0):  # type: ignore[union-attr]
                info = {"company_href": f"{HOST}/company/companies/{number}"}
                return {"id": number, **world.firms.reference(index), "_info": info}
            row = world.tables[table].row(0, number)
        else:
            found = world.tables[table]
            parent = found.parent_of(number) if table in _UNDER_BOARD else 0
            row = found.row(parent or 0, number)
        row = row or {}
        reference: Row = {"id": number}
        if "identifier" in row and table in ("companies", "members"):
            reference["identifier"] = row["identifier"]
        if table == "tickets":
            reference["summary"] = row.get("summary", "")
        elif table in ("contacts", "members"):
            reference["name"] = f"{row.get('firstName', '')} {row.get('lastName', '')}".strip()
        else:
            reference["name"] = row.get("name", row.get("description", ""))
        if table == "priorities":
            reference["sort"] = row.get("sortOrder", number)
        href = _PATHS.get(table)
        if href:
            reference["_info"] = {href[0]: f"{HOST}{href[1]}/{number}"}
        return reference

    def _custom_fields(self, table: str, values: Row) -> list[Row]:
        if table not in SCREENS:
            return []
        blank = self._fields[table]
        if not values:
            return blank
        as_text = self._world.readings["number_field_value"] == "text"
        return [
            {**field, "value": str(values[field["id"]]) if as_text else values[field["id"]]}
            if values.get(field["id"]) is not None
            else field
            for field in blank
        ]

    @staticmethod
    def _with_nulls(table: str, out: Row, hidden: Names[str], wanted: Names[str] | None) -> Row:
        nulls = {n: None for n in shape(table) if n not in hidden and (wanted is None or n in wanted)}
        return {**nulls, **out}


_UNDER_BOARD = frozenset({"statuses", "board_types", "subtypes", "items", "board_teams"})


@functools.cache
def _references(table: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, member.of) for name, member in shape(table).items() if member.kind == "ref")


def _custom_field(row: Row) -> Row:
    return {
        "id": row["id"],
        "caption": row["caption"],
        "type": row["fieldTypeIdentifier"],
        "entryMethod": row.get("entryTypeIdentifier", "EntryField"),
        "numberOfDecimals": row.get("numberDecimals", 0),
        "value": None,
        "rowNum": row["sequenceNumber"],
        "userDefinedFieldRecId": row["id"],
        "podId": str(row["podId"]),
    }
