"""collect: answers → responses → rules → write-backs, each answer and its write-backs in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog

from connector import registry
from connector.config import Config
from connector.domain import Company, Contact, Facet, JoinTicket, Mode, OpenTicket, Response, WriteBack
from connector.errors import RejectedError
from connector.jobs import matching
from connector.jobs.forgotten import without_forgotten
from connector.jobs.record import Record
from connector.jobs.rehearsal import copies, copy_key, the_company
from connector.jobs.stored_forms import to_stored
from connector.log import mask
from connector.ports import BadRow, RawAnswer, ResponseSource
from connector.rules.business_time import CalendarSettings
from connector.rules.changed import IfLeft, changed
from connector.rules.evaluate import Evaluation, evaluate
from connector.rules.grouping import grouped
from connector.store import Tx, codec, contacts, outbox, people, responses, tickets
from connector.sync.address import judge

ANSWERS = "answers"
"""The name under which collecting holds its lease and keeps its cursor; it acts on no Connection."""

NOT_TAKEN = 100
"""How many rows that were not taken are kept with the Attempt, each with place and reason; all are counted."""

SKIPPED = 20
"""How many tickets that cannot be opened are kept with the Attempt, each with place and reason; all are counted."""

TOO_EARLY = timedelta(days=1)
"""How far in the future an answer may lie, for clocks and time zones that are off."""

Look = Callable[[str, str], list[tuple[Contact, Company | None]]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One page of raw answers and the cursor that says they were taken."""

    answers: list[RawAnswer]
    bad: list[BadRow]
    cursor: dict[str, Any]


def collect(record: Record, config: Config, source: ResponseSource, look: Look) -> dict[str, Any]:
    """Take every answer the source offers that was not taken yet; a bad row is reported with its place.

    In a rerun (`again` in the parameters) known answers go through the rules once more, what was refused
    takes a changed text and waits again, and no cursor moves.
    """
    counts: Counter[str] = Counter()
    named = bool(record.params.get("file"))  # a file named by a person is read whole, its known rows told from new ones
    cursor = None if named else record.read("cursor", dict[str, Any] | None, lambda tx: contacts.cursor(tx, ANSWERS))
    not_taken: list[list[str]] = []
    skipped: list[list[str]] = []
    pages = source.responses(cursor)

    def following(tx: Tx) -> Taken | None:
        page = next(pages, None)
        if page is None:
            return None
        rows = without_forgotten(tx, page[0])
        bad = [row for row in rows if isinstance(row, BadRow)]
        return Taken(answers=[row for row in rows if isinstance(row, RawAnswer)], bad=bad, cursor=page[1])

    while (page := record.read("answers", Taken | None, following)) is not None:
        for row in page.bad:
            log.warning("row_not_taken", place=row.place, why=row.why)
        not_taken += [[row.place, row.why] for row in page.bad]
        counts["rejected"] += len(page.bad)
        # the older first, so that previous_band sees it, and the newest revision is the last
        for answer in sorted(page.answers, key=_when):
            try:
                skipped += _take(record, config, answer, look, counts)
            except RejectedError as error:
                counts["rejected"] += 1
                not_taken.append([answer.place, str(error)])
                log.warning("answer_rejected", place=answer.place, error=str(error))
        if named:
            continue
        record.emit("cursor", [page.cursor])
        if "again" in record.params:
            continue
        record.commit(lambda tx, taken=page.cursor: contacts.put_cursor(tx, ANSWERS, taken, now=record.now))  # type: ignore[misc]
    named_rows = {"not_taken": not_taken[:NOT_TAKEN], "skipped": skipped[:SKIPPED]}
    return {**counts, **{name: rows for name, rows in named_rows.items() if rows}}


def _take(record: Record, config: Config, answer: RawAnswer, look: Look, counts: Counter[str]) -> list[list[str]]:
    """Take one answer; the place and reason of each ticket that a rule wants and nobody can open."""
    values = answer.values
    connection = crm_connection(config, values.get("connection") or record.params.get("connection"))
    responded_at = _when(answer)
    if responded_at > record.now + TOO_EARLY:
        raise RejectedError(f"responded_at {responded_at.isoformat()} is in the future; correct it, or its time zone")
    found = None
    if values.get("email") or values.get("contact_id"):
        term = values.get("contact_id") or values["email"]
        known = record.read("known", bool, lambda tx: matching.contact_of(tx, values, connection) is not None)
        if not known:
            found = _looked_up(look, connection, term, answer.place)
    matched = record.read(
        "matched",
        matching.Matched,
        lambda tx: matching.match(
            tx, answer, connection=connection, installation=record.installation, responded_at=responded_at, found=found
        ),
    )
    old = matched.existing
    if old is not None and matching.somebody_else(old, values, connection, matched.contact, matched.person_id):
        raise _taken_by_another(old, values)
    campaign = values.get("campaign") or record.params.get("campaign") or (old.campaign if old else "")
    response = _response(answer, connection, campaign or config.answers.campaign, responded_at, matched, record.now)
    if old is not None and response.responded_at < old.responded_at:
        counts["older"] += 1
        return []
    known = old is not None and _said(old) == _said(response)
    if known and old is not None:
        counts["already_there"] += 1
        now_called = replace(old, **{name: getattr(response, name) for name in _BESIDE})
        if not ("again" in record.params or record.params.get("run_rules")):
            _keep(record, old, now_called, counts)
            return []
        response = now_called
    evaluation, why_not = _evaluate(record, config, response, matched)
    asked = _asked_before(record, response, evaluation)
    evaluation = replace(evaluation, write_backs=_grouped(record, config, response, evaluation, asked))
    later = () if why_not else _changed(config, response, matched, evaluation, asked, record.now)
    judged = {"matches": evaluation.matches, "skipped": evaluation.skipped, "rules_did_not_run": why_not}
    made = (evaluation.write_backs, later)
    rehearsed, later_rehearsed = (
        _rehearsed(record, config, connection, made) if config.mode is Mode.REHEARSAL else ((), ())
    )
    record.emit("response", [response])
    record.emit("judged", [judged])
    record.emit("write_backs", [to_stored(wb) for wb in (*evaluation.write_backs, *rehearsed)])
    if later:
        record.emit("if_left", [[wanted.of, to_stored(wanted.write_back)] for wanted in (*later, *later_rehearsed)])
    counts["responses"] += not known
    counts["revised"] += old is not None and not known
    counts["unmatched"] += matched.contact is None
    counts["rules_did_not_run"] += bool(why_not)
    counts["write_backs"] += len(evaluation.write_backs)

    def write(tx: Tx) -> None:
        responses.put(tx, response, judged=codec.to_text(msgspec.to_builtins(judged)))
        followed = [wanted.write_back for wanted in (*later, *later_rehearsed)]
        keep = {wb.key for wb in (*evaluation.write_backs, *rehearsed, *followed)}
        _remember_asking(tx, response)
        if not why_not:
            outbox.withdraw(tx, response.key, keep, now=record.now)
        outbox.put(tx, evaluation.write_backs, rehearsal=False, now=record.now, mode=config.mode)
        outbox.put(tx, rehearsed, rehearsal=True, now=record.now)
        for wanted, rehearsal in ((later, False), (later_rehearsed, True)):
            left = [(w.of, w.write_back) for w in wanted]
            tickets.put_if_left(tx, left, rehearsal=rehearsal, now=record.now, mode=config.mode)
        if "again" in record.params:
            outbox.renew(tx, (*evaluation.write_backs, *rehearsed), now=record.now)

    record.commit(write)
    if matched.contact is None:
        log.warning("answer_of_nobody", place=answer.place, remedy="no contact has this id or address; it is kept")
    missed = [[answer.place, why] for why in _no_ticket(config, response, evaluation)]
    if missed:
        counts["no_ticket"] += len(missed)
    return missed


def _no_ticket(config: Config, response: Response, evaluation: Evaluation) -> list[str]:
    """`detractor, no ticket: the response belongs to no company; …`, for each ticket that cannot be opened."""
    actions = {(rule.id, action.id): (rule, action) for rule in config.rules for action in rule.then}
    told = []
    for skipped in evaluation.skipped:
        rule, action = actions[skipped.rule_id, skipped.action_id]
        if not action.open_ticket:
            continue
        remedy = "give the contact a company in the CRM" if response.contact_id else "give a contact_id"
        if not any(other.notify for other in rule.then):
            remedy += ", or add a notify action"
        told.append(f"{response.band}, no ticket: {skipped.why.partition(',')[0]}; {remedy}")
    return told


def crm_connection(config: Config, named: str | None) -> str:
    """The CRM connection that answers belong to: the one named, the file's default, or the only one there is.

    Raises RejectedError with what to write where.
    """
    sources = [name for name, c in config.connections.items() if registry.spec(c.kind).facets]
    named = named or config.answers.connection
    if named:
        if named not in sources:
            raise RejectedError(f'no CRM connection "{named}"; there are: {", ".join(sources)}')
        return named
    if len(sources) == 1:
        return sources[0]
    raise RejectedError("which connection? Add a column connection, or answers.connection to the configuration")


def _when(answer: RawAnswer) -> datetime:
    return datetime.fromisoformat(answer.values["responded_at"])


_BESIDE = ("email", "campaign", "wave", "channel")
"""What a source may say otherwise without saying another answer: kept as said last, and no rule runs for it."""


def _said(response: Response) -> tuple[object, ...]:
    """What makes a changed answer, a revision: the answer itself, and on which connection it is to be recorded."""
    return response.connection, response.score, response.comment, response.responded_at


def _keep(record: Record, old: Response, response: Response, counts: Counter[str]) -> None:
    """A known answer whose campaign, wave, channel or address is told otherwise: the same revision, no rules."""
    if old == response:
        return
    counts["updated"] += 1
    record.emit("response", [response])
    record.commit(lambda tx: responses.put(tx, response, judged=None))


def _taken_by_another(old: Response, values: Mapping[str, str]) -> RejectedError:
    """The error for a row whose id an answer of somebody else has; addresses are masked."""
    whose = f"contact {old.contact_id}" if old.contact_id else mask(old.email)
    called = f'external_id "{values["external_id"][:60]}"' if values.get("external_id") else "this contact and time"
    return RejectedError(
        f"{called} is that of an answer of somebody else ({whose}, answered {old.responded_at.isoformat()}, taken "
        f"{old.received_at.isoformat(timespec='seconds')}), which stays; make external_id unique over all files, "
        "such as by the tool's name before it, or leave it out"
    )


def _remember_asking(tx: Tx, response: Response) -> None:
    """Whoever answered was asked, by whatever tool: the cool-down counts from then at the latest."""
    key = judge(response.email).key
    if not key and response.contact_id:
        stored = contacts.contact(tx, response.connection, response.contact_id)
        key = (stored.address_key if stored else None) or ""
    if key:
        asking = people.Asking(
            address_key=key,
            at=response.responded_at,
            campaign=response.campaign,
            source=matching.SOURCE,
            person_id=response.person_id,
        )
        people.put_askings(tx, [asking])


def _looked_up(look: Look, connection: str, term: str, place: str) -> tuple[Contact, Company | None] | None:
    """The contact as the CRM has it now; an address it cannot be asked for is nobody's, and stops no other row."""
    try:
        return next(iter(look(connection, term)), None)
    except RejectedError as error:
        log.warning("not_looked_up", place=place, why=str(error))
        return None


def _response(
    answer: RawAnswer, connection: str, campaign: str, at: datetime, matched: matching.Matched, now: datetime
) -> Response:
    values, contact, old = answer.values, matched.contact, matched.existing
    return Response(
        key=matched.key,
        connection=connection,
        source=matching.SOURCE,
        external_id=values.get("external_id", ""),
        score=int(values["score"]),
        responded_at=at,
        received_at=now,
        comment=values.get("comment", ""),
        contact_id=contact.id if contact else None,
        company_id=contact.company_id if contact else None,
        person_id=matched.person_id,
        email=values.get("email") or (old.email if old else ""),
        campaign=campaign,
        wave=values.get("wave") or (old.wave if old else ""),
        channel=values.get("channel") or (old.channel if old else ""),
        revision=old.revision + 1 if old else 1,
    )


def _asked_before(record: Record, response: Response, evaluation: Evaluation) -> list[tickets.Asked]:
    """The tickets that were asked for this answer before; nothing is read where there can be none."""
    if response.revision == 1 and not any(isinstance(wb.change, OpenTicket) for wb in evaluation.write_backs):
        return []
    return record.read("asked_before", list[tickets.Asked], lambda tx: tickets.of_response(tx, response.key))


def _grouped(
    record: Record, config: Config, response: Response, evaluation: Evaluation, asked: list[tickets.Asked]
) -> tuple[WriteBack, ...]:
    """The write-backs; a ticket that joins an open one of the company is a note on that."""
    company_id = response.company_id
    if not company_id or not any(isinstance(wb.change, OpenTicket) for wb in evaluation.write_backs):
        return evaluation.write_backs
    others = record.read(
        "open_tickets",
        list[tickets.Asked],
        lambda tx: tickets.of_company(tx, response.connection, company_id, without=response.key),
    )
    return grouped(
        evaluation.write_backs,
        config.rules,
        own=asked,
        others=others,
        now=record.now,
        calendar=config.connections[response.connection].calendar or CalendarSettings(zone="UTC"),
    )


def _changed(
    config: Config,
    response: Response,
    matched: matching.Matched,
    evaluation: Evaluation,
    asked: list[tickets.Asked],
    now: datetime,
) -> tuple[IfLeft, ...]:
    """What a changed answer adds to tickets that left already, as soon as its rules act."""
    calendar = config.connections[response.connection].calendar
    facts = matching.facts(response, matched, calendar.zone if calendar else "UTC")
    was = matched.existing.score if matched.existing else response.score
    return changed(evaluation.write_backs, asked, facts, was=was, not_before=config.answers.settle.after(now))


def _rehearsed(
    record: Record, config: Config, connection: str, made: tuple[tuple[WriteBack, ...], tuple[IfLeft, ...]]
) -> tuple[tuple[WriteBack, ...], tuple[IfLeft, ...]]:
    """The copies of both for the rehearsal."""
    company_id = the_company(record, config, connection)
    write_backs, later = made
    joined = [wb.depends_on for wb in write_backs if isinstance(wb.change, JoinTicket) and wb.depends_on]
    there: list[str] = []
    if joined:
        there = record.read(
            "rehearsed_tickets", list[str], lambda tx: [key for key in joined if outbox.get(tx, copy_key(key))]
        )
    again = {wb.key: wb for wb in copies([w.write_back for w in later], config, company_id)}
    return copies(write_backs, config, company_id, there=there), tuple(
        IfLeft(of=copy_key(w.of), write_back=again[key]) for w in later if (key := copy_key(w.write_back.key)) in again
    )


def _evaluate(record: Record, config: Config, response: Response, matched: matching.Matched) -> tuple[Evaluation, str]:
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
        ),
        "",
    )
