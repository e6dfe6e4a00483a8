"""The vendor's own client as a wire: what surely never left, what may have arrived, and how the token is renewed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from connector.adapters.hubspot import HubSpotSettings, tokens, wire
from connector.adapters.hubspot.wire import HubSpotWire
from connector.errors import AuthError, ContractError, LeaseLostError, OutcomeUnknownError, UnavailableError
from connector.ports import Answer, Call
from tests.adapters.transport.raw import RawServer, answer
from tests.vaults import MemoryVault, NoVault

from .portal import PortalWorld

READ = Call(method="GET", path="/crm/v3/objects/contacts", query=(("properties", "email,firstname"), ("after", "a=b")))
ASK = Call(method="POST", path="/crm/v3/objects/contacts/search", body=b'{"limit":1}', reads=True)
WRITE = Call(method="POST", path="/crm/v3/objects/tickets", body=b'{"properties":{"subject":"x \\u00e9"}}')
TOKEN = "pat-na1-hunter2"


def settings(url: str, **more: Any) -> HubSpotSettings:
    return HubSpotSettings.model_validate({"access_token": TOKEN, "base_url": url, "api_version": "v3"} | more)


def sent(url: str, call: Call, *, guard: Callable[[], None] = lambda: None, vault: Any = None, **more: Any) -> Answer:
    with closing(HubSpotWire(settings(url, **more), guard, vault or NoVault(), timeout=(2, 2))) as opened:
        return opened.send(call)


def test_an_answer_keeps_only_the_headers_worth_keeping() -> None:
    limits = ("X-HubSpot-RateLimit-Max: 190", "X-HubSpot-RateLimit-Daily-Remaining: 12", "Set-Cookie: a=b")
    with RawServer(answer("200 OK", b'{"results":[]}', *limits)) as server:
        got = sent(server.url, READ)
    assert (got.status, got.body) == (200, b'{"results":[]}')
    assert got.headers == {"x-hubspot-ratelimit-max": "190", "x-hubspot-ratelimit-daily-remaining": "12"}


def test_the_request_is_as_it_was_meant() -> None:
    with RawServer(answer("200 OK"), answer("201 Created")) as server:
        sent(server.url, READ)
        sent(server.url, WRITE)
    read, write = server.requests
    assert read.startswith("GET /crm/v3/objects/contacts?properties=email,firstname&after=a%3Db HTTP/1.1")
    assert f"Authorization: Bearer {TOKEN}" in read
    head, _, body = write.partition("\r\n\r\n")
    assert "application/json" in head
    assert json.loads(body) == json.loads(WRITE.body)


STATUSES = ["301 Moved", "400 Bad", "401 Unauthorized", "403 Forbidden", "404 Not Found", "409 Conflict", "429 Many",
            "477 Moving", "500 Oops", "524 Timeout"]  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", [b'{"category":"X"}', b"\xff\xfe\x00", b"", b"<html>"])
def test_every_status_is_an_answer(status: str, body: bytes) -> None:
    with RawServer(answer(status, body, "Retry-After: 7")) as server:
        got = sent(server.url, WRITE)
    assert (got.status, got.body) == (int(status[:3]), body)
    assert got.headers == {"retry-after": "7"}
    assert len(server.requests) == 1


def test_a_redirect_is_not_followed() -> None:
    with RawServer(answer("200 OK", b"stolen")) as other:
        with RawServer(answer("302 Found", b"", f"Location: {other.url}/x")) as server:
            got = sent(server.url, READ)
        assert (got.status, got.body) == (302, b"")
        assert other.requests == []


def test_nobody_there_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for call in (READ, WRITE):
        with pytest.raises(UnavailableError, match="nothing was sent") as caught:
            sent(url, call)
        assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("broken", [b"reset", b"", answer("200 OK", b"[1,", length=900), b"HTTP/1.1 nonsense\r\n\r\n"])
def test_a_write_whose_answer_is_lost_is_of_unknown_outcome_and_a_read_is_not(broken: bytes) -> None:
    with RawServer(broken, broken, broken) as server:
        with pytest.raises(OutcomeUnknownError) as caught:
            sent(server.url, WRITE)
        assert TOKEN not in str(caught.value)
        for call in (READ, ASK):
            with pytest.raises(UnavailableError):
                sent(server.url, call)
    assert len(server.requests) == 3  # none was repeated behind our back


def test_silence_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with closing(HubSpotWire(settings(url), lambda: None, NoVault(), timeout=(1, 0.2))) as opened:
            with pytest.raises(OutcomeUnknownError):
                opened.send(WRITE)
            with pytest.raises(UnavailableError):
                opened.send(READ)


def test_a_server_that_speaks_no_tls_is_told_as_unavailable() -> None:
    with RawServer(b"not tls at all", b"not tls at all") as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(UnavailableError):
            sent(url, READ)


def test_an_absurdly_large_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BODY_CAP", 1000)
    with RawServer(answer("200 OK", b"x" * 5000), answer("200 OK", b"x" * 5000)) as server:
        with pytest.raises(ContractError, match="larger"):
            sent(server.url, READ)
        with pytest.raises(OutcomeUnknownError):
            sent(server.url, WRITE)


def test_only_writes_ask_the_guard_and_a_lost_lease_sends_nothing() -> None:
    asked = []
    with RawServer(answer("200 OK"), answer("200 OK"), answer("200 OK")) as server:
        for call in (READ, ASK, WRITE):
            sent(server.url, call, guard=lambda: asked.append(1))
    assert len(asked) == 1

    def lost() -> None:
        raise LeaseLostError("another process holds hub")

    with RawServer(answer("200 OK")) as server:
        with pytest.raises(LeaseLostError):
            sent(server.url, WRITE, guard=lost)
        assert server.requests == []


def test_one_connection_serves_many_calls(portal: PortalWorld) -> None:
    opened = HubSpotWire(portal.settings(), lambda: None, NoVault())
    with closing(opened):
        for _ in range(5):
            assert opened.send(Call(method="GET", path="/crm/v3/objects/contacts")).status == 200
        pools = opened._client.rest_client.pool_manager.pools
        [key] = pools.keys()
        assert pools[key].num_connections == 1


# ---------------------------------------------------------------- tokens
@pytest.fixture(autouse=True)
def _nobody_waits_for_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "SETTLES", 0.0)


OAUTH: dict[str, Any] = {"access_token": "", "client_id": "client-sandbox", "client_secret": "secret-sandbox"}


def oauth(portal: PortalWorld, **more: Any) -> HubSpotSettings:
    return portal.settings(**OAUTH | {"refresh_token": portal.login.refresh_token} | more)


CONTACTS = Call(method="GET", path="/crm/objects/2026-03/contacts")


def logins(portal: PortalWorld) -> int:
    return sum(entry["path"].startswith("/oauth") for entry in portal.control("GET", "log"))


def test_a_refresh_token_opens_the_portal_with_one_login_for_all_threads(portal: PortalWorld) -> None:
    opened = HubSpotWire(oauth(portal), lambda: None, MemoryVault())
    ready = threading.Barrier(8)

    def call(_: int) -> int:
        ready.wait()
        return opened.send(CONTACTS).status

    with closing(opened), ThreadPoolExecutor(8) as threads:
        assert list(threads.map(call, range(8))) == [200] * 8
    assert logins(portal) == 1


def test_a_rotated_refresh_token_is_kept_before_it_is_used() -> None:
    vault = MemoryVault()
    with PortalWorld({"refresh_token": "rotates"}) as portal:
        for _ in range(2):  # a second process: the token of the settings is dead by now
            with closing(HubSpotWire(oauth(portal), lambda: None, vault)) as opened:
                assert opened.send(CONTACTS).status == 200
        assert logins(portal) == 2
    trial, name = vault.secrets
    assert name.startswith("refresh token of ")
    assert vault.puts == [trial, name, name]  # the first to see that it can be kept
    assert portal.login.refresh_token not in (name, vault.secrets[trial])


def test_where_it_cannot_be_kept_the_good_one_is_not_used_up() -> None:
    class Broken(MemoryVault):
        def put(self, name: str, secret: str) -> None:
            raise OSError("disk full")

    with PortalWorld({"refresh_token": "rotates"}) as portal:
        opened = HubSpotWire(oauth(portal), lambda: None, Broken())
        with closing(opened), pytest.raises(OSError, match="disk full"):
            opened.send(CONTACTS)
        assert portal.control("GET", "log") == []


def test_what_is_sealed_with_a_key_that_is_not_given_today_is_not_written_over() -> None:
    class Sealed(MemoryVault):
        """As one whose key was mistyped: nothing opens, and what is put lies there."""

        def get(self, name: str) -> str | None:
            return None

    vault = MemoryVault()
    with PortalWorld({"refresh_token": "rotates"}) as portal:
        settings = oauth(portal)
        with closing(HubSpotWire(settings, lambda: None, vault)) as opened:
            assert opened.send(CONTACTS).status == 200
        mistyped = Sealed(**vault.secrets)
        with closing(HubSpotWire(settings, lambda: None, mistyped)) as opened, pytest.raises(AuthError):
            opened.send(CONTACTS)
        with closing(HubSpotWire(settings, lambda: None, MemoryVault(**mistyped.secrets))) as opened:
            assert opened.send(CONTACTS).status == 200, "the right key, and the portal is open again"


def test_two_stories_of_one_process_sign_in_in_turn() -> None:
    vault, ready = MemoryVault(), threading.Barrier(4)
    with PortalWorld({"refresh_token": "rotates"}) as portal:
        settings = oauth(portal)

        def story(_: int) -> int:
            with closing(HubSpotWire(settings, lambda: None, vault)) as opened:
                ready.wait()
                return opened.send(CONTACTS).status

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(story, range(4))) == [200] * 4
        assert logins(portal) == 4


@pytest.mark.parametrize("seen_at", [2, 3])
def test_who_is_refused_since_another_process_renewed_meanwhile_takes_what_that_one_kept(seen_at: int) -> None:
    class Behind(MemoryVault):
        """The other process keeps its token after we looked: before the second look, or before the third."""

        looks = 0

        def get(self, name: str) -> str | None:
            self.looks += 1
            return vault.get(name) if self.looks >= seen_at else None

    vault = MemoryVault()
    with PortalWorld({"refresh_token": "rotates"}) as portal:
        settings = oauth(portal)
        with closing(HubSpotWire(settings, lambda: None, vault)) as opened:
            assert opened.send(CONTACTS).status == 200
        with closing(HubSpotWire(settings, lambda: None, Behind())) as opened:
            assert opened.send(CONTACTS).status == 200
        assert logins(portal) == 3


def test_a_renewal_whose_answer_is_lost_is_repeated_where_the_old_token_stays_good() -> None:
    for reading in ("constant", "overlaps", "rotates"):
        vault = MemoryVault()
        with PortalWorld({"refresh_token": reading}) as portal:
            portal.fault("drop_after_write", path="^/oauth/")
            with closing(HubSpotWire(oauth(portal), lambda: None, vault)) as opened:
                with pytest.raises(UnavailableError):
                    opened.send(CONTACTS)
                if reading != "rotates":
                    assert opened.send(CONTACTS).status == 200
                    continue
                for _ in range(3):
                    with pytest.raises(AuthError, match=r"refuses the refresh_token .*BAD_REFRESH_TOKEN"):
                        opened.send(CONTACTS)
                assert logins(portal) == 2, "refused once, nobody is asked again"


def test_a_token_that_ran_out_is_renewed_once(portal: PortalWorld) -> None:
    opened = HubSpotWire(oauth(portal), lambda: None, MemoryVault())
    with closing(opened):
        assert opened.send(CONTACTS).status == 200
        portal.control("POST", "clock", {"advance": 7200})
        assert opened.send(CONTACTS).status == 200
        assert logins(portal) == 2
        portal.fault("token_expired", path="^/crm", times=None)
        assert opened.send(CONTACTS).status == 401
        assert logins(portal) == 3  # and no login loop


def test_a_token_that_is_refused_in_any_words_is_renewed_once(portal: PortalWorld) -> None:
    with closing(HubSpotWire(oauth(portal), lambda: None, MemoryVault())) as opened:
        assert opened.send(CONTACTS).status == 200
        portal.fault("auth_lost", path="^/crm")
        assert opened.send(CONTACTS).status == 200
        assert logins(portal) == 2
        portal.fault("auth_lost", path="^/crm", times=None)
        assert opened.send(CONTACTS).status == 401
        assert logins(portal) == 3


def test_a_static_token_that_is_refused_stays_refused(portal: PortalWorld) -> None:
    portal.fault("token_expired")
    opened = HubSpotWire(portal.settings(), lambda: None, NoVault())
    with closing(opened):
        assert opened.send(CONTACTS).status == 401
    assert len(portal.control("GET", "log")) == 1


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("refresh_token", "connect the app to the portal again and write the new refresh_token"),
        ("client_secret", "write the client_id and client_secret of the app that the refresh_token is of"),
    ],
)
def test_a_refused_refresh_token_is_an_auth_error_without_secrets(portal: PortalWorld, wrong: str, remedy: str) -> None:
    opened = HubSpotWire(oauth(portal, **{wrong: "hunter2"}), lambda: None, MemoryVault())
    with closing(opened), pytest.raises(AuthError, match=f"^POST /oauth/2026-03/token: .*{remedy}") as caught:
        opened.send(CONTACTS)
    assert "hunter2" not in str(caught.value)
    assert "secret-sandbox" not in str(caught.value)


def test_a_refusal_in_the_words_of_oauth_is_told_by_its_code() -> None:
    body = b'{"error":"invalid_grant","error_description":"refresh token r is gone"}'
    with (
        RawServer(answer("400 Bad", body)) as server,
        pytest.raises(AuthError, match=r"\(400 invalid_grant\)") as caught,
    ):
        sent(server.url, WRITE, vault=MemoryVault(), **OAUTH, refresh_token="r")
    assert "is gone" not in str(caught.value)


@pytest.mark.parametrize(
    "broken", [b"", answer("503 Busy", b"<html>"), answer("200 OK", b"<html>"), answer("429 Slow", b"{}")]
)
def test_a_token_endpoint_that_does_not_answer_is_tried_later(broken: bytes) -> None:
    with RawServer(broken) as server, pytest.raises(UnavailableError):
        sent(server.url, WRITE, vault=MemoryVault(), **OAUTH, refresh_token="r")
