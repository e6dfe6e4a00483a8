"""The levers of this stand-in alone, beside those of `connector.sandbox.control`."""

from __future__ import annotations

from connector.sandbox.control import Control, spread

from . import checking, contact_rules, faults, technician, truth
from .api import Api
from .refusals import Refusal, refuse
from .resources import find
from .shapes import shape
from .state import Row
from .world import World


def control(world: World, api: Api) -> Control:
    """Return all levers of one world."""
    own = _Levers(world, api)
    return Control(
        world,
        settle=api.settle,
        refuse=_refuse,
        decoded=lambda body: checking.decoded(body, "JSON"),
        planned=faults.planned,
        written=world.written_now,
        truth=lambda: truth.truth(world),
        people=world.layout.contacts,
        bare={
            ("GET", "served"): own.served,
            ("GET", "records"): lambda: truth.records(world, api.renderer),
            ("GET", "callbacks"): lambda: list(world.state.deliveries),
        },
        told={
            "touch": own.touch,
            "edit": own.edit,
            "technician": lambda body: technician.act(world, body),
            "permit": lambda body: technician.permit(world, body),
        },
    )


def _refuse(status: int, message: str) -> Refusal:
    return refuse(status, "Control", message)


class _Levers:
    def __init__(self, world: World, api: Api) -> None:
        self._world, self._api = world, api

    def served(self) -> Row:
        state = self._world.state
        return {
            "contacts": self._world.served("contacts"),
            "companies": self._world.served("companies"),
            "calls": state.calls.total(),
            "calls_by": dict(sorted(state.calls.items())),
        }

    def touch(self, body: Row) -> Row:
        """Bump lastUpdated: a number means that many records, evenly spread."""
        touched = {}
        for table, given in body.items():
            if table not in ("contacts", "companies"):
                raise _refuse(400, f"cannot touch {table}; known: contacts, companies")
            numbers = spread(given, self._world.tables[table].ids(0)) if isinstance(given, int) else given
            self._world.touch(table, numbers)
            touched[table] = len(numbers)
        return touched

    def edit(self, body: Row) -> Row:
        """Set raw members of any record, without validation; create or delete one.

        `{"path": …, "set": {…}}` edits the record at the path, or creates it if it is not there (for a
        collection path, with a new id). `{"path": …, "delete": true}` deletes. `"touch": false` leaves lastUpdated,
        `"by"` names the member who did it (default alice).
        """
        place = find(str(body.get("path", "")))
        if place is None or place.count:
            raise _refuse(400, f"no record at {body.get('path')!r}")
        world, resource = self._world, place.resource
        table = world.tables[resource.table]
        if body.get("delete"):
            if place.number is None:
                raise _refuse(400, "only a record can be deleted")
            table.remove(place.parent, place.number)
            return {}
        number = table.new_id() if place.number is None else place.number
        by = str(body.get("by", "alice"))
        old = table.row(place.parent, number)
        given = self._stored(resource.table, dict(body.get("set") or {}))
        row = {**(old or {**_blank(resource.table, place.parent), "_info": world.new_info(by)}), **given, "id": number}
        row = {name: value for name, value in row.items() if value is not None}
        if old is not None and body.get("touch", True) and "_info" not in given:
            row = world.restamped(row, by=by)
        table.put(place.parent, number, row)
        return self._api.renderer.record(resource.table, table.row(place.parent, number) or row)

    def _stored(self, table: str, given: Row) -> Row:
        """Return the members in their stored form where one is needed: references, items, custom fields."""
        out: Row = {}
        for name, value in given.items():
            member = shape(table).get(name)
            if member is not None and member.kind == "ref" and member.of != "free" and isinstance(value, dict):
                out[name] = value.get("id")
            elif name == "types" and isinstance(value, list):
                out[name] = [v["id"] if isinstance(v, dict) else v for v in value]
            elif name == "communicationItems":
                out[name] = contact_rules.items(self._world, value or [])
            elif name == "email" and table == "contacts":
                item = {"id": self._world.next_communication_id(), "type": 1, "value": value, "defaultFlag": True}
                out["communicationItems"] = contact_rules.items(self._world, [item]) if value else []
            elif name == "customFields" and isinstance(value, list):
                out[name] = checking.custom_values(self._world, table, value)
            else:
                out[name] = value
        return out


def _blank(table: str, parent: int) -> Row:
    """Return the members that a row must have to be rendered at all."""
    if table == "contacts":
        return {"firstName": "", "communicationItems": [], "types": [], "customFields": {}, "inactiveFlag": False}
    if table == "companies":
        return {"identifier": "", "name": "", "types": [], "customFields": {}, "deletedFlag": False}
    if table in ("group_contacts", "group_companies"):
        return {"groupId": parent, "unsubscribeFlag": False}
    if table in ("contact_notes", "ticket_notes"):
        return {"contactId" if table == "contact_notes" else "ticketId": parent}
    return {}
