"""What the reading side reads of HubSpot's answers: only the members it uses.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3: all values of properties are texts; one that is unset
is null, one that does not exist or may not be seen is left out. Unknown members come with every release. Decode with
`strict=False`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from connector.adapters.hubspot.written_types import WireProblem

Text = str | None
Shown = str | None | UnsetType
"""A value whose absence (the property is not there, or hidden) means something else than its being empty."""


class ContactProperties(Struct, gc=False):
    email: Text = None
    first_name: Text = field(default=None, name="firstname")
    last_name: Text = field(default=None, name="lastname")
    title: Text = field(default=None, name="jobtitle")
    phone: Text = None
    company: Text = field(default=None, name="associatedcompanyid")
    additional_emails: Text = field(default=None, name="hs_additional_emails")
    optout: Shown = field(default=UNSET, name="hs_email_optout")
    bounce: Text = field(default=None, name="hs_email_hard_bounce_reason_enum")
    bounce_text: Text = field(default=None, name="hs_email_hard_bounce_reason")
    quarantined: Text = field(default=None, name="hs_email_quarantined")
    quarantined_why: Text = field(default=None, name="hs_email_quarantined_reason")
    bad_address: Text = field(default=None, name="hs_email_bad_address")
    merged: Text = field(default=None, name="hs_merged_object_ids")
    merged_vids: Text = field(default=None, name="hs_calculated_merged_vids")


class CompanyProperties(Struct, gc=False):
    name: Text = None
    domain: Text = None


P = TypeVar("P")


class WireObject(Struct, Generic[P], rename="camel", gc=False):
    id: str
    properties: P
    created_at: str | int | None = None
    updated_at: str | int | None = None
    archived_at: str | int | None = None


class Next(Struct, gc=False):
    after: str | None = None


class Paging(Struct, gc=False):
    next: Next | None = None

    @property
    def after(self) -> str | None:
        return self.next.after or None if self.next is not None else None


R = TypeVar("R")


class WirePage(Struct, Generic[R]):
    """A page of a list or of a search (which tells the total), or the answer to a batch."""

    results: list[R] = []
    paging: Paging | None = None
    total: int | None = None
    errors: list[WireProblem] | None = None

    @property
    def after(self) -> str | None:
        return self.paging.after if self.paging is not None else None


class Nothing(Struct):
    """Properties of which none is read."""


class AssociationType(Struct, rename="camel", gc=False):
    type_id: int | None = None
    category: str | None = None
    label: str | None = None


class Associated(Struct, rename="camel"):
    to_object_id: str | int  # text by the specification, a number in answers seen
    association_types: list[AssociationType] = []


class FromObject(Struct, gc=False):
    id: str


class AssociationsOf(Struct):
    of: FromObject = field(name="from")
    to: list[Associated] = []
    paging: Paging | None = None


class WireMembership(Struct, rename="camel", gc=False):
    record_id: str | int


class WireList(Struct, rename="camel"):
    list_id: str
    name: str = ""
    processing_type: str = ""
    processing_status: str = ""
    object_type_id: str = ""
    size: int | None = None
    additional_properties: dict[str, Any] = {}
    deleted_at: str | int | None = None

    @property
    def is_active(self) -> bool:
        """Whether HubSpot itself decides by its filters who is in it; nobody can be added."""
        return self.processing_type.upper() == "DYNAMIC"

    @property
    def being_computed(self) -> bool:
        """Whether its members are not to be trusted yet: an active list is (re)computed after each change of it."""
        return self.processing_type.upper() == "DYNAMIC" and self.processing_status.upper() not in ("", "COMPLETE")


class WireLists(Struct, rename="camel"):
    lists: list[WireList] = []
    has_more: bool = False
    offset: int | None = None


class Option(Struct, rename="camel", gc=False):
    value: str = ""
    label: str = ""
    hidden: bool = False


class WireProperty(Struct, rename="camel"):
    name: str
    label: str = ""
    type: str = ""
    options: list[Option] = []
    archived: bool = False
    hidden: bool = False
    calculated: bool = False


class WireStage(Struct, rename="camel"):
    id: str
    label: str = ""
    archived: bool = False


class WirePipeline(Struct, rename="camel"):
    id: str
    label: str = ""
    archived: bool = False
    stages: list[WireStage] = []


class WireOwner(Struct, rename="camel"):
    """https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3: `id` is what records carry, not `userId`."""

    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    user_id: str | int | None = None
    archived: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name or ''} {self.last_name or ''}".strip() or self.email or self.id


def with_property(base: type[P], member: str, name: str) -> type[P]:
    """The properties of `base` and one more, read as `member`, where the vendor (or the admin) calls it `name`.

    A property that `base` reads already keeps its own member, and the new one is not there: see `member_of`.
    """
    if member_of(base, name) is not None:
        return base
    found: type[P] = _extended(base, member, name)  # type: ignore[arg-type]  # a class is hashable
    return found


def member_of(properties: type[Any], name: str) -> str | None:
    """The member in which a property is read, None where it is not."""
    return _members(properties).get(name)  # type: ignore[arg-type]  # a class is hashable


def names_of(properties: type[Any]) -> list[str]:
    """The properties to ask for."""
    return list(_members(properties))  # type: ignore[arg-type]  # a class is hashable


@cache
def _members(properties: Any) -> dict[str, str]:
    """By the vendor's name, the member in which a property is read."""
    return {each.encode_name: each.name for each in msgspec.structs.fields(properties)}


@cache
def _extended(base: Any, member: str, name: str) -> Any:
    """Made once: decoders are kept by type, and a service opens a portal some hundred times a day."""
    added = (member, Shown, field(default=UNSET, name=name))
    return msgspec.defstruct(f"{base.__name__}_{member}", [added], bases=(base,), gc=False)
