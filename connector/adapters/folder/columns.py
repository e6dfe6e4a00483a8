"""The columns of a file of answers, and what may stand in them.

| column | what stands there |
|---|---|
| `score` | required: a whole number from 0 to 10 (`9.0` counts as 9) |
| `responded_at` | required: ISO 8601 with a zone, `2026-11-20T16:20:00+01:00` or `…Z`; without only if `zone` is set |
| `contact_id` | id of the contact in the CRM; this or `email` is required |
| `email` | address of the person who answered |
| `external_id` | the answer's own id at its source; a changed answer keeps it. Without: contact, time and campaign |
| `comment` | the words, up to 16 MB, line breaks allowed inside quotes |
| `campaign`, `wave`, `channel` | where the answer belongs; the configuration's `answers.campaign` where empty |
| `connection` | connection whose contact it is; the configuration's `answers.connection` where empty |

CSV is UTF-8 with a header, separated by comma, semicolon or tab; JSON lines have one object on each line with the same
names. Upper and lower case, spaces, hyphens and underscores do not matter, and these names are understood too; other
columns are left out.

| column | also |
|---|---|
| `external_id` | id, response_id |
| `contact_id` | contact |
| `email` | mail, email_address, recipient |
| `score` | rating, nps, nps_score |
| `comment` | feedback, verbatim, text, answer |
| `responded_at` | date, time, timestamp, submitted_at, created_at, completed_at |
| `campaign` | survey |

A file of history (`connector history import`) has `kind` (`asked`, `score`, `opt_out`, `bounce`), `at`, `email` or
`contact_id`, and where they apply `score`, `comment`, `campaign`, `reason`. `at` may be empty for opt_out and bounce.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

ANSWER_COLUMNS = (
    "external_id", "contact_id", "email", "score", "comment", "responded_at", "campaign", "wave", "channel",
    "connection",
)  # fmt: skip
HISTORY_COLUMNS = ("kind", "email", "contact_id", "at", "score", "comment", "campaign", "reason")
_ALIASES = {
    "external_id": ("id", "response_id"),
    "contact_id": ("contact",),
    "email": ("mail", "email_address", "recipient"),
    "score": ("rating", "nps", "nps_score"),
    "comment": ("feedback", "verbatim", "text", "answer"),
    "responded_at": ("date", "time", "timestamp", "submitted_at", "created_at", "completed_at"),
    "at": ("date", "time", "timestamp", "responded_at", "asked_at", "sent_at", "created_at"),
    "campaign": ("survey",),
    "kind": ("type", "event"),
}
_SCORE = re.compile(r"(?:0?[0-9]|10)(?:[.,]0*)?", re.ASCII)
_ADDRESS = re.compile(r"[^\s@<>,;\"\x00-\x1f]{1,64}@[^\s@<>,;\"\x00-\x1f]{1,255}")


class WrongError(Exception):
    """Why a row cannot be taken, in plain words and without its content."""


def columns(header: Collection[str], known: tuple[str, ...]) -> tuple[list[str | None], list[str]]:
    """For each header the column it means (None: none of ours), and the headers that mean none.

    Where a column is there by its own name and by an alias, its own name counts.
    """
    plain = {_plain(column): column for column in known}
    names = [_plain(name) for name in header]
    meant = [plain.get(name) for name in names]
    for at, name in enumerate(names):
        if meant[at] is None:
            also = (own for own in known if own not in meant and name in map(_plain, _ALIASES.get(own, ())))
            meant[at] = next(also, None)
    for at, column in enumerate(meant):
        if column is not None and column in meant[:at]:
            raise WrongError(f'the column "{column}" is there twice; keep one')
    return meant, [name.strip() for name, column in zip(header, meant, strict=False) if column is None]


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name.lower())


def judged_answer(values: Mapping[str, str], zone: str) -> dict[str, str]:
    """The values of one answer: score as digits, time with its offset. Raises WrongError."""
    answer = {column: values.get(column, "") for column in ANSWER_COLUMNS}
    for column in ANSWER_COLUMNS:
        if column != "comment":
            answer[column] = answer[column].strip()
    answer["score"] = str(score(answer["score"]))
    answer["responded_at"] = moment(answer["responded_at"], zone, "responded_at").isoformat()
    someone(answer["contact_id"], answer["email"])
    return answer


def score(text: str) -> int:
    """A whole number from 0 to 10. Raises WrongError."""
    if not text:
        raise WrongError("score is missing")
    if not _SCORE.fullmatch(text):
        raise WrongError(f'score "{text[:20]}" is no whole number from 0 to 10')
    return int(text.replace(",", ".").partition(".")[0])


def moment(text: str, zone: str, column: str) -> datetime:
    """An aware time; one without a zone is in `zone`. Raises WrongError."""
    if not text:
        raise WrongError(f"{column} is missing")
    try:
        found = datetime.fromisoformat(text)
        if found.utcoffset() is not None:
            found.timestamp()
    except (ValueError, OverflowError):
        raise WrongError(f'{column} "{text[:40]}" is no time; write for example 2026-11-20T16:20:00+01:00') from None
    if found.utcoffset() is None:
        if not zone:
            raise WrongError(f'{column} "{text[:40]}" has no time zone; add one (…Z, …+01:00)')
        found = found.replace(tzinfo=ZoneInfo(zone))
    if not 1990 <= found.year <= 2200:
        raise WrongError(f"{column}: the year {found.year} cannot be meant")
    return found


def someone(contact_id: str, email: str) -> None:
    """Somebody must be meant, and an address must at least look like one. Raises WrongError."""
    if not contact_id and not email:
        raise WrongError("neither contact_id nor email says who this is")
    if not contact_id and not _ADDRESS.fullmatch(email):
        raise WrongError("email is no address, and there is no contact_id")
