"""collect: answers → responses → rules → write-backs, each answer and its write-backs in one transaction.

answer.py      what a row says: whose answer, on which connection, new or a revision
evaluation.py  what the rules make of it: write-backs, tickets that join a colleague's, copies for a rehearsal
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
import structlog

from connector.config import Config
from connector.domain import Company, Contact, Mode, Response
from connector.errors import RejectedError
from connector.jobs import matching
from connector.jobs.collect.answer import BESIDE, crm_connection, response_of, said, taken_by_another, when
from connector.jobs.collect.evaluation import (
    asked_before,
    colleagues,
    if_left,
    no_ticket,
    rehearsal_copies,
    run_rules,
    with_joined,
)
from connector.jobs.forgotten import without_forgotten
from connector.jobs.records.record import LINKS_NOBODY, Record
from connector.jobs.stored_forms import to_stored
from connector.ports import BadRow, RawAnswer, ResponseSource
from connector.rules.names import written_at
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

_WORDS = ("comment", "wave", "channel")
Look = Callable[[str, str], list[tuple[Contact, Company | None]]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One page of raw answers and the cursor that says they were taken."""

    answers: list[RawAnswer]
    bad: list[BadRow]
    cursor: dict[str, Any]


def collect(record: Record, config: Config, source: ResponseSource, look: Look, *, of: str = ANSWERS) -> dict[str, Any]:
    """Take every answer the source offers that was not taken yet; a bad row is reported with its place.

    `of` is the connection whose own surveys are read, with a cursor and ids of its own; else files are.

    In a rerun (`again` in the parameters) known answers go through the rules once more, what was refused
    takes a changed text and waits again, and no cursor moves.
    """
    counts: Counter[str] = Counter()
    named = bool(record.params.get("file"))  # a file named by a person is read whole, its known rows told from new ones
    kept = of if of == ANSWERS else f"{ANSWERS} of {of}"  # no connection is called so
    cursor = None if named else record.read("cursor", dict[str, Any] | None, lambda tx: contacts.cursor(tx, kept))
    not_taken: list[list[str]] = []
    skipped: list[list[str]] = []
    pages = source.responses(cursor)

    def following(tx: Tx) -> Taken | None:
        page = next(pages, None)
        if page is None:
            return None
        rows = [_storable(row) for row in without_forgotten(tx, page[0])]
        bad = [row for row in rows if isinstance(row, BadRow)]
        return Taken(answers=[row for row in rows if isinstance(row, RawAnswer)], bad=bad, cursor=page[1])

    while (page := record.read("answers", Taken | None, following)) is not None:
        for row in page.bad:
            log.warning("row_not_taken", place=row.place, why=row.why)
        not_taken += [[row.place, row.why] for row in page.bad]
        counts["rejected"] += len(page.bad)
        # the older first, so that previous_band sees it, and the newest revision is the last
        for answer in sorted(page.answers, key=when):
            try:
                skipped += _take(record, config, answer, look, counts, of)
            except RejectedError as error:
                counts["rejected"] += 1
                not_taken.append([answer.place, str(error)])
                log.warning("answer_rejected", place=answer.place, error=str(error))
        if named:
            continue
        record.emit("cursor", [page.cursor])
        if "again" in record.params:
            continue
        record.commit(lambda tx, taken=page.cursor: contacts.put_cursor(tx, kept, taken, now=record.now))  # type: ignore[misc]
    named_rows = {"not_taken": not_taken[:NOT_TAKEN], "skipped": skipped[:SKIPPED]}
    return {**counts, **{name: rows for name, rows in named_rows.items() if rows}}


def _take(
    record: Record, config: Config, answer: RawAnswer, look: Look, counts: Counter[str], of: str
) -> list[list[str]]:
    """Take one answer; the place and reason of each ticket that a rule wants and nobody can open."""
    values = answer.values
    connection = crm_connection(config, values.get("connection") or record.params.get("connection"))
    responded_at = when(answer)
    if responded_at > record.now + TOO_EARLY:
        raise RejectedError(f"responded_at {responded_at.isoformat()} is in the future; correct it, or its time zone")
    source = matching.SOURCE if of == ANSWERS else of
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
            tx,
            answer,
            connection=connection,
            source=source,
            installation=record.installation,
            responded_at=responded_at,
            found=found,
            at=written_at(config.rules),
        ),
    )
    old = matched.existing
    if old is not None and matching.somebody_else(old, values, connection, matched.contact, matched.person_id):
        raise taken_by_another(old, values)
    campaign = values.get("campaign") or record.params.get("campaign") or (old.campaign if old else "")
    campaign = campaign or config.answers.campaign
    response = response_of(answer, connection, source, campaign, responded_at, matched, record.now)
    if old is not None and response.responded_at < old.responded_at:
        counts["older"] += 1
        return []
    # the remedy for an answer of nobody is to say whose it is: the same words of a known contact are another answer
    linked = old is not None and old.contact_id is None and response.contact_id is not None
    linked = linked and record.does(LINKS_NOBODY)
    known = old is not None and said(old) == said(response) and not linked
    if known and old is not None:
        counts["already_there"] += 1
        now_called = replace(old, **{name: getattr(response, name) for name in BESIDE})
        if not ("again" in record.params or record.params.get("run_rules")):
            _keep(record, old, now_called, counts)
            return []
        response = now_called
    evaluation, why_not = run_rules(record, config, response, matched)
    asked = asked_before(record, response, evaluation)
    evaluation = replace(evaluation, write_backs=with_joined(record, config, response, evaluation, asked))
    others = () if why_not else colleagues(record, response, evaluation, asked)
    later = () if why_not else if_left(config, response, matched, evaluation, asked, record.now, others)
    judged = {"matches": evaluation.matches, "skipped": evaluation.skipped, "rules_did_not_run": why_not}
    made = (evaluation.write_backs, later)
    rehearsed, later_rehearsed = (
        rehearsal_copies(record, config, connection, made) if config.mode is Mode.REHEARSAL else ((), ())
    )
    record.emit("response", [response])
    record.emit("judged", [judged])
    record.emit("write_backs", [to_stored(wb) for wb in (*evaluation.write_backs, *rehearsed)])
    if later:
        record.emit("if_left", [[wanted.of, to_stored(wanted.write_back)] for wanted in (*later, *later_rehearsed)])
    counts["responses"] += not known
    counts["revised"] += old is not None and not known
    counts["unmatched"] += matched.contact is None
    counts["linked"] += linked
    counts["rules_did_not_run"] += bool(why_not)
    counts["write_backs"] += len(evaluation.write_backs)

    def write(tx: Tx) -> None:
        responses.put(tx, response, judged=codec.to_text(msgspec.to_builtins(judged)))
        followed = [wanted.write_back for wanted in (*later, *later_rehearsed)]
        keep = {wb.key for wb in (*evaluation.write_backs, *rehearsed, *followed)}
        _remember_asking(tx, response, matched.contact)
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
    if matched.contact is None and record.keeps:
        log.warning("answer_of_nobody", place=answer.place, remedy="no contact has this id or address; it is kept")
    missed = [[answer.place, why] for why in no_ticket(config, response, evaluation)]
    if missed:
        counts["no_ticket"] += len(missed)
    return missed


def _storable(row: RawAnswer | BadRow) -> RawAnswer | BadRow:
    """Words without NUL, which PostgreSQL cannot keep: those that come again must be equal to those stored. What may be
    part of a key stays as it came."""
    if isinstance(row, BadRow) or not any("\0" in row.values.get(name, "") for name in _WORDS):
        return row
    words = {name: row.values[name].replace("\0", "") for name in _WORDS if name in row.values}
    return replace(row, values={**row.values, **words})


def _keep(record: Record, old: Response, response: Response, counts: Counter[str]) -> None:
    """A known answer whose campaign, wave, channel or address is told otherwise: the same revision, no rules."""
    if old == response:
        return
    counts["updated"] += 1
    record.emit("response", [response])
    record.commit(lambda tx: responses.put(tx, response, judged=None))


def _remember_asking(tx: Tx, response: Response, contact: Contact | None) -> None:
    """Whoever answered was asked, by whatever tool: the cool-down counts from then at the latest. `contact` may have
    been read live, and be stored nowhere."""
    key = judge(response.email).key
    if not key and response.contact_id:
        stored = contacts.contact(tx, response.connection, response.contact_id)
        key = (stored.address_key if stored else None) or ""
    if not key and contact is not None:
        key = judge(contact.email).key
    if key:
        asking = people.Asking(
            address_key=key,
            at=response.responded_at,
            campaign=response.campaign,
            source=response.source,
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
