"""What Salesforce says when it refuses, and what that means.

Status codes: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm. An error is a
list of `{message, errorCode, fields}`; the token endpoint answers with an object instead, edge servers with a web page.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from connector.adapters.salesforce.limits import usage
from connector.adapters.transport import MEANING, Meaning, Words, asked_wait
from connector.adapters.transport.meaning import one_line
from connector.errors import AuthError, ConnectorError, ContractError, FuseError, RejectedError, ThrottledError
from connector.ports import Answer

DAILY, CONCURRENT = "REQUEST_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED (concurrent)"
GIVEN_UP = "QUERY_TIMEOUT"
TIMEOUT = frozenset({GIVEN_UP, "OPERATION_TOO_LARGE", "QUERY_TOO_COMPLICATED"})
BAD_LOCATOR = "INVALID_QUERY_LOCATOR"
_WAIT = 20.0  # seconds: no refusal says how long; the requests counted as concurrent are those older than 20 s

SALESFORCE_MEANING: Meaning = {
    **MEANING,
    # 403 is how the daily quota and the ceiling of concurrent requests answer; only the words tell them apart.
    (403, DAILY): FuseError,
    (403, CONCURRENT): ThrottledError,
    (403, "TXN_SECURITY_METERING_ERROR"): ThrottledError,
    (403, "STORAGE_LIMIT_EXCEEDED"): FuseError,
    (400, "STORAGE_LIMIT_EXCEEDED"): FuseError,
    # One record that the user may not edit, or a reference he may not see, is no reason to hold the Connection.
    (403, "INSUFFICIENT_ACCESS_OR_READONLY"): RejectedError,
    (403, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"): RejectedError,
    (403, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"): RejectedError,
    (403, "ENTITY_IS_LOCKED"): RejectedError,
    (400, "API_DISABLED_FOR_ORG"): AuthError,
    (403, "API_DISABLED_FOR_ORG"): AuthError,  # of the whole org, not of one thing
    405: ContractError,
    406: ThrottledError,
    410: ContractError,  # a retired version of the API
    415: ContractError,
    420: ThrottledError,
    (500, GIVEN_UP): RejectedError,
    (500, "OPERATION_TOO_LARGE"): RejectedError,
    (500, "QUERY_TOO_COMPLICATED"): RejectedError,
}


def words(answer: Answer) -> Words:
    """Code and words of the first error and the fields it names; the words of the others after it.

    A refusal for too many requests gets a code of its own where it is not the day's quota that is used up.
    """
    try:
        body: Any = json.loads(answer.body)
    except ValueError:
        return Words()
    if isinstance(body, dict):
        return Words(code=one_line(body.get("error"), cap=60), message=one_line(body.get("error_description")))
    errors = [each for each in body if isinstance(each, dict)] if isinstance(body, list) else []
    if not errors:
        return Words()
    code = one_line(errors[0].get("errorCode"), cap=80)
    said = "; ".join(filter(None, (_said(each) for each in errors)))
    if code == DAILY and _is_concurrent(said, answer):
        code = CONCURRENT
    fields = errors[0].get("fields")
    named = tuple(one_line(name, cap=80) for name in fields) if isinstance(fields, list) else ()
    return Words(code=code, message=one_line(said), missing=named if code == "REQUIRED_FIELD_MISSING" else ())


def waits(answer: Answer, said: Words, now: datetime | None) -> float:
    """Salesforce sends no Retry-After; the wait it names none for is a fixed one."""
    return asked_wait(answer, said, now) or _WAIT


def is_missing(error: ConnectorError) -> bool:
    """Whether a RejectedError says that the record is not there."""
    return getattr(error, "status", 0) == 404 or getattr(error, "code", "") == "ENTITY_IS_DELETED"


def _said(error: dict[str, Any]) -> str:
    """The words of one error, with its fields; of a duplicate the rule and the record that is there already.

    The key is misspelt by the vendor: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
    """
    fields = error.get("fields")
    named = ", ".join(one_line(name, cap=80) for name in fields) if isinstance(fields, list) and fields else ""
    text = one_line(error.get("message")) + (f" [{named}]" if named else "")
    duplicate = error.get("duplicateResut") or error.get("duplicateResult")
    if not isinstance(duplicate, dict):
        return text
    rule = one_line(duplicate.get("duplicateRule"), cap=80)
    found = ", ".join(_matched(duplicate))
    return text + (f" (rule {rule})" if rule else "") + (f" (matches {found})" if found else "")


def _matched(duplicate: dict[str, Any]) -> list[str]:
    ids = []
    for result in duplicate.get("matchResults") or ():
        for match in (result.get("matchRecords") or ()) if isinstance(result, dict) else ():
            record = match.get("record") if isinstance(match, dict) else None
            if isinstance(record, dict) and (record_id := one_line(record.get("Id"), cap=18)):
                ids.append(record_id)
    return ids


def _is_concurrent(said: str, answer: Answer) -> bool:
    """Whether too many requests run at once, which passes; the day's quota does not.

    "ConcurrentRequests (Concurrent API Requests) Limit exceeded." against "TotalRequests Limit exceeded."
    """
    low = said.lower()
    if "concurrent" in low:
        return True
    if "totalrequests" in low.replace(" ", ""):
        return False
    known = usage(answer)
    return known is not None and known[0] < known[1]
