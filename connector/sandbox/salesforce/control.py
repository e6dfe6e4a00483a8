"""The levers of this stand-in alone, beside those of `connector.sandbox.control`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.control import Control, spread

from . import faults, limits, moments, technician, truth
from .refusals import Refusal, refuse
from .shapes import SHAPES, object_of
from .state import Row

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
        written=world.written_now,
        truth=lambda: truth.truth(world),
        people=world.contacts.count,
        bare={
            ("GET", "served"): own.served,
            ("GET", "records"): lambda: truth.records(world),
            ("GET", "calls"): lambda: dict(sorted(world.state.calls.items())),
            ("POST", "purge"): lambda: {"purged": technician.empty_recycle_bin(world)},
        },
        told={
            "touch": own.touch,
            "edit": own.edit,
            "technician": lambda body: technician.act(world, body),
            "permit": own.permit,
            "expire": own.expire,
            "limits": own.limits,
            "duplicate_rule": own.duplicate_rule,
        },
    )


def _refuse(status: int, message: str) -> Refusal:
    return refuse(status, "Control", message)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise _refuse(400, f"not JSON: {error}") from None


class _Levers:
    def __init__(self, world: World, api: Api) -> None:
        self._world, self._api = world, api

    def served(self) -> Row:
        state = self._world.state
        return {
            "contacts": self._world.served("Contact"),
            "companies": self._world.served("Account"),
            "calls": state.calls.total(),
            "calls_by": dict(sorted(state.calls.items())),
            "requests": sum(state.used.values()),
            "logins": self._api.desk.logins,
        }

    def touch(self, body: Row) -> Row:
        """Bump the stamps: ids, or a number that means that many records, evenly spread. By contacts or companies."""
        touched = {}
        for word, given in body.items():
            name = {"contacts": "Contact", "companies": "Account"}.get(word)
            if name is None:
                raise _refuse(400, f"cannot touch {word}; known: contacts, companies")
            table = self._world.tables[name]
            if isinstance(given, int):
                positions = spread(given, range(table.base))
            else:
                positions = [p for record_id in given if (p := table.position(record_id)) is not None]
            touched[word] = self._world.touch(name, positions)
        return touched

    def edit(self, body: Row) -> Row:
        """Set raw fields of any record, without validation; create one.

        `{"id": …, "set": {…}}` edits, `{"object": "Case", "set": {…}}` creates. `"touch": false` leaves the stamps. A
        SystemModstamp in `set` stands as given, so that a row can be committed late with an older stamp.
        """
        given = dict(body.get("set") or {})
        for name, value in given.items():
            if isinstance(value, str) and name.endswith(("Date", "Modstamp")) and moments.read(value):
                given[name] = moments.read(value)
        kind = object_of(body.get("id")) or str(body.get("object", ""))
        if kind not in SHAPES:
            raise _refuse(400, f"neither a record {body.get('id')!r} nor an object {kind!r}")
        table = self._world.tables[kind]
        if body.get("id") is None:
            now = self._world.written_now()
            blank: Row = {f.name: False for f in table.shape.fields.values() if f.type == "boolean"}
            record_id = table.add(self._world.stamped(blank | {"CreatedDate": now}) | given)
            return table.row(table.position(record_id) or 0)
        position = table.position(body["id"])
        if position is None:
            raise _refuse(404, f"no record {body['id']!r}")
        row = table.row(position)
        row = self._world.stamped(row) if body.get("touch", True) else row
        table.put(position, row | given)
        return table.row(position)

    def permit(self, body: Row) -> Row:
        """Take away or give back: `hide`, `show`, `readonly`, `writable`, each a list of Object.Field or Object.

        `unshare` and `share` hide and show records by id, as sharing rules do.
        """
        state = self._world.state
        state.hidden |= set(body.get("hide", []))
        state.hidden -= set(body.get("show", []))
        state.readonly |= set(body.get("readonly", []))
        state.readonly -= set(body.get("writable", []))
        state.unshared |= set(body.get("unshare", []))
        state.unshared -= set(body.get("share", []))
        return {name: sorted(getattr(state, name)) for name in ("hidden", "readonly", "unshared")}

    def expire(self, body: Row) -> None:
        how = str(body.get("how", "once"))
        if how not in ("once", "always", "never"):
            raise _refuse(400, f"tokens expire once, always or never, not {how!r}")
        self._api.desk.expire(how)

    def limits(self, body: Row) -> Row:
        """Set `max`, `used` (now, in the last 24 hours) and the `form` of Sforce-Limit-Info."""
        state = self._world.state
        state.allotment = int(body.get("max", state.allotment))
        if "used" in body:
            state.used.clear()
            state.used_before = int(body["used"])
        form = str(body.get("form", state.limit_info))
        if form not in limits.FORMS:
            raise _refuse(400, f"no form {form!r}; known: {', '.join(limits.FORMS)}")
        state.limit_info = form
        return {"max": state.allotment, "used": limits.used(state, self._world.now()), "form": form}

    def duplicate_rule(self, body: Row) -> Row:
        rules = self._world.state.duplicate_rules
        kind, action = str(body.get("object", "")), str(body.get("action", "off"))
        if kind not in SHAPES or action not in ("alert", "block", "off"):
            raise _refuse(400, "a rule has an object and an action: alert, block or off")
        rules.pop(kind, None)
        if action != "off":
            rules[kind] = action
        return dict(rules)
