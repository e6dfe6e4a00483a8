"""From rules and facts to write-backs. Pure and deterministic: the same input gives the same keys, texts and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from connector.domain import (
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    Notify,
    OpenTicket,
    RecordResponse,
    SetField,
    WriteBack,
)
from connector.rules.actions import (
    Action,
    AddNoteOptions,
    AddToGroupOptions,
    CreateTaskOptions,
    NotifyOptions,
    OpenTicketOptions,
    RecordResponseOptions,
    SetFieldOptions,
)
from connector.rules.business_time import CalendarSettings, due
from connector.rules.conditions import Names, Verdict, judge
from connector.rules.facts import Facts
from connector.rules.keys import write_back_key
from connector.rules.settings import Rule
from connector.rules.speech import COMMENT_LIMIT, speech
from connector.rules.templates import render
from connector.rules.wording import one_line, passage

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
    as_before: bool = False,
    calendars: Mapping[str, CalendarSettings] = MappingProxyType({}),
) -> Evaluation:
    """What the rules make of one response.

    Write-backs wait until `settle` after the receipt of this revision, and never start before `now`. Due dates count
    from the receipt too (an answer read late from a file is not overdue at birth). Without a calendar, business time is
    Monday to Friday, 9 to 17, in the zone of the facts; `calendars` are those of other connections, for what is written
    there. `as_before`: times as records of earlier versions have them.
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
            at = _at(rule, action)
            there = facts if at in ("", facts.connection) else facts.at(at)
            why = _lacking(rule, action, there) if there else _not_known(facts, at)
            if why or there is None:
                skipped.append(Skipped(rule_id=rule.id, action_id=action.id, why=why))
            else:
                meant = calendars.get(at, calendar) if there is not facts else calendar
                made = _write_back(rule, action, facts, meant, not_before, as_before, there)
                write_backs.append(replace(made, connection=at) if at else made)
    return Evaluation(matches=tuple(matches), write_backs=tuple(write_backs), skipped=tuple(skipped))


NOT_KNOWN = "is not known at"


def _at(rule: Rule, action: Action) -> str:
    """The connection an action names; that of its ticket for a note on one. Empty: where the answer came from."""
    if action.add_note is not None and action.add_note.on == "ticket":
        ticket = _ticket_of(rule, action)
        return ticket.at if ticket else ""
    return action.at


def _not_known(facts: Facts, at: str) -> str:
    if facts.contact is None:
        return "the response matched no contact"
    return f"{one_line(facts.contact.name, 100) or 'the contact'} {NOT_KNOWN} {at}"


def _lacking(rule: Rule, action: Action, facts: Facts) -> str:
    """Why there is nothing to act on; empty when there is."""
    on_ticket = action.add_note is not None and action.add_note.on == "ticket"
    ticket = _ticket_of(rule, action) if action.open_ticket or on_ticket else None
    at_customer = ticket is not None and ticket.open_ticket is not None and not ticket.open_ticket.at_own_company
    if at_customer and not facts.company_id:
        return "the response belongs to no company, and a ticket needs one"
    if action.create_task and not facts.company_id:
        return "the response belongs to no company, and a task needs one"
    if action.set_field and action.set_field.on == "company" and not facts.company_id:
        return "the response belongs to no company"
    needs_contact = action.record_response or action.add_note or action.add_to_group or action.set_field
    if needs_contact and not on_ticket and facts.contact is None:
        return "the response matched no contact"
    return ""


def _write_back(
    rule: Rule,
    action: Action,
    facts: Facts,
    calendar: CalendarSettings,
    not_before: datetime,
    as_before: bool,
    there: Facts,
) -> WriteBack:
    """`facts` are what is said, `there` whose records it is written to."""
    response = facts.response
    ticket = _ticket_of(rule, action)
    span = ticket.open_ticket.due if ticket and ticket.open_ticket else None
    if action.create_task:
        span = action.create_task.due
    due_at = due(span, response.received_at, calendar, as_before=as_before) if span else None
    said = speech(facts, rule_id=rule.id, rule_name=rule.title, due=span.text if span else "", due_at=due_at)
    on_ticket = action.add_note is not None and action.add_note.on == "ticket"
    return WriteBack(
        key=_key(rule, action, facts),
        connection=action.notify.via if action.notify else response.connection,
        change=_change(action, there, said, due_at, as_before),
        response_key=response.key,
        revision=response.revision,
        rule_id=rule.id,
        action_id=action.id,
        not_before=not_before,
        depends_on=_key(rule, ticket, facts) if on_ticket and ticket else None,
    )


def _key(rule: Rule, action: Action, facts: Facts) -> str:
    # A corrected answer must find its ticket or task again, never make a second; everything else is said anew.
    revision = 1 if action.open_ticket or action.create_task else facts.response.revision
    return write_back_key(facts.response.key, rule.id, action.id, revision)


def _ticket_of(rule: Rule, action: Action) -> Action | None:
    """The ticket an action speaks of: itself, else the last one the rule opens before it, else the first."""
    position = rule.then.index(action)
    opened = [other for other in rule.then if other.open_ticket]
    earlier = [other for other in rule.then[: position + 1] if other.open_ticket]
    return earlier[-1] if earlier else next(iter(opened), None)


def _change(
    action: Action, facts: Facts, said: Mapping[str, object], due_at: datetime | None, as_before: bool
) -> Change:
    contact_id = facts.contact.id if facts.contact else None
    match action.options:
        case RecordResponseOptions() as options:
            return _record(options, facts, said, as_before)
        case OpenTicketOptions() as options:
            return OpenTicket(
                company_id=facts.company_id or "",
                contact_id=contact_id if options.shows_contact == "linked" else None,
                board=options.said("board"),
                summary=render(options.summary, said, single_line=True),
                discussion=render(options.discussion, said),
                internal=render(options.internal, said),
                priority=options.priority,
                status=options.said("status"),
                owner=options.owner,
                due_at=due_at,
                bill_time=options.bill_time,
                own_company=options.at_own_company,
                type=options.said("type"),
                subtype=options.subtype,
                item=options.item,
                team=options.said("team"),
                source=options.said("source"),
                location=options.location,
                agreement=options.agreement,
                severity=options.severity or "",
                impact=options.impact or "",
                **(_in_text(facts) if options.shows_contact == "text" else {}),
            )
        case AddNoteOptions() as options:
            text = render(options.text, said)
            return AddNote(on=options.on, contact_id=contact_id, text=text, internal=options.internal)
        case CreateTaskOptions() as options:
            return CreateTask(
                company_id=facts.company_id or "",
                contact_id=contact_id,
                summary=render(options.summary, said, single_line=True),
                text=render(options.text, said),
                owner=options.owner,
                type=options.type,
                status=options.status,
                due_at=due_at,
            )
        case AddToGroupOptions() as options:
            return AddToGroup(contact_id=contact_id or "", group=options.group)
        case SetFieldOptions() as options:
            return SetField(
                on=options.on,
                record_id=(contact_id if options.on == "contact" else facts.company_id) or "",
                field=options.field,
                value=render(options.value, said),
                responded_at=facts.response.responded_at,
                responded_at_field=options.responded_at or "",
            )
        case NotifyOptions() as options:
            subject = render(options.subject, said, single_line=True)
            return Notify(subject=subject, text=render(options.text, said), to=options.to)


def _in_text(facts: Facts) -> dict[str, str]:
    """Who the contact is, for a ticket that is not linked to it."""
    if facts.contact is None:
        return {"contact_email": facts.response.email}
    contact = facts.contact
    return {
        "contact_name": contact.name,
        "contact_email": contact.email or facts.response.email,
        "contact_phone": contact.phone,
    }


def _record(
    options: RecordResponseOptions, facts: Facts, said: Mapping[str, object], as_before: bool
) -> RecordResponse:
    """An empty comment is None, so that a newer answer without words clears the older one's."""
    response, captions = facts.response, options.fields
    values: dict[str | None, str | int | None] = {
        captions.score: response.score,
        captions.band: str(response.band),
        captions.responded_at: response.responded_at.astimezone(UTC).isoformat(
            timespec="auto" if as_before else "seconds"
        ),
        captions.comment: passage(response.comment, COMMENT_LIMIT) or None,
    }
    return RecordResponse(
        contact_id=facts.contact.id if facts.contact else "",
        responded_at=response.responded_at,
        fields={caption: value for caption, value in values.items() if caption is not None},
        responded_at_field=captions.responded_at or "",
        note=render(options.note, said),
    )
