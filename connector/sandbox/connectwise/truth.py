"""What is really so in a world: the planted labels, and the records that people would see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.control import LARGEST

from . import dirt
from .state import Row
from .tenant import FORMER, INACTIVE, NPS_GROUP, OWN, PROSPECT, VENDOR
from .ticket_rules import mail_address
from .world import unsubscribed_rank

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World


def labels(world: World, index: int) -> list[str]:
    """Return what is planted at one contact; `healthy` if nothing speaks against asking this person."""
    layout = world.layout
    planted = dirt.slot(index).label
    found = set() if planted == "healthy" else {planted}
    company = layout.company_of(index)
    if planted == "duplicate_across_companies" and layout.company_of(index - 1) == company:
        found = {"duplicate_in_company"}
    after = dirt.followed_by(index, layout.contacts)
    if after.copies:
        found.add("replacement" if after.label == "replaced" else "duplicated")
    rank = layout.group_rank(index)
    if rank is not None:
        found.add("group_member")
        if unsubscribed_rank(rank):
            found.add("unsubscribed_group")
    if company is not None:
        found |= _company_labels(world, index, company)
    if found <= dirt.BELONGING:
        found.add("healthy")
    return sorted(found)


def truth(world: World) -> Row:
    """Return labels, address and firm of each planted contact that still exists, by id."""
    contacts = world.tables["contacts"]
    people = {}
    for index in range(world.layout.contacts):
        number = world.layout.contact_ids.of(index)
        row = contacts.row(0, number)
        if row is not None:
            people[str(number)] = {
                "labels": labels(world, index),
                "email": mail_address(row) or None,
                "company": row.get("company"),
            }
    return {"contacts": people, "labels": dirt.LABELS}


def records(world: World, renderer: Renderer) -> Row:
    """Return what people would see of everything written, in the order of ids."""
    tickets = world.tables["tickets"]
    shown = []
    for number in tickets.ids(0):
        row = tickets.row(0, number) or {}
        shown.append(renderer.record("tickets", row) | _posted(row))
    return {
        "tickets": shown,
        "ticket_notes": _children(world, renderer, "ticket_notes"),
        "contact_notes": _children(world, renderer, "contact_notes"),
        "company_notes": _children(world, renderer, "company_notes"),
        "activities": _children(world, renderer, "activities"),
        "custom_fields": _custom_fields(world, "contacts"),
        "company_fields": _custom_fields(world, "companies"),
        "group_members": _group_edits(world),
        "mails": world.state.mails,
    }


def _company_labels(world: World, index: int, company: int) -> set[str]:
    odd, types = world.firms.flags(company), world.firms.types(company)
    found = {
        label
        for label, true in (
            ("company_former_client", FORMER in types),
            ("company_prospect", PROSPECT in types),
            ("company_vendor", VENDOR in types),
            ("company_own", OWN in types),
            ("company_deleted", odd.get("deletedFlag")),
            ("company_inactive", odd.get("status") == INACTIVE),
            ("company_lead", odd.get("leadFlag")),
            ("unsubscribed_company", odd.get("unsubscribeFlag")),
        )
        if true
    }
    number = world.layout.company_ids.of(company)
    row = world.tables["group_companies"].base.row(NPS_GROUP, number)  # type: ignore[union-attr]
    if row is not None:
        by_default = world.readings["default_contact_flag"] == "company_default_contact"
        if row["allContactsFlag"] or (by_default and world.layout.is_default(index, company)):
            found.add("group_member_by_company")
            if row["unsubscribeFlag"]:
                found.add("unsubscribed_group_company")
    return found


def _children(world: World, renderer: Renderer, name: str) -> list[Row]:
    table = world.tables[name]
    rows = [
        renderer.record(name, row) | _posted(row)
        for parent in sorted(world.state.overlay.get(name, {}))
        for number in table.ids(parent)
        if (row := table.row(parent, number)) is not None
    ]
    return sorted(rows, key=lambda row: int(row["id"]))


def _posted(row: Row) -> Row:
    """Return the switches a client posted that the API never shows again."""
    return {name: row[name] for name in ("processNotifications", "skipCallback") if name in row}


def _custom_fields(world: World, of: str) -> dict[str, dict[str, Any]]:
    """Return the set custom fields by contact or company id and caption; of a large world only the edited ones."""
    fields = world.tables["user_defined_fields"]
    captions = {number: str((fields.row(0, number) or {}).get("caption")) for number in fields.ids(0)}
    table = world.tables[of]
    small = world.layout.contacts <= LARGEST
    numbers = table.ids(0) if small else sorted(world.state.overlay.get(of, {}).get(0, {}))
    found = {}
    for number in numbers:
        values = (table.row(0, number) or {}).get("customFields")
        if values:
            found[str(number)] = {captions.get(key, str(key)): value for key, value in sorted(values.items())}
    return found


def _group_edits(world: World) -> list[Row]:
    return [
        {"group": group, "contact": number, "member": row is not None}
        for group, rows in sorted(world.state.overlay.get("group_contacts", {}).items())
        for number, row in sorted(rows.items())
    ]
