"""The tables, named by the glossary. Instants are UTC text of fixed width: they sort, and mean the same on both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import to_builtins
from sqlalchemy import Index, LargeBinary, MetaData, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

SQLModel.metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)
metadata = SQLModel.metadata
_WIDTH = len("2026-11-20T16:20:00.000000Z")


def instant(moment: datetime) -> str:
    """The stored form of an aware datetime."""
    # by msgspec, not isoformat: it is five times faster, and every pulled contact passes here
    text: str = to_builtins(moment if moment.tzinfo is UTC else moment.astimezone(UTC))
    return text if len(text) == _WIDTH else f"{text[:-1]}.000000Z"  # it leaves a fraction of nothing out


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(*, key: bool = False, null: bool = False, index: bool = False, default: Any = ...) -> Any:
    if default is ...:
        default = None if null else ...
    return Field(default=default, sa_type=Text, primary_key=key, nullable=null, index=index)


class Installation(SQLModel, table=True):
    """`secret` keys the digests of forgotten people; made when the first is forgotten."""

    id: str = _text(key=True)
    created_at: str = _text()
    secret: str = Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})


class CursorRow(SQLModel, table=True):
    __tablename__ = "cursor"
    connection: str = _text(key=True)
    value: str = _text()
    updated_at: str = _text()


class LeaseRow(SQLModel, table=True):
    __tablename__ = "lease"
    connection: str = _text(key=True)
    owner: str = _text()
    token: int
    expires_at: str = _text()


class HoldRow(SQLModel, table=True):
    """A Connection, audience or everything ("*") set aside: by a lost password, a missing name, or a person (pause)."""

    __tablename__ = "hold"
    kind: str = _text(key=True)
    name: str = _text(key=True)
    cause: str = _text(key=True)
    reason: str = _text()
    since: str = _text()


class RememberedName(SQLModel, table=True):
    """Which segment id a name in the configuration stood for, so that a rename in the CRM is followed."""

    __tablename__ = "remembered_name"
    connection: str = _text(key=True)
    facet: str = _text(key=True)
    name: str = _text(key=True)
    segment_id: str = _text()
    seen_at: str = _text()


class SegmentRow(SQLModel, table=True):
    """Every segment of a facet as it was called when last seen."""

    __tablename__ = "segment"
    connection: str = _text(key=True)
    facet: str = _text(key=True)
    id: str = _text(key=True)
    name: str = _text()


class ContactRow(SQLModel, table=True):
    """`doc` is the whole Contact as JSON; the columns beside it are what the store selects and groups by.

    `generation` is the pull that showed it last. `gone_at`: when a complete reconcile no longer did; `inactive` is 2
    then, else 0 or 1 as the CRM says.
    """

    __tablename__ = "contact"
    connection: str = _text(key=True)
    id: str = _text(key=True)
    company_id: str | None = _text(null=True)
    person_id: str = _text()
    person_since: str = _text()
    address_key: str | None = _text(null=True)
    address_kind: str = _text()
    name_key: str = _text()
    opted_out: int | None = None
    inactive: int
    touched_at: str | None = _text(null=True)
    generation: str = Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})
    gone_at: str | None = _text(null=True)
    doc: bytes = Field(sa_type=LargeBinary)
    __table_args__ = (
        Index("ix_contact_address_key", "address_key"),
        Index("ix_contact_company_id", "connection", "company_id"),
        Index("ix_contact_person_id", "person_id"),
    )


class CompanyRow(SQLModel, table=True):
    __tablename__ = "company"
    connection: str = _text(key=True)
    id: str = _text(key=True)
    identifier: str = _text()
    name: str = _text()
    generation: str = Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})
    gone_at: str | None = _text(null=True)
    doc: bytes = Field(sa_type=LargeBinary)


class MembershipRow(SQLModel, table=True):
    """`member` is contact:<id> or company:<id>; rows of an older epoch go when their group has been read to its end."""

    __tablename__ = "membership"
    connection: str = _text(key=True)
    group_id: str = _text(key=True)
    member: str = _text(key=True)
    all_contacts: bool
    default_contact: bool
    opted_out: bool | None = None
    epoch: str = _text()


class HintRow(SQLModel, table=True):
    """A contact or company that its CRM has told of, by a callback; until the next pull has looked."""

    __tablename__ = "hint"
    connection: str = _text(key=True)
    kind: str = _text(key=True)
    record_id: str = _text(key=True)
    at: str = _text()


class PersonLinkRow(SQLModel, table=True):
    """A link that ended; the current one stands on the contact."""

    __tablename__ = "person_link"
    connection: str = _text(key=True)
    contact_id: str = _text(key=True)
    person_id: str = _text(key=True)
    ended_at: str = _text(key=True)
    linked_at: str = _text()
    because: str = Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})


class ContactAddressRow(SQLModel, table=True):
    """An address that a contact has beside its default one, as far as one could write to it."""

    __tablename__ = "contact_address"
    connection: str = _text(key=True)
    contact_id: str = _text(key=True)
    address_key: str = _text(key=True)
    __table_args__ = (Index("ix_contact_address_address_key", "address_key"),)


class MergedContactRow(SQLModel, table=True):
    """A contact that the CRM merged into another (`into_id`). `taken_over_at`: when the survivor, once it was there,
    took over its person."""

    __tablename__ = "merged_contact"
    connection: str = _text(key=True)
    id: str = _text(key=True)
    into_id: str = _text()
    at: str = _text()
    taken_over_at: str | None = _text(null=True)
    __table_args__ = (Index("ix_merged_contact_into_id", "connection", "into_id"),)


class SuppressionRow(SQLModel, table=True):
    """An opt-out or a pause in asking kept here: kind address | company | person, or
    contact for one not pulled yet. It outlives contacts and merges."""

    __tablename__ = "suppression"
    kind: str = _text(key=True)
    value: str = _text(key=True)
    until: str | None = _text(null=True)
    reason: str = _text()
    source: str = _text()
    created_at: str = _text()


class BounceRow(SQLModel, table=True):
    __tablename__ = "bounce"
    address_key: str = _text(key=True)
    at: str = _text()
    source: str = _text()


class AskingRow(SQLModel, table=True):
    """One time somebody was asked, here or in a former tool; bound to the person and to the address."""

    __tablename__ = "asking"
    address_key: str = _text(key=True)
    at: str = _text(key=True)
    campaign: str = _text(key=True)
    person_id: str | None = _text(null=True, index=True)
    source: str = _text()


class ResponseRow(SQLModel, table=True):
    __tablename__ = "response"
    key: str = _text(key=True)
    revision: int
    connection: str = _text()
    source: str = _text()
    external_id: str = _text()
    contact_id: str | None = _text(null=True)
    company_id: str | None = _text(null=True)
    person_id: str | None = _text(null=True)
    email: str = _text()
    score: int
    comment: str = _text()
    responded_at: str = _text()
    received_at: str = _text()
    campaign: str = _text()
    wave: str = _text()
    channel: str = _text()
    judged: str = _text()  # what each rule said, as JSON
    __table_args__ = (
        Index("ix_response_contact_id", "connection", "contact_id"),
        Index("ix_response_company_id", "connection", "company_id"),
        Index("ix_response_person_id", "person_id"),
    )


class WriteBackRow(SQLModel, table=True):
    __tablename__ = "write_back"
    key: str = _text(key=True)
    response_key: str = _text(index=True)
    revision: int
    rule_id: str = _text()
    action_id: str = _text()
    connection: str = _text()
    kind: str = _text()
    change: str = _text()
    rehearsal: bool = False
    not_before: str = _text()
    depends_on: str | None = _text(null=True)
    state: str = _text()
    token: int = 0  # of the lease that claimed it
    tries: int = 0
    lookups: int = 0
    look_after: str | None = _text(null=True)
    error: str = _text(default="")
    # the mode in which it was written down, until a person confirms it; released: it passes the fuses on tickets
    fuse: str = Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})
    owner: str = Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})  # of a ticket
    on_ticket: str | None = _text(null=True)  # the ticket a note or change went on first
    created_at: str = _text()
    changed_at: str = _text()
    __table_args__ = (Index("ix_write_back_due", "connection", "state", "not_before"),)


class ReceiptRow(SQLModel, table=True):
    __tablename__ = "receipt"
    key: str = _text(key=True)
    record_id: str = _text(index=True)
    record_type: str = _text()
    link: str = _text()
    already_there: bool
    at: str = _text()
    before: str | None = _text(null=True)  # what was overwritten, as JSON


class ConfigVersion(SQLModel, table=True):
    """A secret-free configuration by its fingerprint."""

    __tablename__ = "config_version"
    fingerprint: str = _text(key=True)
    doc: str = _text()
    seen_at: str = _text()


class JobRow(SQLModel, table=True):
    __tablename__ = "job"
    id: str = _text(key=True)
    story: str = _text()
    connection: str = _text()
    slot: str = _text()
    params: str = _text()
    created_at: str = _text()
    __table_args__ = (
        UniqueConstraint("story", "connection", "slot"),
        Index("ix_job_created_at", "created_at"),
    )


class AttemptRow(SQLModel, table=True):
    __tablename__ = "attempt"
    id: str = _text(key=True)
    job_id: str = _text(index=True)
    number: int
    clock: str = _text()
    seed: str = _text()
    config: str = _text()
    started_at: str = _text()
    ended_at: str | None = _text(null=True)
    outcome: str = _text()  # running | done | partial | deferred | held | stopped | failed | interrupted
    error: str = _text(default="")
    counts: str = _text(default="{}")
    calls: int = 0
    token: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # of the lease it ran under
    journal: str = _text()
    inputs_digest: str = _text(default="")
    outputs_digest: str = _text(default="")


class PlanRow(SQLModel, table=True):
    __tablename__ = "plan"
    id: str = _text(key=True)
    audience: str = _text()
    connection: str = _text()
    at: str = _text()
    fingerprint: str = _text()
    summary: str = _text()
    __table_args__ = (Index("ix_plan_audience", "audience", "at"),)


class DecisionRow(SQLModel, table=True):
    __tablename__ = "decision"
    plan_id: str = _text(key=True)
    contact_id: str = _text(key=True)
    invited: bool
    reason: str = _text()
    doc: bytes = Field(sa_type=LargeBinary)


class FollowUpRow(SQLModel, table=True):
    """How a ticket of ours stood when last watched, and which notices went out about it."""

    __tablename__ = "follow_up"
    key: str = _text(key=True)
    connection: str = _text()
    response_key: str = _text(index=True)
    ticket_id: str = _text(index=True)
    opened_at: str = _text()
    due_at: str | None = _text(null=True)
    state: str = _text()
    status: str = _text()
    owner: str = _text()
    first_touch_at: str | None = _text(null=True)
    closed_at: str | None = _text(null=True)
    closed_by: str = _text()
    reminded_at: str | None = _text(null=True)
    escalated_at: str | None = _text(null=True)
    merged_into: str | None = _text(null=True)
    checked_at: str | None = _text(null=True)


class UndoRow(SQLModel, table=True):
    """One write-back taken back: waiting → doing → done | kept | failed | unknown; the row stands before the effect."""

    __tablename__ = "undo"
    key: str = _text(key=True)
    job_id: str = _text(index=True)
    state: str = _text()
    token: int = 0  # of the lease under which it is being done
    look_after: str | None = _text(null=True)
    at: str = _text()
    by: str = _text()
    detail: str = _text()


class ForgottenRow(SQLModel, table=True):
    """Somebody who was erased, as a keyed digest of an address or a contact's id: never stored, never asked again."""

    __tablename__ = "forgotten"
    digest: str = _text(key=True)
    kind: str = _text()  # address | contact
    at: str = _text()


class ErasureRow(SQLModel, table=True):
    """The certificate of an erasure: what was removed where, without personal data."""

    __tablename__ = "erasure"
    id: str = _text(key=True)
    at: str = _text()
    doc: str = _text()


class VaultRow(SQLModel, table=True):
    """A secret that must outlive the process, such as a rotated refresh token: sealed with the operator's key."""

    __tablename__ = "vault"
    connection: str = _text(key=True)
    name: str = _text(key=True)
    secret: str = _text()
    changed_at: str = _text()
