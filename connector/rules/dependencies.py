"""Write-backs that depend on another: what they learn from it, and what becomes of them without it. One transaction's
work."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from connector.domain import AddNote, JoinTicket, UpdateTicket, WriteBack
from connector.store import Tx, outbox, tickets, work

NOT_OPENED = "the ticket it was to join was never opened; it is a ticket of its own, or joins the next"


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


def give_up_orphans(tx: Tx, connection: str, *, now: datetime, only: Collection[str] | None = None) -> None:
    """What waits (of `only`) for a write-back that will never be applied, or left no record.

    Whoever joined a colleague's ticket gets the ticket after all, the others of the company join that one; everything
    else is discarded.
    """
    instead: dict[tuple[str | None, str, str], str] = {}
    orphans = {key: why for key, why in work.orphaned(tx, connection) if only is None or key in only}
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
    for key, why in work.orphaned(tx, connection):
        if key in orphans:
            outbox.move(tx, key, from_states=("waiting",), to="discarded", now=now, error=why)
