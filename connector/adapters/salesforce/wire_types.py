"""The vendor's records, only the fields that are used.

Fields that the user may not read are left out of every answer; unknown ones come with every release; older versions
send numbers and flags as text. All three are read. Decode with `strict=False`.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct, field

R = TypeVar("R")


class QueryPage(Struct, Generic[R]):
    """One page of a query. `next` is opaque and leads to the page that follows; None on the last."""

    records: list[R]
    total: int = field(default=0, name="totalSize")
    done: bool = True
    next: str | None = field(default=None, name="nextRecordsUrl")


class Counted(Struct):
    """A page of a query that asks for a number only."""

    total: int = field(name="totalSize")


class Named(Struct, rename="pascal", gc=False):
    id: str
    name: str | None = None


class WireContact(Struct, rename="pascal", gc=False):
    """What every Contact has; fields that the settings name come in subclasses made for them (columns.py)."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile_phone: str | None = None
    account_id: str | None = None
    is_email_bounced: bool | None = None
    email_bounced_reason: str | None = None
    email_bounced_date: str | None = None
    created_date: str | None = None
    last_modified_date: str | None = None
    system_modstamp: str | None = None
    is_deleted: bool | None = None
    master_record_id: str | None = None


class WireAccount(Struct, rename="pascal", gc=False):
    id: str
    name: str | None = None
    account_number: str | None = None
    last_modified_date: str | None = None
    system_modstamp: str | None = None
    is_deleted: bool | None = None


class WireMember(Struct, rename="pascal", gc=False):
    """One row of a campaign."""

    id: str
    campaign_id: str
    contact_id: str | None = None
    status: str | None = None


class WireMerged(Struct, rename="pascal", gc=False):
    id: str
    master_record_id: str | None = None
    system_modstamp: str | None = None


class WireUser(Struct, rename="pascal", gc=False):
    id: str
    username: str = ""
    alias: str | None = None
    email: str | None = None
    name: str | None = None
    is_active: bool | None = None


class WireOwned(Struct, rename="pascal", gc=False):
    """An account with its owner."""

    id: str
    owner: WireUser | None = None
    owner_id: str | None = None


class PicklistValue(Struct, rename="camel", gc=False):
    value: str | None = None
    label: str | None = None
    active: bool = True


class WireField(Struct, rename="camel", gc=False):
    """One field as describe gives it. `nillable` cannot be trusted; `length` counts characters."""

    name: str
    label: str | None = None
    type: str = ""
    length: int = 0
    calculated: bool = False
    createable: bool = False
    updateable: bool = False
    filterable: bool = True
    groupable: bool = False
    nillable: bool = True
    unique: bool = False
    external_id: bool = False
    relationship_name: str | None = None
    restricted_picklist: bool = False
    extra_type_info: str | None = None
    reference_to: list[str] = []
    picklist_values: list[PicklistValue] = []


class RecordTypeInfo(Struct, rename="camel", gc=False):
    record_type_id: str
    name: str | None = None
    developer_name: str | None = None
    active: bool = True
    available: bool = True
    master: bool = False


class WireDescribe(Struct, rename="camel"):
    """One object as this user may see it."""

    name: str
    label: str | None = None
    createable: bool = False
    updateable: bool = False
    queryable: bool = True
    fields: list[WireField] = []
    record_type_infos: list[RecordTypeInfo] = []


class SubAnswer(Struct, rename="camel"):
    body: Any = None
    http_status_code: int = 0
    reference_id: str = ""


class CompositeAnswer(Struct, rename="camel"):
    composite_response: list[SubAnswer] = []


class ObjectInfo(Struct, rename="camel", gc=False):
    name: str
    queryable: bool = False
    createable: bool = False
    updateable: bool = False


class ObjectList(Struct):
    sobjects: list[ObjectInfo] = []


class Resources(Struct):
    """The root of the API: what it offers, and who asks."""

    identity: str | None = None


class UserInfo(Struct):
    user_id: str | None = None


class WireJob(Struct, rename="camel"):
    """A Bulk API 2.0 query job."""

    id: str
    state: str = ""
    error_message: str | None = None
    number_records_processed: int = 0
