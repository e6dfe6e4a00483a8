"""What refusals mean: read from bodies as the vendor sends them."""

from __future__ import annotations

import json

import pytest

from connector.adapters.salesforce.meaning import SALESFORCE_MEANING, waits, words
from connector.adapters.transport import error_of
from connector.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    FuseError,
    OutcomeUnknownError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from connector.ports import Answer, Call

from .fixtures import raw

READ, WRITE = Call(method="GET", path="/query"), Call(method="POST", path="/sobjects/Case")
HTML = b"<html><body><h1>Server is unavailable</h1></body></html>"
DAILY, AT_ONCE = "TotalRequests Limit exceeded.", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."


def error(status: int, code: str = "", message: str = "", *, call: Call = READ, **headers: str) -> ConnectorError:
    body = json.dumps([{"errorCode": code, "message": message}]).encode() if code else HTML
    answer = Answer(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body
    )
    return error_of(call, answer, words=words(answer), meaning=SALESFORCE_MEANING, waits=waits)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "MALFORMED_QUERY", "", RejectedError),
        (400, "QUERY_TIMEOUT", "", RejectedError),
        (400, "INVALID_QUERY_LOCATOR", "", RejectedError),
        (404, "INVALID_QUERY_LOCATOR", "", RejectedError),
        (400, "UNABLE_TO_LOCK_ROW", "", RejectedError),
        (400, "DUPLICATE_VALUE", "", RejectedError),
        (401, "INVALID_SESSION_ID", "", AuthError),
        (403, "REQUEST_LIMIT_EXCEEDED", DAILY, FuseError),
        (403, "REQUEST_LIMIT_EXCEEDED", AT_ONCE, ThrottledError),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "", RejectedError),
        (403, "API_DISABLED_FOR_ORG", "", AuthError),
        (403, "STORAGE_LIMIT_EXCEEDED", "", FuseError),
        (404, "ENTITY_IS_DELETED", "", RejectedError),
        (410, "UNSUPPORTED_API_VERSION", "", ContractError),
        (420, "", "", ThrottledError),
        (429, "REQUEST_LIMIT_EXCEEDED", "", ThrottledError),
        (500, "UNKNOWN_EXCEPTION", "", UnavailableError),
        (503, "SERVER_UNAVAILABLE", "", UnavailableError),
        (503, "", "", UnavailableError),
    ],
)
def test_each_refusal_has_its_meaning(status: int, code: str, message: str, kind: type[ConnectorError]) -> None:
    assert type(error(status, code, message)) is kind


def test_a_write_that_met_an_unclear_answer_is_of_unknown_outcome() -> None:
    assert type(error(503, call=WRITE)) is OutcomeUnknownError
    assert type(error(403, "REQUEST_LIMIT_EXCEEDED", AT_ONCE, call=WRITE)) is ThrottledError


def test_a_refusal_that_names_no_wait_gets_one() -> None:
    found = error(403, "REQUEST_LIMIT_EXCEEDED", AT_ONCE)
    assert isinstance(found, ThrottledError)
    assert found.retry_after == 20
    told = error(429, "X", "", retry_after="7")
    assert isinstance(told, ThrottledError)
    assert told.retry_after == 7


@pytest.mark.parametrize(("used", "kind"), [("api-usage=9/10", ThrottledError), ("api-usage=10/10", FuseError)])
def test_words_that_tell_nothing_are_told_apart_by_what_is_used(used: str, kind: type[ConnectorError]) -> None:
    assert type(error(403, "REQUEST_LIMIT_EXCEEDED", "Limit exceeded.", sforce_limit_info=used)) is kind


def test_a_duplicate_names_its_rule_and_the_record_that_is_there() -> None:
    said = words(Answer(status=400, body=raw("duplicates_detected")))
    assert said.code == "DUPLICATES_DETECTED"
    assert "rule Standard_Contact_Duplicate_Rule" in said.message
    assert "matches 0035g00000000G8AAI" in said.message
    spelt = raw("duplicates_detected").replace(b"duplicateResut", b"duplicateResult")
    assert words(Answer(status=400, body=spelt)) == said


def test_fields_are_named_and_missing_ones_kept_apart() -> None:
    body = [{"errorCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing", "fields": ["LastName"]}]
    said = words(Answer(status=400, body=json.dumps(body).encode()))
    assert said.missing == ("LastName",)
    assert "[LastName]" in said.message


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"[1]", b'{"a": 1}', HTML, b'[{"errorCode": [1]}]', b"\xff"])
def test_bodies_of_any_shape_are_survived(body: bytes) -> None:
    assert isinstance(words(Answer(status=500, body=body)).message, str)
