"""Which job did it: looks through the records of Attempts for one contact, response or write-back. Offline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connector.errors import ContractError
from connector.jobs.collect import ANSWERS
from connector.jobs.records.journal import read_lines
from connector.jobs.runtime import Runtime
from connector.store import attempts
from connector.store.attempts import Attempt
from connector.store.outbox import Entry

SEARCHED = 200
"""Records looked through for one trace, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One thing an Attempt did, in plain words."""

    at: datetime
    what: str
    job_id: str
    attempt_id: str


def pulled(runtime: Runtime, connection: str, contact_id: str) -> Trace | None:
    """The last pull that brought the contact; None where its record is gone."""
    needle = msgspec.json.encode(contact_id) + b","
    for attempt, frame in _frames(runtime, "pull", connection, needle, ("links",)):
        if any(row[0] == contact_id for row in frame["rows"]):
            return _trace(attempt, "pulled")
    return None


def collected(runtime: Runtime, response_key: str) -> Trace | None:
    """The collect that took the newest revision of a response."""
    needle = response_key.encode()
    for attempt, frame in _frames(runtime, "collect", ANSWERS, needle, ("response",)):
        if any(row["key"] == response_key for row in frame["rows"]):
            return _trace(attempt, "taken in")
    return None


def moves(runtime: Runtime, entry: Entry) -> list[Trace]:
    """The history of a write-back, oldest first, as far as the records of its deliveries are kept."""
    write_back = entry.write_back
    key, found = write_back.key, []
    names = ("claimed", "outcome", "looked_up", "adopted")
    for attempt, frame in _frames(runtime, "deliver", write_back.connection, key.encode(), names):
        if attempt.started_at >= entry.created_at:
            found.append(_trace(attempt, _words(frame, key)))
    return found[::-1]


def _words(frame: dict[str, Any], key: str) -> str:
    match frame["name"]:
        case "claimed":
            return "claimed, to be sent"
        case "adopted":
            return "found unanswered after another process ended"
        case "looked_up":
            there = any(row[0] == key and row[1] for row in frame["rows"])
            return "looked up: it is there" if there else "looked up: not there yet"
    word, said = next((row[1], row[2]) for row in frame["rows"] if row[0] == key)
    return f"{word}: {said}" if isinstance(said, str) and said else str(word)


def _trace(attempt: Attempt, what: str) -> Trace:
    return Trace(at=attempt.clock, what=what, job_id=attempt.job_id, attempt_id=attempt.id)


def _frames(
    runtime: Runtime, story: str, connection: str, needle: bytes, names: Sequence[str]
) -> Iterator[tuple[Attempt, dict[str, Any]]]:
    """The frames of these names that hold the needle; of the newest Attempt first, in each from its end."""
    with runtime.store.read() as tx:
        tried = attempts.of_story(tx, story, connection)[:SEARCHED]
    wanted = tuple(f'"name":"{name}"'.encode() for name in names)
    for attempt in tried:
        try:
            lines = [line for line in read_lines(runtime.data / attempt.journal) if needle in line]
        except ContractError:
            continue  # the record is gone or damaged: jobs replay says so
        for line in reversed(lines):
            if any(name in line[:60] for name in wanted):
                yield attempt, msgspec.json.decode(line)
