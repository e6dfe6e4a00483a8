"""What HubSpot says when it refuses, what that means, and how long to wait.

https://developers.hubspot.com/docs/api-reference/error-handling; every field of an error body is optional.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from connector.adapters.hubspot.written_types import WireProblem
from connector.adapters.transport import MEANING, Meaning, Words, asked_wait
from connector.adapters.transport.meaning import one_line
from connector.errors import AuthError, ConnectorError, ContractError, ThrottledError
from connector.ports import Answer

HUBSPOT_MEANING: Meaning = {
    **MEANING,
    414: ContractError,  # an address of ours grew too long
    423: ThrottledError,  # the record is locked for two seconds: many writes on one record
    477: ThrottledError,  # the portal moves to another data centre, for up to a day
    530: AuthError,  # the vendor's proxy, for a token that is none at all
}
_RENEW = "the token is not valid (any more): renew it in HubSpot, and what token: or refresh_token: points to"
HUBSPOT_REMEDIES = {
    401: _RENEW,
    403: "give the app the scope that docs/hubspot.md names for this",
    530: _RENEW,
}
TEN_SECONDS, SECOND, DAY = "TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"
_LOCKED, _MOVING = 423, 477
_WAITS = {TEN_SECONDS: 10.0, SECOND: 1.0, DAY: 3_600.0}
_LONGEST = 86_400.0
_SECONDS_AT_MOST = 300.0  # a larger Retry-After is meant in milliseconds, as for workflows; never with 477
_EMBEDDED = re.compile(r"\[\s*\{.*\}\s*\]", re.DOTALL)
_EXISTING = re.compile(r"\bExisting ID:\s*(\d+)")


def words(answer: Answer) -> Words:
    """Category (of a 429 the policy that refused), message with each part's own complaint, correlation id."""
    try:
        body = json.loads(answer.body)
    except (ValueError, UnicodeDecodeError):
        body = None
    request_id = one_line(answer.headers.get("x-hubspot-correlation-id", ""), cap=80)
    if not isinstance(body, dict):
        return Words(code=_policy({}, "") if answer.status == 429 else "", request_id=request_id)
    message, missing = _plain(body.get("message")), []
    said = [message]
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            said.append(_plain(error.get("message")))
            missing += _required(error)
    said += [f"needed: {scope}" for scope in _scopes(body)]
    return Words(
        code=_policy(body, message) if answer.status == 429 else one_line(body.get("category"), cap=60),
        message=one_line("; ".join(dict.fromkeys(part for part in said if part))),
        request_id=one_line(body.get("correlationId"), cap=80) or request_id,
        missing=tuple(dict.fromkeys(missing)),
    )


def wait(answer: Answer, said: Words, now: datetime | None) -> float:
    """Seconds until it is worth asking again."""
    asked = asked_wait(answer, said, now)
    if answer.status == _LOCKED:
        return max(2.0, min(asked, _SECONDS_AT_MOST))
    if answer.status == _MOVING:
        return min(asked or 3_600.0, _LONGEST)
    if asked > _SECONDS_AT_MOST and said.code != DAY:
        asked /= 1000
    return min(asked or _WAITS.get(said.code, 10.0), _LONGEST)


def is_missing(error: ConnectorError) -> bool:
    """Whether a RejectedError says that the record is not there."""
    return getattr(error, "status", 0) == 404


def is_absent(problem: WireProblem) -> bool:
    """Whether an error inside of an answer to many says no more than that something is not there.

    https://developers.hubspot.com/docs/api-reference/crm-associations-v4: a record without associations is told as
    `crm.associations.NO_ASSOCIATIONS_FOUND`.
    """
    return problem.category == "OBJECT_NOT_FOUND" or (problem.sub_category or "").endswith("NO_ASSOCIATIONS_FOUND")


def existing_id(error: ConnectorError) -> str | None:
    """The record that a 409 says is there already."""
    found = _EXISTING.search(str(error)) if getattr(error, "status", 0) == 409 else None
    return found[1] if found else None


def _policy(body: dict[str, Any], message: str) -> str:
    """Which limit refused, by its policy name, else by the words; empty where neither says."""
    named = one_line(body.get("policyName"), cap=60).upper()
    text = message.lower()
    if named:
        return named
    if "ten_secondly" in text:
        return TEN_SECONDS
    if "daily" in text:
        return DAY
    return SECOND if "secondly" in text else ""


def _plain(message: object) -> str:
    """The message; where it embeds JSON about properties, their names and codes alone: the rest quotes values."""
    text = message if isinstance(message, str) else ""
    found = _EMBEDDED.search(text)
    if found is None:
        return one_line(text)
    try:
        parts = json.loads(found[0])
    except ValueError:
        return one_line(text)
    said = [f"{part.get('name', '?')}: {part.get('error', 'refused')}" for part in parts if isinstance(part, dict)]
    return one_line(f"{text[: found.start()].strip()} {', '.join(said)}")


def _required(error: dict[str, Any]) -> list[str]:
    if "REQUIRED" not in str(error.get("code", "")).upper():
        return []
    context = error.get("context")
    named = context.values() if isinstance(context, dict) else []
    found = [each for names in named for each in (names if isinstance(names, list) else [names])]
    return [name for each in found or [error.get("in")] if (name := one_line(each, cap=60))]


def _scopes(body: dict[str, Any]) -> list[str]:
    """The scopes a token lacks, where the refusal names them."""
    found: list[str] = []
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else []:
        context = error.get("context") if isinstance(error, dict) else None
        for name in ("requiredGranularScopes", "requiredScopes"):
            scopes = context.get(name) if isinstance(context, dict) else None
            found += [one_line(scope, cap=80) for scope in scopes or [] if isinstance(scope, str)]
    return list(dict.fromkeys(found))
