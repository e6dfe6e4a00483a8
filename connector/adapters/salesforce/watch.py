"""What became of our Cases: the TicketWatch of Salesforce."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property

import msgspec

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.fields import moment
from connector.adapters.salesforce.keyed import WireKeyed, carrying, key_field, seen
from connector.adapters.salesforce.soql import is_id, long_id, named, pieces, soql
from connector.adapters.salesforce.wire_types import Resources
from connector.domain import Receipt, TicketState, TicketStatus
from connector.errors import AuthError, RejectedError

_FIELDS = (
    "Id", "Status", "IsClosed", "ClosedDate", "AccountId", "OwnerId", "RecordTypeId", "CreatedDate", "CreatedById",
    "LastModifiedDate", "LastModifiedById", "IsDeleted", "MasterRecordId",
)  # fmt: skip
_PROGRAMS = ("AutomatedProcess", "CloudIntegrationUser", "Guest")
_USER, _QUEUE = "005", "00G"
PREFIX = "nps-"
"""How the key of every write-back begins."""
_log = logging.getLogger(__name__)


class WireState(WireKeyed, rename="pascal", gc=False):
    status: str | None = None
    is_closed: bool | None = None
    closed_date: str | None = None
    account_id: str | None = None
    owner_id: str | None = None
    record_type_id: str | None = None
    created_date: str | None = None
    created_by_id: str | None = None
    last_modified_date: str | None = None
    last_modified_by_id: str | None = None
    is_deleted: bool | None = None
    master_record_id: str | None = None


class WirePerson(msgspec.Struct, rename="pascal", gc=False):
    """A user, or a queue, which has a name only."""

    id: str
    name: str | None = None
    username: str | None = None
    email: str | None = None
    is_active: bool | None = None
    user_type: str | None = None


class SalesforceWatch:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._people: dict[str, WirePerson | None] = {}

    def states(self, receipts: Iterable[Receipt]) -> Iterator[TicketStatus]:
        """One for each case among the receipts, in their order; other records are passed over.

        Deleted and merged cases are asked for too, as long as the recycle bin has them. What is in no answer is deleted
        if other cases of ours are seen, and not visible if none is. One that our own user owns proves nothing: an owner
        sees his without any right to see the others.
        """
        ids = list(dict.fromkeys(receipt.record_id for receipt in receipts if receipt.record_type == "ticket"))
        wanted = [long_id(each) for each in ids if is_id(each, "500")]
        try:
            rows = self._rows(wanted)
            if absent := [each for each in wanted if each not in rows]:
                rows |= self._rows(absent)  # being deleted is final, so one answer that lacks it is not believed
        except (AuthError, RejectedError) as error:
            self._org.one("/", Resources)  # raises AuthError where it is the credentials
            _log.warning("cases are not visible to the connector's user: %s", error)
            for case_id in ids:
                yield TicketStatus(record_id=case_id, state=TicketState.NOT_VISIBLE)
            return
        self._read_people(rows.values())
        for case_id in ids:
            row = rows.get(long_id(case_id))
            if row is not None:
                yield self._state(case_id, row)
                continue
            hidden = is_id(case_id, "500") and not (self._by_right(rows.values()) or self._sees_ours)
            yield TicketStatus(record_id=case_id, state=TicketState.NOT_VISIBLE if hidden else TicketState.DELETED)

    def ours(self, prefix: str) -> Iterator[TicketStatus]:
        """By the key in its field; raises RejectedError where the org has none, or hides cases."""
        key = key_field(self._org, "Case")
        if key is None:
            raise RejectedError(
                f"Case has no field {self._org.settings.key_field} that the connector's user may write; deploy "
                "docs/salesforce",
                code="NoKeyField",
            )
        condition = soql(f"{named(key.name)} LIKE '{{prefix:like}}%'", prefix=prefix)
        try:
            rows = [row for row in self._where(condition) if (row.key or "").startswith(prefix)]
        except AuthError as error:
            self._org.one("/", Resources)
            raise RejectedError(f"cases are not visible to the connector's user: {error}") from None
        self._read_people(rows)
        for row in rows:
            yield self._state(row.id, row)

    def _rows(self, case_ids: Iterable[str]) -> dict[str, WireState]:
        """By id, those of the cases that are shown."""
        return {row.id: row for some in pieces(case_ids) for row in self._where(soql("Id IN {ids}", ids=some))}

    def _where(self, condition: str) -> Iterator[WireState]:
        case = seen(self._org, "Case")
        key = key_field(self._org, "Case")
        fields = case.seen([*_FIELDS, *([key.name] if key else ())])
        row = carrying(WireState, (("key", key.name),)) if key else WireState
        query = f"SELECT {', '.join(map(named, fields))} FROM Case WHERE {condition}"  # noqa: S608 - bound by the caller
        return self._org.rows(query, row, everything=True)

    def _state(self, case_id: str, row: WireState) -> TicketStatus:
        by = self._people.get(row.last_modified_by_id or "")
        person = self._is_person(row.last_modified_by_id, row)
        state = TicketState.OPEN
        if row.master_record_id:
            state = TicketState.MERGED
        elif row.is_deleted:
            state = TicketState.DELETED
        elif row.is_closed:
            state = TicketState.CLOSED_BY_PERSON if person else TicketState.CLOSED_AUTOMATICALLY
        # What nobody was given is its creator's, and nobody reads the connector's own list or mailbox.
        owner = self._people.get(row.owner_id or "") if row.owner_id != self._org.me else None
        queue = (row.owner_id or "").startswith(_QUEUE)
        return TicketStatus(
            record_id=case_id,
            state=state,
            status=row.status or "",
            by=_called(by),
            merged_into=row.master_record_id,
            key=row.key or "",
            board=self._record_types.get(row.record_type_id or "", ""),
            company_id=row.account_id or "",
            owner=_called(owner),
            owner_mail=(owner.email or "") if owner and owner.is_active and not queue else "",
            opened_at=_at(row.created_date),
            touched_at=_at(row.last_modified_date) if person else None,
            closed_at=_at(row.closed_date or row.last_modified_date) if row.is_closed else None,
        )

    def _is_person(self, user_id: str | None, row: WireState) -> bool:
        """A user who is no program, and not the one who opened the case: that is ours.

        Flows and rules that nobody started act as Automated Process.
        """
        if not user_id or user_id in (row.created_by_id, self._org.me):
            return False
        person = self._people.get(user_id)
        return person is None or person.user_type not in _PROGRAMS

    def _read_people(self, rows: Iterable[WireState]) -> None:
        wanted = {each for row in rows for each in (row.owner_id, row.last_modified_by_id) if each} - set(self._people)
        for prefix, query in (
            (_USER, "SELECT Id, Name, Username, Email, IsActive, UserType FROM User WHERE Id IN {ids}"),
            (_QUEUE, "SELECT Id, Name FROM Group WHERE Id IN {ids}"),
        ):
            for some in pieces(sorted(each for each in wanted if each.startswith(prefix))):
                try:
                    self._people |= {row.id: row for row in self._org.rows(soql(query, ids=some), WirePerson)}
                except RejectedError as error:
                    _log.warning("users are not visible, so it is not known who closed what: %s", error)
        self._people |= dict.fromkeys(wanted - set(self._people))

    @cached_property
    def _record_types(self) -> dict[str, str]:
        return {each.record_type_id: each.name or "" for each in seen(self._org, "Case").wire.record_type_infos}

    def _by_right(self, rows: Iterable[WireState]) -> bool:
        """Whether one of these is seen though it is somebody else's."""
        return any(row.owner_id != self._org.me for row in rows)

    @cached_property
    def _sees_ours(self) -> bool:
        """Whether any case of ours is seen that somebody else owns; False where keys cannot be asked for."""
        key = key_field(self._org, "Case")
        if key is None:
            return False
        condition = soql(f"{named(key.name)} LIKE '{{prefix:like}}%'", prefix=PREFIX)
        if me := self._org.me:
            condition += soql(" AND OwnerId != {me}", me=me)
        return self._org.count(f"SELECT COUNT() FROM Case WHERE {condition}") > 0  # noqa: S608 - bound above


def _called(person: WirePerson | None) -> str:
    return (person.username or person.name or "") if person else ""


def _at(text: str | None) -> datetime | None:
    return moment(text) if text else None
