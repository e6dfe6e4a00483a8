"""What must be the same whether or not a process was killed on the way: the projection of store and CRM.

Left out is what may rightly differ: times of arrival, tries and look-ups, numbers of records (their order may differ),
whether a record was found instead of made, and the stamps the CRM puts on our own edits.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from connector.store import Tx, open_store, plans, responses
from tests.kill.crm import Crm

Projection = dict[str, Any]


def project(url: str, crm: Crm, records: dict[str, Any], *, audience: str, began: str) -> Projection:
    """`began`: the stored form of the moment the story began; what is later is only noted as `late`."""
    store = open_store(url, migrate=False)
    try:
        with store.read() as tx:
            found = {**_store(tx, audience, began), "receipts": _receipts(tx, crm.key_of(records))}
    finally:
        store.close()
    return {**found, **crm.seen(records)}


def differences(expected: Projection, found: Projection) -> list[str]:
    """Each part that differs, with the entries that only one of the two has."""
    told = []
    for part in sorted({*expected, *found}):
        wanted, there = _entries(expected.get(part)), _entries(found.get(part))
        if wanted != there:
            lost = [entry for entry in wanted if wanted.count(entry) > there.count(entry)]
            extra = [entry for entry in there if there.count(entry) > wanted.count(entry)]
            told.append(f"{part}: missing {lost[:3]}; too much {extra[:3]}"[:2000])
    return told


def _entries(part: Any) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True, default=str) for entry in part or ())


# ---------------------------------------------------------------- the store
def _store(tx: Tx, audience: str, began: str) -> Projection:
    plan = plans.newest(tx, audience)
    return {
        "contacts": [
            {
                **_row(row, "doc", "person_since", "touched_at", "generation", "gone_at"),
                "doc": _doc(row.doc),
                "touched": _when(row.touched_at, began),
                "gone": _when(row.gone_at, began),
            }
            for row in tx.execute(text("select * from contact"))
        ],
        "companies": [
            {**_row(row, "doc", "generation", "gone_at"), "doc": _doc(row.doc), "gone": _when(row.gone_at, began)}
            for row in tx.execute(text("select * from company"))
        ],
        "persons": [_row(row) for row in tx.execute(text("select connection, id, person_id from contact"))],
        "ended_links": [_row(row, "ended_at", "linked_at") for row in tx.execute(text("select * from person_link"))],
        "memberships": [_row(row, "epoch") for row in tx.execute(text("select * from membership"))],
        "segments": [_row(row) for row in tx.execute(text("select * from segment"))],
        "names": [_row(row, "seen_at") for row in tx.execute(text("select * from remembered_name"))],
        "holds": [_row(row, "since") for row in tx.execute(text("select * from hold"))],
        "leases": [row.owner for row in tx.execute(text("select owner from lease where owner <> ''"))],
        "running": [row.id for row in tx.execute(text("select id from attempt where outcome = 'running'"))],
        "responses": [
            [r.key, r.revision, r.contact_id, r.company_id, r.person_id, r.email, r.score, r.comment, r.campaign,
             r.wave, r.responded_at.isoformat(), r.external_id] for r in responses.listed(tx)
        ],
        "decisions": [
            [d.contact_id, d.person_id, [f.reason for f in d.findings], [f.reason for f in d.notes]]
            for d in (plans.decisions(tx, plan.id) if plan else ())
        ],
        "write_backs": [
            [row.key, row.state, row.kind, row.connection, row.rule_id, row.action_id, row.revision, row.depends_on,
             _change(row.change)] for row in tx.execute(text("select * from write_back"))
        ],
        "follow_ups": [
            [row.key, row.state, row.status, row.owner, row.closed_by, bool(row.first_touch_at), bool(row.closed_at),
             bool(row.reminded_at), bool(row.escalated_at)] for row in tx.execute(text("select * from follow_up"))
        ],
        "undone": [[row.key, row.state] for row in tx.execute(text("select key, state from undo"))],
    }  # fmt: skip


def _row(row: Any, *without: str) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row._mapping.items() if name not in without}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _doc(document: bytes) -> Any:
    return {name: value for name, value in json.loads(document).items() if name != "updated_at"}


def _when(moment: str | None, began: str) -> str | None:
    return "late" if moment is not None and moment >= began else moment


def _change(change: str) -> Any:
    return {name: value for name, value in json.loads(change).items() if name != "due_at"}


# ---------------------------------------------------------------- receipts and the records they name
def _receipts(tx: Tx, key_of: dict[str, dict[str, str]]) -> list[list[str]]:
    """Each receipt with what its record is in the CRM; one that names no record of its key says so."""
    receipts = []
    for row in tx.execute(text("select * from receipt")):
        known = key_of.get(row.record_type)
        there = "" if known is None else known.get(row.record_id, "no such record")
        receipts.append([row.key, row.record_type, "carries its key" if not known or row.key in there else there])
    return receipts
