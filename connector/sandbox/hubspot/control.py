"""The levers of this stand-in alone, beside those of `connector.sandbox.control`.

What people do by levers the search index knows at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.control import Control, spread

from . import faults, schema, technician, truth
from .ask import record_id
from .refusals import Refusal, refuse
from .state import Record, Row

if TYPE_CHECKING:
    from .api import Api
    from .world import World


def control(world: World, api: Api) -> Control:
    """Return all levers of one world."""
    own = _Levers(world, api)
    return Control(
        world,
        settle=api.settle,
        refuse=_refuse,
        decoded=_decoded,
        planned=faults.planned,
        written=lambda: api.renderer.time(world.millis()),
        truth=lambda: truth.truth(world),
        people=world.layout.contacts,
        bare={
            ("GET", "served"): own.served,
            ("GET", "records"): lambda: truth.records(world, api),
            ("GET", "calls"): lambda: dict(sorted(world.state.calls.items())),
        },
        told={
            "touch": own.touch,
            "edit": own.edit,
            "technician": lambda body: technician.act(world, api, body),
            "settings": own.settings,
        },
    )


def _refuse(status: int, message: str) -> Refusal:
    return refuse(status, "CONTROL", message)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise _refuse(400, "the body is not JSON") from None


class _Levers:
    def __init__(self, world: World, api: Api) -> None:
        self._world, self._api = world, api

    def served(self) -> Row:
        state = self._world.state
        return {
            **{kind: sorted(state.served.get(kind, ())) for kind in schema.TYPES},
            "calls": state.calls.total(),
            "calls_by": dict(sorted(state.calls.items())),
        }

    def touch(self, body: Row) -> Row:
        """Move the time of the last change: a number means that many records, evenly spread."""
        touched = {}
        for name, given in body.items():
            kind = schema.NAMES.get(name)
            if kind is None:
                raise _refuse(400, f"cannot touch {name}; known: {', '.join(schema.TYPES)}")
            numbers = spread(given, self._world.stores[kind].ids()) if isinstance(given, int) else given
            self._world.touch(kind, map(record_id, numbers))
            touched[kind] = len(numbers)
        return touched

    def edit(self, body: Row) -> Row:
        """Set properties of any record without validation, make one, or take one away.

        `{"type": "contacts", "id": "901", "set": {…}}`; null unsets. Without `id` a record is made. `"delete": true`
        archives, `"erase": true` forgets for good. `"touch": false` leaves the time of the last change.
        """
        world = self._world
        kind = schema.NAMES.get(str(body.get("type", "contacts")))
        if kind is None:
            raise _refuse(400, f"no type {body.get('type')!r}; known: {', '.join(schema.TYPES)}")
        store, number = world.stores[kind], record_id(body.get("id") or 0)
        if number and store.record(number) is None:
            raise _refuse(404, f"no record {number} of {kind}")
        if body.get("delete") or body.get("erase"):
            world.links.remove_all(kind, number)
            if body.get("erase"):
                store.remove(number)
            else:
                store.archive(number)
            return {}
        given = {name: None if value is None else str(value) for name, value in (body.get("set") or {}).items()}
        if not number:
            number, now = store.new_id(), world.millis()
            store.put(Record(id=number, properties={}, created=now, updated=now))
        world.edit(kind, number, given, touch=bool(body.get("touch", True)))
        record = store.record(number)
        return {} if record is None else self._api.writing.shown(kind, record, *given)

    def settings(self, body: Row) -> Row:
        """Change the portal: `lag` (s), `daily_limit`, `used_today`, `rules`, `ended` (versions), `missing_scopes`.

        `rules`: {"tickets": {"required": ["hs_ticket_category"], "associations": ["contacts"], "conditional":
        [{"if": "hs_ticket_priority", "is": "HIGH", "then": "hubspot_owner_id"}]}}, enforced from 2026-09 on.
        """
        state = self._world.state
        state.lag = float(body.get("lag", state.lag))
        state.daily_limit = int(body.get("daily_limit", state.daily_limit))
        if "used_today" in body:
            state.used_today = {self._api.limits.day(): int(body["used_today"])}
        state.rules = dict(body.get("rules", state.rules))
        state.ended = set(body.get("ended", state.ended))
        state.missing_scopes = set(body.get("missing_scopes", state.missing_scopes))
        return {
            "lag": state.lag,
            "daily_limit": state.daily_limit,
            "used_today": self._api.limits.used(),
            "rules": state.rules,
            "ended": sorted(state.ended),
            "missing_scopes": sorted(state.missing_scopes),
        }
