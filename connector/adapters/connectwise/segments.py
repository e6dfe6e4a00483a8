"""What admins select and rules may name: segments of each facet, and the tenant's catalogues."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import is_number, number
from connector.adapters.connectwise.wire_types import WireCompany, WireContactFields, WireMember, WireNamed
from connector.domain import Facet, Segment
from connector.errors import ConfigError, RejectedError

# The label of a contact type is `description` here and `name` inside a contact's types[].
_SEGMENTS = {
    Facet.CONTACT_TYPE: "/company/contacts/types",
    Facet.COMPANY_TYPE: "/company/companies/types",
    Facet.MARKETING_GROUP: "/marketing/groups",
}
GROUPS = _SEGMENTS[Facet.MARKETING_GROUP]
LOCATIONS = "/system/locations"
PLACES = {
    "boards": "/service/boards",
    "priorities": "/service/priorities",
    "sources": "/service/sources",
    "locations": LOCATIONS,
    "task_types": "/sales/activities/types",
    "task_statuses": "/sales/activities/statuses",
}
_FIELDS = {"custom_fields": "/company/contacts", "company_fields": "/company/companies"}
CALLED = "companies called "
# What an admin wrote goes into a condition only if nothing in it could end the string.
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,50}")
UNDER_A_BOARD = ("statuses", "types", "subtypes", "items", "teams")
CATALOGUES = (
    *PLACES,
    "members",
    "custom_fields",
    "company_fields",
    *(f"{thing} of <board>" for thing in UNDER_A_BOARD),
)


def segments(psa: Psa, facet: Facet) -> list[Segment]:
    """Every segment of a facet, by name."""
    rows = psa.rows(_SEGMENTS[facet], WireNamed, {})
    found = [Segment(facet=facet, id=str(row.id), name=row.description or row.name or "") for row in rows] \
        if facet is Facet.CONTACT_TYPE else \
        [Segment(facet=facet, id=str(row.id), name=row.name or "") for row in rows]  # fmt: skip
    return sorted(found, key=lambda segment: (segment.name.casefold(), segment.id))


def count(psa: Psa, segment: Segment) -> int:
    """Contacts of a type, companies of a type (deleted ones left out), or contacts entered in a group; one call."""
    record_id = number(segment.id)
    if segment.facet is Facet.CONTACT_TYPE:
        return psa.count("/company/contacts/count", {"childConditions": f"types/id={record_id}"})
    if segment.facet is Facet.COMPANY_TYPE:
        query = {"conditions": "deletedFlag=false", "childConditions": f"types/id={record_id}"}
        return psa.count("/company/companies/count", query)
    return psa.count(f"/marketing/groups/{record_id}/contacts/count", {})


def catalogue(psa: Psa, thing: str) -> list[tuple[str, str]]:
    """(id, name) of each; members by the identifier that `member:<identifier>` takes. Raises ConfigError."""
    what, of, board = thing.partition(" of ")
    if of and what in UNDER_A_BOARD:
        try:
            board_id = resolve("board", board, named(psa, PLACES["boards"]))
        except RejectedError as error:
            raise ConfigError(str(error)) from None
        return _listed(named(psa, f"{PLACES['boards']}/{board_id}/{what}"))
    if thing.startswith(CALLED):
        return _companies_called(psa, thing.removeprefix(CALLED))
    if thing == "members":
        return _listed({str(row.id): row.identifier for row in members(psa) if not row.inactive_flag})
    if thing in _FIELDS:
        return _custom_fields(psa, _FIELDS[thing])
    if thing in PLACES:
        return _listed(named(psa, PLACES[thing]))
    raise ConfigError(f"connectwise has no catalogue {thing!r}; it has {', '.join(CATALOGUES)}")


def members(psa: Psa) -> list[WireMember]:
    return list(psa.rows("/system/members", WireMember, {"fields": "id,identifier,inactiveFlag,licenseClass"}))


def named(psa: Psa, path: str) -> dict[str, str]:
    """Names by id of a setup table, without what is inactive."""
    rows = psa.rows(path, WireNamed, {})
    return {str(row.id): row.name or "" for row in rows if not row.inactive_flag and not row.inactive}


def resolve(what: str, name: str, known: dict[str, str]) -> str:
    """The id of a name, case ignored; raises RejectedError that names the nearest."""
    wanted = name.strip().casefold()
    for record_id, each in known.items():
        if each.strip().casefold() == wanted:
            return record_id
    near = difflib.get_close_matches(wanted, [each.casefold() for each in known.values()], n=1, cutoff=0.5)
    shown = [each for each in known.values() if near and each.casefold() == near[0]]
    hint = f'; did you mean "{shown[0]}"?' if shown else f"; there are {_some(known.values())}"
    raise RejectedError(f'no {what} "{name}" in the PSA{hint}', code="UnknownName")


def _companies_called(psa: Psa, term: str) -> list[tuple[str, str]]:
    """(id, identifier) of the companies that have this id, identifier or name, case ignored."""
    terms = [f"id={number(term)}"] if is_number(term) else []
    terms += [f'identifier="{term}"', f'name="{term}"'] if _PLAIN.fullmatch(term) else []
    wanted = term.strip().casefold()
    # Whether `=` minds upper case is not documented.
    for condition in (" or ".join(terms), ""):
        query = {"fields": "id,identifier,name,deletedFlag", **({"conditions": condition} if condition else {})}
        found = {
            str(row.id): row.identifier or row.name or ""
            for row in psa.rows("/company/companies", WireCompany, query)
            if not row.deleted_flag
            and wanted in (str(row.id), (row.identifier or "").casefold(), (row.name or "").casefold())
        }
        if found:
            return _listed(found)
    return []


def _custom_fields(psa: Psa, path: str) -> list[tuple[str, str]]:
    """Every contact carries all fields defined for contacts, so any one shows them; no setup rights are needed."""
    rows = psa.first(path, WireContactFields, {"fields": "id,customFields"})
    fields = rows[0].custom_fields or [] if rows else []
    return _listed({str(field.get("id")): str(field.get("caption", "")) for field in fields})


def _listed(known: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(known.items(), key=lambda pair: (pair[1].casefold(), pair[0]))


def _some(names: Iterable[str]) -> str:
    shown = sorted(names, key=str.casefold)
    return ", ".join(shown[:8]) + (" …" if len(shown) > 8 else "") if shown else "none that this key may see"
