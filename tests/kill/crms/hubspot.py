"""HubSpot, as the kill tests know it: writes travel in batches, here of two, so that three tickets need two."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import connector.adapters.hubspot.feedback
import connector.adapters.hubspot.sink
import connector.adapters.hubspot.source
import connector.adapters.hubspot.undo
import connector.adapters.hubspot.watch  # noqa: F401 - imported for the children
from connector.adapters.hubspot import batches
from connector.adapters.hubspot.wire import HubSpotWire
from tests.kill.crm import Crm, Lever, Records, undated

_WRITES = r"/(batch/(create|update|upsert|archive)|memberships/(add|remove)|batch/associate/default)$"
_LOOK_UPS = r"/(tickets|notes|tasks)/(search|batch/read)$"
TICKET: dict[str, Any] = {
    "pipeline": "Customer Success",
    "priority": "High",
    "owner": ["account_manager", "member:bob@example.com"],
    "due": "1 business day",
}
FAULTS: dict[str, dict[str, Any]] = {
    "429 of ten seconds": {"kind": "429", "seconds": 5, "policy": "TEN_SECONDLY_ROLLING"},
    "429 of a second": {"kind": "429", "seconds": 1, "policy": "SECONDLY"},
    "429 of the day": {"kind": "429", "policy": "DAILY"},
    "429 for long": {"kind": "429", "seconds": 300},
    "429 at a write": {"kind": "429", "seconds": 5, "path": _WRITES},
    "423": {"kind": "423"},
    "423 at a write": {"kind": "423", "path": _WRITES},
    "477": {"kind": "477", "seconds": 60},
    "500": {"kind": "500"},
    "502": {"kind": "502"},
    "503html": {"kind": "503html"},
    "504": {"kind": "504"},
    "504 after a write": {"kind": "504_after_write"},
    "521": {"kind": "521"},
    "522": {"kind": "522"},
    "523": {"kind": "523"},
    "524": {"kind": "524"},
    "reset": {"kind": "reset"},
    "truncate": {"kind": "truncate"},
    "truncate at a write": {"kind": "truncate", "path": _WRITES},
    "slow": {"kind": "slow", "seconds": 0.05},
    "drop_after_write": {"kind": "drop_after_write"},
    "late_write in the grace": {"kind": "late_write", "seconds": 60},
    "late_write between look-ups": {"kind": "late_write", "seconds": 190},
    "auth_lost": {"kind": "auth_lost"},
    "auth_lost at a write": {"kind": "auth_lost", "path": _WRITES},
    "token_expired": {"kind": "token_expired"},
    "token_expired at a write": {"kind": "token_expired", "path": _WRITES},
    "duplicate_row": {"kind": "duplicate_row"},
    "missing_row": {"kind": "missing_row", "path": _LOOK_UPS},
    "empty_list": {"kind": "empty_list", "path": _LOOK_UPS},
}
_UNDO = ("429 of ten seconds", "423", "502", "reset", "truncate", "drop_after_write", "late_write between look-ups")


def seen(records: Records) -> dict[str, Any]:
    names = {each["id"]: each["properties"].get("nps_response_key") or "foreign" for each in records["tickets"]}
    return {
        "tickets": [
            [undated(each["properties"].get(name)) for name in (
                "nps_response_key", "subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority",
                "hubspot_owner_id")] + _linked(each, names)
            for each in records["tickets"]
        ],
        "notes": [[each["properties"].get("hs_note_body"), *_linked(each, names)] for each in records["notes"]],
        "tasks": [
            [each["properties"].get(name) for name in ("hs_task_subject", "hs_task_body", "hs_task_status",
                                                       "hubspot_owner_id")] + _linked(each, names)
            for each in records["tasks"]
        ],
        "fields": [
            [kind, each["id"], sorted((name, value) for name, value in each["properties"].items() if "nps" in name)]
            for kind in ("contacts", "companies") for each in records[kind]
        ],
        "members": [[each["list"], each["record"]] for each in records["list_members"] if each["member"]],
        "other": [records[name] for name in ("lists", "feedback_submissions", "nps_response") if records[name]],
    }  # fmt: skip


def _linked(row: Mapping[str, Any], names: Mapping[str, str]) -> list[list[str]]:
    """Whom it hangs on; tickets by their key, for their numbers differ."""
    return [
        sorted(names.get(other, "gone") if to == "tickets" else f"{to} {other}" for other in others)
        for to, others in sorted(row["associations"].items())
        if to in ("contacts", "companies", "tickets")
    ]


def _key_of(records: Records) -> dict[str, dict[str, str]]:
    notes = {each["id"]: each["properties"].get("hs_note_body") or "" for each in records["notes"]}
    return {
        "ticket": {each["id"]: each["properties"].get("nps_response_key") or "" for each in records["tickets"]},
        "ticket_note": notes,
        "contact_note": notes,
        "task": {each["id"]: each["properties"].get("hs_task_body") or "" for each in records["tasks"]},
    }


def _place(method: str, path: str, query: str, body: str) -> str:
    return f"{method} {re.sub(r'^/crm/objects/2026-03', '', path)}"


def _connection(_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "adapter": "hubspot",
        "access_token": "${HUBSPOT_ACCESS_TOKEN}",
        "portal": "4242",
        "page_size": 10,
        "calendar": {"zone": "Europe/Berlin", "hours": "09:00-17:00"},
    }


def _by(act: str, **who: str) -> Any:
    def lever(ticket: str) -> Lever:
        return "technician", {"act": act, "ticket": ticket, **who}

    return lever


def _twice(records: Records) -> Lever:
    """The property is unique, but a person may copy its value into a text field of ours; here a bug of theirs."""
    properties = records["tickets"][0]["properties"]
    return "edit", {"type": "tickets", "set": {name: properties[name] for name in ("subject", "nps_response_key")}}


def _prepare() -> None:
    batches.SIZE = 2


HUBSPOT = Crm(
    kind="hubspot",
    name="hub",
    connection=_connection,
    environ=lambda login: {"HUBSPOT_ACCESS_TOKEN": login["token"]},
    audience={
        "from": "hub",
        "contact_types": ["Customer", "Opportunity", "Other"],
        "company_types": ["Managed Client"],
        "marketing_groups": ["NPS 2026"],
        "exclude": {"company_types": ["Former Client"]},
    },
    rules=[
        {
            "id": "call-back",
            "name": "call detractors back",
            "when": {"band": "detractor"},
            "then": [
                "record_response",
                {"open_ticket": TICKET},
                {"add_note": {"on": "ticket", "text": "Asked by wave {{ response.wave }}."}},
            ],
        },
        {"id": "keep", "name": "keep the others", "when": {"not": {"band": "detractor"}}, "then": ["record_response"]},
        {
            "id": "thank",
            "name": "thank promoters",
            "when": {"band": "promoter"},
            "then": [{"create_task": {"owner": ["member:bob@example.com"]}}, {"add_to_group": {"group": "Empty list"}}],
        },
    ],
    people=(
        "karim.dale51@sterling-clinic11.example.com",
        "silas.lowe55h@cascade-dental12.example.com",
        "jasmin.hill39@heron-freight9.example.com",
        "ida.fisher53h@sterling-clinic11.example.com",
        "sofia.fox33@meridian-energy6.example.com",
    ),
    wire=HubSpotWire,
    place=_place,
    asks=re.compile(r"/(search|batch/read)$"),
    tickets=lambda records: [each["id"] for each in records["tickets"]],
    key_of=_key_of,
    seen=seen,
    closed_by_a_person=_by("close", by="carol@example.com"),
    closed_by_a_rule=_by("auto_close"),
    faults=FAULTS,
    undo_faults=_UNDO,
    opens="POST /tickets/batch/create",
    reads="POST /contacts/search",
    refuses=lambda company: ("technician", {"act": "archive", "type": "companies", "id": company}),
    at_once=2,
    twice=_twice,
    prepare=_prepare,
)
