"""What the rules make of an answer: write-backs, what they add to tickets that left, and copies for a rehearsal.

Whatever the store is asked for is read by the Record, so that a replay meets the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial

from connector.config import Config
from connector.domain import Facet, JoinTicket, OpenTicket, Response, WriteBack
from connector.jobs import matching
from connector.jobs.records.record import COMPANY_IF_WRITTEN, DUE_AT_CLOSING, NAMES_OPEN_ANSWERS, REHEARSES_ALL, Record
from connector.jobs.rehearsal import copies_everywhere, copy_key, the_company
from connector.rules.business_time import CalendarSettings
from connector.rules.changed import IfLeft, changed
from connector.rules.evaluate import NOT_KNOWN, Evaluation, evaluate
from connector.rules.grouping import grouped
from connector.rules.names import written_at
from connector.store import Tx, follow_ups, outbox, tickets
from connector.store.follow_ups import OpenAnswer


def run_rules(record: Record, config: Config, response: Response, matched: matching.Matched) -> tuple[Evaluation, str]:
    """The rules' word on the response, or why they do not run on it."""
    within = config.answers.rules_within
    if not record.params.get("run_rules") and response.responded_at < within.before(record.now):
        return Evaluation(), f"older than {within.text}; import with --run-rules to run them"
    calendar = config.connections[response.connection].calendar
    timezone = calendar.zone if calendar else "UTC"
    return (
        evaluate(
            config.rules,
            matching.facts(response, matched, timezone),
            now=record.now,
            settle=config.answers.settle.after(record.now) - record.now,
            calendar=calendar,
            names={Facet(facet): names for facet, names in matched.names.items()},
            as_before=not record.does(DUE_AT_CLOSING),
            calendars=calendars(config),
        ),
        "",
    )


def calendars(config: Config) -> dict[str, CalendarSettings]:
    """The calendar of each connection that actions are written at by name."""
    named = {name: config.connections[name].calendar for name in written_at(config.rules)}
    return {name: calendar for name, calendar in named.items() if calendar is not None}


def asked_before(record: Record, response: Response, evaluation: Evaluation) -> list[tickets.Asked]:
    """The tickets that were asked for this answer before; nothing is read where there can be none."""
    if response.revision == 1 and not any(isinstance(wb.change, OpenTicket) for wb in evaluation.write_backs):
        return []
    return record.read("asked_before", list[tickets.Asked], lambda tx: tickets.of_response(tx, response.key))


def with_joined(
    record: Record, config: Config, response: Response, evaluation: Evaluation, asked: list[tickets.Asked]
) -> tuple[WriteBack, ...]:
    """The write-backs; a ticket that joins an open one of the company is a note on that."""
    company_id = response.company_id
    here = [wb for wb in evaluation.write_backs if wb.connection == response.connection]
    if not company_id or not any(isinstance(wb.change, OpenTicket) for wb in here):
        return evaluation.write_backs  # what is written elsewhere is of a company there, and joins nobody's
    others = record.read(
        "open_tickets",
        list[tickets.Asked],
        lambda tx: tickets.of_company(tx, response.connection, company_id, without=response.key),
    )
    joined = grouped(
        here,
        config.rules,
        own=asked,
        others=others,
        now=record.now,
        calendar=config.connections[response.connection].calendar or CalendarSettings(zone="UTC"),
        as_before=not record.does(DUE_AT_CLOSING),
    )
    by_key = {wb.key: wb for wb in joined}
    return tuple(by_key.get(wb.key, wb) for wb in evaluation.write_backs)


def colleagues(
    record: Record, response: Response, evaluation: Evaluation, asked: list[tickets.Asked]
) -> Sequence[OpenAnswer]:
    """The answers of others on tickets that this one does not ask for any more."""
    wanted = {wb.key for wb in evaluation.write_backs}
    keys = sorted({each.ticket_key for each in asked if each.key not in wanted})
    if not keys or not record.does(NAMES_OPEN_ANSWERS):
        return ()

    def load(tx: Tx) -> list[OpenAnswer]:
        found = [each for key in keys for each in follow_ups.open_answers(tx, key, rehearsal=False).get(key, ())]
        return [each for each in found if each.response_key != response.key]

    return record.read("open_answers", list[OpenAnswer], load)


def if_left(
    config: Config,
    response: Response,
    matched: matching.Matched,
    evaluation: Evaluation,
    asked: list[tickets.Asked],
    now: datetime,
    others: Sequence[OpenAnswer],
) -> tuple[IfLeft, ...]:
    """What a changed answer adds to tickets that left already, as soon as its rules act."""
    calendar = config.connections[response.connection].calendar
    facts = matching.facts(response, matched, calendar.zone if calendar else "UTC")
    was = matched.existing.score if matched.existing else response.score
    not_before = config.answers.settle.after(now)
    return changed(evaluation.write_backs, asked, facts, was=was, not_before=not_before, others=others)


def rehearsal_copies(
    record: Record, config: Config, connection: str, made: tuple[tuple[WriteBack, ...], tuple[IfLeft, ...]]
) -> tuple[tuple[WriteBack, ...], tuple[IfLeft, ...]]:
    """The copies of both for the rehearsal."""
    company_of = cache(partial(the_company, record, config))
    write_backs, later = made
    joined = [wb.depends_on for wb in write_backs if isinstance(wb.change, JoinTicket) and wb.depends_on]
    there: list[str] = []
    if joined:
        there = record.read(
            "rehearsed_tickets", list[str], lambda tx: [key for key in joined if outbox.get(tx, copy_key(key))]
        )
    copied = partial(
        copies_everywhere,
        config=config,
        connection=connection,
        company_of=company_of,
        as_before=not record.does(REHEARSES_ALL),
        always_asked=not record.does(COMPANY_IF_WRITTEN),
    )
    again = {wb.key: wb for wb in copied([w.write_back for w in later])}
    return copied(write_backs, there=there), tuple(
        IfLeft(of=copy_key(w.of), write_back=again[key]) for w in later if (key := copy_key(w.write_back.key)) in again
    )


def no_ticket(config: Config, response: Response, evaluation: Evaluation) -> list[str]:
    """`detractor, no ticket: the response belongs to no company; …`, for each ticket that cannot be opened."""
    actions = {(rule.id, action.id): (rule, action) for rule in config.rules for action in rule.then}
    told = []
    for skipped in evaluation.skipped:
        rule, action = actions[skipped.rule_id, skipped.action_id]
        if not action.open_ticket:
            continue
        if NOT_KNOWN in skipped.why:  # without the name: what an Attempt tells is no place for people
            told.append(f"{response.band}, no ticket: the person {NOT_KNOWN} {action.at}; leave at out, or pull them")
            continue
        remedy = "give the contact a company in the CRM" if response.contact_id else "give a contact_id"
        if not any(other.notify for other in rule.then):
            remedy += ", or add a notify action"
        told.append(f"{response.band}, no ticket: {skipped.why.partition(',')[0]}; {remedy}")
    return told
