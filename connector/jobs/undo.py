"""undo: what one delivery did → taken back as far as it can be, each thing once, the newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.config import Config
from connector.domain import Mode, Receipt, WriteBack
from connector.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    ContractError,
    OutcomeUnknownError,
    UnavailableError,
)
from connector.jobs.records.journal import read_lines
from connector.jobs.records.record import Record
from connector.jobs.runtime import Runtime
from connector.jobs.stored_forms import StoredWriteBack, from_stored, to_stored
from connector.ports import ChangeUndo, Superseded, Undo, Undone, UndoOutcome
from connector.store import Tx, attempts, codec, follow_ups, jobs, merges, undoing
from connector.store.undoing import Done

log = structlog.get_logger()
CANNOT: Mapping[str, str] = {
    "notify": "a message that was sent cannot be called back",
    "add_note": "a note stays where it is",
    "join_ticket": "a note stays where it is",
    "create_task": "a task stays: close it in the CRM",
    "update_ticket": "the ticket keeps its summary and priority",
}
"""Why a kind of change is not taken back."""
WHAT: Mapping[str, str] = {
    "open_ticket": "close the ticket, with an internal note",
    "record_response": "give the fields back what they had; the note on the contact stays",
    "set_field": "give the field back what it had",
    "add_to_group": "take the contact out of the group",
}
_RECORD = "give the fields back what they had, and remove the record of the answer"
LATER = "taken_back_later"
SUFFIX = "-u"
"""After the key of a write-back: what its undo writes carries that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One thing a delivery did, and what an undo makes of it. `why` says what keeps it from being taken back."""

    done: Done
    what: str
    why: str = ""

    @property
    def possible(self) -> bool:
        return not self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One write-back in hand, as the journal keeps it."""

    write_back: StoredWriteBack
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """What is taken back now, and how many cannot be touched yet: an earlier attempt may still take effect."""

    taken: list[Taken]
    unsure: int = 0
    cannot: int = 0
    again_at: datetime | None = None


def foresee(done: Sequence[Done], *, rehearsal: bool, found: Collection[str] | None) -> list[Foreseen]:
    """What an undo would do. `found`: keys that the delivery found there and did not make; None: nobody knows which."""
    return [_foresee(each, rehearsal, found) for each in done]


def _foresee(done: Done, rehearsal: bool, found: Collection[str] | None) -> Foreseen:
    entry, kind = done.entry, done.entry.write_back.kind
    receipt = entry.receipt
    own_record = receipt is not None and receipt.record_type == "response"  # made by the delivery, removed by the undo
    what = _RECORD if own_record else WHAT.get(kind, "")
    if done.undo is not None and done.undo.state in ("done", "kept"):
        word = "undone already" if done.undo.state == "done" else "left"
        return Foreseen(done=done, what=what, why=f"{word}: {done.undo.detail}")
    if rehearsal and not entry.rehearsal:  # the other way about is harmless: a copy is on the test company
        return Foreseen(done=done, what=what, why="it belongs to mode live")
    if kind in CANNOT:
        return Foreseen(done=done, what=what, why=CANNOT[kind])
    if receipt is None:
        return Foreseen(done=done, what=what, why="it was settled by hand, and no record is known")
    there = receipt.already_there if found is None else entry.write_back.key in found
    if there:
        return Foreseen(done=done, what=what, why="it was found there; this delivery did not make it")
    if kind in ("record_response", "set_field") and not receipt.before and not own_record:
        return Foreseen(done=done, what=what, why="nothing was overwritten, or what was is not known")
    if kind == "add_to_group" and (receipt.before or {}).get("member") is not False:
        return Foreseen(done=done, what=what, why="the contact was a member before")
    return Foreseen(done=done, what=what)


def found_there(runtime: Runtime, job: jobs.Job) -> list[str] | None:
    """The keys which the Attempts of a delivery found there already, by their records; None where one is gone."""
    with runtime.store.read() as tx:
        tried = attempts.of_job(tx, job.id)
    found: dict[str, str] = {}
    try:
        for attempt in tried:
            for line in read_lines(runtime.data / attempt.journal):
                if b'"name":"outcome"' in line[:60]:
                    found |= {row[0]: row[1] for row in codec.from_text(line)["rows"]}
    except ContractError:
        return None
    return sorted(key for key, word in found.items() if word == "already_there")


def undo(record: Record, config: Config, port: ChangeUndo) -> dict[str, Any]:
    """Take back what the Job in the parameters did. Returns counts by what became of each.

    What an earlier attempt began without an answer is looked at and repeated only when it can no longer take effect.
    """
    job_id, found = record.params["job"], record.params.get("found")
    grace = timedelta(seconds=port.grace())
    counts: Counter[str] = Counter()
    if config.mode is Mode.PREVIEW:
        raise ConfigError("mode is preview, which changes nothing; set mode: live (or rehearsal, for what it opened)")

    def take(tx: Tx) -> InHand:
        return _take(tx, record, config, job_id, found, grace)

    hand = record.read("to_undo", InHand, take, claims=True)
    counts["left"], counts[LATER] = hand.cannot, hand.unsure
    undos = [_undo_of(taken, job_id) for taken in hand.taken]
    left = {undo.write_back.key: undo.write_back for undo in undos}
    try:
        for outcome in port.undo(undos):
            write_back = left.pop(outcome.key)
            counts[_settle(record, write_back, outcome, grace)] += 1
    except (UnavailableError, AuthError) as error:
        why = f"not attempted: {error}"
        record.commit(lambda tx: undoing.put_back(tx, left, token=record.token, now=record.clock(), why=why))
        raise
    again_at = record.now + grace if counts[LATER] > hand.unsure else hand.again_at
    return {**counts, "job": job_id, **({"again_at": again_at.isoformat(timespec="minutes")} if again_at else {})}


def _take(
    tx: Tx, record: Record, config: Config, job_id: str, found: Collection[str] | None, grace: timedelta
) -> InHand:
    foreseen = foresee(undoing.of_job(tx, job_id), rehearsal=config.mode is Mode.REHEARSAL, found=found)
    taken, unsure, again_at = [], 0, None
    for each in foreseen:
        key, state = each.done.entry.write_back.key, each.done.undo
        if not each.possible:
            continue
        if state is not None and state.state == "doing":
            look_after = record.now + grace
            undoing.doubt(tx, key, token=state.token, look_after=look_after, now=record.now)
        elif state is not None and state.state == "unknown" and state.look_after is not None:
            look_after = state.look_after
        else:
            look_after = record.now
        if look_after > record.now:
            unsure, again_at = unsure + 1, max(again_at or look_after, look_after)
            continue
        receipt = each.done.entry.receipt
        assert receipt is not None, "foresee lets none without a receipt pass"
        write_back = each.done.entry.write_back
        change = merges.to_survivor(tx, write_back.connection, write_back.change)  # its contact was merged since
        taken.append(Taken(write_back=to_stored(replace(write_back, change=change)), receipt=receipt))
    undoing.begin(
        tx, [each.write_back.key for each in taken], job_id, token=record.token, by="connector undo", now=record.now
    )
    cannot = sum(not each.possible and each.done.undo is None for each in foreseen)
    return InHand(taken=taken, unsure=unsure, cannot=cannot, again_at=again_at)


def _undo_of(taken: Taken, job_id: str) -> Undo:
    write_back: WriteBack = from_stored(taken.write_back)
    note = f"Taken back: job {job_id} of the NPS connector was undone. Closed without follow-up."
    return Undo(key=write_back.key + SUFFIX, write_back=write_back, receipt=taken.receipt, note=note)


def _settle(record: Record, write_back: WriteBack, outcome: UndoOutcome, grace: timedelta) -> str:
    state, word, detail, look_after = _meaning(outcome.result)
    record.emit("undone", [[outcome.key, word, detail]])

    def write(tx: Tx) -> None:
        now = record.clock()
        later = now + grace if look_after else None
        if undoing.settle(tx, outcome.key, state, token=record.token, now=now, detail=detail, look_after=later) and (
            state == "done"
        ):
            follow_ups.mark_undone(tx, outcome.key, now=now)

    record.commit(write)
    log.info("undo", key=outcome.key, outcome=word, kind=write_back.kind)
    return word


def _meaning(result: Undone | Superseded | ConnectorError) -> tuple[str, str, str, bool]:
    """(state, what it counts as, detail, whether it must be looked at again later)."""
    if isinstance(result, Undone):
        return "done", "undone", result.detail, False
    if isinstance(result, Superseded):
        return "kept", "kept", result.why, False
    if isinstance(result, OutcomeUnknownError):
        return "unknown", LATER, str(result), True
    return "failed", "rejected", str(result), False
