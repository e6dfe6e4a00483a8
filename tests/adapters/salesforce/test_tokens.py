"""One sign-in however many threads ask, and never a loop of them; nothing of it is shown or recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.adapters.salesforce import SPEC, SalesforceSettings
from connector.adapters.salesforce.tokens import HOUR, MOST_SIGN_INS, Tokens
from connector.errors import AuthError, ThrottledError, UnavailableError
from connector.ports import Call, Wire
from tests.vaults import NoVault

from .org import OrgWorld

ASK = Call(method="GET", path="/sobjects/Contact/describe")
APP = {"domain": "acme.my.salesforce.com", "consumer_key": "a-key", "consumer_secret": "a-secret"}
PLACE = "https://acme.my.salesforce.com/services/oauth2/token"


def wire_to(org: OrgWorld, **settings: Any) -> Wire:
    return SPEC.wire(org.settings(**settings), lambda: None, NoVault())


def sign_ins(org: OrgWorld) -> int:
    logins: int = org.control("GET", "served")["logins"]
    return logins


def at_once(count: int, what: Any) -> list[Any]:
    """What each of so many threads got or raised, all begun together."""
    gate, got = threading.Barrier(count), []

    def run() -> None:
        gate.wait()
        try:
            got.append(what())
        except Exception as error:
            got.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return got


def test_threads_that_begin_together_sign_in_once(org: OrgWorld) -> None:
    wire = wire_to(org)
    answers = at_once(8, lambda: wire.send(ASK))
    assert [answer.status for answer in answers] == [200] * 8
    assert sign_ins(org) == 1


def test_an_expired_token_is_renewed_once_for_all_threads(org: OrgWorld) -> None:
    wire = wire_to(org)
    wire.send(ASK)
    org.control("POST", "expire", {"how": "once"})
    answers = at_once(8, lambda: wire.send(ASK))
    assert [answer.status for answer in answers] == [200] * 8
    assert sign_ins(org) == 2


def test_a_token_is_used_by_the_next_wire_of_the_process_too(org: OrgWorld) -> None:
    for _ in range(3):
        assert wire_to(org).send(ASK).status == 200
    assert sign_ins(org) == 1


def test_a_token_that_is_refused_at_once_ends_the_signing_in(org: OrgWorld) -> None:
    wire = wire_to(org)
    wire.send(ASK)
    org.control("POST", "expire", {"how": "always"})
    errors = at_once(8, lambda: wire.send(ASK))
    errors += at_once(8, lambda: wire.send(ASK))
    assert {type(error) for error in errors} == {AuthError}
    assert sign_ins(org) <= 3
    before = sign_ins(org)
    with pytest.raises(AuthError, match="a fresh token was refused"):
        wire.send(ASK)
    assert sign_ins(org) == before


def test_wrong_credentials_are_tried_once(org: OrgWorld) -> None:
    wire = wire_to(org, consumer_secret="wrong")
    for _ in range(5):
        with pytest.raises(AuthError, match=r"signing in at acme\.my\.salesforce\.com: invalid_client"):
            wire.send(ASK)
    assert sign_ins(org) == 1
    with pytest.raises(AuthError):  # a person may have mended it since: another wire tries again
        wire_to(org, consumer_secret="wrong").send(ASK)
    assert sign_ins(org) == 2


@pytest.mark.parametrize("readings", ["lenient", "strict"])
def test_a_certificate_signs_in(readings: str) -> None:
    with OrgWorld(readings) as org:
        login = org._server.login
        flow = {"consumer_secret": None, "username": login.username, "private_key": login.private_key}
        assert wire_to(org, **flow).send(ASK).status == 200
        assert wire_to(org, **flow, domain="test").send(ASK).status == 200


def test_a_certificate_of_somebody_else_does_not(org: OrgWorld) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    flow = {"consumer_secret": None, "username": "npsint@example.com.sandbox", "private_key": key.decode()}
    with pytest.raises(AuthError, match="invalid_grant"):
        wire_to(org, **flow).send(ASK)


def test_a_key_that_is_none_is_told_without_showing_it(org: OrgWorld) -> None:
    wire = wire_to(org, consumer_secret=None, username="nps@example.com", private_key="hush")
    with pytest.raises(AuthError, match="write an RSA key in PEM form") as caught:
        wire.send(ASK)
    assert "hush" not in str(caught.value)


def test_the_token_endpoint_is_in_no_exchange(org: OrgWorld) -> None:
    source = org.open().source
    assert source is not None
    source.check()
    shown = repr(org.wires[-1].exchanges)
    assert "oauth2/token" not in shown
    assert "Bearer" not in shown
    assert org.settings().consumer_key.get_secret_value() not in shown


# ---------------------------------------------------------------- corners of the token endpoint
@pytest.fixture
def endpoint() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def tokens(name: str, clock: Any = None) -> Tokens:
    settings = SalesforceSettings.model_validate(APP | {"consumer_key": name})
    return Tokens(settings, requests.Session(), **({"clock": clock} if clock else {}))


GRANTED = {"access_token": "00D!x", "instance_url": "https://acme.my.salesforce.com/", "token_type": "Bearer"}


def test_the_host_of_a_token_is_taken_without_its_slash(endpoint: responses.RequestsMock) -> None:
    endpoint.post(PLACE, json=GRANTED)
    found = tokens("slash").current()
    assert (found.host, found.secret) == ("acme.my.salesforce.com", "00D!x")
    assert "00D!x" not in repr(found)


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ({"status": 503, "body": "<html>down</html>"}, UnavailableError, "503"),
        ({"status": 404, "body": "<html>no</html>"}, AuthError, "is the domain right"),
        ({"status": 400, "json": {"error": "unknown_error", "error_description": "retry your request"}},
         UnavailableError, "unknown_error"),
        ({"status": 400, "json": {"error": "invalid_grant", "error_description": "login rate exceeded"}},
         ThrottledError, "rate exceeded"),
        ({"status": 400, "json": {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}},
         AuthError, "pre-authorise"),
        ({"status": 400, "json": {"error": "invalid_client_id"}}, AuthError, "consumer key right"),
        ({"status": 200, "json": {}}, UnavailableError, "proxy"),
        ({"status": 200, "json": []}, UnavailableError, "proxy"),
        ({"status": 200, "json": GRANTED | {"access_token": ""}}, UnavailableError, "proxy"),
        ({"status": 200, "json": GRANTED | {"instance_url": "https://x.example.com"}}, AuthError, "not Salesforce's"),
        ({"body": requests.ConnectionError("https://secret")}, UnavailableError, "nothing was done"),
        ({"body": requests.TooManyRedirects("https://secret")}, AuthError, "redirect"),
    ],
)  # fmt: skip
def test_each_answer_of_the_token_endpoint_has_its_meaning(
    endpoint: responses.RequestsMock, how: dict[str, Any], kind: type[Exception], said: str
) -> None:
    endpoint.post(PLACE, **how)
    with pytest.raises(kind, match=said) as caught:
        tokens(f"{said} {kind.__name__} {len(endpoint.registered())}").current()
    assert type(caught.value) is kind
    assert "a-secret" not in str(caught.value)
    assert "https://secret" not in str(caught.value)


def test_what_passes_is_asked_again(endpoint: responses.RequestsMock) -> None:
    endpoint.post(PLACE, status=503, body="<html>")
    endpoint.post(PLACE, json=GRANTED)
    mine = tokens("passing")
    with pytest.raises(UnavailableError):
        mine.current()
    assert mine.current().secret == "00D!x"


def test_an_org_that_could_not_be_reached_does_not_count_as_signed_in(endpoint: responses.RequestsMock) -> None:
    for _ in range(MOST_SIGN_INS + 1):
        endpoint.post(PLACE, body=requests.ConnectionError("down"))
    endpoint.post(PLACE, json=GRANTED)
    mine = tokens("down for a while")
    for _ in range(MOST_SIGN_INS + 1):
        with pytest.raises(UnavailableError):
            mine.current()
    assert mine.current().secret == "00D!x"


def test_tokens_that_are_refused_again_and_again_are_not_fetched_for_ever(endpoint: responses.RequestsMock) -> None:
    for number in range(MOST_SIGN_INS + 1):
        endpoint.post(PLACE, json=GRANTED | {"access_token": f"t{number}"})
    now = [0.0]
    mine = tokens("revoked", lambda: now[0])
    token = mine.current()
    for _ in range(MOST_SIGN_INS - 1):
        now[0] += 60
        token = mine.renewed(token)
    with pytest.raises(ThrottledError, match="signed in 10 times within an hour") as caught:
        mine.renewed(token)
    assert caught.value.retry_after == HOUR - now[0]
    now[0] = HOUR + 1
    assert mine.renewed(token).secret == f"t{MOST_SIGN_INS}"


def test_a_warning_of_the_client_that_holds_the_key_is_not_let_out(
    endpoint: responses.RequestsMock, recwarn: pytest.WarningsRecorder
) -> None:
    said = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    endpoint.post(PLACE, status=400, json=said)
    with pytest.raises(AuthError):
        tokens("warned").current()
    assert not recwarn.list
