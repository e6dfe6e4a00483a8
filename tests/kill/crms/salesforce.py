"""Salesforce, as the kill tests know it: writes travel in collections, here of two, so that three cases need two."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import connector.adapters.salesforce.sink
import connector.adapters.salesforce.source
import connector.adapters.salesforce.undo
import connector.adapters.salesforce.watch  # noqa: F401 - imported for the children
from connector.adapters.salesforce import collections, tokens
from connector.adapters.salesforce.wire import SalesforceWire
from tests.kill.crm import Crm, Lever, Records, undated

_WRITES = "/composite/sobjects"
_LOOK_UPS = r"FROM (Case|CaseComment|Task|NPS_Response__c|CampaignMember)\b"
_CASE = (
    "NPS_Key__c", "Subject", "Description", "AccountId", "ContactId", "RecordTypeId", "Status", "Priority", "Origin",
    "OwnerId", "IsClosed",
)  # fmt: skip
_TASK = ("WhoId", "WhatId", "Subject", "Description", "Status", "OwnerId")
FAULTS: dict[str, dict[str, Any]] = {
    "auth_lost": {"kind": "auth_lost"},
    "auth_lost for long": {"kind": "auth_lost", "times": 3},
    "auth_lost at a write": {"kind": "auth_lost", "path": _WRITES},
    "daily_limit": {"kind": "daily_limit"},
    "daily_limit at a write": {"kind": "daily_limit", "path": _WRITES},
    "concurrent_limit": {"kind": "concurrent_limit"},
    "concurrent_limit at a write": {"kind": "concurrent_limit", "path": _WRITES},
    "lock_row": {"kind": "lock_row", "path": _WRITES, "rows": [0]},
    "lock_row for long": {"kind": "lock_row", "path": _WRITES, "rows": [0], "times": 6},
    "query_timeout": {"kind": "query_timeout"},
    "429": {"kind": "429"},
    "420": {"kind": "420"},
    "500": {"kind": "500"},
    "502": {"kind": "502"},
    "503": {"kind": "503"},
    "503html": {"kind": "503html"},
    "503html at a write": {"kind": "503html", "path": _WRITES},
    "reset": {"kind": "reset"},
    "truncate": {"kind": "truncate"},
    "truncate at a write": {"kind": "truncate", "path": _WRITES},
    "slow": {"kind": "slow", "seconds": 0.05},
    "drop_after_write": {"kind": "drop_after_write", "path": _WRITES},
    "late_write in the grace": {"kind": "late_write", "path": _WRITES, "seconds": 60},
    "late_write between look-ups": {"kind": "late_write", "path": _WRITES, "seconds": 190},
    "bad_locator": {"kind": "bad_locator"},
    "few_rows": {"kind": "few_rows"},
    "duplicate_row": {"kind": "duplicate_row"},
    "missing_row": {"kind": "missing_row", "path": _LOOK_UPS},
    "empty_list": {"kind": "empty_list", "path": _LOOK_UPS},
}
_UNDO = (
    "auth_lost", "concurrent_limit", "lock_row", "503html", "reset", "truncate", "drop_after_write",
    "late_write between look-ups", "empty_list",
)  # fmt: skip


def seen(records: Records) -> dict[str, Any]:
    names = {each["Id"]: each.get("NPS_Key__c") or "foreign" for each in records["Case"]}
    return {
        "tickets": [[each.get(name) for name in _CASE] for each in records["Case"]],
        "comments": [
            [names.get(each["ParentId"], "gone"), undated(each.get("CommentBody")), each.get("IsPublished")]
            for each in records["CaseComment"]
        ],
        "tasks": [
            [names.get(value, value) if (value := each.get(name)) else value for name in (*_TASK, "NPS_Key__c")]
            + [bool(each.get("ActivityDate"))]
            for each in records["Task"]
        ],
        "answers": [
            [names.get(each.get("Case__c") or "", ""),
             *sorted([name, value] for name, value in each.items() if name.endswith("__c") and name != "Case__c")]
            for each in records["NPS_Response__c"]
        ],
        "fields": [
            [kind, record_id, sorted((name, value) for name, value in row.items() if name.startswith("NPS_"))]
            for kind in ("Contact", "Account") for record_id, row in records[kind].items()
        ],
        "members": [
            [each["CampaignId"], each.get("ContactId"), each.get("Status"), each.get("NPS_Key__c")]
            for each in records["CampaignMember"]
        ],
    }  # fmt: skip


def _key_of(records: Records) -> dict[str, dict[str, str]]:
    tasks = {each["Id"]: f"{each.get('Description')} {each.get('NPS_Key__c')}" for each in records["Task"]}
    return {
        "ticket": {each["Id"]: each.get("NPS_Key__c") or "" for each in records["Case"]},
        "ticket_note": {each["Id"]: each.get("CommentBody") or "" for each in records["CaseComment"]},
        "task": tasks,
        "contact_note": tasks,
        "response": {each["Id"]: each.get("Response_Key__c") or "" for each in records["NPS_Response__c"]},
    }


def _place(method: str, path: str, query: str, body: str) -> str:
    """The place of a query says of what it asks, that of a collection what is in it."""
    asked = re.search(r"\bFROM (\w+)", unquote_plus(query))
    written = re.search(r'"type": ?"(\w+)"', body) if path.endswith("/composite/sobjects") else None
    bare = re.sub(r"^/services/data/v\d+\.0", "", path)
    return f"{method} {bare}" + (f" FROM {asked[1]}" if asked else "") + (f" of {written[1]}" if written else "")


def _connection(_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "adapter": "salesforce",
        "domain": "acme.my.salesforce.com",
        "consumer_key": "${SF_CONSUMER_KEY}",
        "consumer_secret": "${SF_CONSUMER_SECRET}",
        "contact_type_field": "Contact_Type__c",
        "page_size": 200,
        "ticket_source": "NPS",
        "calendar": {"zone": "Europe/Berlin", "hours": "09:00-17:00"},
    }


def _by(act: str, **who: str) -> Any:
    def lever(ticket: str) -> Lever:
        return "technician", {"act": act, "id": ticket, **who}

    return lever


def _twice(records: Records) -> Lever:
    case = records["Case"][0]
    return "edit", {"object": "Case", "set": {name: case[name] for name in ("Subject", "AccountId", "NPS_Key__c")}}


def _prepare() -> None:
    collections.ROWS = 2
    tokens._accounts.clear()


SALESFORCE = Crm(
    kind="salesforce",
    name="sf",
    connection=_connection,
    environ=lambda login: {"SF_CONSUMER_KEY": login["consumer_key"], "SF_CONSUMER_SECRET": login["consumer_secret"]},
    audience={
        "from": "sf",
        "contact_types": ["Decision Maker", "Owner"],
        "company_types": ["Customer - Direct"],
        "marketing_groups": ["NPS 2026"],
        "exclude": {"company_types": ["Former Customer"]},
    },
    rules=[
        {
            "id": "call-back",
            "name": "call detractors back",
            "when": {"band": "detractor"},
            "then": [
                "record_response",
                {"open_ticket": {
                    "record_type": "NPS Follow-up", "priority": "High",
                    "owner": ["account_manager", "member:bob"], "due": "1 business day",
                }},
                {"add_note": {"on": "ticket", "text": "Asked by wave {{ response.wave }}."}},
            ],
        },
        {"id": "keep", "name": "keep the others", "when": {"not": {"band": "detractor"}}, "then": ["record_response"]},
        {
            "id": "thank",
            "name": "thank promoters",
            "when": {"band": "promoter"},
            "then": [{"create_task": {"owner": ["member:bob"]}}, {"add_to_group": {"group": "Newsletter"}}],
        },
    ],
    people=(
        "karim.dale51@sterling-clinic11.example.com",
        "oscar.mead55s@cascade-dental12.example.com",
        "jasmin.hill39@heron-freight9.example.com",
        "yusuf.cole53s@sterling-clinic11.example.com",
        "sofia.fox33@meridian-energy6.example.com",
    ),
    wire=SalesforceWire,
    place=_place,
    asks=re.compile(r"/composite$|/oauth2/token$"),
    tickets=lambda records: [each["Id"] for each in records["Case"]],
    key_of=_key_of,
    seen=seen,
    closed_by_a_person=_by("close", by="carol"),
    closed_by_a_rule=_by("auto_close"),
    faults=FAULTS,
    undo_faults=_UNDO,
    opens="POST /composite/sobjects of Case",
    reads="GET /queryAll FROM Contact",
    refuses=lambda company: ("technician", {"act": "delete", "id": company}),
    step=311.0,
    at_once=2,
    twice=_twice,
    prepare=_prepare,
)  # fmt: skip
