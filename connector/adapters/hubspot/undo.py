"""Taking back what a delivery did: the ChangeUndo of HubSpot.

Tickets are closed with a note, members of lists taken out, properties given back the value they had. Each looks first:
done twice, it leaves the same as done once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.adapters.hubspot.batches import Batches, Row
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.custom_object import CustomObject
from connector.adapters.hubspot.membership import Membership, mark
from connector.adapters.hubspot.names import folded, record_id
from connector.adapters.hubspot.notes import Note, Notes
from connector.adapters.hubspot.paths import CONTACTS, TICKETS
from connector.adapters.hubspot.pipelines import Pipelines
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.recording import KINDS, Recording
from connector.adapters.hubspot.values import same, typed
from connector.adapters.hubspot.written_types import WireAdded, WireProperty, WireRecord
from connector.domain import AddToGroup, OpenTicket, RecordResponse, SetField
from connector.errors import ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Superseded, Undo, Undone, UndoOutcome

_KINDS = frozenset({"open_ticket", "record_response", "set_field", "add_to_group"})
_GRACE = 240.0  # twice that of a write: what is repeated here was looked for once only
_GONE = "it is not there any more"


class HubSpotUndo:
    def __init__(self, portal: Portal) -> None:
        self._portal, self._batches, self._properties = portal, Batches(portal), Properties(portal)
        self._pipelines = Pipelines(portal)
        self._notes = Notes(portal, self._batches)
        self._recording = Recording(portal, self._batches, self._properties, self._notes)
        self._members = Membership(portal, self._batches, self._properties)
        self._object = CustomObject(portal, self._batches, self._properties)

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
            return self._leave_list(undo, change)
        if isinstance(change, RecordResponse):
            self._object.remove(undo.write_back.key)
            return self._restore(undo, CONTACTS, change.contact_id, change)
        if isinstance(change, SetField):
            return self._restore(undo, KINDS.get(change.on, CONTACTS), change.record_id, change)
        raise RejectedError(f"hubspot cannot take back {undo.write_back.kind}", code="NotServed")

    # ------------------------------------------------------------ tickets
    def _close(self, undo: Undo) -> Undone | Superseded:
        """The note first, for a closed ticket without it would look like one that a person closed."""
        asked = record_id(undo.receipt.record_id)
        ticket = self._batches.one(TICKETS, asked, ["hs_pipeline", "hs_pipeline_stage"])
        if ticket is None:
            return Undone(detail=_GONE)
        if ticket.id != asked:
            return Superseded(why=f"somebody merged it into ticket {ticket.id}, which stays as it is")
        note = Note(key=undo.key, on="ticket", parent_id=asked, text=undo.note)
        noted = bool(self._notes.find([note]))
        pipeline = ticket.properties.get("hs_pipeline") or ""
        stage = self._pipelines.stage_of(pipeline, ticket.properties.get("hs_pipeline_stage"))
        if stage is not None and stage.closed:
            return Undone(detail="closed" if noted else "it was closed already")
        closing = self._pipelines.closing(pipeline).id
        if not noted:
            for told in self._notes.add([note]):
                _raise([result for _, result in told])
        self._update(TICKETS, undo.key, asked, [(WireProperty(name="hs_pipeline_stage"), closing)])
        return Undone(detail="closed, with a note")

    # ------------------------------------------------------------ properties
    def _restore(self, undo: Undo, kind: str, asked: str, change: RecordResponse | SetField) -> Undone | Superseded:
        """Each property that still has our value gets the one it had; those that somebody changed since stay. Raises
        RejectedError where none of them is there any more."""
        before = undo.receipt.before or {}
        wrote = {folded(each): value for each, value in self._recording.wanted(kind, undo.key, change).values.items()}
        props = {caption: self._properties.named(kind, caption) for caption in before}
        former = {caption: (prop, typed(prop, before[caption])) for caption, prop in props.items() if prop is not None}
        lost = [caption for caption in before if caption not in former]
        if lost and not former:
            raise RejectedError(f"{kind} have no property {', '.join(lost)} any more", code="UnknownField")
        names = sorted({prop.name for prop, _ in former.values()})
        record = self._batches.one(kind, record_id(asked), names)
        if record is None:
            return Undone(detail=_GONE)
        ours: dict[str, tuple[WireProperty, str]] = {}
        left: list[str] = []
        for caption, (prop, value) in former.items():
            stored = record.properties.get(prop.name)
            if same(prop, stored, value):
                continue
            if folded(caption) in wrote and same(prop, stored, wrote[folded(caption)][1]):
                ours[caption] = (prop, value)
            else:
                left.append(caption)
        if not ours:
            if left:
                return Superseded(why=f"changed since: {', '.join(left)}")
            return Undone(detail="the properties are as they were")
        self._update(kind, undo.key, record.id, list(ours.values()))
        rest = f"; changed since, and left: {', '.join(left)}" if left else ""
        rest += f"; no property any more: {', '.join(lost)}" if lost else ""
        return Undone(detail=f"restored {', '.join(ours)}{rest}")

    # ------------------------------------------------------------ lists
    def _leave_list(self, undo: Undo, change: AddToGroup) -> Undone | Superseded:
        """Only whom we added: whoever was put in again by somebody stays in."""
        of = self._members.of_id(undo.receipt.record_id)
        if of is None:
            return Undone(detail="the list is not there any more")
        contact = self._batches.one(CONTACTS, record_id(change.contact_id), [self._members.mark_property])
        if contact is None:
            return Undone(detail=_GONE)
        ours = mark(undo.write_back.key, of)
        if self._members.has_left(of, contact.id):
            self._unmark(undo, contact, ours)
            return Undone(detail="it is no member any more")
        marks = self._members.marks_on(contact)
        if marks is not None and ours not in marks:
            return Superseded(why="somebody else put the contact into the list since")
        self._portal.write("PUT", self._portal.path("list_remove", id=of.list_id), [contact.id], WireAdded)
        self._unmark(undo, contact, ours)
        return Undone(detail="taken out of the list")

    def _unmark(self, undo: Undo, contact: WireRecord, ours: str) -> None:
        marks = self._members.marks_on(contact) or []
        if ours in marks:
            row = self._members.mark_row(undo.key, contact.id, [each for each in marks if each != ours])
            for told in self._batches.update(CONTACTS, [row]):
                _raise([result for _, result in told])

    # ------------------------------------------------------------ writing
    def _update(self, kind: str, trace: str, of: str, values: Sequence[tuple[WireProperty, str]]) -> None:
        """Raises what the portal answers, also where it accepted a value and did not keep it."""
        row = Row(trace=trace, body={"id": of, "properties": {prop.name: value for prop, value in values}})
        for told in self._batches.update(kind, [row]):
            for _, result in told:
                _raise([result])
                kept = result.properties if isinstance(result, WireRecord) else {}
                lost = [p.name for p, value in values if p.name in kept and not same(p, kept[p.name], value)]
                if lost:
                    raise RejectedError(f"{kind} {of}: accepted, but not kept: {', '.join(lost)}", code="NotKept")


def _raise(results: Sequence[object]) -> None:
    for result in results:
        if isinstance(result, ConnectorError):
            raise result
