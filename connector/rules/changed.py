"""What a changed answer does to a ticket that left already: summary and priority, and a note for each revision. Pure.

A ticket that has not left takes the new words itself. Where no rule asks for the ticket any more, the note says so;
nothing is ever closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain import AddNote, Change, JoinTicket, OpenTicket, UpdateTicket, WriteBack
from connector.rules import texts
from connector.rules.facts import Facts
from connector.rules.keys import write_back_key
from connector.rules.speech import speech
from connector.rules.templates import render
from connector.rules.wording import one_line
from connector.store.follow_ups import OpenAnswer
from connector.store.tickets import Asked

NO_LONGER = "No rule asks for this ticket any more; it stays as it is until somebody closes it."
NAME_LIMIT = 100
_NOTE = ".note"  # no action has an id with a dot


@dataclass(frozen=True, slots=True, kw_only=True)
class IfLeft:
    """A write-back that is wanted if the row `of` left before it could take the change itself."""

    of: str
    write_back: WriteBack


def changed(
    write_backs: Sequence[WriteBack],
    own: Sequence[Asked],
    facts: Facts,
    *,
    was: int,
    not_before: datetime,
    others: Sequence[OpenAnswer] = (),
) -> tuple[IfLeft, ...]:
    """For each ticket asked for by an earlier revision of the answer: its update, where a rule asks for it still on the
    same connection, and its note. `was` is the score before the change; `others` are the answers of colleagues on these
    tickets for which they are asked still."""
    response = facts.response
    scores = f": {was} → {response.score}" if was != response.score else ""
    words = f"The answer was changed{scores}. {texts.ANSWER}"
    still = {wb.key: wb for wb in write_backs}
    found = []
    for asked in own:
        if asked.revision >= response.revision:
            continue

        def one(part: str, change: Change, asked: Asked = asked) -> IfLeft:
            key = write_back_key(response.key, asked.rule_id, asked.action_id + part, response.revision)
            return IfLeft(
                of=asked.key,
                write_back=WriteBack(
                    key=key,
                    connection=asked.connection or response.connection,
                    change=change,
                    response_key=response.key,
                    revision=response.revision,
                    rule_id=asked.rule_id,
                    action_id=asked.action_id,
                    not_before=not_before,
                    depends_on=asked.ticket_key,
                ),
            )

        wanted = still.get(asked.key)
        ticket = wanted.change if wanted is not None else None
        at = asked.connection or response.connection
        if isinstance(ticket, OpenTicket) and wanted is not None and wanted.connection == at:
            company_id = "" if ticket.own_company else ticket.company_id
            found.append(one("", UpdateTicket(company_id=company_id, summary=ticket.summary, priority=ticket.priority)))
        said = speech(facts, rule_id=asked.rule_id, rule_name=asked.rule_id)
        left = [each for each in others if each.ticket_key == asked.ticket_key]
        if isinstance(ticket, OpenTicket | JoinTicket):
            text = render(words, said)
        elif left:
            text = render(words, said).rstrip("\n") + f"\n{_still_needed(left)}"
        else:
            text = render(words + NO_LONGER, said)
        found.append(one(_NOTE, AddNote(on="ticket", contact_id=None, text=text)))
    return tuple(found)


def _still_needed(left: Sequence[OpenAnswer]) -> str:
    """`Amir Example's answer (3) still needs the call.`"""
    names = [one_line(each.contact_name, NAME_LIMIT) for each in left]
    said = [
        f"{name}'s answer ({each.score})" if name else f"another answer ({each.score})"
        for name, each in zip(names, left, strict=True)
    ]
    words = " and ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said)
    return f"{words[0].upper()}{words[1:]} still need{'' if said[1:] else 's'} the call."
