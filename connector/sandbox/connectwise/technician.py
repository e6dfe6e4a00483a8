"""What technicians and workflow rules do to tickets, for the levers behind the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import ticket_rules
from .refusals import refuse
from .state import Row

if TYPE_CHECKING:
    from .world import World

SYSTEM = "zadmin"  # the account under which workflow rules act


def act(world: World, body: Row) -> Row:
    """Do what a person or a workflow would: `{"act": "close", "ticket": 70001, "by": "bob"}`.

    close, auto_close, reopen, touch (status In Progress), merge (`into`), delete, move (`board`, `company`), assign
    (`owner`: a member's identifier).
    """
    deeds: dict[str, Callable[[World, int, Row, str], bool]] = {
        "close": lambda w, n, _, by: ticket_rules.close(w, n, by),
        "auto_close": lambda w, n, _b, _by: ticket_rules.close(w, n, SYSTEM),
        "reopen": lambda w, n, _, by: _status(w, n, 0, by),
        "touch": lambda w, n, _, by: _status(w, n, 1, by),
        "merge": lambda w, n, b, by: ticket_rules.merge(w, n, int(b.get("into", 0)), by),
        "delete": lambda w, n, _b, _by: _delete(w, n),
        "move": _move,
        "assign": _assign,
    }
    deed = deeds.get(str(body.get("act")))
    if deed is None:
        raise refuse(400, "Control", f"nobody does {body.get('act')!r}; known: {', '.join(deeds)}")
    number = int(body.get("ticket", 0))
    if not deed(world, number, body, str(body.get("by", "bob"))):
        raise refuse(404, "Control", f"{body['act']}: no ticket {number}, or none to go with it")
    return {"ticket": number}


def permit(world: World, body: Row) -> Row:
    """Take the right to read tickets away from the API member, on one board or on all, or give all of it back.

    `{"tickets": "refused"}`: every request is a 403. `{"tickets": "hidden"}`: they are left out of lists and counts and
    not found alone; with `"board": 20` only those of that board. `{"tickets": "seen"}`: as before.
    """
    how = str(body.get("tickets"))
    if how not in ("seen", "refused", "hidden"):
        raise refuse(400, "Control", f"tickets cannot be {how!r}; known: seen, refused, hidden")
    world.state.forbidden = {} if how == "seen" else {"how": how, "board": body.get("board")}
    world.changed("tickets")
    return dict(world.state.forbidden)


def hidden(world: World, row: Row | None) -> bool:
    """Whether the API member may not see this ticket."""
    forbidden = world.state.forbidden
    return bool(forbidden) and row is not None and forbidden.get("board") in (None, row.get("board"))


def _status(world: World, number: int, place: int, by: str) -> bool:
    row = world.tables["tickets"].row(0, number)
    if row is None:
        return False
    status = world.tables["statuses"].ids(row["board"])[place]
    row = {name: value for name, value in row.items() if name not in ("closedDate", "closedBy")}
    _put(world, {**row, "status": status, "closedFlag": False}, by)
    return True


def _delete(world: World, number: int) -> bool:
    tickets = world.tables["tickets"]
    if tickets.row(0, number) is None:
        return False
    tickets.remove(0, number)
    return True


def _move(world: World, number: int, body: Row, by: str) -> bool:
    """To another board, whose first status it takes, or to another company, whose contact it is not."""
    row = world.tables["tickets"].row(0, number)
    if row is None:
        return False
    change: Row = {}
    if body.get("board"):
        board = int(body["board"])
        change |= {"board": board, "status": world.tables["statuses"].ids(board)[0]}
    if body.get("company"):
        change |= {"company": int(body["company"])}
        row = {name: value for name, value in row.items() if name != "contact"}
    _put(world, {**row, **change}, by)
    return True


def _assign(world: World, number: int, body: Row, by: str) -> bool:
    row, members = world.tables["tickets"].row(0, number), world.tables["members"]
    known = {(members.row(0, n) or {}).get("identifier"): n for n in members.ids(0)}
    if row is None or body.get("owner") not in known:
        return False
    _put(world, {**row, "owner": known[body.get("owner")]}, by)
    return True


def _put(world: World, row: Row, by: str) -> None:
    world.tables["tickets"].put(0, row["id"], world.restamped(row, by=by))
