"""The levers behind the stand-in, under /control/: look at the truth, plan misfortunes, go back in time.

No sign-in, and no call is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec

from . import checking, contact_rules, faults, technician, truth
from .api import Api
from .refusals import Answer, Refusal, refuse
from .resources import find
from .shapes import shape
from .state import Request, Row
from .world import World

PREFIX = "/control/"


class Control:
    """Answers control requests for one world. Call under the world's lock."""

    def __init__(self, world: World, api: Api) -> None:
        self._world, self._api = world, api
        self._levers: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "served"): self._served,
            ("POST", "served/reset"): lambda _: self._world.forget_served(),
            ("GET", "truth"): self._truth,
            ("GET", "records"): lambda _: truth.records(self._world, self._api.renderer),
            ("GET", "log"): lambda _: list(self._world.state.log),
            ("GET", "callbacks"): lambda _: list(self._world.state.deliveries),
            ("GET", "faults"): lambda _: [asdict(fault) for fault in self._world.state.faults],
            ("POST", "faults"): self._plan,
            ("DELETE", "faults"): lambda _: self._world.state.faults.clear(),
            ("POST", "snapshot"): lambda _: {"id": self._world.snapshot()},
            ("POST", "restore"): self._restore,
            ("POST", "reset"): lambda _: self._world.reset(),
            ("GET", "clock"): lambda _: self._clock(),
            ("POST", "clock"): self._advance,
            ("POST", "touch"): self._touch,
            ("POST", "edit"): self._edit,
            ("GET", "readings"): lambda _: dict(self._world.readings),
            ("POST", "technician"): lambda request: technician.act(self._world, _json(request)),
            ("POST", "permit"): lambda request: technician.permit(self._world, _json(request)),
        }

    def answer(self, request: Request) -> Answer:
        """Return the answer as JSON; `{}` where there is nothing to say."""
        try:
            lever = self._levers.get((request.method, request.path.removeprefix(PREFIX).strip("/")))
            if lever is None:
                raise refuse(404, "Control", f"no lever {request.method} {request.path}")
            said = lever(request)
        except Refusal as refusal:
            return refusal.answer
        return Answer(status=200, body=msgspec.json.encode({} if said is None else said))

    def _served(self, _: Request) -> Row:
        state = self._world.state
        return {
            "contacts": self._world.served("contacts"),
            "companies": self._world.served("companies"),
            "calls": state.calls.total(),
            "calls_by": dict(sorted(state.calls.items())),
        }

    def _truth(self, _: Request) -> Row:
        if self._world.layout.contacts > truth.LARGEST:
            raise refuse(400, "Control", f"the truth is told of at most {truth.LARGEST} contacts")
        return truth.truth(self._world)

    def _plan(self, request: Request) -> list[Row]:
        self._world.state.faults.extend(faults.planned(_json(request)))
        return [asdict(fault) for fault in self._world.state.faults]

    def _restore(self, request: Request) -> None:
        try:
            self._world.restore(str(_json(request).get("id")))
        except KeyError as error:
            raise refuse(404, "Control", f"no snapshot {error}") from None

    def _clock(self) -> Row:
        return {"now": self._world.now(), "written": self._world.written_now(), "offset": self._world.state.offset}

    def _advance(self, request: Request) -> Row:
        self._world.state.offset += float(_json(request).get("advance", 0))
        self._api.settle()
        return self._clock()

    def _touch(self, request: Request) -> Row:
        """Bump lastUpdated: a number means that many records, evenly spread."""
        touched = {}
        for table, given in _json(request).items():
            if table not in ("contacts", "companies"):
                raise refuse(400, "Control", f"cannot touch {table}; known: contacts, companies")
            numbers = given
            if isinstance(given, int):
                every = self._world.tables[table].ids(0)
                count = min(given, len(every))
                numbers = [every[place * len(every) // count] for place in range(count)]
            self._world.touch(table, numbers)
            touched[table] = len(numbers)
        return touched

    def _edit(self, request: Request) -> Row:
        """Set raw members of any record, without validation; create or delete one.

        `{"path": …, "set": {…}}` edits the record at the path, or creates it if it is not there (for a
        collection path, with a new id). `{"path": …, "delete": true}` deletes. `"touch": false` leaves lastUpdated,
        `"by"` names the member who did it (default alice).
        """
        body = _json(request)
        place = find(str(body.get("path", "")))
        if place is None or place.count:
            raise refuse(400, "Control", f"no record at {body.get('path')!r}")
        world, resource = self._world, place.resource
        table = world.tables[resource.table]
        if body.get("delete"):
            if place.number is None:
                raise refuse(400, "Control", "only a record can be deleted")
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


def _json(request: Request) -> Any:
    return checking.decoded(request.body or b"{}", "JSON")
