"""Taking back what a delivery did: the ChangeUndo of Salesforce.

Cases are closed with an internal comment, members of campaigns taken out, fields given back the value they had, records
of answers removed (to the recycle bin). Each looks first: done twice, it leaves the same as done once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from connector.adapters.salesforce.answers import OBJECTS, Answers, target
from connector.adapters.salesforce.case_names import CaseNames
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections
from connector.adapters.salesforce.comments import Comments
from connector.adapters.salesforce.fields import Wanted, same, values_of, wanted
from connector.adapters.salesforce.keyed import key_field, seen
from connector.adapters.salesforce.meaning import is_missing
from connector.adapters.salesforce.membership import MEMBER, Membership
from connector.adapters.salesforce.owners import Owners
from connector.adapters.salesforce.responses import Responses
from connector.adapters.salesforce.soql import record_id, soql
from connector.adapters.salesforce.tasks import Tasks
from connector.domain import AddToGroup, OpenTicket, RecordResponse, SetField
from connector.errors import ConnectorError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Superseded, Undo, Undone, UndoOutcome

T = TypeVar("T")
_KINDS = frozenset({"open_ticket", "record_response", "set_field", "add_to_group"})
_GRACE = 600.0  # twice that of a write: what is repeated here was looked for once only
_THERE = "it is not there any more"


class WireOpened(msgspec.Struct, rename="pascal", gc=False):
    id: str
    is_closed: bool | None = None
    last_modified_by_id: str | None = None


class WireCreator(msgspec.Struct, rename="pascal", gc=False):
    id: str
    created_by_id: str | None = None


class SalesforceUndo:
    def __init__(self, org: Org) -> None:
        self._org, self._names = org, CaseNames(org)
        many = Collections(org)
        self._comments, self._membership, self._responses = (
            Comments(org, many),
            Membership(org, many),
            Responses(org, many),
        )
        self._answers = Answers(org, self._responses, Tasks(org, self._names, Owners(org), many), many)

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
            return self._leave(undo, change)
        if isinstance(change, RecordResponse | SetField):
            return self._take_back(undo, change)
        raise RejectedError(f"salesforce cannot take back {undo.write_back.kind}", code="NotServed")

    # ------------------------------------------------------------ cases
    def _close(self, undo: Undo) -> Undone:
        """The comment first, for a closed case without it would look like one that a person closed."""
        case_id = record_id(undo.receipt.record_id, "500")
        case = self._case(case_id)
        if case is None:
            return Undone(detail=_THERE)
        noted = self._comments.carries(case_id, undo.key)
        if case.is_closed:
            return Undone(detail="closed" if noted else "it was closed already")
        if not noted:
            self._comments.add(undo.key, case_id, undo.note)
        self._org.send("PATCH", f"/sobjects/Case/{case_id}", {"Status": self._names.closed_status()})
        kept = self._case(case_id)
        if kept is not None and kept.is_closed is False:
            raise RejectedError(f"PATCH /sobjects/Case/{case_id}: accepted, but the case is still open", code="NotKept")
        return Undone(detail="closed, with an internal comment")

    def _case(self, case_id: str) -> WireOpened | None:
        """By its address, not by a query: that answers with nothing too while rows are hidden from us."""
        try:
            fields = "Id,IsClosed,LastModifiedById"
            return self._org.one(f"/sobjects/Case/{case_id}", WireOpened, {"fields": fields})
        except RejectedError as error:
            if not is_missing(error):
                raise
            return None

    # ------------------------------------------------------------ fields
    def _take_back(self, undo: Undo, change: RecordResponse | SetField) -> Undone | Superseded:
        """Each field that still has our value gets the one it had; then the answer's own record goes."""
        fields = self._restore(undo, change)
        if not isinstance(change, RecordResponse) or undo.receipt.record_type != "response":
            return fields
        gone = self._remove(self._org.settings.response_object, record_id(undo.receipt.record_id))
        if isinstance(fields, Superseded):
            return Superseded(why=f"{fields.why}; the record of the answer {gone}")
        return Undone(detail=f"{fields.detail}; the record of the answer {gone}")

    def _restore(self, undo: Undo, change: RecordResponse | SetField) -> Undone | Superseded:
        on, record = target(change)
        source, _ = OBJECTS[on]
        standing = _believed(lambda: self._answers.stands([(undo.write_back, change)]).get((on, record)))
        if standing is None:
            return Undone(detail=_THERE)
        described = seen(self._org, source)
        former = wanted(undo.receipt.before or {}, described)
        wrote = {each.field.name: each for each in wanted(values_of(change), described)}
        changed = [each for each in former if not _stands(each, standing.fields)]
        ours = [
            each for each in changed if each.field.name in wrote and _stands(wrote[each.field.name], standing.fields)
        ]
        left = ", ".join(each.caption for each in changed if each not in ours)
        if not ours:
            return Superseded(why=f"changed since: {left}") if left else Undone(detail="the fields are as they were")
        self._org.send("PATCH", f"/sobjects/{source}/{record}", {each.field.name: each.value for each in ours})
        rest = f"; changed since, and left: {left}" if left else ""
        return Undone(detail=f"restored {', '.join(each.caption for each in ours)}{rest}")

    # ------------------------------------------------------------ campaigns
    def _leave(self, undo: Undo, change: AddToGroup) -> Undone | Superseded:
        """Only the row that is ours: whoever was put in again by somebody stays in."""
        campaign, contact = record_id(undo.receipt.record_id, "701"), record_id(change.contact_id, "003")
        row = _believed(lambda: next(self._membership.rows(campaign, [contact]), None))
        if row is None:
            return Undone(detail="it is no member any more")
        ours = row.key == undo.write_back.key if key_field(self._org, MEMBER) else self._made_by_us(row.id)
        if not ours:
            return Superseded(why="somebody else put the contact into the campaign since")
        return Undone(detail=f"the campaign member {self._remove(MEMBER, row.id)}")

    def _made_by_us(self, member_id: str) -> bool:
        """Where members have no field for our key, who made the row must do."""
        query = soql("SELECT Id, CreatedById FROM CampaignMember WHERE Id = {member}", member=member_id)
        row = next(self._org.rows(query, WireCreator), None)
        return row is not None and bool(self._org.me) and row.created_by_id == self._org.me

    def _remove(self, source: str, record: str) -> str:
        """What became of it, in plain words; one that is not there already is gone as well."""
        try:
            self._org.send("DELETE", f"/sobjects/{source}/{record}")
        except RejectedError as error:
            if not is_missing(error):
                raise
            return "was gone already"
        return "was removed"


def _believed(look: Callable[[], T | None]) -> T | None:
    """What a look finds; that nothing is there is believed when a second look says so too, for rows may be hidden."""
    found = look()
    return look() if found is None else found


def _stands(each: Wanted, fields: Mapping[str, Any]) -> bool:
    return same(each.field, fields.get(each.field.name), each.value)
