"""The order in which changes may land: an older answer never overwrites a newer one. One transaction's work."""

from __future__ import annotations

from connector.domain import Mode, RecordResponse, SetField, UpdateTicket, WriteBack
from connector.store import Tx, outbox, responses


def older_than_known(tx: Tx, entry: outbox.Entry) -> bool:
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


def unsure(tx: Tx, connection: str, mode: Mode) -> frozenset[str]:
    """The contacts and tickets on which an answer of unknown outcome may still be written."""
    return frozenset(
        overwritten
        for entry in outbox.in_state(tx, connection, "unknown")
        if entry.rehearsal == (mode is Mode.REHEARSAL) and (overwritten := target(entry.write_back))
    )


def target(write_back: WriteBack) -> str | None:
    """What a change overwrites, so that the older must not land after the newer; None for what only adds."""
    if isinstance(write_back.change, RecordResponse):
        return f"contact {write_back.change.contact_id}"
    if isinstance(write_back.change, SetField):
        change = write_back.change
        return f"field of {change.on} {change.record_id}: {change.field.strip().casefold()}"
    return f"ticket of {write_back.depends_on}" if isinstance(write_back.change, UpdateTicket) else None


def written_on(write_back: WriteBack) -> str | None:
    """The record whose fields a change sets; None for what only adds."""
    if isinstance(write_back.change, RecordResponse):
        return f"contact {write_back.change.contact_id}"
    if isinstance(write_back.change, SetField):
        return f"{write_back.change.on} {write_back.change.record_id}"
    return target(write_back)
