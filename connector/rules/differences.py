"""Where receipts and CRM differ, each with the next command. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.domain import TicketState, TicketStatus


class DifferenceKind(StrEnum):
    """How a ticket of ours is not as we left it."""

    DOUBLED = "doubled"
    STRAY = "stray"
    UNSETTLED = "unsettled"
    DELETED = "deleted"
    NOT_VISIBLE = "not_visible"
    KEY_LOST = "key_lost"
    MERGED = "merged"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One of our tickets as the store knows it. `company_id` empty: any will do."""

    key: str
    ticket_id: str
    board: str
    company_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    kind: DifferenceKind
    ticket_id: str
    key: str
    said: str
    next: str


def differences(
    kept: Sequence[Kept],
    statuses: Mapping[str, TicketStatus],
    carrying: Iterable[TicketStatus],
    states: Mapping[str, str],
    *,
    connection: str,
    keys_known: bool,
) -> list[Difference]:
    """What differs, the gravest first.

    `statuses`: how each kept ticket stands, by id; `carrying`: every ticket in the CRM that carries a key of ours;
    `states`: how the write-back of each key stands that the store knows at all. `keys_known` False: the CRM could not
    be asked for keys, so nothing is said of them.
    """
    by_key: dict[str, list[TicketStatus]] = {}
    for status in carrying:
        by_key.setdefault(status.key, []).append(status)
    found: list[Difference] = []
    for ticket in kept:
        found += _of_kept(ticket, statuses[ticket.ticket_id], by_key.get(ticket.key, ()), connection, keys_known)
    known = {ticket.key for ticket in kept}
    for key, tickets in by_key.items():
        if key not in known:
            found += _of_others(key, tickets, states)
    order = list(DifferenceKind)
    return sorted(found, key=lambda each: (order.index(each.kind), len(each.ticket_id), each.ticket_id))


def _of_kept(
    kept: Kept, status: TicketStatus, carrying: Collection[TicketStatus], connection: str, keys_known: bool
) -> Iterable[Difference]:
    def differs(kind: DifferenceKind, said: str, then: str, ticket_id: str = "") -> Difference:
        return Difference(kind=kind, ticket_id=ticket_id or kept.ticket_id, key=kept.key, said=said, next=then)

    look = f"connector explain ticket:{kept.ticket_id}"
    for other in carrying:
        if other.record_id != kept.ticket_id:
            said = f"carries the same key as ticket {kept.ticket_id}, which is the one that counts"
            yield differs(DifferenceKind.DOUBLED, said, f"{look}, then close the other one", other.record_id)
    if status.state is TicketState.DELETED:
        yield differs(DifferenceKind.DELETED, "is deleted in the CRM, and is not opened again", look)
        return
    if status.state is TicketState.NOT_VISIBLE:
        said = "cannot be seen: the API member lacks a right"
        yield differs(DifferenceKind.NOT_VISIBLE, said, f"give the right back, then connector watch {connection}")
        return
    if keys_known and status.key != kept.key:
        said = f"does not carry its key any more{f' but {status.key[:40]}' if status.key else ''}"
        yield differs(DifferenceKind.KEY_LOST, said, f"write {kept.key} into its external reference again")
    if status.state is TicketState.MERGED:
        said = f"was merged into ticket {status.merged_into}, which is followed now"
        yield differs(DifferenceKind.MERGED, said, f"connector follow-ups --ticket {kept.ticket_id}")
        return
    moved = []
    if status.board and kept.board and status.board.casefold() != kept.board.casefold():
        moved.append(f"board {kept.board} to {status.board}")
    if status.company_id and kept.company_id and status.company_id != kept.company_id:
        moved.append(f"company {kept.company_id} to {status.company_id}")
    if moved:
        yield differs(DifferenceKind.MOVED, f"was moved from {' and from '.join(moved)}", look)


def _of_others(key: str, tickets: Sequence[TicketStatus], states: Mapping[str, str]) -> Iterable[Difference]:
    """Tickets with a key of ours that no receipt names."""
    for place, ticket in enumerate(tickets):
        if key in states and not place:
            said = f"is there, though the outbox has it as {states[key]}"
            then = f"connector outbox settle {key} --applied --record {ticket.record_id} --reason found"
            if states[key] in ("waiting", "sending", "unknown"):
                then = "connector deliver finds it by its key, and opens no other"
            kind = DifferenceKind.UNSETTLED
        elif place:
            said, kind = f"carries the same key as ticket {tickets[0].record_id}", DifferenceKind.DOUBLED
            then = "close one of them in the CRM"
        else:
            said = "carries a key that this store does not know (restored from an older backup? another installation?)"
            then = (
                f"connector explain ticket:{ticket.record_id} shows what is known of it. Of another installation: "
                "leave it. After a restored backup: import the answers since then once more, and it is found by its "
                "key. Else: close it in the CRM"
            )
            kind = DifferenceKind.STRAY
        yield Difference(kind=kind, ticket_id=ticket.record_id, key=key, said=said, next=then)
