"""How a write-back stands, in plain words, and what keeps one that waits."""

from __future__ import annotations

from datetime import datetime

from connector.config import Config
from connector.domain import Mode, OpenTicket, WriteBackState
from connector.jobs.local_time import when, zone_of
from connector.rules import fuses
from connector.store import Tx, contacts, holds, outbox, responses, work
from connector.store.fuses import RELEASED
from connector.store.outbox import Entry

STATE_WORDS: dict[WriteBackState, str] = {
    WriteBackState.WAITING: "waits",
    WriteBackState.SENDING: "is being sent",
    WriteBackState.UNKNOWN: "sent, but no answer came",
    WriteBackState.APPLIED: "done",
    WriteBackState.REJECTED: "refused by the other system",
    WriteBackState.SUPERSEDED: "not needed any more",
    WriteBackState.DISCARDED: "given up",
    WriteBackState.UNDONE: "taken back",
}
ALREADY_THERE = "was already there"
DUE = "goes with the next connector run --once"
LOOKED_UP = "looked up with the next connector run --once"


def state_words(entry: Entry) -> str:
    """`done (was already there)`, `refused by the other system`."""
    words = STATE_WORDS[entry.write_back.state]
    return f"{words} ({ALREADY_THERE})" if entry.receipt is not None and entry.receipt.already_there else words


def state_named(words: str) -> WriteBackState | None:
    """The state that is called so in lists (`done`, `given up`, `done (was already there)`), or by its own name."""
    plain = " ".join(words.casefold().replace(f"({ALREADY_THERE})", "").split())
    shown = {text.casefold(): state for state, text in STATE_WORDS.items()}
    names = {state.value: state for state in WriteBackState}
    return names.get(plain) or shown.get(plain)


def whose(tx: Tx, entry: Entry) -> dict[str, str]:
    """Contact and company of the answer it follows from, by name, else by id; empty where there is none."""
    response = responses.get(tx, entry.write_back.response_key)
    if response is None:
        return {"contact": "", "company": ""}
    contact_id, company_id = response.contact_id or "", response.company_id or ""
    stored = contacts.contact(tx, response.connection, contact_id) if contact_id else None
    company = contacts.company(tx, response.connection, company_id) if company_id else None
    name = stored.contact().name if stored else ""
    return {
        "contact": name or (f"contact {contact_id}" if contact_id else "nobody known"),
        "company": (company.name if company else "") or (f"company {company_id}" if company_id else ""),
    }


def why(tx: Tx, entry: Entry, config: Config, now: datetime) -> str:
    """What must happen before it goes, or `DUE`; for what does not wait, what the other system or a person said."""
    write_back = entry.write_back
    if write_back.state is WriteBackState.UNKNOWN:
        if entry.look_after is not None and entry.look_after > now:
            at = when(entry.look_after, zone_of(config))
            return f"looked up from {at}, before it is ever sent again; {entry.error}"
        return f"{LOOKED_UP}; {entry.error}"
    if write_back.state is WriteBackState.DISCARDED and entry.error == outbox.WITHDRAWN:
        newer = _replacement(tx, entry)
        return f"the answer changed; replaced by {newer}" if newer else entry.error
    if write_back.state is not WriteBackState.WAITING:
        return entry.error
    return _keeps(tx, entry, config, now) or DUE


def _replacement(tx: Tx, entry: Entry) -> str:
    """The key of the newest write-back of the same action for a later revision of the answer; empty for none."""
    old = entry.write_back
    later = [
        other.write_back
        for other in outbox.listed(tx, response_key=old.response_key)
        if (other.write_back.rule_id, other.write_back.action_id) == (old.rule_id, old.action_id)
        and other.rehearsal == entry.rehearsal
        and other.write_back.revision > old.revision
    ]
    return max(later, key=lambda newer: newer.revision).key if later else ""


def _keeps(tx: Tx, entry: Entry, config: Config, now: datetime) -> str:
    write_back = entry.write_back
    if config.mode is Mode.PREVIEW:
        return "mode: preview writes nothing; set mode: live (or rehearsal)"
    if entry.rehearsal != (config.mode is Mode.REHEARSAL):
        return "a copy for the rehearsal; it goes in mode: rehearsal only" if entry.rehearsal else (
            "mode: rehearsal sends only the copies for the test company; this one goes in mode: live"
        )  # fmt: skip
    hold = holds.on_connection(tx, write_back.connection)
    if hold is not None:
        return f"{write_back.connection} is held ({hold.cause}: {hold.reason}); connector resume lifts it"
    if write_back.not_before > now:
        return f"not before {when(write_back.not_before, zone_of(config))}: until then the answer may still change"
    if write_back.depends_on:
        parent = outbox.get(tx, write_back.depends_on)
        if parent is None or parent.write_back.state is not WriteBackState.APPLIED:
            return (
                f"after {write_back.depends_on}, which {STATE_WORDS[parent.write_back.state] if parent else 'is gone'}"
            )
    if entry.fuse in work.BEFORE_LIVE:
        waiting = fuses.unconfirmed(tx, write_back.connection, config.mode, now=now).due
        return f"written down in preview or rehearsal: connector outbox release --confirm {waiting} lets them go"
    if isinstance(write_back.change, OpenTicket) and entry.fuse != RELEASED:
        return _fuse(tx, entry, config, now)
    return ""


def _fuse(tx: Tx, entry: Entry, config: Config, now: datetime) -> str:
    limits = fuses.Limits(per_day=config.limits.tickets_per_day, per_owner=config.limits.tickets_per_owner)
    room = fuses.room(tx, entry.write_back.connection, limits, now=now, rehearsal=entry.rehearsal)
    if room.left <= 0:
        opened = limits.per_day - room.left
        return f"limits.tickets_per_day: {opened} of {limits.per_day} tickets were opened within a day"
    if room.full(entry.owner):
        return f"limits.tickets_per_owner: {entry.owner} has {room.has(entry.owner)} of {limits.per_owner}"
    return ""
