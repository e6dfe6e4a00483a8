"""What people do in the CRM's pages, for the levers behind the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from . import schema, tenant
from .ask import record_id
from .refusals import Refusal, refuse
from .state import BY_WORKFLOW, Actor, Row

if TYPE_CHECKING:
    from .api import Api
    from .world import World

Deed = Callable[["World", "Api", Row], object]


def act(world: World, api: Api, body: Row) -> Row:
    """Do what a person would: `{"act": "close", "ticket": "90000000001"}`.

    On tickets: close, auto_close (a workflow), reopen, touch (the second stage), delete, merge (`into`), move
    (`pipeline`), assign (`owner`). On any `type` with `id` (default contacts): archive, restore, merge_records
    (`into`), erase, set (`properties`), link (`to_type`, `to`), unlink. On lists: join, leave (`list`, `ids`). On
    owners: owner_leaves (`owner`). On pipelines: rename_stage (`stage`, `label`), close_stage (`stage`: gone from its
    pipeline). On the app: connect (anew; answers the new `refresh_token`). `by` names who does it: an owner's address,
    or `workflow`.
    """
    deed = _DEEDS.get(str(body.get("act")))
    if deed is None:
        raise refuse(400, "CONTROL", f"nobody does {body.get('act')!r}; known: {', '.join(_DEEDS)}")
    try:
        done = deed(world, api, body)
    except (KeyError, StopIteration) as error:
        raise refuse(404, "CONTROL", f"{body['act']}: no such thing as {error}") from None
    except Refusal as refusal:
        raise refuse(400, "CONTROL", f"{body['act']}: {refusal}") from None
    return done if isinstance(done, dict) else {"done": done is not False}


def _ticket(world: World, body: Row) -> int:
    number = world.stores[schema.TICKETS].resolve(record_id(body.get("ticket")))
    if world.stores[schema.TICKETS].live(number) is None:
        raise KeyError(body.get("ticket"))
    return number


def _record(world: World, body: Row) -> tuple[str, int]:
    kind = schema.NAMES[str(body.get("type", "contacts"))]
    number = world.stores[kind].resolve(record_id(body.get("id")))
    if world.stores[kind].record(number) is None:
        raise KeyError(body.get("id"))
    return kind, number


def _stage(world: World, body: Row, place: int) -> None:
    """Move a ticket to a stage of its pipeline: 0 the first, 1 the second, -1 the closed one."""
    number = _ticket(world, body)
    record = world.stores[schema.TICKETS].live(number)
    pipeline = record.properties.get("hs_pipeline") if record is not None else None
    stages = next(row["stages"] for row in world.state.pipelines if row["id"] == (body.get("pipeline") or pipeline))
    stage, _, closed = stages[place]
    change: dict[str, str | None] = {"hs_pipeline_stage": stage, "hs_is_closed": "true" if closed else "false"}
    change["closed_date"] = str(world.millis()) if closed else None
    if body.get("pipeline"):
        change["hs_pipeline"] = str(body["pipeline"])
    world.edit(schema.TICKETS, number, change, by=_actor(world, body))


def _actor(world: World, body: Row) -> Actor:
    """Return who acts: `by` is an owner's address or id, or `workflow`; bob@example.com unless said."""
    by = str(body.get("by", "bob@example.com"))
    if by == "workflow" or body.get("act") == "auto_close":
        return BY_WORKFLOW
    owners = world.state.owners
    row = next(
        (row for n, row in owners.items() if by.lower() in (str(n), row["email"], row["firstName"].lower())), None
    )
    if row is None:
        raise KeyError(by)
    return Actor(user=str(row["userId"]))


def _assign(world: World, _: Api, body: Row) -> None:
    owner = str(body.get("owner") or "") or None
    world.edit(schema.TICKETS, _ticket(world, body), {"hubspot_owner_id": owner}, by=_actor(world, body))


def _delete(world: World, _: Api, body: Row) -> None:
    _archive_it(world, schema.TICKETS, _ticket(world, body))


def _merge_tickets(_: World, api: Api, body: Row) -> Row:
    return api.writing.merged(schema.TICKETS, str(body.get("into")), str(body.get("ticket")))


def _archive(world: World, _: Api, body: Row) -> None:
    _archive_it(world, *_record(world, body))


def _archive_it(world: World, kind: str, number: int) -> None:
    world.stores[kind].archive(number)
    world.links.remove_all(kind, number)


def _restore(world: World, _: Api, body: Row) -> None:
    kind, number = _record(world, body)
    record = world.stores[kind].record(number)
    if record is not None:
        world.stores[kind].put(replace(record, archived=0, updated=world.millis()))


def _merge(world: World, api: Api, body: Row) -> Row:
    kind, number = _record(world, body)
    return api.writing.merged(kind, str(body.get("into")), str(number))


def _erase(world: World, api: Api, body: Row) -> bool:
    return api.writing.erased(_record(world, body)[1])


def _set(world: World, _: Api, body: Row) -> None:
    kind, number = _record(world, body)
    world.edit(kind, number, body.get("properties") or {}, by=_actor(world, body))


def _link(world: World, _: Api, body: Row) -> None:
    kind, number = _record(world, body)
    to = schema.NAMES[str(body.get("to_type", "companies"))]
    types = tuple(int(t) for t in body.get("types") or ())
    world.links.add(kind, number, to, record_id(body.get("to")), types)


def _unlink(world: World, _: Api, body: Row) -> None:
    kind, number = _record(world, body)
    world.links.remove(kind, number, schema.NAMES[str(body.get("to_type", "companies"))], record_id(body.get("to")))


def _members(world: World, api: Api, body: Row, *, join: bool) -> None:
    number = int(body.get("list", tenant.NPS_LIST))
    if number not in world.state.lists:
        raise KeyError(number)
    ids = [record_id(text) for text in body.get("ids") or ()]
    api.lists.members.change(number, ids if join else [], [] if join else ids)


def _owner_leaves(world: World, _: Api, body: Row) -> None:
    number = int(body.get("owner", 0))
    world.state.owners[number] = world.state.owners[number] | {"archived": True}


def _stages(world: World, body: Row, label: str | None) -> None:
    wanted = str(body.get("stage"))
    rows = []
    for row in world.state.pipelines:
        stages = [(n, label if n == wanted and label else old, c) for n, old, c in row["stages"]]
        rows.append(row | {"stages": tuple(s for s in stages if label or s[0] != wanted)})
    world.state.pipelines = rows


_DEEDS: dict[str, Deed] = {
    "close": lambda w, _, b: _stage(w, b, -1),
    "auto_close": lambda w, _, b: _stage(w, b, -1),
    "reopen": lambda w, _, b: _stage(w, b, 0),
    "touch": lambda w, _, b: _stage(w, b, 1),
    "move": lambda w, _, b: _stage(w, b, 0),
    "delete": _delete,
    "merge": _merge_tickets,
    "assign": _assign,
    "archive": _archive,
    "restore": _restore,
    "merge_records": _merge,
    "erase": _erase,
    "set": _set,
    "link": _link,
    "unlink": _unlink,
    "join": lambda w, a, b: _members(w, a, b, join=True),
    "leave": lambda w, a, b: _members(w, a, b, join=False),
    "owner_leaves": _owner_leaves,
    "rename_stage": lambda w, _, b: _stages(w, b, str(b.get("label"))),
    "close_stage": lambda w, _, b: _stages(w, b, None),
    "connect": lambda _, a, __: {"refresh_token": a.tokens.connected()},
}
