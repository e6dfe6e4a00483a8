"""Writing: the ChangeSink of ConnectWise PSA.

Tickets are keyed (externalXRef), notes are marked (the key stands in the text), custom fields converge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.custom_fields import merged, missing, newer_answer, wanted
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.notes import Notes
from connector.adapters.connectwise.tickets import Asked, Tickets
from connector.adapters.connectwise.wire_types import WireContactFields
from connector.domain import AddNote, EffectClass, OpenTicket, Receipt, RecordResponse, WriteBack
from connector.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    ContractError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
)
from connector.ports import Outcome, Superseded

_CLASSES = {
    "open_ticket": EffectClass.KEYED,
    "record_response": EffectClass.MARKED,
    "add_note": EffectClass.MARKED,
}
_GRACE = 120.0  # a list may be answered from a copy that is behind; no figure is published


class ConnectWiseSink:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa
        self._tickets = Tickets(psa)
        self._notes = Notes(psa)

    def effect_class(self, kind: str) -> EffectClass:
        if kind not in _CLASSES:
            raise ConfigError(f"connectwise does not serve {kind}; it serves {', '.join(sorted(_CLASSES))}")
        return _CLASSES[kind]

    def grace(self) -> float:
        return _GRACE

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """See `ChangeSink.apply`. One look-up for all tickets of the batch, then each in turn.

        A ticket that cannot be looked up is not opened: the refusal is its outcome.
        """
        found = self._look_up(_tickets(write_backs))
        for write_back in write_backs:
            result: Receipt | Superseded | ConnectorError
            try:
                result = found.get(write_back.key) or self._apply(write_back)
            except (RejectedError, OutcomeUnknownError, ContractError) as error:
                result = error
            except _HalfDone as half:
                yield Outcome(key=write_back.key, result=OutcomeUnknownError(str(half)))
                raise half.cause from half
            yield Outcome(key=write_back.key, result=result)

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:
        found = self._look_up(_tickets(write_backs))
        for write_back in write_backs:
            try:
                receipt = self._find(write_back)
            except (RejectedError, ContractError) as error:
                found[write_back.key] = error
                continue
            if receipt is not None:
                found[write_back.key] = receipt
        return found

    def _look_up(self, asked: Sequence[Asked]) -> dict[str, Receipt | ConnectorError]:
        """The tickets that are there, by key, and the refusals. If all cannot be asked for at once, each is alone."""
        try:
            return dict(self._tickets.find(asked))
        except (RejectedError, ContractError) as error:
            if len(asked) == 1:
                return {asked[0][0].key: error}
        found: dict[str, Receipt | ConnectorError] = {}
        for one in asked:
            found |= self._look_up([one])
        return found

    def _apply(self, write_back: WriteBack) -> Receipt | Superseded:
        key, change = write_back.key, write_back.change
        if isinstance(change, OpenTicket):
            return self._tickets.open(key, change)
        if isinstance(change, RecordResponse):
            return self._record(key, change)
        if isinstance(change, AddNote):
            parent = _parent(change)
            return self._notes.find(change.on, parent, key) or self._notes.add(
                change.on, parent, key, change.text, internal=change.internal
            )
        raise RejectedError(f"connectwise does not serve {write_back.kind}", code="NotServed")

    def _find(self, write_back: WriteBack) -> Receipt | None:
        key, change = write_back.key, write_back.change
        if isinstance(change, AddNote) and (change.parent_id if change.on == "ticket" else change.contact_id):
            return self._notes.find(change.on, _parent(change), key)
        if isinstance(change, RecordResponse) and change.note:
            return self._notes.find("contact", change.contact_id, key)
        if isinstance(change, RecordResponse):
            return self._recorded(key, change)
        return None

    # ------------------------------------------------------------ record_response
    def _record(self, key: str, change: RecordResponse) -> Receipt | Superseded:
        """The fields first, for they converge; then the note, by which the whole is recognised."""
        path = f"/company/contacts/{number(change.contact_id)}"
        fields = self._psa.one(path, WireContactFields, fields="id,customFields").custom_fields or []
        newer = newer_answer(change, fields)
        if newer is not None:
            return Superseded(why=f"contact {change.contact_id} already holds an answer of {newer.isoformat()}")
        values = wanted(change, fields)
        array = merged(fields, values)
        if array is not None:
            self._set(path, array, values)
        if not change.note:
            return self._contact_receipt(key, change, already_there=array is None)
        try:
            there = self._notes.find("contact", change.contact_id, key)
            return there or self._notes.add("contact", change.contact_id, key, change.note)
        except (UnavailableError, AuthError) as error:
            if array is None:
                raise
            raise _HalfDone(f"the fields of contact {change.contact_id} are set, the note is not", error) from None

    def _set(self, path: str, array: list[dict[str, object]], values: dict[str, object]) -> None:
        body = [{"op": "replace", "path": "customFields", "value": array}]
        kept = self._psa.write("PATCH", path, body, WireContactFields).custom_fields
        lost = missing(kept, values) if kept is not None else []
        if lost:
            raise RejectedError(
                f"PATCH {path}: accepted, but not kept: {', '.join(lost)}; is the value one of the field's options?",
                code="NotKept",
            )

    def _recorded(self, key: str, change: RecordResponse) -> Receipt | None:
        path = f"/company/contacts/{number(change.contact_id)}"
        try:
            fields = self._psa.one(path, WireContactFields, fields="id,customFields").custom_fields or []
        except RejectedError as error:
            if is_missing(error):
                return None
            raise
        if merged(fields, wanted(change, fields)) is not None:
            return None
        return self._contact_receipt(key, change, already_there=True)

    def _contact_receipt(self, key: str, change: RecordResponse, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=change.contact_id,
            record_type="contact",
            link=self._psa.settings.link("ContactFv", change.contact_id),
            already_there=already_there,
        )


class _HalfDone(Exception):  # noqa: N818 - not an error of the product: it becomes an outcome and its cause
    def __init__(self, text: str, cause: ConnectorError) -> None:
        super().__init__(f"{text}: {cause}")
        self.cause = cause


def _tickets(write_backs: Sequence[WriteBack]) -> list[Asked]:
    """Those whose ids can be asked for; the others get their RejectedError in turn."""
    found = []
    for write_back in write_backs:
        if isinstance(write_back.change, OpenTicket):
            try:
                number(write_back.change.company_id)
            except RejectedError:
                continue
            found.append((write_back, write_back.change))
    return found


def _parent(change: AddNote) -> str:
    parent = change.parent_id if change.on == "ticket" else change.contact_id
    if not parent:
        raise RejectedError(f"no {change.on} to write the note on", code="NoParent")
    return parent
