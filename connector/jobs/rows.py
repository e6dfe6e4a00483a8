"""Where the records are in what a CRM answers: a list (ConnectWise), `results` with `properties` (HubSpot), `records`
with `attributes` (Salesforce), alone or inside of other answers; and which contact a record is, or refers to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

NAMES = frozenset(
    ("firstName", "lastName", "first_name", "last_name", "firstname", "lastname", "FirstName", "LastName")
)
"""Fields that only a contact or another human being has."""
_IDS = ("id", "Id")
_STAFF = re.compile(r"/(owners|system/members)(/|$)")
_REFERENCES = ("contact_id", "contactId", "ContactId", "WhoId", "hs_contact_id")


def of_staff(path: str) -> bool:
    """Whether what is asked for are users of the CRM, who are numbered on their own: one may have a contact's."""
    return _STAFF.search(path) is not None


def id_of(row: dict[str, Any]) -> str | None:
    return next((str(row[name]) for name in _IDS if isinstance(row.get(name), str | int)), None)


def fields_of(row: dict[str, Any]) -> dict[str, Any]:
    """Where a record has its fields: below itself, or in `properties`."""
    inner = row.get("properties")
    return inner if isinstance(inner, dict) else row


def is_person(row: dict[str, Any]) -> bool:
    attributes = row.get("attributes")
    of_type = attributes.get("type") if isinstance(attributes, dict) else None
    return of_type in ("Contact", "Lead") or bool(row.keys() & NAMES or fields_of(row).keys() & NAMES)


def contact_ids(row: dict[str, Any]) -> Iterator[str]:
    """The ids by which a record is a contact, or refers to one."""
    if is_person(row) and (own := id_of(row)) is not None:
        yield own
    for name, child in row.items():
        if name.lower().endswith("contact") and isinstance(child, dict) and (of_child := id_of(child)) is not None:
            yield of_child
    for each in (row, fields_of(row)):
        yield from (str(each[name]) for name in _REFERENCES if isinstance(each.get(name), str | int))


def replaced(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The same answer, each record in it as `change` makes it; the same object where it changes none."""
    if isinstance(value, list):
        made = [replaced(each, change) for each in value]
        return made if any(a is not b for a, b in zip(made, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    if _is_record(value):
        return change(value)
    within = {name: replaced(each, change) for name, each in value.items()}
    return within if any(within[name] is not value[name] for name in value) else value


def _is_record(value: dict[str, Any]) -> bool:
    """What has an id or says of what type it is; also a leaf without either. All else only holds records."""
    if id_of(value) is not None or "attributes" in value:
        return True
    return not any(isinstance(each, dict | list) for each in value.values())
