"""watch: receipts → how our tickets stand in the CRM → follow-ups, and the notices that are due about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from connector.config import Config
from connector.domain import FollowUp, FollowUpState, Mode, Notify, Receipt, TicketStatus, WriteBack
from connector.jobs.records.record import Record
from connector.jobs.stored_forms import to_stored
from connector.ports import TicketWatch
from connector.rules import follow_up as rules
from connector.rules import follow_up_texts as texts
from connector.rules.keys import PREFIX, write_back_key
from connector.store import Tx, follow_ups, outbox
from connector.store.follow_ups import OurTicket

log = structlog.get_logger()
REPORTED = {
    FollowUpState.DELETED: "deleted in the CRM; it is not opened again: connector follow-ups --state deleted",
    FollowUpState.NOT_VISIBLE: (
        "cannot be seen: give the API member the right to read tickets on that board, then connector watch"
    ),
    FollowUpState.CLOSED_WITHOUT_CONTACT: "closed by automation, without contact: connector follow-ups lists them",
}
"""What is told of tickets that came into such a state, or stay in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One of our tickets as the journal keeps it: what a watch needs of it, and no more."""

    receipt_key: str
    record_id: str
    link: str
    rule_id: str
    summary: str
    board: str
    company_id: str
    follow_up: FollowUp
    asked: bool = True
    """Whether a rule asks for it still; of one that none asks for, nobody is told."""
    contact_name: str = ""
    """Who needs the call, where it is not the one whose ticket it is but a colleague that joined it."""


def watch(record: Record, config: Config, connection: str, port: TicketWatch) -> dict[str, Any]:
    """Look at each ticket whose follow-up is not final; put the notices that are due into the outbox.

    One transaction at the end: a follow-up says that it was told exactly when the notice stands in the outbox.
    """
    rehearsal = config.mode is Mode.REHEARSAL
    ours = record.read(
        "tickets",
        list[Watched],
        lambda tx: [
            of(ticket) for ticket in follow_ups.tickets(tx, connection, rehearsal=rehearsal, without=rules.FINAL)
        ],
    )
    statuses = look(port, [ticket.record_id for ticket in ours])
    return settle(record, config, connection, ours, statuses)


def of(ticket: OurTicket) -> Watched:
    return Watched(
        receipt_key=ticket.receipt.key,
        record_id=ticket.receipt.record_id,
        link=ticket.receipt.link,
        rule_id=ticket.rule_id,
        summary=ticket.change.summary,
        board=ticket.change.board,
        company_id="" if ticket.change.own_company else ticket.change.company_id,
        follow_up=ticket.follow_up,
        asked=ticket.asked,
        contact_name=" and ".join(ticket.joined_by),
    )


def look(port: TicketWatch, ids: Sequence[str], known: Iterable[TicketStatus] = ()) -> dict[str, TicketStatus]:
    """By id, how each of the tickets stands, and each that one of them was merged into; those known are not asked."""
    statuses = {status.record_id: status for status in known}
    wanted = [ticket_id for ticket_id in dict.fromkeys(ids) if ticket_id not in statuses]
    while wanted:
        receipts = [Receipt(key=ticket_id, record_id=ticket_id, record_type="ticket") for ticket_id in wanted]
        statuses |= {status.record_id: status for status in port.states(receipts)}
        wanted = rules.unknown_parents(ids, statuses)
    return statuses


def settle(
    record: Record,
    config: Config,
    connection: str,
    ours: Sequence[Watched],
    statuses: dict[str, TicketStatus],
) -> dict[str, Any]:
    """Write down how each stands, and put what is due about them into the outbox. Returns counts by state."""
    calendar = config.connections[connection].calendar
    rows: dict[str, FollowUp] = {}
    for ticket in ours:
        status = statuses[ticket.record_id]
        end = rules.end_of_merges(ticket.record_id, statuses) or status
        rows[ticket.receipt_key] = rules.seen(ticket.follow_up, status, end, now=record.now)
    told: list[WriteBack] = []
    if config.mode is not Mode.PREVIEW:
        by_key = {ticket.receipt_key: ticket for ticket in ours}
        due = rules.notices(
            [rows[ticket.receipt_key] for ticket in ours if ticket.asked],
            remind=config.follow_up.remind == "half-time",
            calendar=calendar,
            now=record.now,
        )
        for notice in due:
            told.append(_notice(record, config, notice, by_key[notice.first.key], statuses))
            rows |= {row.key: rules.told(row, notice.step, now=record.now) for row in notice.rows}
    counts = _counts(ours, rows, told)
    # a preview tells nobody, so a final state that is to be told is left for a watch that may
    unasked = {ticket.receipt_key for ticket in ours if not ticket.asked}
    kept = [
        row
        for row in rows.values()
        if row.state not in rules.ESCALATES or row.escalated_at is not None or row.key in unasked
    ]
    record.emit("follow_ups", kept)
    record.emit("write_backs", [to_stored(write_back) for write_back in told])

    def write(tx: Tx) -> None:
        follow_ups.put(tx, kept)
        outbox.put(tx, told, rehearsal=config.mode is Mode.REHEARSAL, now=record.now)

    if ours:
        record.commit(write)
    return counts


def _notice(
    record: Record, config: Config, due: rules.Due, ticket: Watched, statuses: dict[str, TicketStatus]
) -> WriteBack:
    """One message, under a key of the answer, the ticket and the step: it stands in the outbox once."""
    row, settings = due.first, config.follow_up
    status = statuses[row.merged_into or row.ticket_id]
    calendar = config.connections[row.connection].calendar
    said = texts.message(
        due, status, settings, calendar, summary=ticket.summary, link=ticket.link, who=ticket.contact_name
    )
    change = texts.addresses(settings, said)
    action = f"follow-up.{due.step}"  # no action of a rule can have this id
    key = write_back_key(row.response_key, ticket.rule_id, f"{action} {ticket.receipt_key}")
    if config.mode is Mode.REHEARSAL and config.rehearsal is not None:
        change = Notify(
            subject=f"[Rehearsal] {change.subject}",
            text=change.text,
            to=(config.rehearsal.mail_to,) if change.to else (),
        )
        key = key.replace(PREFIX, f"{PREFIX}r-", 1)
    return WriteBack(
        key=key,
        connection=settings.via,
        change=change,
        response_key=row.response_key,
        revision=1,
        rule_id=ticket.rule_id,
        action_id=action,
        not_before=record.now,
    )


def _counts(ours: Sequence[Watched], rows: dict[str, FollowUp], told: Sequence[WriteBack]) -> dict[str, Any]:
    counts: Counter[str] = Counter({"tickets": len(ours)})
    reported: Counter[FollowUpState] = Counter()
    for ticket in ours:
        row = rows[ticket.receipt_key]
        counts[row.state.value] += 1
        if row.state in REPORTED and (ticket.asked or row.state is not FollowUpState.CLOSED_WITHOUT_CONTACT):
            reported[row.state] += 1
            log.warning("ticket", ticket=row.ticket_id, state=row.state.value, key=row.key)
    for write_back in told:
        counts["reminded" if write_back.action_id.endswith(rules.Step.REMIND) else "escalated"] += 1
    why = [f"{n:,} ticket{'' if n == 1 else 's'} {REPORTED[state]}" for state, n in sorted(reported.items())]
    return {**counts, **({"why": why} if why else {})}
