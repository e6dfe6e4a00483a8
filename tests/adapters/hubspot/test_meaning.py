"""What HubSpot's refusals mean, and how long to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.adapters.hubspot.meaning import HUBSPOT_MEANING, existing_id, wait, words
from connector.adapters.transport import error_of
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

from .fixtures import raw

READ = Call(method="GET", path="/crm/objects/2026-03/contacts")
WRITE = Call(method="POST", path="/crm/objects/2026-03/tickets/batch/create", body=b"{}")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def meant(answer: Answer, call: Call = READ) -> ConnectorError:
    return error_of(call, answer, words=words(answer), meaning=HUBSPOT_MEANING, now=NOW, waits=wait)


STATUSES = [
    (400, RejectedError, RejectedError),
    (401, AuthError, AuthError),
    (403, ForbiddenError, ForbiddenError),
    (404, RejectedError, RejectedError),
    (409, RejectedError, RejectedError),
    (414, ContractError, ContractError),
    (423, ThrottledError, ThrottledError),
    (429, ThrottledError, ThrottledError),
    (477, ThrottledError, ThrottledError),
    (500, UnavailableError, OutcomeUnknownError),
    (502, UnavailableError, OutcomeUnknownError),
    (503, UnavailableError, OutcomeUnknownError),
    (504, UnavailableError, OutcomeUnknownError),
    (521, UnavailableError, OutcomeUnknownError),
    (522, UnavailableError, OutcomeUnknownError),
    (523, UnavailableError, OutcomeUnknownError),
    (524, UnavailableError, OutcomeUnknownError),
    (530, AuthError, AuthError),
]


@pytest.mark.parametrize(("status", "of_a_read", "of_a_write"), STATUSES)
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"status":"error"}', b"[1]", b"\xff"])
def test_each_status_has_its_meaning(
    status: int, of_a_read: type[ConnectorError], of_a_write: type[ConnectorError], body: bytes
) -> None:
    answer = Answer(status=status, body=body)
    assert type(meant(answer)) is of_a_read
    assert type(meant(answer, WRITE)) is of_a_write


WAITS = [
    (429, {}, "rate_limit_ten_seconds", 10.0),
    (429, {"retry-after": "4"}, "rate_limit_ten_seconds", 4.0),
    (429, {"retry-after": "4000"}, "rate_limit_ten_seconds", 4.0),
    (429, {}, "rate_limit_search_without_a_policy_name", 1.0),
    (429, {}, "rate_limit_daily", 3600.0),
    (429, {"retry-after": "7200"}, "rate_limit_daily", 7200.0),
    (423, {}, "", 2.0),
    (423, {"retry-after": "1"}, "", 2.0),
    (477, {"retry-after": "40000"}, "", 40000.0),
    (477, {}, "", 3600.0),
    (477, {"retry-after": "999999"}, "", 86400.0),
    (429, {}, "", 10.0),
]


@pytest.mark.parametrize(("status", "headers", "body", "seconds"), WAITS)
def test_the_policy_decides_the_wait(status: int, headers: dict[str, str], body: str, seconds: float) -> None:
    error = meant(Answer(status=status, headers=headers, body=raw(body) if body else b""), WRITE)
    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


def test_the_policy_is_told_by_its_name_or_by_the_words() -> None:
    told = {
        name: words(Answer(status=429, body=raw(name))).code
        for name in ("rate_limit_ten_seconds", "rate_limit_search_without_a_policy_name", "rate_limit_daily")
    }
    assert list(told.values()) == ["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"]


def test_a_refused_value_is_not_repeated_in_the_message() -> None:
    error = meant(Answer(status=400, body=raw("property_values_not_valid")), WRITE)
    assert "nps_band: INVALID_OPTION, nps_score: INVALID_INTEGER" in str(error)
    assert "example,com" not in str(error)
    assert "[request c-2]" in str(error)


def test_required_properties_are_named() -> None:
    error = meant(Answer(status=400, body=raw("required_property_missing")), WRITE)
    assert isinstance(error, RejectedError)
    assert error.missing == ("hs_ticket_category",)


def test_missing_scopes_are_named() -> None:
    error = meant(Answer(status=403, body=raw("missing_scopes")))
    assert isinstance(error, AuthError)
    assert "needed: crm.lists.read" in str(error)


def test_a_conflict_says_which_record_is_there() -> None:
    assert existing_id(meant(Answer(status=409, body=raw("contact_already_exists")), WRITE)) == "37765128953"
    assert existing_id(meant(Answer(status=409, body=b"{}"), WRITE)) is None
    assert existing_id(meant(Answer(status=400, body=raw("contact_already_exists")), WRITE)) is None
