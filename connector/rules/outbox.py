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
from connector.errors import ConnectorError, OutcomeUnknownError
from connector.ports import Outcome, Superseded
from connector.store import Tx, outbox, responses

LOOKUPS = 2
ORPHANED = outbox.ORPHANED
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
    tickets_per_day: int,
    limit: int = BATCH,
    only: Collection[str] | None = None,
) -> Claimed:
    """Move what is due (of `only`, if given) from waiting to sending under the lease's token, within mode and fuse."""
    for key, why in outbox.orphaned(tx, connection):
        outbox.move(tx, key, from_states=("waiting",), to="discarded", now=now, error=why)
    if mode is Mode.PREVIEW:
        return Claimed(write_backs=())
    rehearsal = mode is Mode.REHEARSAL
    room = tickets_per_day - outbox.tickets_since(tx, connection, now - timedelta(days=1), rehearsal=rehearsal)
    unsure = _unsure_contacts(tx, connection, mode)
    taken: list[WriteBack] = []
    held = 0

    def tickets() -> bool:
        return room > 0 or only is not None  # those of `only` that are held are counted here

    for entry in outbox.due(tx, connection, now=now, rehearsal=rehearsal, tickets=tickets):
        if len(taken) >= limit:
            break
        write_back = entry.write_back
        if only is not None and write_back.key not in only:
            continue
        if isinstance(write_back.change, OpenTicket) and room <= 0:
            held += 1
        elif _older_than_known(tx, entry):
            why = "a newer answer of this contact is known"
            outbox.move(tx, write_back.key, from_states=("waiting",), to="superseded", now=now, error=why)
        elif isinstance(write_back.change, RecordResponse) and write_back.change.contact_id in unsure:
            continue  # an older answer may still land on this contact and would overwrite the newer one
        elif outbox.claim(tx, write_back.key, token=token, now=now):
            room -= isinstance(write_back.change, OpenTicket)
            taken.append(replace(with_parent(tx, write_back), state=WriteBackState.SENDING))
    if only is None and room <= 0:
        held = outbox.due_tickets(tx, connection, now=now, rehearsal=rehearsal)
    return Claimed(write_backs=tuple(taken), held_by_fuse=held)


def _older_than_known(tx: Tx, entry: outbox.Entry) -> bool:
    """A newer answer that is recorded too, or a later revision of this one, is what the contact's fields must end with.

    A newer answer that no rule records supersedes nothing, and neither does a revision on which the rules did not run.
    """
    write_back, change = entry.write_back, entry.write_back.change
    if not isinstance(change, RecordResponse):
        return False
    response = responses.get(tx, write_back.response_key)
    if response is not None and response.revision > write_back.revision and responses.rules_ran(tx, response.key):
        return True
    return responses.newer_recorded(tx, write_back, change, rehearsal=entry.rehearsal)


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

    What was discarded only because it depends on this one waits again too. One that was rejected begins anew, so that
    a changed answer may still change or withdraw it.
    """
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


RECORDS = {"record_response": "contact", "open_ticket": "ticket", "notify": "mail"}


def settle_by_hand(tx: Tx, key: str, *, to: str, why: str, now: datetime, record_id: str = "") -> bool:
    """A person knows better: `applied` (it is there) or `discarded` (it shall not be sent).

    `record_id` names the record that an applied one is, so that notes find their ticket; it may be told afterwards.
    Without it, or when it is discarded, what waits for its record is discarded at once.
    """
    entry = outbox.get(tx, key)
    late = entry is not None and bool(record_id) and entry.receipt is None
    states = ("waiting", "rejected", "unknown", *(("applied",) if late else ()))
    if entry is None or not outbox.move(tx, key, from_states=states, to=to, now=now, error=why):
        return False
    children = outbox.depending_on(tx, key)
    if to == "applied" and record_id:
        change = entry.write_back.change
        record_type = f"{change.on}_note" if isinstance(change, AddNote) else RECORDS[entry.write_back.kind]
        receipt = Receipt(key=key, record_id=record_id, record_type=record_type, already_there=True)
        outbox.put_receipt(tx, receipt, now=now)
        for child in children:
            if child.error == outbox.WITHOUT_RECORD:
                outbox.move(tx, child.write_back.key, from_states=("discarded",), to="waiting", now=now)
    keys = {child.write_back.key for child in children}
    for orphan, cause in outbox.orphaned(tx, entry.write_back.connection):
        if orphan in keys:
            outbox.move(tx, orphan, from_states=("waiting",), to="discarded", now=now, error=cause)
    return True
