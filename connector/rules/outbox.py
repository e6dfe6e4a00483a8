"""The outbox: which write-back may go, and what each outcome makes of it. Every function is one transaction's work.

waiting → sending → applied · rejected · unknown · superseded · discarded. A row stands before the effect; `sending`
under a token that is no longer current is `unknown`; an unknown one is looked up after the vendor's grace, twice,
before it waits again; one that cannot be looked up (mail) stays unknown until an admin says. The mode is enforced
here: preview claims nothing, rehearsal only the copies made for it, live only the real ones.

ordering.py  what must not land after a newer answer     dependencies.py  what waits for another write-back
manual.py  what a person decides                         fuses.py  how much may leave
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.domain import JoinTicket, Mode, OpenTicket, Receipt, WriteBack, WriteBackState
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError
from connector.ports import Outcome, Superseded
from connector.rules import dependencies, fuses, ordering
from connector.store import Tx, outbox, receipts, tickets, work

LOOKUPS = 2
DELETED = "the ticket it was to join is deleted; it is a ticket of its own"
BATCH = 200
"""Claimed at a time: as many as the largest request of a CRM takes."""


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
        dependencies.with_parent(tx, e.write_back)
        for e in entries
        if mode is Mode.PREVIEW or e.rehearsal == (mode is Mode.REHEARSAL)
    ]


def looked_up(
    tx: Tx,
    asked: Collection[WriteBack],
    found: Mapping[str, Receipt | ConnectorError],
    *,
    now: datetime,
    grace: timedelta,
) -> None:
    """A found one is applied; one that cannot be judged is rejected, for a person to decide.

    One not found is asked for again after the grace, then waits to be sent again.
    """
    for write_back in asked:
        result = found.get(write_back.key)
        if isinstance(result, Receipt):
            receipts.put(tx, result, now=now)
            outbox.move(tx, write_back.key, from_states=("unknown",), to="applied", now=now)
            continue
        if result is not None:
            remedy = f"connector outbox settle {write_back.key} --applied --record ID (or --discard) --reason …"
            why = f"{str(result)[:1800]}; it may be there: look, then {remedy}"
            outbox.move(tx, write_back.key, from_states=("unknown",), to="rejected", now=now, error=why)
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
    limits: fuses.Limits,
    limit: int = BATCH,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> Claimed:
    """Move what is due (of `only`, if given) from waiting to sending under the lease's token, within mode and fuse.

    `without` are those that this delivery has put back already. Of what writes fields of one contact or company, or on
    one ticket, only the first is taken at a time: the next sees what became of it.
    """
    outbox.in_turn(tx)
    dependencies.give_up_orphans(tx, connection, now=now)
    if mode is Mode.PREVIEW:
        return Claimed(write_backs=())
    rehearsal = mode is Mode.REHEARSAL
    room = fuses.room(tx, connection, limits, now=now, rehearsal=rehearsal)
    unsure = ordering.unsure(tx, connection, mode)
    taken: list[WriteBack] = []
    written: set[str] = set()
    held = 0

    def tickets() -> bool:
        return room.left > 0 or only is not None  # those of `only` that are held are counted here

    for entry in work.due(tx, connection, now=now, rehearsal=rehearsal, tickets=tickets):
        if len(taken) >= limit:
            break
        write_back = entry.write_back
        if write_back.key in without or (only is not None and write_back.key not in only):
            continue
        if isinstance(write_back.change, OpenTicket) and not room.lets(entry.owner, entry.fuse):
            held += 1
        elif ordering.older_than_known(tx, entry):
            why = "a newer answer of this contact is known"
            outbox.move(tx, write_back.key, from_states=("waiting",), to="superseded", now=now, error=why)
        elif ordering.target(write_back) in unsure:
            continue  # an older answer may still land on this contact or ticket and would overwrite the newer one
        elif (record := ordering.written_on(write_back)) is not None and record in written:
            continue
        elif outbox.claim(tx, write_back.key, token=token, now=now):
            written |= {record} if record else set()
            if isinstance(write_back.change, OpenTicket):
                room.take(entry.owner)
            taken.append(_sending(tx, write_back))
    if only is not None:
        return Claimed(write_backs=tuple(taken), held_by_fuse=held)
    kept = fuses.held(tx, connection, limits, now=now, rehearsal=rehearsal)
    return Claimed(write_backs=tuple(taken), held_by_fuse=len(kept.keys))


def _sending(tx: Tx, write_back: WriteBack) -> WriteBack:
    """As it leaves; the ticket it goes on is written down."""
    leaving = replace(dependencies.with_parent(tx, write_back), state=WriteBackState.SENDING)
    ticket_id = getattr(leaving.change, "parent_id", None) or getattr(leaving.change, "ticket_id", None)
    if ticket_id:
        tickets.went_on(tx, leaving.key, ticket_id)
    return leaving


def settle(tx: Tx, outcome: Outcome, *, token: int, now: datetime, grace: timedelta) -> None:
    """Write down what became of one claimed write-back."""
    result = outcome.result
    if isinstance(result, Receipt):
        receipts.put(tx, result, now=now)
        outbox.move(tx, outcome.key, from_states=("sending",), to="applied", now=now, token=token)
    elif isinstance(result, Superseded):
        outbox.move(tx, outcome.key, from_states=("sending",), to="superseded", now=now, token=token, error=result.why)
    elif isinstance(result, OutcomeUnknownError):
        why, look = str(result), now + grace
        outbox.move(
            tx, outcome.key, from_states=("sending",), to="unknown", now=now, token=token, look_after=look, error=why
        )
    elif not _reopened(tx, outcome.key, result, token=token, now=now):
        outbox.move(tx, outcome.key, from_states=("sending",), to="rejected", now=now, token=token, error=str(result))


def _reopened(tx: Tx, key: str, result: ConnectorError, *, token: int, now: datetime) -> bool:
    """One that was to join a ticket which is deleted by now becomes a ticket of its own."""
    entry = outbox.get(tx, key)
    if (
        entry is None
        or entry.token != token
        or not is_gone(result)
        or not isinstance(entry.write_back.change, JoinTicket)
    ):
        return False
    tickets.reopen(tx, entry, entry.write_back.change.ticket, now=now, why=DELETED)
    return True


def is_gone(result: Receipt | Superseded | ConnectorError) -> bool:
    """Whether the record to write on is not there."""
    return isinstance(result, RejectedError) and result.status == 404


def put_back(tx: Tx, keys: Collection[str], *, token: int, now: datetime, why: str) -> None:
    """Claimed but surely not attempted: they wait again. The try does not count: a changed answer may replace it."""
    for key in keys:
        outbox.move(tx, key, from_states=("sending",), to="waiting", now=now, token=token, error=why, tries=-1)
