"""Manual decisions on write-backs: send it again, it is there, it shall not be sent. One transaction's work."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from connector.domain import KIND_OF_CHANGE, AddNote, Change, Receipt, SetField, WriteBackState
from connector.rules import dependencies
from connector.store import Tx, outbox, receipts


def release(tx: Tx, key: str, *, now: datetime) -> bool:
    """Send it again: a rejected one, or an unknown one that cannot be looked up (the admin knows it never arrived).

    What was discarded only because it depends on this one waits again too. One that was rejected begins anew, so that
    a changed answer may still change or withdraw it.
    """
    outbox.in_turn(tx)
    entry = outbox.get(tx, key)
    tries = -entry.tries if entry is not None and entry.write_back.state is WriteBackState.REJECTED else 0
    done = outbox.move(tx, key, from_states=("rejected", "unknown", "discarded"), to="waiting", now=now, tries=tries)
    for child in outbox.depending_on(tx, key) if done else ():
        if child.error == outbox.ORPHANED:
            outbox.move(tx, child.write_back.key, from_states=("discarded",), to="waiting", now=now)
    return done


def release_rejected(tx: Tx, keys: Collection[str], *, now: datetime) -> None:
    """Those of the keys that were rejected wait again; every other state stays as it is."""
    for key in keys:
        entry = outbox.get(tx, key)
        if entry is not None and entry.write_back.state is WriteBackState.REJECTED:
            release(tx, key, now=now)


_RECORDS = {
    "record_response": "contact",
    "open_ticket": "ticket",
    "update_ticket": "ticket_update",
    "join_ticket": "ticket_note",
    "create_task": "task",
    "add_to_group": "group",
    "notify": "mail",
}


def _record_type(change: Change) -> str:
    if isinstance(change, AddNote):
        return f"{change.on}_note"
    return change.on if isinstance(change, SetField) else _RECORDS[KIND_OF_CHANGE[type(change)]]


def settle(tx: Tx, key: str, *, to: str, why: str, now: datetime, record_id: str = "") -> bool:
    """A person knows better: `applied` (it is there) or `discarded` (it shall not be sent).

    `record_id` names the record that an applied one is, so that notes find their ticket; it may be told afterwards.
    Without it, or when it is discarded, what waits for its record is discarded at once.
    """
    outbox.in_turn(tx)
    entry = outbox.get(tx, key)
    late = entry is not None and bool(record_id) and entry.receipt is None
    states = ("waiting", "rejected", "unknown", *(("applied",) if late else ()))
    if entry is None or not outbox.move(tx, key, from_states=states, to=to, now=now, error=why):
        return False
    children = outbox.depending_on(tx, key)
    if to == "applied" and record_id:
        change = entry.write_back.change
        receipt = Receipt(key=key, record_id=record_id, record_type=_record_type(change), already_there=True)
        receipts.put(tx, receipt, now=now)
        for child in children:
            if child.error == outbox.WITHOUT_RECORD:
                outbox.move(tx, child.write_back.key, from_states=("discarded",), to="waiting", now=now)
    keys = {child.write_back.key for child in children}
    dependencies.give_up_orphans(tx, entry.write_back.connection, now=now, only=keys)
    return True
