"""The fuses on what leaves: how much, and what was written down before anything was to leave. One transaction's work.

Tickets are counted over any 24 hours, per connection and per owner; rehearsed and live ones each alone. What was
written down in preview or rehearsal leaves in mode live only after a person has confirmed how many of it are due; what
was written down in mode live goes meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.domain import Mode
from connector.store import Tx, outbox, work
from connector.store import fuses as store

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Tickets within any 24 hours: on one connection, and for one owner."""

    per_day: int
    per_owner: int


@dataclass(slots=True)
class Room:
    """How many tickets may still go, on the whole and for each owner; it shrinks as they are taken."""

    limits: Limits
    left: int
    opened: Counter[str] = field(default_factory=Counter)
    of_erased: Callable[[str], int] = lambda _owner: 0

    def has(self, owner: str) -> int:
        """How many an owner got, those about people who were erased since among them."""
        return self.opened[owner] + self.of_erased(owner)

    def full(self, owner: str) -> bool:
        return bool(owner) and self.has(owner) >= self.limits.per_owner

    def lets(self, owner: str, fuse: str) -> bool:
        """Whether a ticket may go; who its owner is may not be known yet."""
        return fuse == store.RELEASED or (self.left > 0 and not self.full(owner))

    def take(self, owner: str) -> None:
        self.left -= 1
        self.opened[owner] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Tickets that may go but for the fuses: the keys, and of those the owners who are full."""

    keys: tuple[str, ...] = ()
    full_owners: Mapping[str, int] = field(default_factory=dict)


def room(tx: Tx, connection: str, limits: Limits, *, now: datetime, rehearsal: bool) -> Room:
    since = now - DAY
    opened = store.tickets_since(tx, connection, since, rehearsal=rehearsal)
    by_owner = store.opened_by_owner(tx, connection, since, rehearsal=rehearsal)
    of_erased = store.of_erased_by_owner(tx, connection, since, rehearsal=rehearsal)
    return Room(limits, limits.per_day - opened, Counter(by_owner), of_erased)


def held(tx: Tx, connection: str, limits: Limits, *, now: datetime, rehearsal: bool) -> Held:
    """What a delivery at this moment would leave waiting."""
    left, keys, full = room(tx, connection, limits, now=now, rehearsal=rehearsal), [], Counter[str]()
    for due in store.due(tx, connection, now=now, rehearsal=rehearsal):
        if due.fuse == store.RELEASED:
            continue
        if left.lets(due.owner, due.fuse):
            left.take(due.owner)
            continue
        keys.append(due.key)
        if left.full(due.owner):
            full[due.owner] += 1
    return Held(keys=tuple(keys), full_owners=dict(sorted(full.items())))


def hold_all(tx: Tx, connection: str, limits: Limits, *, now: datetime, mode: Mode) -> bool:
    """Whether the fuses hold all that is due on a connection, so that a delivery would send nothing."""
    rehearsal = mode is Mode.REHEARSAL
    if work.due_but_tickets(tx, connection, now=now, rehearsal=rehearsal):
        return False
    kept = held(tx, connection, limits, now=now, rehearsal=rehearsal)
    return len(kept.keys) == len(store.due(tx, connection, now=now, rehearsal=rehearsal))


def assign(
    tx: Tx, connection: str, owners: Mapping[str, str], limits: Limits, *, token: int, now: datetime, rehearsal: bool
) -> list[str]:
    """Write down whose each claimed ticket is to be (by key); the keys of those whose owner is full, which wait."""
    left = room(tx, connection, limits, now=now, rehearsal=rehearsal)
    wait = []
    entries = {key: outbox.get(tx, key) for key in owners}
    for entry in entries.values():
        if entry is not None and entry.owner:
            left.opened[entry.owner] -= 1  # one that waited before is under way again, and counted with the others
    for key, owner in owners.items():
        entry = entries[key]
        store.belongs_to(tx, key, owner)
        if entry is None or entry.fuse == store.RELEASED or not left.full(owner):
            left.opened[owner] += 1
            continue
        why = f"limits.tickets_per_owner: {owner} has {left.has(owner)} of {limits.per_owner} within a day"
        outbox.move(tx, key, from_states=("sending",), to="waiting", now=now, token=token, error=why, tries=-1)
        wait.append(key)
    return wait


def unconfirmed(tx: Tx, connection: str, mode: Mode, *, now: datetime) -> store.Unconfirmed:
    """What of preview and rehearsal time, on all connections, a person is to confirm so that what is due on this one
    may leave; none where nothing is, or the mode is not live."""
    if mode is not Mode.LIVE or not store.any_unconfirmed(tx, connection, now=now):
        return store.Unconfirmed(due=0, later=0)
    return store.unconfirmed(tx, now=now)
