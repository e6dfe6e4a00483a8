"""From rules and facts to write-backs. Pure and deterministic: the same input gives the same keys, texts and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.domain import AddNote, Change, Notify, OpenTicket, RecordResponse, WriteBack
from connector.rules.actions import Action, AddNoteOptions, NotifyOptions, OpenTicketOptions, RecordResponseOptions
from connector.rules.business_time import CalendarSettings, due
from connector.rules.conditions import Names, Verdict, judge
from connector.rules.facts import Facts
from connector.rules.keys import write_back_key
from connector.rules.settings import Rule
from connector.rules.speech import COMMENT_LIMIT, speech
from connector.rules.templates import render
from connector.rules.wording import passage

SETTLE = timedelta(minutes=15)
"""How long write-backs wait by default, so that an answer corrected at once is written once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What one rule said to the response; `verdict.holds` decides."""

    rule_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An action of a rule that holds, for which there is nothing to act on."""

    rule_id: str
    action_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One Match for each rule; each action of each rule that holds is a WriteBack or a Skipped."""

    matches: tuple[Match, ...] = ()
    write_backs: tuple[WriteBack, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def evaluate(
    rules: Sequence[Rule],
    facts: Facts,
    *,
    now: datetime,
    settle: timedelta = SETTLE,
    calendar: CalendarSettings | None = None,
    names: Names | None = None,
) -> Evaluation:
    """What the rules make of one response.

    Write-backs wait until `settle` after the receipt of this revision, and never start before `now`. Due dates count
    from the receipt too (an answer read late from a file is not overdue at birth). Without a calendar, business time is
    Monday to Friday, 9 to 17, in the zone of the facts.
    """
    calendar = calendar or CalendarSettings(zone=facts.timezone)
    not_before = max(now, facts.response.received_at + settle)
    matches, write_backs, skipped = [], [], []
    for rule in rules:
        verdict = judge(rule.when, facts, names)
        matches.append(Match(rule_id=rule.id, verdict=verdict))
        if not verdict.holds:
            continue
        for action in rule.then:
            why = _lacking(action, facts)
            if why:
                skipped.append(Skipped(rule_id=rule.id, action_id=action.id, why=why))
            else:
                write_backs.append(_write_back(rule, action, facts, calendar, not_before))
    return Evaluation(matches=tuple(matches), write_backs=tuple(write_backs), skipped=tuple(skipped))


def _lacking(action: Action, facts: Facts) -> str:
    """Why there is nothing to act on; empty when there is."""
    on_ticket = action.add_note is not None and action.add_note.on == "ticket"
    if (action.open_ticket or on_ticket) and not facts.company_id:
        return "the response belongs to no company, and a ticket needs one"
    if (action.record_response or action.add_note) and not on_ticket and facts.contact is None:
        return "the response matched no contact"
    return ""


def _write_back(
    rule: Rule, action: Action, facts: Facts, calendar: CalendarSettings, not_before: datetime
) -> WriteBack:
    response = facts.response
    ticket = _ticket_of(rule, action)
    due_at = None
    if ticket and ticket.open_ticket and ticket.open_ticket.due:
        due_at = due(ticket.open_ticket.due, response.received_at, calendar)
    span = ticket.open_ticket.due if ticket and ticket.open_ticket else None
    said = speech(facts, rule_id=rule.id, rule_name=rule.title, due=span.text if span else "", due_at=due_at)
    on_ticket = action.add_note is not None and action.add_note.on == "ticket"
    return WriteBack(
        key=_key(rule, action, facts),
        connection=action.notify.via if action.notify else response.connection,
        change=_change(action, facts, said, due_at),
        response_key=response.key,
        revision=response.revision,
        rule_id=rule.id,
        action_id=action.id,
        not_before=not_before,
        depends_on=_key(rule, ticket, facts) if on_ticket and ticket else None,
    )


def _key(rule: Rule, action: Action, facts: Facts) -> str:
    # A corrected answer must find its ticket again, never open a second; everything else is said anew.
    revision = 1 if action.open_ticket else facts.response.revision
    return write_back_key(facts.response.key, rule.id, action.id, revision)


def _ticket_of(rule: Rule, action: Action) -> Action | None:
    """The ticket an action speaks of: itself, else the last one the rule opens before it, else the first."""
    position = rule.then.index(action)
    opened = [other for other in rule.then if other.open_ticket]
    earlier = [other for other in rule.then[: position + 1] if other.open_ticket]
    return earlier[-1] if earlier else next(iter(opened), None)


def _change(action: Action, facts: Facts, said: Mapping[str, object], due_at: datetime | None) -> Change:
    contact_id = facts.contact.id if facts.contact else None
    match action.options:
        case RecordResponseOptions() as options:
            return _record(options, facts, said)
        case OpenTicketOptions() as options:
            return OpenTicket(
                company_id=facts.company_id or "",
                contact_id=contact_id,
                board=options.board,
                summary=render(options.summary, said, single_line=True),
                discussion=render(options.discussion, said),
                internal=render(options.internal, said),
                priority=options.priority,
                status=options.status,
                owner=options.owner,
                due_at=due_at,
                bill_time=options.bill_time,
            )
        case AddNoteOptions() as options:
            text = render(options.text, said)
            return AddNote(on=options.on, contact_id=contact_id, text=text, internal=options.internal)
        case NotifyOptions() as options:
            subject = render(options.subject, said, single_line=True)
            return Notify(subject=subject, text=render(options.text, said), to=options.to)


def _record(options: RecordResponseOptions, facts: Facts, said: Mapping[str, object]) -> RecordResponse:
    """An empty comment is None, so that a newer answer without words clears the older one's."""
    response, captions = facts.response, options.fields
    values: dict[str | None, str | int | None] = {
        captions.score: response.score,
        captions.band: str(response.band),
        captions.responded_at: response.responded_at.astimezone(UTC).isoformat(),
        captions.comment: passage(response.comment, COMMENT_LIMIT) or None,
    }
    return RecordResponse(
        contact_id=facts.contact.id if facts.contact else "",
        responded_at=response.responded_at,
        fields={caption: value for caption, value in values.items() if caption is not None},
        responded_at_field=captions.responded_at or "",
        note=render(options.note, said),
    )
