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

from connector.domain import (
    KIND_OF_CHANGE,
    AddNote,
    Change,
    JoinTicket,
    Mode,
    OpenTicket,
    Receipt,
    RecordResponse,
    SetField,
    UpdateTicket,
    WriteBack,
    WriteBackState,
)
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError
from connector.ports import Outcome, Superseded
from connector.rules import fuses
from connector.store import Tx, outbox, responses, tickets

LOOKUPS = 2
ORPHANED = outbox.ORPHANED
NOT_OPENED = "the ticket it was to join was never opened; it is a ticket of its own, or joins the next"
DELETED = "the ticket it was to join is deleted; it is a ticket of its own"
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
            outbox.put_receipt(tx, result, now=now)
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

    `without` are those that this delivery has put back already.
    """
    outbox.in_turn(tx)
    give_up_orphans(tx, connection, now=now)
    if mode is Mode.PREVIEW:
        return Claimed(write_backs=())
    rehearsal = mode is Mode.REHEARSAL
    room = fuses.room(tx, connection, limits, now=now, rehearsal=rehearsal)
    unsure = _unsure(tx, connection, mode)
    taken: list[WriteBack] = []
    held = 0

    def tickets() -> bool:
        return room.left > 0 or only is not None  # those of `only` that are held are counted here

    for entry in outbox.due(tx, connection, now=now, rehearsal=rehearsal, tickets=tickets):
        if len(taken) >= limit:
            break
        write_back = entry.write_back
        if write_back.key in without or (only is not None and write_back.key not in only):
            continue
        if isinstance(write_back.change, OpenTicket) and not room.lets(entry.owner, entry.fuse):
            held += 1
        elif _older_than_known(tx, entry):
            why = "a newer answer of this contact is known"
            outbox.move(tx, write_back.key, from_states=("waiting",), to="superseded", now=now, error=why)
        elif _target(write_back) in unsure:
            continue  # an older answer may still land on this contact or ticket and would overwrite the newer one
        elif outbox.claim(tx, write_back.key, token=token, now=now):
            if isinstance(write_back.change, OpenTicket):
                room.take(entry.owner)
            taken.append(_sending(tx, write_back))
    if only is not None:
        return Claimed(write_backs=tuple(taken), held_by_fuse=held)
    kept = fuses.held(tx, connection, limits, now=now, rehearsal=rehearsal)
    return Claimed(write_backs=tuple(taken), held_by_fuse=len(kept.keys))


def _older_than_known(tx: Tx, entry: outbox.Entry) -> bool:
    """A newer answer that is recorded too, or a later revision of this one, is what the contact's fields must end with,
    and the head of the ticket.

    A newer answer that no rule records supersedes nothing, and neither does a revision on which the rules did not run.
    """
    write_back, change = entry.write_back, entry.write_back.change
    if not isinstance(change, RecordResponse | SetField | UpdateTicket):
        return False
    response = responses.get(tx, write_back.response_key)
    if response is not None and response.revision > write_back.revision and responses.rules_ran(tx, response.key):
        return True
    if isinstance(change, SetField):
        return responses.newer_set(tx, write_back, change, rehearsal=entry.rehearsal)
    return isinstance(change, RecordResponse) and responses.newer_recorded(
        tx, write_back, change, rehearsal=entry.rehearsal
    )


def _unsure(tx: Tx, connection: str, mode: Mode) -> frozenset[str]:
    """The contacts and tickets on which an answer of unknown outcome may still be written."""
    return frozenset(
        target
        for entry in outbox.in_state(tx, connection, "unknown")
        if entry.rehearsal == (mode is Mode.REHEARSAL) and (target := _target(entry.write_back))
    )


def _target(write_back: WriteBack) -> str | None:
    """What a change overwrites, so that the older must not land after the newer; None for what only adds."""
    if isinstance(write_back.change, RecordResponse):
        return f"contact {write_back.change.contact_id}"
    if isinstance(write_back.change, SetField):
        change = write_back.change
        return f"field of {change.on} {change.record_id}: {change.field.strip().casefold()}"
    return f"ticket of {write_back.depends_on}" if isinstance(write_back.change, UpdateTicket) else None


def with_parent(tx: Tx, write_back: WriteBack) -> WriteBack:
    """A change to the ticket that another write-back opened learns that ticket's id."""
    change = write_back.change
    if isinstance(change, JoinTicket):
        change = AddNote(on="ticket", contact_id=None, text=change.text)
    if write_back.depends_on is None:
        return replace(write_back, change=change)
    if isinstance(change, AddNote) and change.on == "ticket" and change.parent_id is None:
        change = replace(change, parent_id=tickets.on_ticket(tx, write_back))
    elif isinstance(change, UpdateTicket) and change.ticket_id is None:
        change = replace(change, ticket_id=tickets.on_ticket(tx, write_back))
    return replace(write_back, change=change)


def _sending(tx: Tx, write_back: WriteBack) -> WriteBack:
    """As it leaves; the ticket it goes on is written down."""
    leaving = replace(with_parent(tx, write_back), state=WriteBackState.SENDING)
    ticket_id = getattr(leaving.change, "parent_id", None) or getattr(leaving.change, "ticket_id", None)
    if ticket_id:
        tickets.went_on(tx, leaving.key, ticket_id)
    return leaving


def give_up_orphans(tx: Tx, connection: str, *, now: datetime, only: Collection[str] | None = None) -> None:
    """What waits (of `only`) for a write-back that will never be applied, or left no record.

    Whoever joined a colleague's ticket gets the ticket after all, the others of the company join that one; everything
    else is discarded.
    """
    instead: dict[tuple[str | None, str, str], str] = {}
    orphans = {key: why for key, why in outbox.orphaned(tx, connection) if only is None or key in only}
    for key in orphans:
        entry = outbox.get(tx, key)
        if entry is None or not isinstance(entry.write_back.change, JoinTicket):
            continue
        write_back, change = entry.write_back, entry.write_back.change
        whose = (write_back.depends_on, write_back.rule_id, write_back.action_id)
        if whose in instead:
            tickets.rejoin(tx, entry, change, to=instead[whose], now=now, why=NOT_OPENED)
        else:
            tickets.reopen(tx, entry, change.ticket, now=now, why=NOT_OPENED)
            instead[whose] = key
    for key, why in outbox.orphaned(tx, connection):
        if key in orphans:
            outbox.move(tx, key, from_states=("waiting",), to="discarded", now=now, error=why)


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


# ---------------------------------------------------------------- what a person decides
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
        if child.error == ORPHANED:
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


def settle_by_hand(tx: Tx, key: str, *, to: str, why: str, now: datetime, record_id: str = "") -> bool:
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
        outbox.put_receipt(tx, receipt, now=now)
        for child in children:
            if child.error == outbox.WITHOUT_RECORD:
                outbox.move(tx, child.write_back.key, from_states=("discarded",), to="waiting", now=now)
    keys = {child.write_back.key for child in children}
    give_up_orphans(tx, entry.write_back.connection, now=now, only=keys)
    return True
