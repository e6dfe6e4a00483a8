"""What the vendor's error bodies say, and which errors they become."""

from __future__ import annotations

import json

import pytest

from connector.adapters.connectwise.meaning import CONNECTWISE_MEANING, words
from connector.adapters.transport import error_of
from connector.errors import AuthError, ConnectorError, ContractError, ForbiddenError, RejectedError, ThrottledError
from connector.ports import Answer, Call

from .fixtures import raw

GET = Call(method="GET", path="/company/contacts")


def error(status: int, body: bytes, **headers: str) -> ConnectorError:
    answer = Answer(status=status, body=body, headers=headers)
    return error_of(GET, answer, words=words(answer), meaning=CONNECTWISE_MEANING)


def test_the_complaint_about_each_field_is_kept() -> None:
    caught = error(400, raw("error_required_field_is_missing"))
    assert isinstance(caught, RejectedError)
    assert "firstName: The firstName field is required." in str(caught)
    assert caught.code == "InvalidObject"


def test_too_many_requests_have_their_code_under_another_key() -> None:
    caught = error(429, raw("error_too_many_requests_has_another_key"))
    assert isinstance(caught, ThrottledError)
    assert caught.retry_after == 30
    assert "ConnectWiseAPI" in str(caught)


def test_the_request_id_is_told_for_the_vendors_support() -> None:
    caught = error(400, raw("error_inner_errors_are_null"), **{"x-cw-request-id": "5f2c"})
    assert str(caught).endswith("typeids is not a recognized name. [request 5f2c]")


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"null", b"[]"])
def test_any_body_gives_an_error(body: bytes) -> None:
    assert str(error(400, body)) == "GET /company/contacts: 400"


def test_a_shape_never_seen_gives_what_can_be_read() -> None:
    assert str(error(400, raw("error_of_a_shape_never_seen"))) == "GET /company/contacts: 400 17"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"code":"Unauthorized","message":"x"}', AuthError),
        (403, b'{"code":"Security","message":"SSL is required.","errors":null}', ForbiddenError),
        (400, b'{"code":"InvalidPatch","message":"x"}', ContractError),
        (405, b"", ContractError),
        (415, b"", ContractError),
        (409, b"", RejectedError),
    ],
)
def test_status_and_code_decide(status: int, body: bytes, kind: type[ConnectorError]) -> None:
    assert type(error(status, body)) is kind


def test_words_are_cut() -> None:
    assert len(str(error(400, b'{"message":"' + b"x" * 5000 + b'"}'))) < 600


def test_the_fields_that_the_vendor_demands_are_told_apart_from_its_words() -> None:
    errors = [
        {"code": "MissingRequiredField", "message": "The type field is required.", "field": "type"},
        {"code": "InvalidField", "message": "too long", "field": "summary"},
        {"code": "MissingRequiredField", "message": "something", "field": ""},
    ]
    said = words(Answer(status=400, body=json.dumps({"code": "InvalidObject", "errors": errors}).encode()))
    assert said.missing == ("type",)
    assert "type: The type field is required.; summary: too long" in said.message
