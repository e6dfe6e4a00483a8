"""Sink of the memory adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from connector.adapters.memory.crm import MemoryCrm, Record
from connector.domain import AddNote, EffectClass, OpenTicket, Receipt, RecordResponse, WriteBack
from connector.errors import ConfigError, ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Call, Context, Outcome, Superseded

_CLASSES = {
    "open_ticket": EffectClass.KEYED,
    "record_response": EffectClass.MARKED,
    "add_note": EffectClass.MARKED,
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
            except ContractError as error:
                found[write_back.key] = error
                continue
            if receipt is not None:
                found[write_back.key] = receipt
        return found

    def _found(self, write_back: WriteBack) -> Receipt | None:
        for record in self._crm.with_key(write_back.key):
            change = write_back.change
            if isinstance(change, OpenTicket) and record.company_id != change.company_id:
                raise ContractError(f"ticket {record.id} carries key {record.key} but is of another company")
            return _receipt(record, already_there=True)
        return None

    def _apply(self, write_back: WriteBack) -> Receipt | Superseded:
        key, change = write_back.key, write_back.change
        if isinstance(change, OpenTicket):
            self._leave(write_back, change.company_id, change.contact_id)
            record = self._crm.add(
                "ticket",
                key,
                company_id=change.company_id,
                contact_id=change.contact_id,
                text=change.internal,
                fields={"summary": change.summary, "board": change.board, "owner": change.owner},
            )
        elif isinstance(change, RecordResponse):
            fields = self._crm.fields.setdefault(change.contact_id, {})
            newer = fields.get("answered_at")
            if isinstance(newer, datetime) and newer > change.responded_at:
                return Superseded(why=f"contact {change.contact_id} already holds an answer of {newer.isoformat()}")
            self._leave(write_back, change.contact_id)
            fields |= {**change.fields, "answered_at": change.responded_at}
            record = self._crm.add("contact_note", key, contact_id=change.contact_id, text=change.note)
        elif isinstance(change, AddNote):
            parent = change.parent_id if change.on == "ticket" else change.contact_id
            self._leave(write_back, change.contact_id, parent)
            record = self._crm.add(
                f"{change.on}_note", key, parent_id=parent, text=change.text, internal=change.internal
            )
        else:
            raise RejectedError(f"memory does not serve {write_back.kind}", code="NotServed")
        self._crm.answer_write(key)
        return _receipt(record, already_there=False)

    def _leave(self, write_back: WriteBack, *ids: str | None) -> None:
        """What an HTTP adapter's request would meet on its way: the guard, then the other side."""
        self._wire.send(Call(method="POST", path=f"/{write_back.kind}"))
        self._crm.admit_write(*ids)


def _receipt(record: Record, *, already_there: bool) -> Receipt:
    return Receipt(key=record.key, record_id=record.id, record_type=record.type, already_there=already_there)
