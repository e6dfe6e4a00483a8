"""Writing: the ChangeSink of ConnectWise PSA.

Tickets are keyed (externalXRef), notes and tasks are marked (the key stands in the text), custom fields and group
members converge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.groups import Groups
from connector.adapters.connectwise.notes import Notes
from connector.adapters.connectwise.own_company import OwnCompany
from connector.adapters.connectwise.owners import Owners
from connector.adapters.connectwise.recording import HalfDoneError, Recording
from connector.adapters.connectwise.setup_names import SetupNames
from connector.adapters.connectwise.tasks import Tasks
from connector.adapters.connectwise.tickets import Asked, Tickets
from connector.adapters.connectwise.updates import Updates
from connector.domain import (
    AddNote,
    AddToGroup,
    CreateTask,
    EffectClass,
    OpenTicket,
    Receipt,
    RecordResponse,
    SetField,
    UpdateTicket,
    WriteBack,
)
from connector.errors import (
    ConfigError,
    ConnectorError,
    ContractError,
    OutcomeUnknownError,
    RejectedError,
)
from connector.ports import Outcome, Superseded, in_hand

_CLASSES = {
    "open_ticket": EffectClass.KEYED,
    "record_response": EffectClass.MARKED,
    "add_note": EffectClass.MARKED,
    "create_task": EffectClass.MARKED,
    "add_to_group": EffectClass.CONVERGENT,
    "set_field": EffectClass.CONVERGENT,
    "update_ticket": EffectClass.CONVERGENT,
}
_GRACE = 120.0  # a list may be answered from a copy that is behind; no figure is published


class ConnectWiseSink:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa
        names, owners = SetupNames(psa), Owners(psa)
        self._tickets = Tickets(psa, names, owners, OwnCompany(psa))
        self._tasks = Tasks(psa, names, owners)
        self._notes = Notes(psa)
        self._recording = Recording(psa, self._notes)
        self._groups = Groups(psa, names)
        self._updates = Updates(psa)

    def effect_class(self, kind: str) -> EffectClass:
        if kind not in _CLASSES:
            raise ConfigError(f"connectwise does not serve {kind}; it serves {', '.join(sorted(_CLASSES))}")
        return _CLASSES[kind]

    def grace(self) -> float:
        return _GRACE

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """See `ChangeSink.apply`. One look-up for all tickets of the batch, one for all tasks, then each in turn.

        A ticket that cannot be looked up is not opened: the refusal is its outcome.
        """
        found = self._look_up(_tickets(write_backs)) | self._tasks_there(write_backs)
        for write_back in write_backs:
            result: Receipt | Superseded | ConnectorError
            try:
                result = found.get(write_back.key) or self._apply(write_back)
            except (RejectedError, OutcomeUnknownError, ContractError) as error:
                result = error
            except HalfDoneError as half:
                yield Outcome(key=write_back.key, result=OutcomeUnknownError(str(half)))
                raise half.cause from half
            except ConnectorError:
                raise
            except Exception as bug:
                yield Outcome(key=write_back.key, result=in_hand(bug))
                raise
            yield Outcome(key=write_back.key, result=result)

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:
        found = self._look_up(_tickets(write_backs)) | self._tasks_there(write_backs)
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

    def _tasks_there(self, write_backs: Sequence[WriteBack]) -> dict[str, Receipt | ConnectorError]:
        """The same for tasks."""
        asked = {wb.key: wb.change for wb in write_backs if isinstance(wb.change, CreateTask)}
        try:
            return dict(self._tasks.find(asked))
        except (RejectedError, ContractError) as error:
            if len(asked) == 1:
                return dict.fromkeys(asked, error)
        found: dict[str, Receipt | ConnectorError] = {}
        for write_back in write_backs:
            if write_back.key in asked:
                found |= self._tasks_there([write_back])
        return found

    def _apply(self, write_back: WriteBack) -> Receipt | Superseded:
        key, change = write_back.key, write_back.change
        if isinstance(change, OpenTicket):
            return self._tickets.open(write_back, change)
        if isinstance(change, RecordResponse):
            return self._recording.record(key, change)
        if isinstance(change, SetField):
            return self._recording.set(key, change)
        if isinstance(change, CreateTask):
            return self._tasks.create(key, change)
        if isinstance(change, AddToGroup):
            return self._groups.find(key, change) or self._groups.add(key, change)
        if isinstance(change, UpdateTicket):
            return self._updates.apply(key, change)
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
        if isinstance(change, RecordResponse):
            return self._recording.find_recorded(key, change)
        if isinstance(change, SetField):
            return self._recording.find_set(key, change)
        if isinstance(change, AddToGroup):
            return self._groups.find(key, change)
        if isinstance(change, UpdateTicket) and change.ticket_id:
            return self._updates.find(key, change)
        return None


def _tickets(write_backs: Sequence[WriteBack]) -> list[Asked]:
    """Those whose ids can be asked for; the others get their RejectedError in turn."""
    found = []
    for write_back in write_backs:
        if isinstance(write_back.change, OpenTicket):
            try:
                if not write_back.change.own_company:
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
