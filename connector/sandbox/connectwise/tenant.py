"""The fixed set-up of the stand-in tenant: types, statuses, groups, boards, members, custom fields."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Rows = dict[str, dict[int, dict[int, Row]]]

MANAGED, FORMER, PROSPECT, VENDOR, OWN = 1, 2, 3, 4, 5
ACTIVE, INACTIVE, ON_HOLD = 1, 2, 3
NPS_GROUP, NEWSLETTER = 7, 9
HELP_DESK, CUSTOMER_SUCCESS, OLD_BOARD = 10, 20, 30
NPS_SCORE, NPS_DATE, NPS_BAND, NPS_COMMENT, SHOE_SIZE = 41, 42, 43, 44, 45
NPS_STATUS, NPS_STATUS_DATE = 51, 52
# Where custom fields stand. The contact's is recorded; nobody has published the company's, so this one is made up.
SCREENS = {"contacts": "ct300", "companies": "co300"}
API_MEMBER = "npsapi"

_ENTERED = {
    "lastUpdated": "2024-01-15T09:00:00Z",
    "updatedBy": "alice",
    "dateEntered": "2020-01-15T09:00:00Z",
    "enteredBy": "alice",
}


@functools.lru_cache(maxsize=8192)
def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86400, UTC).strftime("%Y-%m-%dT")


@functools.lru_cache(maxsize=1500)
def _minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}:"


def written(seconds: int) -> str:
    """Return seconds since 1970 as the vendor writes them: UTC, whole seconds, Z."""
    day, rest = divmod(seconds, 86400)
    minute, second = divmod(rest, 60)
    return f"{_day(day)}{_minute(minute)}{second:02d}Z"


def stamp(updated: int, by: str, entered: int, entered_by: str) -> dict[str, str]:
    """Return the stored part of `_info`."""
    return {
        "lastUpdated": written(updated),
        "updatedBy": by,
        "dateEntered": written(entered),
        "enteredBy": entered_by,
    }


def planted_stamp(updated: int, days_before: int) -> dict[str, str]:
    """Return the stored part of `_info` of a planted record: entered so many days before its last change."""
    day, rest = divmod(updated, 86400)
    minute, second = divmod(rest, 60)
    time = f"{_minute(minute)}{second:02d}Z"
    return {
        "lastUpdated": _day(day) + time,
        "updatedBy": "bob",
        "dateEntered": _day(day - days_before) + time,
        "enteredBy": "alice",
    }


def setup_rows() -> Rows:
    """Return the rows of every set-up table: table, parent (0 for none), id."""
    rows: Rows = {
        "contact_types": _list(
            "description", {1: "Decision Maker", 2: "Owner", 3: "End User", 4: "Billing", 5: "Technical"}
        ),
        "company_types": _list(
            "name",
            {
                MANAGED: "Managed Client",
                FORMER: "Former Client",
                PROSPECT: "Prospect",
                VENDOR: "Vendor",
                OWN: "Own Company",
            },
        ),
        "company_statuses": _list("name", {ACTIVE: "Active", INACTIVE: "Inactive", ON_HOLD: "On Hold"}),
        "communication_types": _list("description", {1: "Email", 2: "Direct", 3: "Fax", 4: "Mobile", 5: "Email 2"}),
        "note_types": _list("name", {1: "Comment", 2: "Alert", 3: "NPS"}),
        "groups": _list("name", {NPS_GROUP: "NPS 2026", NEWSLETTER: "Newsletter", 11: "Old List"}),
        "priorities": _list("name", {4: "Low", 3: "Medium", 2: "High", 1: "Critical"}),
        "sources": _list("name", {1: "Call", 2: "Email", 3: "Portal", 4: "NPS"}),
        "locations": _list("name", {2: "Main Office", 3: "Branch Office"}),
        "agreements": _agreements(),
        "departments": _list("name", {10: "Service", 11: "Sales"}),
        "team_roles": _list("name", {1: "Account Manager", 2: "Primary Engineer", 3: "Sales Rep"}),
        "activity_types": _list("name", {1: "Call", 2: "Task"}),
        "activity_statuses": _list("name", {1: "Open", 2: "Closed"}),
        "members": {0: {row["id"]: row for row in _members()}},
        "user_defined_fields": {0: {row["id"]: row for row in _custom_fields()}},
        "surveys": {0: {1: {"id": 1, "name": "Ticket closed", "inactiveFlag": True, "_info": _ENTERED}}},
        "boards": {0: {}},
        **{name: {} for name in ("statuses", "board_types", "subtypes", "items", "board_teams")},
    }
    for name, flag, marked in (
        ("company_statuses", "inactiveFlag", {INACTIVE}),
        ("company_types", "vendorFlag", {VENDOR}),
        ("communication_types", "emailFlag", {1, 5}),
        ("communication_types", "phoneFlag", {2, 4}),
        ("communication_types", "faxFlag", {3}),
        ("groups", "inactiveFlag", {11}),
        ("activity_statuses", "closedFlag", {2}),
    ):
        for number, row in rows[name][0].items():
            row[flag] = number in marked
    for number, row in rows["priorities"][0].items():
        row.update(color=("Red", "Orange", "Yellow", "Green")[number - 1], sortOrder=number, level=row["name"])
        row["defaultFlag"] = number == 3
    for number, row in rows["groups"][0].items():
        row.update(publicFlag=False, publicDescription=f"List {number}")
    for board, name in ((HELP_DESK, "Help Desk"), (CUSTOMER_SUCCESS, "Customer Success"), (OLD_BOARD, "Old Projects")):
        _add_board(rows, board, name)
    return rows


def _list(name: str, words: dict[int, str]) -> dict[int, dict[int, Row]]:
    first = next(iter(words))
    rows = {}
    for number, word in words.items():
        rows[number] = {"id": number, name: word, "_info": _ENTERED}
        if name == "description" or number <= 5:
            rows[number]["defaultFlag"] = number == first
    return {0: rows}


def _agreements() -> dict[int, dict[int, Row]]:
    """The first firms have one each, by the same name; the ids are the firms' own."""
    return {
        0: {
            300 + k: {"id": 300 + k, "name": "Managed Services", "company": 5001 + k, "_info": _ENTERED}
            for k in range(8)
        }
    }


def _members() -> list[Row]:
    people = (
        (101, "bob", "Bob", "Bishop"),
        (102, "alice", "Alice", "Anchor"),
        (103, "carol", "Carol", "Carver"),
        (104, "dave", "Dave", "Departed"),
        (110, API_MEMBER, "NPS", "Connector"),
    )
    return [
        {
            "id": number,
            "identifier": identifier,
            "licenseClass": "X" if identifier == API_MEMBER else "F",
            "inactiveFlag": identifier == "dave",
            "firstName": first,
            "lastName": last,
            "hireDate": "2015-01-05T00:00:00Z",
            "officeEmail": f"{identifier}@acme.example.org",
            "primaryEmail": f"{identifier}@acme.example.org",
            "defaultEmail": "Office",
            "officePhone": f"+1 555 01{number - 100:02d}",
            "defaultPhone": "Office",
            "securityRole": {"id": 63, "name": "Admin"},
            "title": "Technician",
            "adminFlag": identifier == "alice",
            "defaultLocation": 2,
            "defaultDepartment": 10,
            "customFields": {},
            "_info": _ENTERED,
        }
        for number, identifier, first, last in people
    ]


def _custom_fields() -> list[Row]:
    fields = (
        (NPS_SCORE, "NPS Score", "Number", "contacts"),
        (NPS_DATE, "NPS Date", "Text", "contacts"),
        (NPS_BAND, "NPS Band", "Text", "contacts"),
        (NPS_COMMENT, "NPS Comment", "TextArea", "contacts"),
        (SHOE_SIZE, "Shoe size", "Number", "contacts"),
        (NPS_STATUS, "NPS Status", "Text", "companies"),
        (NPS_STATUS_DATE, "NPS Status Date", "Text", "companies"),
    )
    return [
        {
            "id": number,
            "podId": 1 if of == "contacts" else 2,
            "caption": caption,
            "sequenceNumber": place,
            "screenId": SCREENS[of],
            "fieldTypeIdentifier": kind,
            "numberDecimals": 0,
            "entryTypeIdentifier": "EntryField",
            "requiredFlag": False,
            "displayOnScreenFlag": True,
            "readOnlyFlag": False,
            "listViewFlag": False,
            "options": [],
            "businessUnitIds": [],
            "locationIds": [],
            "dateCreated": "2020-01-15T09:00:00Z",
            "_info": _ENTERED,
        }
        for place, (number, caption, kind, of) in enumerate(fields, 1)
    ]


def _add_board(rows: Rows, board: int, name: str) -> None:
    """A board with its own statuses, types, subtypes, items and team; their ids are the board's own."""
    rows["boards"][0][board] = {
        "id": board,
        "name": name,
        "location": 2,
        "department": 10,
        "inactiveFlag": board == OLD_BOARD,
        "sendToContactFlag": False,
        "projectFlag": False,
        "_info": _ENTERED,
    }
    words = {
        "statuses": ("New", "In Progress", "Waiting Customer", "Closed"),
        "board_types": ("Request", "Incident", "Customer Feedback"),
        "subtypes": ("General", "Detractor"),
        "items": ("Follow-up",),
    }
    for table, entries in words.items():
        rows[table][board] = {
            board * 10 + place: {"id": board * 10 + place, "name": word, "board": board, "_info": _ENTERED}
            for place, word in enumerate(entries)
        }
    for place, row in enumerate(rows["statuses"][board].values()):
        row.update(sortOrder=place, displayOnBoard=place < 3, inactive=False)
        row.update(closedStatus=place == 3, defaultFlag=place == 0, customerPortalFlag=False)
    for place, row in enumerate(rows["board_types"][board].values()):
        row.update(defaultFlag=place == 0, inactiveFlag=False)
    rows["board_teams"][board] = {
        board * 10: {
            "id": board * 10,
            "name": f"{name} Team"[:30],
            "teamLeader": 101,
            "members": [101, 102, 103],
            "defaultFlag": True,
            "boardId": board,
            "_info": _ENTERED,
        }
    }
