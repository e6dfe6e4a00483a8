"""The outbox: which write-back may go, and what each outcome makes of it. Every function is one transaction's work.

waiting → sending → applied · rejected · unknown · superseded · discarded. A row stands before the effect; `sending`
under a token that is no longer current is `unknown`; an unknown one is looked up after the vendor's grace, twice,
before it waits again; one that cannot be looked up (mail) stays unknown until an admin says. The mode is enforced
here: preview claims nothing, rehearsal only the copies made for it, live only the real ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.domain import AddNote, Mode, OpenTicket, Receipt, RecordResponse, WriteBack, WriteBackState
from connector.errors import OutcomeUnknownError
from connector.ports import Outcome, Superseded
from connector.store import Tx, outbox, responses

LOOKUPS = 2
ORPHANED = "what it depends on was never applied"
BATCH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What may be sent now, and how many tickets the fuse keeps waiting."""

    write_backs: tuple[WriteBack, ...]
    held_by_fuse: int = 0


def adopt(tx: Tx, connection: str, *, token: int, now: datetime, grace: timedelta) -> list[str]:
    """What another process was sending is of unknown outcome now. Returns the keys."""
    adopted = []
    for entry in outbox.in_state(tx, connection, "sending"):
        if entry.token != token:
            key = entry.write_back.key
            why = "the process that sent it ended without an answer"
            outbox.move(tx, key, from_states=("sending",), to="unknown", now=now, look_after=now + grace, error=why)
            adopted.append(key)
    return adopted


def to_look_up(tx: Tx, connection: str, *, now: datetime, mode: Mode) -> list[WriteBack]:
    """Those of unknown outcome whose grace is over. In preview too: looking is no effect."""
    entries = outbox.in_state(tx, connection, "unknown", look_due=now)
    return [
        with_parent(tx, e.write_back)
        for e in entries
        if mode is Mode.PREVIEW or e.rehearsal == (mode is Mode.REHEARSAL)
    ]


def looked_up(
    tx: Tx, asked: Collection[WriteBack], found: Mapping[str, Receipt], *, now: datetime, grace: timedelta
) -> None:
    """A found one is applied. One not found is asked for again after the grace, then waits to be sent again."""
    for write_back in asked:
        receipt = found.get(write_back.key)
        if receipt is not None:
            outbox.put_receipt(tx, receipt, now=now)
            outbox.move(tx, write_back.key, from_states=("unknown",), to="applied", now=now)
            continue
        entry = outbox.get(tx, write_back.key)
        again = entry is not None and entry.lookups + 1 < LOOKUPS
        outbox.move(
            tx,
            write_back.key,
            from_states=("unknown",),
            to="unknown" if again else "waiting",
            now=now,
            lookups=1,
            look_after=now + grace if again else None,
            error="not found yet; looked up again after the grace" if again else "not found twice; it is sent again",
        )


def claim(
    tx: Tx,
    connection: str,
    *,
    token: int,
    now: datetime,
    mode: Mode,
    tickets_per_day: int,
    limit: int = BATCH,
    only: Collection[str] | None = None,
) -> Claimed:
    """Move what is due (of `only`, if given) from waiting to sending under the lease's token, within mode and fuse."""
    for key in outbox.orphaned(tx):
        outbox.move(tx, key, from_states=("waiting",), to="discarded", now=now, error=ORPHANED)
    if mode is Mode.PREVIEW:
        return Claimed(write_backs=())
    room = tickets_per_day - outbox.tickets_since(
        tx, connection, now - timedelta(days=1), rehearsal=mode is Mode.REHEARSAL
    )
    unsure = _unsure_contacts(tx, connection, mode)
    taken: list[WriteBack] = []
    held = 0
    for entry in outbox.due(
        tx, connection, now=now, rehearsal=mode is Mode.REHEARSAL, limit=1000 if only is None else 1_000_000_000
    ):
        if len(taken) >= limit:
            break
        if only is not None and entry.write_back.key not in only:
            continue
        write_back = entry.write_back
        if isinstance(write_back.change, OpenTicket) and room <= 0:
            held += 1
        elif _older_than_known(tx, write_back):
            why = "a newer answer of this contact is known"
            outbox.move(tx, write_back.key, from_states=("waiting",), to="superseded", now=now, error=why)
        elif isinstance(write_back.change, RecordResponse) and write_back.change.contact_id in unsure:
            continue  # an older answer may still land on this contact and would overwrite the newer one
        elif outbox.claim(tx, write_back.key, token=token, now=now):
            room -= isinstance(write_back.change, OpenTicket)
            taken.append(replace(with_parent(tx, write_back), state=WriteBackState.SENDING))
    return Claimed(write_backs=tuple(taken), held_by_fuse=held)


def _older_than_known(tx: Tx, write_back: WriteBack) -> bool:
    """A newer answer of the contact, or a later revision of this one, is what the contact's fields must end with."""
    change = write_back.change
    if not isinstance(change, RecordResponse):
        return False
    newest = responses.newest_of_contact(tx, write_back.connection, change.contact_id)
    response = responses.get(tx, write_back.response_key)
    revised = response is not None and response.revision > write_back.revision
    return revised or (newest is not None and newest > change.responded_at)


def _unsure_contacts(tx: Tx, connection: str, mode: Mode) -> frozenset[str]:
    """The contacts on which an answer of unknown outcome may still be written."""
    return frozenset(
        entry.write_back.change.contact_id
        for entry in outbox.in_state(tx, connection, "unknown")
        if isinstance(entry.write_back.change, RecordResponse) and entry.rehearsal == (mode is Mode.REHEARSAL)
    )


def with_parent(tx: Tx, write_back: WriteBack) -> WriteBack:
    """A note on the ticket that another write-back opened learns that ticket's id from its receipt."""
    change = write_back.change
    if isinstance(change, AddNote) and change.on == "ticket" and change.parent_id is None and write_back.depends_on:
        receipt = outbox.receipt_of(tx, write_back.depends_on)
        return replace(write_back, change=replace(change, parent_id=receipt.record_id if receipt else None))
    return write_back


def settle(tx: Tx, outcome: Outcome, *, token: int, now: datetime, grace: timedelta) -> None:
    """Write down what became of one claimed write-back."""
    result = outcome.result
    if isinstance(result, Receipt):
        outbox.put_receipt(tx, result, now=now)
        outbox.move(tx, outcome.key, from_states=("sending",), to="applied", now=now, token=token)
    elif isinstance(result, Superseded):
        outbox.move(tx, outcome.key, from_states=("sending",), to="superseded", now=now, token=token, error=result.why)
    elif isinstance(result, OutcomeUnknownError):
        why, look = str(result), now + grace
        outbox.move(
            tx, outcome.key, from_states=("sending",), to="unknown", now=now, token=token, look_after=look, error=why
        )
    else:
        outbox.move(tx, outcome.key, from_states=("sending",), to="rejected", now=now, token=token, error=str(result))


def put_back(tx: Tx, keys: Collection[str], *, token: int, now: datetime, why: str) -> None:
    """Claimed but surely not attempted: they wait again. The try does not count: a changed answer may replace it."""
    for key in keys:
        outbox.move(tx, key, from_states=("sending",), to="waiting", now=now, token=token, error=why, tries=-1)


# ---------------------------------------------------------------- what a person decides
def release(tx: Tx, key: str, *, now: datetime) -> bool:
    """Send it again: a rejected one, or an unknown one that cannot be looked up (the admin knows it never arrived).

    What was discarded only because it depends on this one waits again too.
    """
    done = outbox.move(tx, key, from_states=("rejected", "unknown", "discarded"), to="waiting", now=now)
    for child in outbox.depending_on(tx, key) if done else ():
        if child.error == ORPHANED:
            outbox.move(tx, child.write_back.key, from_states=("discarded",), to="waiting", now=now)
    return done


def release_rejected(tx: Tx, keys: Collection[str], *, now: datetime) -> None:
    """Those of the keys that were rejected wait again; every other state stays as it is."""
    for key in keys:
        entry = outbox.get(tx, key)
        if entry is not None and entry.write_back.state is WriteBackState.REJECTED:
            release(tx, key, now=now)


def settle_by_hand(tx: Tx, key: str, *, to: str, why: str, now: datetime) -> bool:
    """A person knows better: `applied` (it is there) or `discarded` (it shall not be sent)."""
    return outbox.move(tx, key, from_states=("waiting", "rejected", "unknown"), to=to, now=now, error=why)
