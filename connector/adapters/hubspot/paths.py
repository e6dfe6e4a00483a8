"""Operation to path, by API version: the one place that knows how HubSpot spells its addresses.

Bodies are the same in all versions; only paths differ. v1 to v4 paths end in 2027, dated ones are supported for 18
months each: https://developers.hubspot.com/docs/api-reference/legacy/migration-guide
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

ApiVersion = Literal["v3", "2026-03", "2026-09"]
CONTACTS, COMPANIES, TICKETS, NOTES, TASKS = "contacts", "companies", "tickets", "notes", "tasks"
CONTACT_LISTS = "0-1"  # the object type id of contacts, where lists want to know of what they are lists

# Names in braces are filled in, each made safe for a path. {version} is that of the settings.
_V3: Mapping[str, str] = {
    "objects": "/crm/v3/objects/{type}",
    "object": "/crm/v3/objects/{type}/{id}",
    "search": "/crm/v3/objects/{type}/search",
    "batch_read": "/crm/v3/objects/{type}/batch/read",
    "batch_create": "/crm/v3/objects/{type}/batch/create",
    "batch_update": "/crm/v3/objects/{type}/batch/update",
    "batch_upsert": "/crm/v3/objects/{type}/batch/upsert",
    "associations_read": "/crm/v4/associations/{type}/{to}/batch/read",
    "associate_default": "/crm/v4/associations/{type}/{to}/batch/associate/default",
    "lists_search": "/crm/v3/lists/search",
    "list_members": "/crm/v3/lists/{id}/memberships",
    "list_add": "/crm/v3/lists/{id}/memberships/add",
    "list_remove": "/crm/v3/lists/{id}/memberships/remove",
    "lists_of": "/crm/v3/lists/records/{type}/{id}/memberships",
    "properties": "/crm/v3/properties/{type}",
    "property": "/crm/v3/properties/{type}/{name}",
    "property_groups": "/crm/v3/properties/{type}/groups",
    "pipelines": "/crm/v3/pipelines/{type}",
    "owners": "/crm/v3/owners",
    "token": "/oauth/v1/token",
}
_DATED: Mapping[str, str] = {
    "objects": "/crm/objects/{version}/{type}",
    "object": "/crm/objects/{version}/{type}/{id}",
    "search": "/crm/objects/{version}/{type}/search",
    "batch_read": "/crm/objects/{version}/{type}/batch/read",
    "batch_create": "/crm/objects/{version}/{type}/batch/create",
    "batch_update": "/crm/objects/{version}/{type}/batch/update",
    "batch_upsert": "/crm/objects/{version}/{type}/batch/upsert",
    "associations_read": "/crm/associations/{version}/{type}/{to}/batch/read",
    "associate_default": "/crm/associations/{version}/{type}/{to}/batch/associate/default",
    "lists_search": "/crm/lists/{version}/search",
    "list_members": "/crm/lists/{version}/{id}/memberships",
    "list_add": "/crm/lists/{version}/{id}/memberships/add",
    "list_remove": "/crm/lists/{version}/{id}/memberships/remove",
    "lists_of": "/crm/lists/{version}/records/{type}/{id}/memberships",
    "properties": "/crm/properties/{version}/{type}",
    "property": "/crm/properties/{version}/{type}/{name}",
    "property_groups": "/crm/properties/{version}/{type}/groups",
    "pipelines": "/crm/pipelines/{version}/{type}",
    "owners": "/crm/owners/{version}",
    "token": "/oauth/{version}/token",
}
OPERATIONS = tuple(_V3)


def path(version: ApiVersion, operation: str, **names: str) -> str:
    """The path of an operation, for example `path("v3", "object", type="contacts", id="501")`."""
    template = (_V3 if version == "v3" else _DATED)[operation]
    return template.format(version=version, **{name: quote(value, safe="") for name, value in names.items()})


def is_search(asked: str) -> bool:
    """Whether the path is one of the CRM searches, which have a limit of their own (5 a second an account)."""
    return asked.startswith("/crm/") and asked.endswith("/search") and "/lists/" not in asked
