"""What people and automations do in the CRM itself, for the levers behind the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import tenant
from .catalogue import CLOSED
from .refusals import refuse
from .savings import member_of, member_statuses, memberships
from .shapes import IDS, object_of
from .state import Row

if TYPE_CHECKING:
    from .world import World

_BOUNCE = "550 5.1.1 The email account that you tried to reach does not exist"


def act(world: World, body: Row) -> Row:
    """Do what a person would: `{"act": "close", "id": "500…", "by": "bob"}`; return the record's id.

    Of cases: close, auto_close (by the automation's user), reopen, touch, escalate, assign (`owner`), move (`account`,
    `record_type`), merge (`into`), delete, undelete, purge. Of contacts and accounts: merge, delete, undelete, purge,
    move, bounce (only SystemModstamp moves), opt_out. Of any record: set (`values`). join and leave a campaign
    (`campaign` by name, `id` of the contact, `status`), `deactivate` a user.
    """
    deed = _DEEDS.get(str(body.get("act")))
    if deed is None:
        raise refuse(400, "Control", f"nobody does {body.get('act')!r}; known: {', '.join(_DEEDS)}")
    record_id = str(body.get("id", ""))
    kind = object_of(record_id)
    position = world.tables[kind].position(record_id) if kind else None
    if kind is None or position is None:
        raise refuse(404, "Control", f"{body['act']}: no record {record_id!r}")
    deed(world, kind, position, body)
    return {"id": record_id}


def empty_recycle_bin(world: World) -> int:
    """Purge everything that is deleted; return how many records went."""
    count = 0
    for table in world.tables.values():
        for position in table.changed_positions():
            if table.row(position).get("IsDeleted"):
                table.purge(position)
                count += 1
    return count


def _change(world: World, kind: str, position: int, values: Row, body: Row, *, user_edit: bool = True) -> None:
    table = world.tables[kind]
    alias = str(body.get("by", "bob"))
    users = world.tables["User"]
    aliases = users.column("Alias", range(users.base))
    by = tenant.user_id(aliases.index(alias) if alias in aliases else tenant.BOB)
    table.put(position, world.stamped(table.row(position) | values, by=by, user_edit=user_edit))


def _close(world: World, kind: str, position: int, body: Row) -> None:
    status = CLOSED["TaskStatus" if kind == "Task" else "CaseStatus"][0]
    values: Row = {"Status": str(body.get("status", status)), "IsClosed": True}
    if kind == "Case":
        values["ClosedDate"] = world.written_now()
    _change(world, kind, position, values, body)


def _reopen(world: World, kind: str, position: int, body: Row) -> None:
    values: Row = {"Status": "Not Started" if kind == "Task" else "Working", "IsClosed": False}
    if kind == "Case":
        values["ClosedDate"] = None
    _change(world, kind, position, values, body)


def _assign(world: World, kind: str, position: int, body: Row) -> None:
    owner = body.get("owner")
    if object_of(owner) not in ("User", "Group"):
        raise refuse(400, "Control", f"no owner {owner!r}")
    _change(world, kind, position, {"OwnerId": owner}, body)


def _move(world: World, kind: str, position: int, body: Row) -> None:
    values: Row = {}
    if "account" in body:
        values["AccountId"] = body["account"]
        if kind == "Case":
            values |= {"ContactId": None, "ContactEmail": None}
    if "record_type" in body:
        values["RecordTypeId"] = body["record_type"]
    _change(world, kind, position, values, body)


def _merge(world: World, kind: str, position: int, body: Row) -> None:
    """The loser goes to the recycle bin with MasterRecordId; what belonged to it moves to the winner."""
    winner = str(body.get("into", ""))
    loser = IDS[kind].of(position)
    into = world.tables[kind].position(winner)
    if into is None or into == position:
        raise refuse(404, "Control", f"merge: no {kind} {winner!r} to merge into")
    for place in memberships(world, loser) if kind == "Contact" else ():
        # Of two memberships of one campaign one is left.
        campaign = world.tables["CampaignMember"].column("CampaignId", (place,))[0]
        if member_of(world, campaign, winner) is not None:
            _change(world, "CampaignMember", place, {"IsDeleted": True}, body)
    for name, table in world.tables.items():
        for field in table.shape.fields.values():
            if kind in field.refers and field.name != "MasterRecordId":
                _repoint(world, name, field.name, loser, winner)
    _change(world, kind, into, {}, body)
    _change(world, kind, position, {"IsDeleted": True, "MasterRecordId": winner}, body)


def _repoint(world: World, name: str, field: str, loser: str, winner: str) -> None:
    table = world.tables[name]
    planted = [p for p, value in enumerate(table.base_column(field)) if value == loser and p not in table.overlay]
    for position in [*planted, *table.changed_positions()]:
        row = table.row(position)
        if row.get(field) == loser and not row.get("IsDeleted"):
            table.put(position, world.stamped(row | {field: winner}))


def _delete(world: World, kind: str, position: int, body: Row) -> None:
    """A contact's memberships go with it."""
    for place in memberships(world, IDS[kind].of(position)) if kind == "Contact" else ():
        _change(world, "CampaignMember", place, {"IsDeleted": True}, body)
    _change(world, kind, position, {"IsDeleted": True}, body)


def _undelete(world: World, kind: str, position: int, body: Row) -> None:
    for place in memberships(world, IDS[kind].of(position), deleted=True) if kind == "Contact" else ():
        _change(world, "CampaignMember", place, {"IsDeleted": False}, body)
    master = {"MasterRecordId": None} if "MasterRecordId" in world.tables[kind].shape.fields else {}
    _change(world, kind, position, {"IsDeleted": False, **master}, body)


def _bounce(world: World, kind: str, position: int, body: Row) -> None:
    # The automation flags the address without an edit: LastModifiedDate stays (facts 0.6).
    reason = str(body.get("reason", _BOUNCE))
    values = {"IsEmailBounced": True, "EmailBouncedReason": reason, "EmailBouncedDate": world.written_now()}
    _change(world, kind, position, values, body, user_edit=False)


def _join(world: World, kind: str, position: int, body: Row) -> None:
    campaign = _campaign(world, body)
    place = member_of(world, campaign, IDS[kind].of(position))
    statuses = member_statuses(world, campaign)
    status = str(body.get("status") or next((label for label, _, default in statuses if default), "Sent"))
    values: Row = {"Status": status, "HasResponded": any(s[0] == status and s[1] for s in statuses)}
    if place is not None:
        _change(world, "CampaignMember", place, values, body)
        return
    row = {"CampaignId": campaign, "ContactId": IDS[kind].of(position), "IsDeleted": False, **values}
    world.tables["CampaignMember"].add(world.stamped(row | {"CreatedDate": world.written_now()}))


def _leave(world: World, kind: str, position: int, body: Row) -> None:
    place = member_of(world, _campaign(world, body), IDS[kind].of(position))
    if place is None:
        raise refuse(404, "Control", "leave: no such member")
    # A removed member is gone at once for queries; the row stays in the recycle bin.
    _change(world, "CampaignMember", place, {"IsDeleted": True}, body)


def _campaign(world: World, body: Row) -> str:
    table = world.tables["Campaign"]
    for position in {*range(table.base), *table.changed_positions()}:
        row = table.row(position)
        if body.get("campaign", "NPS 2026") in (row["Name"], row["Id"]):
            return str(row["Id"])
    raise refuse(404, "Control", f"no campaign {body.get('campaign')!r}")


def _set(world: World, kind: str, position: int, body: Row) -> None:
    _change(world, kind, position, dict(body.get("values") or {}), body)


Deed = Callable[["World", str, int, Row], None]
_DEEDS: dict[str, Deed] = {
    "close": _close,
    "auto_close": lambda w, k, p, b: _close(w, k, p, {**b, "by": "autoproc"}),
    "reopen": _reopen,
    "touch": lambda w, k, p, b: _change(w, k, p, {"Status": "Working"} if k == "Case" else {}, b),
    "escalate": lambda w, k, p, b: _change(w, k, p, {"IsEscalated": True, "Status": "Escalated"}, b),
    "assign": _assign,
    "move": _move,
    "merge": _merge,
    "delete": _delete,
    "undelete": _undelete,
    "purge": lambda w, k, p, _: w.tables[k].purge(p),
    "bounce": _bounce,
    "opt_out": lambda w, k, p, b: _change(w, k, p, {"HasOptedOutOfEmail": True}, b),
    "join": _join,
    "leave": _leave,
    "deactivate": lambda w, k, p, b: _change(w, k, p, {"IsActive": False}, b),
    "set": _set,
}
