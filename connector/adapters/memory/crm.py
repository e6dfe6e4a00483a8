"""The world of the memory adapter: its records, and the faults a test can order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from connector.domain import Company, Contact, Membership, Segment, TicketState
from connector.errors import AuthError, OutcomeUnknownError, RejectedError, ThrottledError
from connector.ports import BadRow, RawAnswer


@dataclass(slots=True, kw_only=True)
class Record:
    """One ticket or note that a write-back left. A test may edit it as a technician would."""

    id: str
    type: str
    key: str
    contact_id: str | None = None
    company_id: str | None = None
    parent_id: str | None = None
    text: str = ""
    internal: bool = True
    fields: dict[str, Any] = field(default_factory=dict)
    state: TicketState = TicketState.OPEN
    by: str = ""
    merged_into: str | None = None


class MemoryCrm:
    """`MemoryCrm(contacts=[…], reject={"42"})`: writes on contact or company 42 are rejected.

    `lose` names keys whose write takes effect while its answer is lost, once each; `throttle` is how many writes
    are refused for now; `locked` makes every call fail with AuthError.
    """

    def __init__(
        self,
        *,
        contacts: Iterable[Contact] = (),
        companies: Iterable[Company] = (),
        memberships: Iterable[Membership] = (),
        segments: Iterable[Segment] = (),
        answers: Iterable[RawAnswer | BadRow] = (),
        boards: Iterable[str] = ("Service",),
        owners: dict[str, str] | None = None,
        reject: Iterable[str] = (),
        lose: Iterable[str] = (),
        page_size: int = 100,
    ) -> None:
        self.contacts: dict[str, Contact] = {}
        self.companies: dict[str, Company] = {}
        self.memberships = list(memberships)
        self.segments = list(segments)
        self.answers = list(answers)
        self.boards = list(boards)
        self.owners = dict(owners or {})  # company id -> member identifier of its account manager
        self.records: dict[str, Record] = {}
        self.fields: dict[str, dict[str, Any]] = {}  # contact or company id -> custom fields
        self.added: dict[tuple[str, str], str] = {}  # (group, contact) -> key of the write-back that added it
        self.reject, self.lose = set(reject), set(lose)
        self.page_size, self.throttle, self.locked = page_size, 0, False
        self.merged: dict[str, str] = {}  # contact id -> the one it was merged into
        self.version = 0
        self.versions: dict[tuple[str, str], int] = {}
        for company in companies:
            self.put(company)
        for contact in contacts:
            self.put(contact)

    def put(self, record: Contact | Company) -> None:
        """Add or change; the next pull brings it."""
        self.version += 1
        if isinstance(record, Contact):
            self.contacts[record.id] = record
            self.versions["contact", record.id] = self.version
        else:
            self.companies[record.id] = record
            self.versions["company", record.id] = self.version

    def archive(self, *, contact_id: str = "", company_id: str = "") -> None:
        """Take a record away; the next pull tells that it is gone."""
        self.version += 1
        if contact_id:
            del self.contacts[contact_id]
            self.versions["contact", contact_id] = self.version
        if company_id:
            del self.companies[company_id]
            self.versions["company", company_id] = self.version

    def merge(self, contact_id: str, into: str) -> None:
        """Merge a contact into another; the next pull tells so."""
        self.merged[contact_id] = into
        self.archive(contact_id=contact_id)

    def touch(self, contact_id: str, **changes: Any) -> None:
        self.put(structs.replace(self.contacts[contact_id], **changes))

    def add(self, record_type: str, key: str, **values: Any) -> Record:
        record = Record(id=str(len(self.records) + 1), type=record_type, key=key, **values)
        self.records[record.id] = record
        return record

    def with_key(self, key: str) -> list[Record]:
        return [record for record in self.records.values() if record.key == key]

    # ------------------------------------------------------------ faults
    def admit(self) -> None:
        if self.locked:
            raise AuthError("memory: the credentials were refused")

    def admit_write(self, *ids: str | None) -> None:
        self.admit()
        if self.throttle:
            self.throttle -= 1
            raise ThrottledError("memory: too many calls", retry_after=30.0)
        refused = sorted(self.reject & {each for each in ids if each})
        if refused:
            raise RejectedError(f"memory: {refused[0]} is refused", code="Rejected", status=400)

    def answer_write(self, key: str) -> None:
        if key in self.lose:
            self.lose.remove(key)
            raise OutcomeUnknownError(f"memory: the answer to {key} was lost")
