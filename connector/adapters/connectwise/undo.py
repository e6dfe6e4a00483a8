"""Taking back what a delivery did: the ChangeUndo of ConnectWise PSA.

Tickets are closed with an internal note, members of groups taken out, fields given back the value they had. Each looks
first: done twice, it leaves the same as done once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.custom_fields import Field, merged, missing, values_of, wanted
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.notes import Notes
from connector.adapters.connectwise.segments import GROUPS
from connector.adapters.connectwise.text import carries
from connector.adapters.connectwise.tickets import TICKETS
from connector.adapters.connectwise.wire_types import Ref, WireContactFields, WireGroupMember
from connector.domain import AddToGroup, OpenTicket, RecordResponse, SetField
from connector.errors import ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Superseded, Undo, Undone, UndoOutcome

_KINDS = frozenset({"open_ticket", "record_response", "set_field", "add_to_group"})
_GRACE = 240.0  # twice that of a write: what is repeated here was looked for once only
_PATHS = {"contact": "/company/contacts", "company": "/company/companies"}
_THERE = "it is not there any more"


class WireOpened(Struct, rename="camel", gc=False):
    id: int
    external_x_ref: str | None = None
    board: Ref | None = None
    closed_flag: bool | None = None
    closed_date: str | None = None
    closed_by: str | None = None


class WireBoardStatus(Struct, rename="camel", gc=False):
    id: int
    name: str | None = None
    closed_status: bool | None = None
    inactive: bool | None = None


class ConnectWiseUndo:
    def __init__(self, psa: Psa) -> None:
        self._psa, self._notes = psa, Notes(psa)
        self._closed: dict[int, int] = {}

    def undoes(self, kind: str) -> bool:
        return kind in _KINDS

    def grace(self) -> float:
        return _GRACE

    def undo(self, undos: Sequence[Undo]) -> Iterator[UndoOutcome]:
        for undo in undos:
            result: Undone | Superseded | ConnectorError
            try:
                result = self._undo(undo)
            except (RejectedError, OutcomeUnknownError, ContractError) as error:
                result = error
            yield UndoOutcome(key=undo.write_back.key, result=result)

    def _undo(self, undo: Undo) -> Undone | Superseded:
        change = undo.write_back.change
        if isinstance(change, OpenTicket):
            return self._close(undo)
        if isinstance(change, AddToGroup):
            return self._leave_group(undo, change)
        if isinstance(change, RecordResponse):
            return self._restore(undo, "contact", change.contact_id, change)
        if isinstance(change, SetField):
            return self._restore(undo, change.on, change.record_id, change)
        raise RejectedError(f"connectwise cannot take back {undo.write_back.kind}", code="NotServed")

    # ------------------------------------------------------------ tickets
    def _close(self, undo: Undo) -> Undone:
        """The note first, for a closed ticket without it would look like one that a person closed."""
        path = f"{TICKETS}/{number(undo.receipt.record_id)}"
        try:
            ticket = self._psa.one(path, WireOpened, fields="id,externalXRef,board/id,closedFlag,closedDate,closedBy")
        except RejectedError as error:
            if is_missing(error):
                return Undone(detail=_THERE)
            raise
        noted = self._notes.find("ticket", undo.receipt.record_id, undo.key) is not None
        if ticket.closed_flag or (ticket.closed_flag is None and ticket.closed_date):
            return Undone(detail="closed" if noted else f"it was closed already, by {ticket.closed_by or 'somebody'}")
        if not noted:
            self._notes.add("ticket", undo.receipt.record_id, undo.key, undo.note)
        status = self._closed_status(ticket)
        # processNotifications is true unless it is said: closing it mails nobody
        body = [
            {"op": "replace", "path": "status", "value": {"id": status}},
            {"op": "replace", "path": "processNotifications", "value": False},
        ]
        kept = self._psa.write("PATCH", path, body, WireOpened)
        if kept.closed_flag is False:
            raise RejectedError(f"PATCH {path}: accepted, but the ticket is still open", code="NotKept")
        return Undone(detail="closed, with an internal note")

    def _closed_status(self, ticket: WireOpened) -> int:
        """The board's own status for what is closed: one that is called so, else the first."""
        board = ticket.board.id if ticket.board and ticket.board.id else 0
        if board not in self._closed:
            rows = self._psa.rows(f"/service/boards/{number(str(board))}/statuses", WireBoardStatus, {})
            closing = [row for row in rows if row.closed_status and not row.inactive]
            named = [row for row in closing if "clos" in (row.name or "").casefold()]
            if not closing:
                raise RejectedError(f"board {board} has no status that closes a ticket", code="NoClosedStatus")
            self._closed[board] = (named or closing)[0].id
        return self._closed[board]

    # ------------------------------------------------------------ fields
    def _restore(self, undo: Undo, on: str, record_id: str, change: RecordResponse | SetField) -> Undone | Superseded:
        """Each field that still has our value gets the one it had; those that somebody changed since stay."""
        path = f"{_PATHS.get(on, _PATHS['contact'])}/{number(record_id)}"
        try:
            fields = self._psa.one(path, WireContactFields, fields="id,customFields").custom_fields or []
        except RejectedError as error:
            if is_missing(error):
                return Undone(detail=_THERE)
            raise
        before = {caption.strip().casefold(): value for caption, value in (undo.receipt.before or {}).items()}
        wrote = wanted(values_of(change), fields)
        former = wanted(before, fields)
        back = {caption: value for caption, value in former.items() if not missing(fields, {caption: value})}
        ours = {
            caption: value
            for caption, value in former.items()
            if caption not in back and caption in wrote and not missing(fields, {caption: wrote[caption]})
        }
        left = _captions(
            fields, {caption: value for caption, value in former.items() if caption not in {**back, **ours}}
        )
        array = merged(fields, ours)
        if array is None:
            if left:
                return Superseded(why=f"changed since: {left}")
            return Undone(detail="the fields are as they were")
        kept = self._psa.write(
            "PATCH", path, [{"op": "replace", "path": "customFields", "value": array}], WireContactFields
        )
        lost = missing(kept.custom_fields, ours) if kept.custom_fields is not None else []
        if lost:
            raise RejectedError(f"PATCH {path}: accepted, but not kept: {', '.join(lost)}", code="NotKept")
        rest = f"; changed since, and left: {left}" if left else ""
        return Undone(detail=f"restored {_captions(fields, ours)}{rest}")

    # ------------------------------------------------------------ groups
    def _leave_group(self, undo: Undo, change: AddToGroup) -> Undone | Superseded:
        """Only the row that carries our key: whoever was put in again by somebody stays in."""
        contact_id = number(change.contact_id)
        rows = f"{GROUPS}/{number(undo.receipt.record_id)}/contacts"
        query = {"conditions": f"id={contact_id}", "fields": "id,note,unsubscribeFlag"}
        try:
            found = [row for row in self._psa.rows(rows, WireGroupMember, query) if str(row.id) == contact_id]
        except RejectedError as error:
            if is_missing(error):
                return Undone(detail="the group is not there any more")
            raise
        if not found:
            return Undone(detail="it is no member any more")
        if found[0].unsubscribe_flag:
            return Superseded(why="the contact opted out of the group since; the row that says so stays")
        if not carries(found[0].note, undo.write_back.key):
            return Superseded(why="somebody else put the contact into the group since")
        self._psa.remove(f"{rows}/{contact_id}")
        return Undone(detail="taken out of the group")


def _captions(fields: list[Field], values: Mapping[str, Any]) -> str:
    """As the tenant writes them."""
    return ", ".join(
        str(field.get("caption")) for field in fields if str(field.get("caption") or "").strip().casefold() in values
    )
