"""Changes as people will meet them: a ticket with its head, its two sections and its key; notes; messages."""

from __future__ import annotations

from datetime import datetime

from connector.cli import common
from connector.domain import (
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    JoinTicket,
    Notify,
    OpenTicket,
    RecordResponse,
    SetField,
    UpdateTicket,
)
from connector.rules.wording import moment_of
from connector.timespan import zone_name

LEFT = 56
RIGHT = 112


def change_lines(change: Change, key: str, *, owner: str = "") -> list[str]:
    """The change in full; `owner` is who gets a ticket, in words."""
    match change:
        case OpenTicket():
            return _ticket(change, key, owner)
        case RecordResponse():
            return _record(change, key)
        case AddNote():
            where = f"ticket {change.parent_id or '(the one this rule opens)'}"
            on = where if change.on == "ticket" else f"contact {change.contact_id}"
            return [f"note on {on}{', internal' if change.internal else ''}", *_text(change.text, key)]
        case UpdateTicket():
            head = f"summary and priority of ticket {change.ticket_id or '(the one opened before)'}, while it is open"
            return [head, *_text(" · ".join(part for part in (change.summary, change.priority) if part), key)]
        case JoinTicket():
            return ["internal note on the open ticket of a colleague (group: company)", *_text(change.text, key)]
        case CreateTask():
            due = _due(change.due_at)
            head = " · ".join(part for part in ("task", change.type, change.status, due, owner) if part)
            return [_beside(change.summary, head), *_text(change.text, key)]
        case AddToGroup():
            return [f"contact {change.contact_id} into group {change.group}, unless it is there or opted out"]
        case SetField():
            dated = f", dated in {change.responded_at_field}" if change.responded_at_field else ""
            value = change.value or "(empty)"
            return [f"field of {change.on} {change.record_id}{dated}", f"  {change.field}: {value}"]
        case Notify():
            to = ", ".join(change.to) or "the log"
            return [f"message to {to}: {change.subject}", *_text(change.text, key)]


def _ticket(ticket: OpenTicket, key: str, owner: str) -> list[str]:
    due = _due(ticket.due_at)
    where = "at your own company" if ticket.own_company else ""
    facts = [f"board {ticket.board}", where, ticket.priority, ticket.status, due, owner]
    lines = [_beside(ticket.summary, " · ".join(fact for fact in facts if fact))]
    options = ("type", "subtype", "item", "team", "source", "location", "agreement", "severity", "impact")
    if given := [f"{name} {value}" for name in options if (value := getattr(ticket, name))]:
        lines.append(" · ".join(given))
    if contact := [text for text in (ticket.contact_name, ticket.contact_email, ticket.contact_phone) if text]:
        lines.append(f"contact, in text only: {', '.join(contact)}")
    if ticket.discussion:
        lines += ["[discussion: the customer may see it]", *ticket.discussion.splitlines()]
    lines += ["[internal]", *_text(ticket.internal, key)]
    return lines


def _due(at: datetime | None) -> str:
    if at is None:
        return "no due date"
    zone = common.given.zone
    return f"due {moment_of(at.astimezone(zone))} {zone_name(at, zone)}"


def _record(change: RecordResponse, key: str) -> list[str]:
    fields = [f"  {caption}: {'' if value is None else value}" for caption, value in change.fields.items()]
    note = ["  with the note", *(f"  {line}" for line in _text(change.note, key))] if change.note else []
    return [f"fields of contact {change.contact_id}, where the CRM has them", *fields, *note]


def _text(text: str, key: str) -> list[str]:
    """The lines, the last with the key at its right end."""
    lines = text.rstrip().splitlines() or [""]
    lines[-1] = f"{lines[-1]:<{RIGHT - len(key)}}{key}" if len(lines[-1]) < RIGHT - len(key) else f"{lines[-1]} {key}"
    return lines


def _beside(left: str, right: str) -> str:
    return f"{left:<{LEFT}}{right}" if len(left) < LEFT else f"{left}  {right}"
