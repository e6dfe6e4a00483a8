"""What the tenant does while a record is saved: defaults, derived fields, owners, and the rules of each object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .catalogue import CLOSED, PICKLISTS
from .refusals import RowError
from .shapes import Shape, object_of
from .state import Row
from .tenant import DEFAULT_RECORD_TYPES, QUEUES, RECORD_TYPES, UNASSIGNED_QUEUE, queue_id, record_type_id
from .world import API_USER

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """One record on its way in: what it was (None for a new one) and what the client named."""

    world: World
    shape: Shape
    old: Row | None
    named: frozenset[str]
    auto_assign: bool = True

    @property
    def creating(self) -> bool:
        return self.old is None


def saved(save: Save, row: Row) -> Row:
    """Return the record as it is stored; raise RowError where a rule forbids it."""
    if save.creating:
        row = _defaults(save, row)
    if "OwnerId" in save.named:
        _owner(save, row)
    if row.get("RecordTypeId") and "RecordTypeId" in save.named:
        _record_type(save, row)
    rule = _RULES.get(save.shape.name)
    return rule(save, row) if rule else row


def _defaults(save: Save, row: Row) -> Row:
    shape = save.shape
    row = dict(row)
    for field in shape.fields.values():
        if field.type == "boolean" and row.get(field.name) is None:
            row[field.name] = False
        if field.picklist and "d" in field.flags and row.get(field.name) is None:
            row[field.name] = PICKLISTS[field.picklist][0]
    if "OwnerId" in shape.fields and row.get("OwnerId") is None:
        row["OwnerId"] = API_USER
    place = DEFAULT_RECORD_TYPES.get(shape.name)
    if place is not None and row.get("RecordTypeId") is None:
        row["RecordTypeId"] = record_type_id(place)
    return row


def _owner(save: Save, row: Row) -> None:
    owner = row.get("OwnerId")
    kind = object_of(owner)
    position = save.world.tables[kind].position(owner) if kind else None
    if kind == "User" and position is not None and not save.world.tables["User"].column("IsActive", (position,))[0]:
        message = f"operation performed with inactive user [{owner}] as owner of {save.shape.label.lower()}"
        raise RowError("INACTIVE_OWNER_OR_USER", message, ["OwnerId"])
    if kind == "Group" and (position is None or position >= len(QUEUES) or save.shape.name not in QUEUES[position][2]):
        raise RowError("FIELD_INTEGRITY_EXCEPTION", "Queue not associated with this SObject type", ["OwnerId"])


def _record_type(save: Save, row: Row) -> None:
    position = save.world.tables["RecordType"].position(row["RecordTypeId"])
    if position is None or RECORD_TYPES[position][2:] != (save.shape.name, True):
        message = f"Record Type ID: this ID value isn't valid for the user: {row['RecordTypeId']}"
        raise RowError("INVALID_CROSS_REFERENCE_KEY", message, ["RecordTypeId"])


def _contact(save: Save, row: Row) -> Row:
    row = dict(row)
    row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
    # Editing the address ends its bounce (facts 2.3).
    if save.old is not None and "Email" in save.named and row.get("Email") != save.old.get("Email"):
        row |= {"EmailBouncedReason": None, "EmailBouncedDate": None}
    row["IsEmailBounced"] = row.get("EmailBouncedDate") is not None
    return row


def _case(save: Save, row: Row) -> Row:
    world, row = save.world, dict(row)
    if world.readings["case_validation"] == "origin_required" and not row.get("Origin"):
        raise RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Every case needs an origin.", ["Origin"])
    if save.creating:
        row["CaseNumber"] = f"{1001 + world.state.added.get('Case', 0):08d}"
    if save.auto_assign:
        # The default of the header is TRUE, and takes the owner that the client named (facts 0.8).
        row["OwnerId"] = queue_id(UNASSIGNED_QUEUE)
    contact = world.tables["Contact"].position(row.get("ContactId"))
    row["ContactEmail"] = None if contact is None else world.tables["Contact"].column("Email", (contact,))[0]
    fills = world.readings["case_account_from_contact"] == "yes"
    if save.creating and fills and contact is not None and row.get("AccountId") is None:
        row["AccountId"] = world.tables["Contact"].column("AccountId", (contact,))[0]
    closed = row.get("Status") in CLOSED["CaseStatus"]
    if closed != bool((save.old or {}).get("IsClosed")) or save.creating:
        row |= {"IsClosed": closed, "ClosedDate": world.written_now() if closed else None}
    return row


def _task(save: Save, row: Row) -> Row:
    row = dict(row)
    if object_of(row.get("WhoId")) == "Lead" and row.get("WhatId"):
        message = "Related To ID: may not be combined with a lead"
        raise RowError("FIELD_INTEGRITY_EXCEPTION", message, ["WhatId"])
    contact = save.world.tables["Contact"].position(row.get("WhoId"))
    if object_of(row.get("WhatId")) == "Account":
        row["AccountId"] = row["WhatId"]
    elif contact is not None:
        row["AccountId"] = save.world.tables["Contact"].column("AccountId", (contact,))[0]
    row["IsClosed"] = row.get("Status") in CLOSED["TaskStatus"]
    return row


def _member(save: Save, row: Row) -> Row:
    world, row = save.world, dict(row)
    statuses = member_statuses(world, str(row["CampaignId"]))
    if save.creating:
        if (row.get("ContactId") is None) == (row.get("LeadId") is None):
            raise RowError("FIELD_INTEGRITY_EXCEPTION", "Either a contact or a lead is needed", ["ContactId"])
        if row.get("ContactId") and member_of(world, str(row["CampaignId"]), str(row["ContactId"])) is not None:
            raise RowError("DUPLICATE_VALUE", "Already a campaign member.")
        if world.tables["Campaign"].position(row["CampaignId"]) is None:
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["CampaignId"])
    default = next((label for label, _, default in statuses if default), "Sent")
    known = {label.lower(): label for label, _, _ in statuses}
    status = row.get("Status") or default
    if status.lower() not in known:
        if world.readings["unknown_member_status"] == "error":
            message = f"Status: bad value for restricted picklist field: {status}"
            raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ["Status"])
        status = default
    row["Status"] = known.get(status.lower(), status)
    row["HasResponded"] = any(label == row["Status"] and responded for label, responded, _ in statuses)
    if row["HasResponded"] and not row.get("FirstRespondedDate"):
        row["FirstRespondedDate"] = world.written_now()[:10]
    return row


def _response(save: Save, row: Row) -> Row:
    if not save.creating:
        return row
    return row | {"Name": f"NR-{1 + save.world.state.added.get('NPS_Response__c', 0):05d}"}


def member_statuses(world: World, campaign: str) -> list[tuple[str, bool, bool]]:
    """Return (label, has responded, is default) of a campaign's statuses."""
    table = world.tables["CampaignMemberStatus"]
    rows = [table.row(p) for p in {*range(table.base), *table.changed_positions()}]
    return [
        (row["Label"], bool(row["HasResponded"]), bool(row["IsDefault"]))
        for row in rows
        if row.get("CampaignId") == campaign and not row.get("IsDeleted")
    ]


def memberships(world: World, contact: str, *, deleted: bool = False) -> list[int]:
    """Return the positions of a contact's memberships in all campaigns, those that stand or those that are deleted."""
    table = world.tables["CampaignMember"]
    campaigns = world.tables["Campaign"]
    known = (campaigns.ids.of(p) for p in {*range(campaigns.base), *campaigns.changed_positions()})
    pairs = table.base_pairs("CampaignId", "ContactId")
    planted = [p for campaign in known if (p := pairs.get((campaign, contact))) is not None and p not in table.overlay]
    changed = [p for p in table.changed_positions() if table.row(p)["ContactId"] == contact]
    return [p for p in (*planted, *changed) if bool(table.row(p)["IsDeleted"]) is deleted]


def member_of(world: World, campaign: str, contact: str) -> int | None:
    """Return the position of the contact's membership, None where there is none."""
    table = world.tables["CampaignMember"]
    pairs = table.base_pairs("CampaignId", "ContactId")
    position = pairs.get((campaign, contact))
    if position is not None and position not in table.overlay:
        return position
    for place in table.changed_positions():
        row = table.row(place)
        if (row["CampaignId"], row["ContactId"], row["IsDeleted"]) == (campaign, contact, False):
            return place
    return None


_RULES: dict[str, Callable[[Save, Row], Row]] = {
    "Contact": _contact,
    "Case": _case,
    "Task": _task,
    "CampaignMember": _member,
    "NPS_Response__c": _response,
}
