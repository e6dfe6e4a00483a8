"""What admins select and rules may name: segments of each facet, and the org's catalogues."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from connector.adapters.salesforce import campaigns
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.columns import type_field
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.scoping import of_types
from connector.adapters.salesforce.soql import is_id, long_id, named, select, soql
from connector.adapters.salesforce.wire_types import Named, WireUser
from connector.domain import Facet, Segment
from connector.errors import ConfigError, RejectedError

CALLED = "companies called "
UNDER_A_BOARD = {"statuses": "Status", "types": "Type", "teams": ""}
_LISTS = {
    "priorities": ("Case", "Priority"),
    "sources": ("Case", "Origin"),
    "task_types": ("Task", "Type"),
    "task_statuses": ("Task", "Status"),
}
_FIELDS = {"custom_fields": "Contact", "company_fields": "Account"}
CATALOGUES = (
    "boards",
    *_LISTS,
    "members",
    "teams",
    *_FIELDS,
    *(f"{thing} of <board>" for thing in UNDER_A_BOARD),
)
USER_FIELDS = ("Id", "Username", "Alias", "Email", "Name", "IsActive")
_log = logging.getLogger(__name__)


def segments(org: Org, facet: Facet) -> list[Segment]:
    """Every segment of a facet, by name; none where the user may not see the field or object it stands in."""
    if facet is Facet.MARKETING_GROUP:
        found = _campaigns(org)
    else:
        name, field = type_field(org.settings, facet)
        found = _values(org, name, field)
    made = [Segment(facet=facet, id=each_id, name=label) for each_id, label in found.items()]
    return sorted(made, key=lambda segment: (segment.name.casefold(), segment.id))


def count(org: Org, segment: Segment) -> int:
    """Contacts of a type, accounts of a type, or contacts in a campaign; one call."""
    if segment.facet is Facet.MARKETING_GROUP:
        return campaigns.count(org, segment.id)
    name, field = type_field(org.settings, segment.facet)
    described = org.described(name)
    condition = of_types(described, field, [segment.id]) if described is not None else ""
    if not condition:
        raise RejectedError(f"{name}.{field} cannot be counted by")
    return org.count(f"SELECT COUNT() FROM {named(name)} WHERE {condition}")  # noqa: S608 - named and bound


def catalogue(org: Org, thing: str) -> list[tuple[str, str]]:
    """(id, name) of each; of members and fields every name that a rule may write. Raises ConfigError."""
    what, of, _ = thing.partition(" of ")  # every record type has the lists of its object; one may show fewer of them
    what = what if of and what in UNDER_A_BOARD else thing
    if thing.startswith(CALLED):
        return _accounts_called(org, thing.removeprefix(CALLED))
    if what == "boards":
        case = org.described("Case")
        return _listed((each.record_type_id, each.name or "") for each in (case.record_types if case else ()))
    if what == "members":
        return _listed(_people(org))
    if what == "teams":
        return _listed((row.id, row.name or "") for row in org.rows(_queues(), Named))
    if what in _FIELDS:
        return _listed(_fields(org.described(_FIELDS[what])))
    if what in _LISTS or what in UNDER_A_BOARD:
        name, field = _LISTS.get(what) or ("Case", UNDER_A_BOARD[what])
        return _listed(picklist(org.described(name), field).items())
    raise ConfigError(f"salesforce has no catalogue {thing!r}; it has {', '.join(CATALOGUES)}")


def picklist(described: Described | None, field: str) -> dict[str, str]:
    """Labels by value of the active values of a field; none where it is not seen."""
    found = described.fields.get(field.casefold()) if described is not None else None
    if found is None:
        return {}
    return {each.value: each.label or each.value for each in found.picklist_values if each.value and each.active}


def user_rows(org: Org, condition: str) -> Iterator[WireUser]:
    return org.rows(select(USER_FIELDS, "User", condition), WireUser)


def _values(org: Org, name: str, field_name: str) -> dict[str, str]:
    """Labels by value of what stands in a field: of a free text field the values that are used."""
    described = org.described(name)
    field = described.fields.get(field_name.casefold()) if described is not None else None
    if described is None or field is None:
        _log.warning("%s.%s is not there, or hidden from this user: no segments", name, field_name)
        return {}
    if field.name == "RecordTypeId":
        return {each.record_type_id: each.name or "" for each in described.record_types}
    if field.type == "boolean":
        label = field.label or field.name
        return {"true": label, "false": f"not {label}"}
    if field.picklist_values:
        return {each.value: each.label or each.value for each in field.picklist_values if each.value}
    return _used(org, name, field.name) if field.groupable else {}


def _used(org: Org, name: str, field: str) -> dict[str, str]:
    text = f"SELECT {named(field)} FROM {named(name)} WHERE {named(field)} != null GROUP BY {named(field)}"  # noqa: S608
    rows: Iterable[dict[str, Any]] = org.rows(text, dict[str, Any])
    return {value: value for row in rows if isinstance(value := row.get(field), str) and value}


def _campaigns(org: Org) -> dict[str, str]:
    try:
        return {row.id: row.name or "" for row in org.rows("SELECT Id, Name FROM Campaign ORDER BY Id", Named)}
    except RejectedError as error:
        if error.code not in ("INVALID_TYPE", "INVALID_FIELD"):
            raise
        _log.warning("campaigns are not visible to this user: %s", error)
        return {}


def _people(org: Org) -> Iterator[tuple[str, str]]:
    """Username, e-mail address and alias of everybody who may own a ticket."""
    for row in user_rows(org, "IsActive = true AND UserType = 'Standard'"):
        for name in dict.fromkeys(filter(None, (row.username, row.email, row.alias))):
            yield row.id, name


def _queues() -> str:
    return "SELECT Id, Name FROM Group WHERE Type = 'Queue' ORDER BY Id"


def _fields(described: Described | None) -> Iterator[tuple[str, str]]:
    """Label and API name of each field that may be written."""
    for field in described.wire.fields if described is not None else ():
        if field.updateable:
            for name in dict.fromkeys((field.label or field.name, field.name)):
                yield field.name, name


def _accounts_called(org: Org, term: str) -> list[tuple[str, str]]:
    """The accounts that have this id or name, case ignored, as Salesforce compares names."""
    term = term.strip()
    conditions = [soql("Name = {term}", term=term)] if term else []
    conditions += [soql("Id = {term}", term=long_id(term))] if is_id(term, "001") else []
    if not conditions:
        return []
    return _listed((row.id, row.name or "") for row in org.rows(
        select(("Id", "Name"), "Account", f"({' OR '.join(conditions)})"), Named
    ))  # fmt: skip


def _listed(known: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    by_name: Callable[[tuple[str, str]], tuple[str, str]] = lambda pair: (pair[1].casefold(), pair[0])  # noqa: E731
    return sorted(known, key=by_name)
