"""What is really so in a world: the planted labels, and the records that people would see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import dirt
from .catalogue import PICKLISTS
from .firms import FORMER, PROSPECT, VENDOR
from .savings import member_of
from .shapes import IDS
from .state import Row
from .tenant import campaign_id

if TYPE_CHECKING:
    from .world import World

_WRITTEN = ("Case", "CaseComment", "Task", "NPS_Response__c", "CampaignMember", "Campaign", "CampaignMemberStatus")
_TYPES = {FORMER: "company_former_client", PROSPECT: "company_prospect", VENDOR: "company_vendor"}


def labels(world: World, index: int) -> list[str]:
    """Return what is planted at one contact; `healthy` if nothing speaks against asking this person."""
    people = world.contacts
    planted = dirt.slot(index)
    company = people.firm_of(index)
    label = planted.label
    if label == "duplicate_across_companies" and people.firm_of(index - 1) == company:
        label = "duplicate_in_company"
    found = set() if label == "healthy" else {label}
    after = dirt.followed_by(index, people.count)
    if after.copies:
        found.add("replacement" if after.label == "replaced" else "duplicated")
    place = member_of(world, campaign_id(0), IDS["Contact"].of(index))
    if place is not None:
        found.add("group_member")
        if world.tables["CampaignMember"].column("Status", (place,))[0] == "Opted Out":
            found.add("opted_out_group")
    if company is not None:
        kind = world.firms.type_of(company)
        found |= {label for place, label in _TYPES.items() if PICKLISTS["AccountType"][place] == kind}
        if world.firms.is_inactive(company):
            found.add("company_inactive")
        if world.firms.has_opted_out(company):
            found.add("opted_out_company")
    if found <= dirt.BELONGING:
        found.add("healthy")
    return sorted(found)


def truth(world: World) -> Row:
    """Return labels, address and account of each planted contact that still exists, by id."""
    table = world.tables["Contact"]
    positions = range(table.base)
    rows = zip(
        positions,
        table.column("Id", positions),
        table.column("Email", positions),
        table.column("AccountId", positions),
        table.column("IsDeleted", positions),
        strict=True,
    )
    contacts = {
        record_id: {"labels": labels(world, index), "email": email, "company": account}
        for index, record_id, email, account, deleted in rows
        if record_id is not None and not deleted
    }
    return {"contacts": contacts, "labels": dirt.LABELS}


def records(world: World) -> Row:
    """Return what was written: whole records by object, and the changed fields of contacts and accounts by id."""
    out: Row = {}
    for name in _WRITTEN:
        table = world.tables[name]
        out[name] = [row for p in sorted(table.changed_positions()) if not (row := table.row(p)).get("IsDeleted")]
    for name in ("Contact", "Account"):
        table = world.tables[name]
        out[name] = {table.ids.of(p): table.row(p) for p in sorted(table.changed_positions())}
    return out
