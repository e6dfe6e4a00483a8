"""Undo of the memory adapter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.adapters.memory.crm import MemoryCrm
from connector.domain import AddToGroup, OpenTicket, RecordResponse, SetField, TicketState
from connector.errors import ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Call, Context, Superseded, Undo, Undone, UndoOutcome

_KINDS = ("open_ticket", "record_response", "set_field", "add_to_group")


class MemoryUndo:
    def __init__(self, crm: MemoryCrm, context: Context) -> None:
        self._crm, self._wire = crm, context.wire

    def undoes(self, kind: str) -> bool:
        return kind in _KINDS

    def grace(self) -> float:
        return 0.0

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
            return self._restore(undo, change.contact_id, dict(change.fields))
        if isinstance(change, SetField):
            return self._restore(undo, change.record_id, {change.field: change.value})
        raise RejectedError(f"memory does not undo {undo.write_back.kind}", code="NotServed")

    def _close(self, undo: Undo) -> Undone:
        ticket = self._crm.records.get(undo.receipt.record_id)
        if ticket is None:
            return Undone(detail="it is not there any more")
        noted = bool(self._crm.with_key(undo.key))
        if ticket.state is not TicketState.OPEN:
            return Undone(detail="closed" if noted else f"it was closed already by {ticket.by or 'somebody'}")
        self._go(undo, ticket.id)
        if not noted:
            self._crm.add("ticket_note", undo.key, parent_id=ticket.id, text=undo.note)
        ticket.state, ticket.by = TicketState.CLOSED_AUTOMATICALLY, "memory"
        self._crm.answer_write(undo.key)
        return Undone(detail="closed")

    def _restore(self, undo: Undo, record_id: str, wrote: dict[str, object]) -> Undone | Superseded:
        fields, before = self._crm.fields.setdefault(record_id, {}), undo.receipt.before or {}
        ours = [name for name in before if fields.get(name) == wrote.get(name)]
        back = [name for name in before if fields.get(name) == before[name]]
        if not ours:
            done = len(back) == len(before)
            return Undone(detail="it is as it was") if done else Superseded(why="somebody changed it since")
        self._go(undo, record_id)
        fields.update({name: before[name] for name in ours})
        self._crm.answer_write(undo.key)
        return Undone(detail=f"restored {', '.join(ours)}")

    def _leave_group(self, undo: Undo, change: AddToGroup) -> Undone | Superseded:
        place = (undo.receipt.record_id, change.contact_id)
        rows = [row for row in self._crm.memberships if (row.group_id, row.contact_id) == place]
        if not rows:
            return Undone(detail="it is no member any more")
        if self._crm.added.get(place) != undo.write_back.key:
            return Superseded(why="somebody else has added it since")
        self._go(undo, change.contact_id)
        self._crm.memberships = [row for row in self._crm.memberships if row not in rows]
        self._crm.answer_write(undo.key)
        return Undone(detail="taken out of the group")

    def _go(self, undo: Undo, record_id: str) -> None:
        self._wire.send(Call(method="POST", path=f"/undo/{undo.write_back.kind}"))
        self._crm.admit_write(record_id)
