"""The wire: what it sends, and what it can say of a request that failed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.adapters.salesforce import SPEC, SalesforceSettings
from connector.adapters.salesforce.wire import SalesforceWire
from connector.errors import AuthError, ConnectorError, LeaseLostError, OutcomeUnknownError, UnavailableError
from connector.ports import Answer, Call
from tests.adapters.transport.raw import RawServer, answer
from tests.vaults import NoVault

from .org import OrgWorld

READ = Call(method="GET", path="/query", query=(("q", "SELECT Id FROM Contact WHERE Name = 'a+b & c'"),))
WRITE = Call(method="POST", path="/sobjects/Case", headers=(("content-type", "application/json"),), body=b"{}")
SEARCH = Call(method="POST", path="/composite", body=b"{}", reads=True)
_numbers = iter(range(10_000))


def granted(server_url: str) -> bytes:
    body = {"access_token": "00D!token", "instance_url": server_url}
    return answer("200 OK", json.dumps(body).encode())


class Talk:
    """A server of single answers, the token's first; and a wire to it."""

    def __init__(self, *answers: bytes, guard: Callable[[], None] = lambda: None, **settings: Any) -> None:
        self.server = RawServer(granted("http://127.0.0.1:1"), *answers)
        given = {"domain": "acme", "consumer_secret": "s", "base_url": self.server.url}
        given["consumer_key"] = f"key {next(_numbers)}"  # tokens are kept by key: each test signs in
        self.wire: SalesforceWire = SPEC.wire(  # type: ignore[assignment]
            SalesforceSettings.model_validate(given | settings), guard, NoVault()
        )

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()
        self.server.__exit__(None, None, None)

    def asked(self, place: int = -1) -> tuple[str, dict[str, str], str]:
        head, _, body = self.server.requests[place].partition("\r\n\r\n")
        lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        return lines[0], {name.lower(): value for name, value in headers.items()}, body


def test_a_read_is_sent_as_it_is_meant() -> None:
    with Talk(answer("200 OK", b"{}", "Sforce-Limit-Info: api-usage=1/2", "Set-Cookie: a=b", "X-Other: c")) as talk:
        got = talk.wire.send(READ)
        line, headers, body = talk.asked()
    assert line == (
        "GET /services/data/v64.0/query?q=SELECT%20Id%20FROM%20Contact%20WHERE%20Name%20%3D%20%27a%2Bb%20%26%20c%27 "
        "HTTP/1.1"
    )
    assert (headers["authorization"], headers["x-prettyprint"], body) == ("Bearer 00D!token", "0", "")
    assert "sforce-auto-assign" not in headers
    assert got == Answer(status=200, headers={"sforce-limit-info": "api-usage=1/2"}, body=b"{}")


@pytest.mark.parametrize(("auto_assign", "said"), [(False, "FALSE"), (True, "TRUE")])
def test_a_write_says_who_chooses_the_owner(auto_assign: bool, said: str) -> None:
    with Talk(answer("201 Created", b"{}"), auto_assign=auto_assign) as talk:
        talk.wire.send(WRITE)
        _, headers, body = talk.asked()
    assert (headers["sforce-auto-assign"], body) == (said, "{}")
    assert headers["sforce-duplicate-rule-header"].startswith("allowSave=true")


def test_headers_of_a_call_win_and_survive_a_renewed_token() -> None:
    expired = answer("401 Unauthorized", b'[{"errorCode":"INVALID_SESSION_ID","message":"Session expired"}]')
    call = Call(method="POST", path="/sobjects/Case", headers=(("Sforce-Auto-Assign", "01Q"),), body=b"{}")
    with Talk(expired, granted("http://127.0.0.1:1"), answer("201 Created", b"{}")) as talk:
        assert talk.wire.send(call).status == 201
        _, first, _ = talk.asked(1)
        _, second, body = talk.asked(3)
    assert first["sforce-auto-assign"] == second["sforce-auto-assign"] == "01Q"
    assert body == "{}"


@pytest.mark.parametrize(
    "message", ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"]
)
def test_a_refusal_that_no_token_would_change_signs_in_no_more(message: str) -> None:
    body = json.dumps([{"errorCode": "INVALID_SESSION_ID", "message": message}]).encode()
    with Talk(answer("401 Unauthorized", body)) as talk:
        assert talk.wire.send(READ).status == 401
        assert len(talk.server.requests) == 2


@pytest.mark.parametrize(
    ("said", "call", "kind"),
    [
        (b"reset", READ, UnavailableError),
        (b"", READ, UnavailableError),
        (answer("200 OK", b"{", length=100), READ, UnavailableError),
        (b"reset", SEARCH, UnavailableError),
        (b"reset", WRITE, OutcomeUnknownError),
        (b"", WRITE, OutcomeUnknownError),
        (answer("201 Created", b"{", length=100), WRITE, OutcomeUnknownError),
        (answer("503 Down", b"<html", length=100), WRITE, OutcomeUnknownError),
    ],
)
def test_an_answer_that_did_not_come_is_told_by_what_was_asked(
    said: bytes, call: Call, kind: type[ConnectorError]
) -> None:
    with Talk(said) as talk, pytest.raises(kind) as caught:
        talk.wire.send(call)
    assert type(caught.value) is kind
    assert "SELECT" not in str(caught.value)
    assert "token" not in str(caught.value)


def test_nobody_at_home_means_that_nothing_was_sent() -> None:
    with Talk() as talk:
        token = talk.wire._tokens.current()
        assert token.host == "127.0.0.1:1"
        talk.server.__exit__(None, None, None)
        with pytest.raises(UnavailableError, match="nothing was sent"):
            talk.wire.send(WRITE)


def test_the_guard_is_asked_immediately_before_each_write_and_never_for_a_read() -> None:
    asked: list[int] = []
    with Talk(answer("200 OK"), answer("200 OK"), answer("201 Created"), guard=lambda: asked.append(1)) as talk:
        talk.wire.send(READ)
        talk.wire.send(SEARCH)
        assert asked == []
        talk.wire.send(WRITE)
        assert asked == [1]


def test_a_lost_lease_keeps_a_write_from_leaving() -> None:
    def lost() -> None:
        raise LeaseLostError("another process has it")

    with Talk(guard=lost) as talk:
        with pytest.raises(LeaseLostError):
            talk.wire.send(WRITE)
        assert len(talk.server.requests) == 1  # the token's


@pytest.mark.parametrize("status", ["300 Multiple Choices", "302 Found", "400 Bad Request", "420 Calm", "503 Down"])
def test_every_other_answer_is_an_answer(status: str) -> None:
    with Talk(answer(status, b"<html>", "Location: https://elsewhere.example.com")) as talk:
        got = talk.wire.send(READ)
    assert (got.status, got.body) == (int(status[:3]), b"<html>")


def test_an_absurdly_large_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.adapters.salesforce.wire.BODY_CAP", 1000)
    with Talk(answer("200 OK", b"x" * 2000)) as talk, pytest.raises(ConnectorError, match="larger than"):
        talk.wire.send(READ)


def test_credentials_follow_no_redirect() -> None:
    elsewhere = answer("307 Temporary Redirect", b"", "Location: http://127.0.0.1:1/services/oauth2/token")
    server = RawServer(elsewhere)
    given = {"domain": "acme", "consumer_key": "redirected", "consumer_secret": "s", "base_url": server.url}
    wire = SPEC.wire(SalesforceSettings.model_validate(given), lambda: None, NoVault())
    with server, pytest.raises(AuthError, match="answers with a redirect"):
        wire.send(READ)
    assert len(server.requests) == 1


def test_a_path_from_the_root_stays_one(org: OrgWorld) -> None:
    wire = SPEC.wire(org.settings(), lambda: None, NoVault())
    assert wire.send(Call(method="GET", path="/services/oauth2/userinfo")).status == 200
