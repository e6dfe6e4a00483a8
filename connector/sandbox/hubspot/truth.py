"""What is really so in a world: the planted labels, and what clients have written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import dirt, schema, tenant
from .state import Record, Row

if TYPE_CHECKING:
    from .api import Api
    from .world import World

_COMPANY_LABELS = {
    "FORMER_CLIENT": "company_former_client",
    "PROSPECT": "company_prospect",
    "VENDOR": "company_vendor",
}


def labels(world: World, index: int) -> list[str]:
    """Return what is planted at one contact; `healthy` if nothing speaks against asking this person."""
    layout, planted = world.layout, dirt.slot(index).label
    found = set() if planted == "healthy" else {planted}
    if planted == "labelled_company":
        found.add("several_companies")
    after = dirt.followed_by(index, layout.contacts)
    if after.copies:
        found.add("replacement" if after.label == "replaced" else "duplicated")
    if layout.in_group(index):
        found.add("group_member")
    company = layout.company_of(index)
    if company is not None and world.companies.type(company) in _COMPANY_LABELS:
        found.add(_COMPANY_LABELS[world.companies.type(company)])
    if found <= dirt.BELONGING:
        found.add("healthy")
    return sorted(found)


def truth(world: World) -> Row:
    """Return labels, address, lifecycle stage and firms of each planted contact that still exists, by id."""
    store, people = world.stores[schema.CONTACTS], {}
    for index in range(world.layout.contacts):
        number = world.layout.contact_ids.of(index)
        record = store.live(number)
        if record is not None:
            people[str(number)] = {
                "labels": labels(world, index),
                "email": record.properties.get("email"),
                "additional": record.properties.get("hs_additional_emails"),
                "stage": record.properties.get("lifecyclestage"),
                "company": world.links.primary(schema.CONTACTS, record.id, schema.COMPANIES),
                "companies": sorted(world.links.of(schema.CONTACTS, record.id, schema.COMPANIES)),
                "company_type": _company_type(world, record),
                "index": index,
            }
    return {
        "contacts": people,
        "labels": dirt.LABELS,
        "archived": [str(number) for number in store.archived()],
        "merged": {str(old): str(store.resolve(old)) for old in world.state.aliases.get(schema.CONTACTS, {})},
    }


def records(world: World, api: Api) -> Row:
    """Return what was written since the first day: whole records by type, list edits, properties made."""
    found: Row = {}
    bare = world.readings["tenant_fields"] == "bare"
    for kind in schema.TYPES:
        rows = world.state.overlay.get(kind, {})
        made = [rows[number] for number in sorted(rows)]
        shown = [record for record in made if record is not None and not _planted(world, kind, record)]
        found[kind] = [_whole(world, api, kind, record) for record in shown]
    found["list_members"] = [
        {"list": str(number), "record": str(record), "member": bool(when)}
        for number, rows in sorted(world.state.members.items())
        for record, when in sorted(rows.items())
    ]
    found["lists"] = [str(number) for number in sorted(world.state.lists) if number not in tenant.LISTS]
    found["properties"] = {
        kind: sorted(world.state.properties[kind].keys() - schema.planted(bare=bare)[kind].keys())
        for kind in schema.TYPES
    }
    found["groups"] = {
        kind: sorted(world.state.groups[kind].keys() - schema.groups()[kind].keys()) for kind in schema.TYPES
    }
    found["consent"] = world.state.consent
    return found


def _planted(world: World, kind: str, record: Record) -> bool:
    """Whether a record has lain there since the first day, unchanged."""
    return world.first_day.get((kind, record.id)) is record


def _whole(world: World, api: Api, kind: str, record: Record) -> Row:
    """Return a record with all that is set in it, and whom it is linked with."""
    wanted = api.renderer.wanted(kind, sorted({*record.properties, *schema.DEFAULTS.get(kind, schema.OTHER_DEFAULTS)}))
    row = api.renderer.record(kind, record, wanted)
    row["associations"] = {
        to: {str(other): list(types) for other, types in links.items()}
        for to in schema.TYPES
        if (kind, to) in tenant.ASSOCIATIONS and (links := world.links.of(kind, record.id, to))
    }
    return row


def _company_type(world: World, record: Record) -> str | None:
    number = world.links.primary(schema.CONTACTS, record.id, schema.COMPANIES)
    company = world.stores[schema.COMPANIES].live(number) if number else None
    return company.properties.get("type") if company is not None else None
