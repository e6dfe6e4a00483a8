"""Status and vendor code to error: a table, with overrides for each adapter."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connector.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    ForbiddenError,
    OutcomeUnknownError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from connector.ports import Answer, Call

Meaning = Mapping[int | tuple[int, str], type[ConnectorError]]
"""Keys are a status, or a status with the vendor's code, which wins."""

MEANING: Meaning = {
    401: AuthError,
    403: ForbiddenError,
    407: AuthError,
    408: UnavailableError,
    425: UnavailableError,
    429: ThrottledError,
}
_BY_CLASS: dict[int, type[ConnectorError]] = {3: ContractError, 4: RejectedError, 5: UnavailableError}
WORDS_CAP = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the vendor said about an error: its code, its words (one line, cut), its request id."""

    code: str = ""
    message: str = ""
    request_id: str = ""
    missing: tuple[str, ...] = ()
    """Fields that it demands and did not get."""


ReadWords = Callable[[Answer], Words]
ReadWait = Callable[[Answer, Words, datetime | None], float]


def json_words(answer: Answer) -> Words:
    """`code` and `message` of a JSON error body; nothing from any other body."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return Words()
    if not isinstance(body, dict):
        return Words()
    return Words(code=one_line(body.get("code")), message=one_line(body.get("message")))


_REDIRECTS = (301, 302, 303, 307, 308)


def error_of(
    call: Call,
    answer: Answer,
    *,
    words: Words,
    meaning: Meaning,
    remedies: Mapping[int, str] = {},
    now: datetime | None = None,
    waits: ReadWait | None = None,
) -> ConnectorError:
    """The error an answer outside 200-299 means. A write that met an unclear one is of unknown outcome."""
    kind = (
        meaning.get((answer.status, words.code))
        or meaning.get(answer.status)
        or _BY_CLASS.get(answer.status // 100, ContractError)
    )
    text = _text(call, answer, words, remedies.get(answer.status, ""))
    if issubclass(kind, ThrottledError):
        return kind(text, retry_after=(waits or asked_wait)(answer, words, now))
    if issubclass(kind, UnavailableError) and call.writes:
        return OutcomeUnknownError(text)
    if issubclass(kind, RejectedError):
        return kind(text, code=words.code, status=answer.status, missing=words.missing)
    return kind(text)


def one_line(value: object, *, cap: int = WORDS_CAP) -> str:
    """Printable words on one line, cut; anything but text or a number gives nothing."""
    if not isinstance(value, str | int | float):
        return ""
    text = "".join(mark if mark.isprintable() else " " for mark in str(value)[: cap * 2])
    text = " ".join(text.split())
    return text if len(text) <= cap else text[: cap - 1] + "…"


def _text(call: Call, answer: Answer, words: Words, remedy: str) -> str:
    said = ": ".join(part for part in (words.code, words.message) if part)
    text = f"{call.method} {call.path}: {answer.status}{' ' + said if said else ''}"
    if answer.status in _REDIRECTS:
        text += " (a redirect; is the site right?)"
    if words.request_id:
        text += f" [request {words.request_id}]"
    return f"{text}; {remedy}" if remedy else text


def asked_wait(answer: Answer, words: Words, now: datetime | None) -> float:
    """The wait that a refusal asks for, in seconds: the header as seconds or as a date, else what the words say, else 0
    (unknown)."""
    value = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value):
        return float(value)
    if value:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
    said = re.search(r"\bin (\d{1,5}) seconds?\b", words.message)
    return float(said.group(1)) if said else 0.0
