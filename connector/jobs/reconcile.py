"""reconcile: receipts against the CRM, by key and by id → what differs, each with the next command."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import structlog

from connector.config import Config
from connector.domain import FollowUpState, Mode
from connector.errors import RejectedError
from connector.jobs import watch
from connector.jobs.records.record import Record
from connector.jobs.watch import Watched
from connector.ports import TicketWatch
from connector.rules.differences import Kept, differences
from connector.rules.keys import CHECK, PREFIX
from connector.store import Tx, follow_ups, forgotten, outbox

log = structlog.get_logger()
ERASED = "erased"
"""How the write-back stands of a person who was forgotten: its ticket stays, and nothing is left to compare it with."""
SHOWN = 200
"""Differences that are kept with the Attempt, each with its next command; all are counted."""


def reconcile(record: Record, config: Config, connection: str, port: TicketWatch) -> dict[str, Any]:
    """Compare every ticket that a receipt names with the CRM, those whose follow-up is final too, and look for tickets
    that carry a key of ours and are not known. Follow-ups are brought up to date on the way."""
    rehearsal = config.mode is Mode.REHEARSAL
    ours = record.read(
        "tickets",
        list[Watched],
        lambda tx: [watch.of(each) for each in follow_ups.tickets(tx, connection, rehearsal=rehearsal, undone=True)],
    )
    try:
        carrying = list(port.ours(PREFIX))
        keys_known = True
    except RejectedError as error:
        log.warning("not_asked_for_keys", connection=connection, why=str(error))
        carrying, keys_known = [], False
    statuses = watch.look(port, [ticket.record_id for ticket in ours], carrying)
    carried = sorted((status.key, status.record_id) for status in carrying)

    def states_of(tx: Tx) -> dict[str, str]:
        keys, tickets = forgotten.left_behind(tx, connection)
        states = {key: ERASED for key, ticket in carried if key in keys or ticket in tickets}
        return states | {key: e.write_back.state.value for key, _ in carried if (e := outbox.get(tx, key)) is not None}

    states = record.read("states", dict[str, str], states_of)
    kept = [
        Kept(key=t.receipt_key, ticket_id=t.record_id, board=t.board, company_id=t.company_id)
        for t in ours
        if t.follow_up.state is not FollowUpState.UNDONE
    ]
    mine = [
        status
        for status in carrying
        if status.key.startswith(f"{PREFIX}r-") == rehearsal
        and not status.key.startswith(CHECK)
        and states.get(status.key) != ERASED
    ]
    mine = [s for s in mine if s.key not in {t.receipt_key for t in ours if t.follow_up.state is FollowUpState.UNDONE}]
    found = differences(kept, statuses, mine, states, connection=connection, keys_known=keys_known)
    standing = [ticket for ticket in ours if ticket.follow_up.state is not FollowUpState.UNDONE]
    counts = watch.settle(record, config, connection, standing, statuses)
    record.emit("differences", [asdict(each) for each in found])
    for each in found:
        log.warning("differs", kind=each.kind.value, ticket=each.ticket_id, key=each.key)
    by_kind = Counter(each.kind.value for each in found)
    told: dict[str, Any] = {name: counts[name] for name in ("tickets", "reminded", "escalated") if name in counts}
    rows = [[each.kind.value, each.ticket_id, each.key, each.said, each.next] for each in found[:SHOWN]]
    why = [] if keys_known else ["the tenant cannot be asked for keys: doubled and unknown tickets are not looked for"]
    return {
        **told,
        "differences": len(found),
        **by_kind,
        **({"found": rows} if rows else {}),
        **({"why": why} if why else {}),
    }
