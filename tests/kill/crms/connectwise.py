"""ConnectWise PSA, as the kill tests know it."""

from __future__ import annotations

import re
from typing import Any

import connector.adapters.connectwise.sink
import connector.adapters.connectwise.source
import connector.adapters.connectwise.watch  # noqa: F401 - imported for the children
from connector.adapters.transport.wire import HttpWire
from tests.kill.crm import Crm, Lever, Records
from tests.settings import AUDIENCE, CONNECTION, ENVIRON, RULES

_REFERENCES = ("company", "contact", "board", "status", "priority", "owner")
_LOOK_UPS = r"^/service/tickets$|/notes$"
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "429", "seconds": 5},
    "429 for long": {"kind": "429", "seconds": 300},
    "503html": {"kind": "503html"},
    "500timeout": {"kind": "500timeout"},
    "reset": {"kind": "reset"},
    "truncate": {"kind": "truncate"},
    "slow": {"kind": "slow", "seconds": 0.05},
    "drop_after_write": {"kind": "drop_after_write", "method": "POST"},
    "drop_after_patch": {"kind": "drop_after_write", "method": "PATCH"},
    "late_write in the grace": {"kind": "late_write", "method": "POST", "seconds": 60},
    "late_write between look-ups": {"kind": "late_write", "method": "POST", "seconds": 190},
    "late_patch": {"kind": "late_write", "method": "PATCH", "seconds": 60},
    "auth_lost": {"kind": "auth_lost"},
    "auth_lost at a write": {"kind": "auth_lost", "method": "POST"},
    "duplicate_row": {"kind": "duplicate_row", "method": "GET"},
    "missing_row": {"kind": "missing_row", "method": "GET", "path": _LOOK_UPS},
    "empty_list": {"kind": "empty_list", "method": "GET", "path": _LOOK_UPS},
    "codebase_change": {"kind": "codebase_change"},
}


def seen(records: Records) -> dict[str, Any]:
    """Every ticket with its notes, notes on contacts, custom fields, mails."""
    names = {
        ticket["id"]: ticket.get("externalXRef") or f"foreign {ticket['summary']}" for ticket in records["tickets"]
    }
    return {
        "tickets": [
            [ticket.get("externalXRef"), ticket["summary"]]
            + [(ticket.get(member) or {}).get("id") for member in _REFERENCES]
            + [ticket.get("processNotifications"), "requiredDate" in ticket, ticket.get("closedFlag")]
            for ticket in records["tickets"]
        ],
        "ticket_notes": [
            [names.get(note["ticketId"]), note["internalAnalysisFlag"], note["detailDescriptionFlag"], note.get("text")]
            for note in records["ticket_notes"]
        ],
        "contact_notes": [[note["contactId"], note.get("text")] for note in records["contact_notes"]],
        "custom_fields": sorted(records["custom_fields"].items()),
        "mails": records["mails"],
        "other": [records[name] for name in ("company_notes", "activities", "group_members") if records[name]],
    }


def _key_of(records: Records) -> dict[str, dict[str, str]]:
    return {
        "ticket": {str(t["id"]): t.get("externalXRef") or "" for t in records["tickets"]},
        "ticket_note": {str(n["id"]): n.get("text", "") for n in records["ticket_notes"]},
        "contact_note": {str(n["id"]): n.get("text", "") for n in records["contact_notes"]},
    }


def _twice(records: Records) -> Lever:
    ticket = records["tickets"][0]
    copied = {name: ticket[name] for name in ("summary", "company", "board", "externalXRef")}
    return "edit", {"path": "/service/tickets", "set": copied}


def _place(method: str, path: str, query: str, body: str) -> str:
    return f"{method} {path.rpartition('/apis/3.0')[2]}"


CONNECTWISE = Crm(
    kind="connectwise",
    name="psa",
    connection=lambda _: {**CONNECTION, "page_size": 10},
    environ=lambda _: ENVIRON,
    audience=AUDIENCE,
    rules=RULES,
    people=(
        "igor.klein37@garnet-farms14.example.com",
        "paula.harper45@prairie-gardens10.example.com",
        "jasmin.hill39@heron-freight9.example.com",
        "elena.west5@garnet-farms14.example.com",
        "luna.pond31@heron-freight9.example.com",
    ),
    wire=HttpWire,
    place=_place,
    asks=re.compile(r"^$"),
    tickets=lambda records: [str(ticket["id"]) for ticket in records["tickets"]],
    key_of=_key_of,
    seen=seen,
    closed_by_a_person=lambda ticket: ("technician", {"act": "close", "ticket": int(ticket), "by": "alice"}),
    closed_by_a_rule=lambda ticket: ("technician", {"act": "auto_close", "ticket": int(ticket)}),
    faults=FAULTS,
    undo_faults=(
        "429", "reset", "truncate", "drop_after_write", "drop_after_patch", "late_write between look-ups", "empty_list",
    ),
    opens="POST /service/tickets",
    reads="GET /company/contacts",
    twice=_twice,
    refuses=lambda company: ("edit", {"path": f"/company/companies/{company}", "delete": True}),
)  # fmt: skip
