"""A person lets go what was written down before mode live: what is due counts from then. One transaction's work.

Until that word nobody could have called, so a ticket that waited in preview must not be overdue when it is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.rules.business_time import CalendarSettings, moved
from connector.rules.wording import moment_of
from connector.store import Tx, codec, fuses
from connector.store.fuses import ToConfirm

Words = dict[str, str]
"""Former text → new text: the moment in JSON, and as templates say it."""


def confirm(tx: Tx, calendars: Mapping[str, CalendarSettings], *, now: datetime) -> int:
    """What is due of preview and rehearsal time may leave; how many they are.

    Due dates of tickets and tasks, and what the same rule's texts say of them, move by the working time that went by.
    """
    rows = fuses.to_confirm(tx, now=now)
    moves: dict[tuple[str, str], dict[str, Words]] = {}  # of an answer by a rule, by connection
    for row in rows:
        calendar = calendars.get(row.connection)
        start = row.received_at
        due_at = _due_at(row.change)
        if calendar is None or due_at is None or start >= now:
            continue
        old = datetime.fromisoformat(due_at)
        new = moved(old, start, now.replace(microsecond=0), calendar)
        zone = ZoneInfo(calendar.zone)
        words = {due_at: new.isoformat(), moment_of(old.astimezone(zone)): moment_of(new)}
        of_rule = moves.setdefault((row.response_key, row.rule_id), {})
        of_rule.setdefault(row.connection, {}).update(words)
    for row in rows:
        said = _said(row.change, _words(row, moves.get((row.response_key, row.rule_id), {})))
        if said != row.change:
            fuses.put_change(tx, row.key, codec.to_text(said), now=now)
    return fuses.confirm(tx, now=now)


def _due_at(change: dict[str, Any]) -> str | None:
    found = change.get("due_at") or (change.get("ticket") or {}).get("due_at")
    return str(found) if found else None


def _words(row: ToConfirm, by_connection: Mapping[str, Words]) -> Words:
    """What the row's texts say of moments: as its own connection has it, else that of the answer, else any other."""
    words: Words = {}
    for connection in sorted(
        by_connection, key=lambda each: (each == row.connection, each == row.answers_connection, each)
    ):
        words |= by_connection[connection]
    return words


def _said(value: Any, words: Words) -> Any:
    """The same with every former moment replaced, each once: a new one may be another's former."""
    if isinstance(value, str):
        if not words:
            return value
        former = "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))
        return re.sub(former, lambda found: words[found[0]], value)
    if isinstance(value, dict):
        return {key: _said(each, words) for key, each in value.items()}
    return [_said(each, words) for each in value] if isinstance(value, list) else value
