"""Sink of the memory adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connector.adapters.memory.crm import MemoryCrm, Record
from connector.domain import (
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    EffectClass,
    Facet,
    Membership,
    OpenTicket,
    Receipt,
    RecordResponse,
    SetField,
    TicketState,
    UpdateTicket,
    WriteBack,
)
from connector.errors import ConfigError, ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Call, Context, Outcome, Superseded

_CLASSES = {
    "open_ticket": EffectClass.KEYED,
    "record_response": EffectClass.MARKED,
    "add_note": EffectClass.MARKED,
    "create_task": EffectClass.MARKED,
    "add_to_group": EffectClass.CONVERGENT,
    "set_field": EffectClass.CONVERGENT,
    "update_ticket": EffectClass.CONVERGENT,
}


class MemorySink:
    def __init__(self, crm: MemoryCrm, context: Context) -> None:
        self._crm, self._wire = crm, context.wire

    def effect_class(self, kind: str) -> EffectClass:
        if kind not in _CLASSES:
            raise ConfigError(f"memory does not serve {kind}")
        return _CLASSES[kind]

    def grace(self) -> float:
        return 0.0

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        for write_back in write_backs:
            result: Receipt | Superseded | ConnectorError
            try:
                result = self._found(write_back) or self._apply(write_back)
            except (RejectedError, OutcomeUnknownError, ContractError) as error:
                result = error
            yield Outcome(key=write_back.key, result=result)

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:
        self._crm.admit()
        found: dict[str, Receipt | ConnectorError] = {}
        for write_back in write_backs:
            try:
                receipt = self._found(write_back)
            except (ContractError, RejectedError) as error:
                found[write_back.key] = error
                continue
            if receipt is not None:
                found[write_back.key] = receipt
        return found

    def _found(self, write_back: WriteBack) -> Receipt | None:
        if isinstance(write_back.change, AddToGroup):
            return self._member(write_back.key, write_back.change)
        if isinstance(write_back.change, SetField):
            return self._set_already(write_back.key, write_back.change)
        if isinstance(write_back.change, UpdateTicket):
            return self._updated(write_back.key, write_back.change)
        for record in self._crm.with_key(write_back.key):
            change = write_back.change
            if isinstance(change, OpenTicket) and record.company_id != change.company_id:
                raise ContractError(f"ticket {record.id} carries key {record.key} but is of another company")
            return _receipt(record, already_there=True)
        return None

    def _apply(self, write_back: WriteBack) -> Receipt | Superseded:
        key, change = write_back.key, write_back.change
        if isinstance(change, AddToGroup | SetField):
            return self._converge(write_back, change)
        if isinstance(change, OpenTicket):
            self._leave(write_back, change.company_id, change.contact_id)
            record = self._crm.add(
                "ticket",
                key,
                company_id=change.company_id,
                contact_id=change.contact_id,
                text=change.internal,
                fields={
                    "summary": change.summary,
                    "board": change.board,
                    "owner": change.owner,
                    "priority": change.priority,
                },
            )
        elif isinstance(change, RecordResponse):
            fields = self._crm.fields.setdefault(change.contact_id, {})
            newer = fields.get("answered_at")
            if isinstance(newer, datetime) and newer > change.responded_at:
                return Superseded(why=f"contact {change.contact_id} already holds an answer of {newer.isoformat()}")
            self._leave(write_back, change.contact_id)
            before = {name: fields.get(name) for name, value in change.fields.items() if fields.get(name) != value}
            fields |= {**change.fields, "answered_at": change.responded_at}
            record = self._crm.add("contact_note", key, contact_id=change.contact_id, text=change.note)
            self._crm.answer_write(key)
            return replace(_receipt(record, already_there=False), before=before or None)
        elif isinstance(change, AddNote):
            parent = change.parent_id if change.on == "ticket" else change.contact_id
            self._leave(write_back, change.contact_id, parent)
            record = self._crm.add(
                f"{change.on}_note", key, parent_id=parent, text=change.text, internal=change.internal
            )
        elif isinstance(change, UpdateTicket):
            ticket = self._crm.records.get(change.ticket_id or "")
            if ticket is None or ticket.state is not TicketState.OPEN:
                return Superseded(why=f"ticket {change.ticket_id} is {ticket.state if ticket else 'deleted'}")
            self._leave(write_back, ticket.company_id, ticket.id)
            ticket.fields |= _head(change)
            self._crm.answer_write(key)
            return Receipt(key=key, record_id=ticket.id, record_type="ticket_update")
        elif isinstance(change, CreateTask):
            self._leave(write_back, change.company_id, change.contact_id)
            record = self._crm.add(
                "task", key, company_id=change.company_id, contact_id=change.contact_id, text=change.text
            )
        else:
            raise RejectedError(f"memory does not serve {write_back.kind}", code="NotServed")
        self._crm.answer_write(key)
        return _receipt(record, already_there=False)

    def _updated(self, key: str, change: UpdateTicket) -> Receipt | None:
        ticket = self._crm.records.get(change.ticket_id or "")
        if ticket is None or ticket.fields | _head(change) != ticket.fields:
            return None
        return Receipt(key=key, record_id=ticket.id, record_type="ticket_update", already_there=True)

    def _converge(self, write_back: WriteBack, change: AddToGroup | SetField) -> Receipt | Superseded:
        key, crm = write_back.key, self._crm
        if isinstance(change, AddToGroup):
            group = self._group(change)
            self._leave(write_back, change.contact_id)
            crm.memberships.append(Membership(connection="", group_id=group, contact_id=change.contact_id))
            crm.added[group, change.contact_id] = key
            done = Receipt(key=key, record_id=group, record_type="group", before={"member": False})
        else:
            fields = crm.fields.setdefault(change.record_id, {})
            newer = fields.get(f"{change.field} answered_at")
            if isinstance(newer, datetime) and newer > change.responded_at:
                return Superseded(
                    why=f"{change.on} {change.record_id} holds a value by an answer of {newer.isoformat()}"
                )
            self._leave(write_back, change.record_id)
            before = {change.field: fields.get(change.field)}
            fields |= {change.field: change.value, f"{change.field} answered_at": change.responded_at}
            done = Receipt(key=key, record_id=change.record_id, record_type=change.on, before=before)
        crm.answer_write(key)
        return done

    def _group(self, change: AddToGroup) -> str:
        for segment in self._crm.segments:
            if segment.facet is Facet.MARKETING_GROUP and segment.name == change.group:
                return segment.id
        raise RejectedError(f'memory: no marketing group "{change.group}"', code="UnknownName")

    def _member(self, key: str, change: AddToGroup) -> Receipt | None:
        group = self._group(change)
        if not any(row.group_id == group and row.contact_id == change.contact_id for row in self._crm.memberships):
            return None
        ours = self._crm.added.get((group, change.contact_id)) == key
        return Receipt(key=key, record_id=group, record_type="group", already_there=True, before={"member": not ours})

    def _set_already(self, key: str, change: SetField) -> Receipt | None:
        fields = self._crm.fields.get(change.record_id, {})
        if fields.get(change.field) != change.value or fields.get(f"{change.field} answered_at") != change.responded_at:
            return None
        return Receipt(key=key, record_id=change.record_id, record_type=change.on, already_there=True)

    def _leave(self, write_back: WriteBack, *ids: str | None) -> None:
        """What an HTTP adapter's request would meet on its way: the guard, then the other side."""
        self._wire.send(Call(method="POST", path=f"/{write_back.kind}"))
        self._crm.admit_write(*ids)
        contact = _contact_of(write_back.change)
        if contact and contact not in self._crm.contacts:
            raise RejectedError(f"memory: there is no contact {contact}", code="NotFound", status=404)


def _contact_of(change: Change) -> str | None:
    if isinstance(change, SetField):
        return change.record_id if change.on == "contact" else None
    if isinstance(change, AddNote) and change.on == "ticket":
        return None  # it stands on the ticket, whatever became of the contact
    return getattr(change, "contact_id", None)


def _receipt(record: Record, *, already_there: bool) -> Receipt:
    return Receipt(key=record.key, record_id=record.id, record_type=record.type, already_there=already_there)


def _head(change: UpdateTicket) -> dict[str, str]:
    head = {"summary": change.summary, "priority": change.priority}
    return {name: value for name, value in head.items() if value}
