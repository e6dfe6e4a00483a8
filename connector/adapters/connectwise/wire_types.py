"""The vendor's records, only the fields that are used.

Live payloads leave null fields out, older servers send them; numbers and flags may come as text; unknown fields
come with every release. All three are read. Decode with `strict=False`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class Info(Struct, rename="camel", gc=False):
    last_updated: str | None = None
    date_entered: str | None = None
    updated_by: str | None = None
    entered_by: str | None = None


class Ref(Struct, rename="camel", gc=False):
    id: int | None = None
    name: str | None = None
    identifier: str | None = None


class Item(Struct, rename="camel", gc=False):
    """One communication item: an e-mail address, a phone or a fax number."""

    value: str | None = None
    communication_type: str | None = None
    default_flag: bool | None = None
    extension: str | None = None


class WireContact(Struct, rename="camel", gc=False):
    id: int
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    company: Ref | None = None
    inactive_flag: bool | None = None
    unsubscribe_flag: bool | None = None
    communication_items: list[Item] | None = None
    types: list[Ref] | None = None
    info: Info | None = field(default=None, name="_info")


# `_info` is left out of an answer unless it is asked for, and lastUpdated with it.
CONTACT_FIELDS = "id,firstName,lastName,title,company/id,inactiveFlag,unsubscribeFlag,communicationItems,types,_info"


class WireCompany(Struct, rename="camel", gc=False):
    id: int
    identifier: str | None = None
    name: str | None = None
    status: Ref | None = None
    types: list[Ref] | None = None
    deleted_flag: bool | None = None
    is_vendor_flag: bool | None = None
    lead_flag: bool | None = None
    unsubscribe_flag: bool | None = None
    default_contact: Ref | None = None
    territory_manager: Ref | None = None
    info: Info | None = field(default=None, name="_info")


COMPANY_FIELDS = (
    "id,identifier,name,status/id,types,deletedFlag,isVendorFlag,leadFlag,unsubscribeFlag,defaultContact/id,_info"
)


class WireStatus(Struct, rename="camel", gc=False):
    id: int
    name: str | None = None
    inactive_flag: bool | None = None


class WireNamed(Struct, rename="camel", gc=False):
    """Setup rows: boards, statuses of a board, priorities, sources, types, groups. Contact types have a description."""

    id: int
    name: str | None = None
    description: str | None = None
    inactive_flag: bool | None = None
    inactive: bool | None = None


class WireMembership(Struct, rename="camel", gc=False):
    """A row of a marketing group: `id` is the id of the contact, or of the company."""

    id: int
    unsubscribe_flag: bool | None = None
    all_contacts_flag: bool | None = None
    default_contact_flag: bool | None = None


class WireGroupMember(Struct, rename="camel", gc=False):
    id: int
    note: str | None = None
    unsubscribe_flag: bool | None = None


class WireActivity(Struct, rename="camel", gc=False):
    id: int
    notes: str | None = None
    company: Ref | None = None
    contact: Ref | None = None
    assign_to: Ref | None = None


ACTIVITY_FIELDS = "id,notes,company,contact"


class WireMember(Struct, rename="camel", gc=False):
    id: int
    identifier: str = ""
    inactive_flag: bool | None = None
    license_class: str | None = None


class WireTeam(Struct, rename="camel", gc=False):
    id: int
    member: Ref | None = None
    account_manager_flag: bool | None = None


class WireTicket(Struct, rename="camel", gc=False):
    id: int
    external_x_ref: str | None = field(default=None, name="externalXRef")
    company: Ref | None = None
    contact: Ref | None = None
    board: Ref | None = None
    status: Ref | None = None
    priority: Ref | None = None
    owner: Ref | None = None
    type: Ref | None = None
    sub_type: Ref | None = None
    item: Ref | None = None
    team: Ref | None = None
    source: Ref | None = None
    location: Ref | None = None
    agreement: Ref | None = None
    severity: str | None = None
    impact: str | None = None
    closed_flag: bool | None = None
    closed_by: str | None = None
    closed_date: str | None = None
    merged_parent_ticket: Ref | None = None
    info: Info | None = field(default=None, name="_info")


TICKET_KEY_FIELDS = "id,externalXRef,company,contact"
TICKET_STATE_FIELDS = (
    "id,externalXRef,company/id,board/name,status,owner,closedFlag,closedBy,closedDate,mergedParentTicket,_info"
)


class WireOwner(Struct, rename="camel", gc=False):
    """A member as the owner of a ticket who may be written to."""

    id: int
    identifier: str = ""
    inactive_flag: bool | None = None
    license_class: str | None = None
    office_email: str | None = None
    primary_email: str | None = None


OWNER_FIELDS = "id,identifier,inactiveFlag,licenseClass,officeEmail,primaryEmail"


class WireNote(Struct, rename="camel", gc=False):
    id: int
    text: str | None = None


class WireContactFields(Struct, rename="camel"):
    """The custom fields of a contact or company, kept whole: what is left out of a PATCH is cleared."""

    id: int
    custom_fields: list[dict[str, Any]] | None = None


class WireFieldDefinition(Struct, rename="camel"):
    """A custom field as it is set up. `pod_id` and `screen_id` say where it stands."""

    id: int
    caption: str | None = None
    pod_id: int | None = None
    screen_id: str | None = None
    sequence_number: int | None = None
    field_type_identifier: str | None = None


class WireCount(Struct):
    count: int
