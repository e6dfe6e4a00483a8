"""The real wire: what surely never left, what may have arrived, and what is never let through."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connector.adapters.transport import HttpWire
from connector.errors import ContractError, LeaseLostError, OutcomeUnknownError, UnavailableError
from connector.ports import Answer, Call

from .raw import RawServer, answer

READ = Call(method="GET", path="/contacts", query=(("conditions", 'name="Ann & Bob"'),))
WRITE = Call(method="POST", path="/tickets", body=b'{"summary":"x"}')
SECRET = "Basic c2VjcmV0"


def sent(url: str, call: Call, *, guard: Callable[[], None] = lambda: None, body_cap: int = 1 << 20) -> Answer:
    wire = HttpWire(url, headers={"Authorization": SECRET}, guard=guard, timeout=(2, 2), body_cap=body_cap)
    with closing(wire):
        return wire.send(call)


def test_an_answer_keeps_only_the_headers_worth_keeping() -> None:
    with RawServer(
        answer("200 OK", b"[1]", "Link: ", "Set-Cookie: a=b", "Date: Fri, 20 Nov 2026 10:00:00 GMT")
    ) as server:
        got = sent(server.url, READ)
    assert (got.status, got.body) == (200, b"[1]")
    assert got.headers == {"link": "", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}


def test_query_values_are_percent_encoded_and_credentials_added() -> None:
    with RawServer(answer("200 OK")) as server:
        sent(server.url + "/base/", READ)
    assert server.requests[0].startswith("GET /base/contacts?conditions=name%3D%22Ann%20%26%20Bob%22 HTTP/1.1")
    assert f"Authorization: {SECRET}" in server.requests[0]


def test_credentials_do_not_come_from_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login wrong password wrong\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with RawServer(answer("200 OK")) as server:
        sent(server.url, READ)
    assert f"Authorization: {SECRET}" in server.requests[0]


def test_cookies_are_not_kept() -> None:
    wire_answers = answer("200 OK", b"[]", "Set-Cookie: session=1; Path=/"), answer("200 OK")
    with RawServer(*wire_answers) as server:
        wire = HttpWire(server.url, headers={}, guard=lambda: None)
        with closing(wire):
            wire.send(READ)
            wire.send(READ)
    assert "Cookie" not in server.requests[1]


def test_redirects_are_not_followed() -> None:
    with RawServer(answer("302 Found", b"", "Location: http://127.0.0.1:9/")) as server:
        assert sent(server.url, READ).status == 302


@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_refused_connection_never_left(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UnavailableError, match="nothing was sent"):
        sent(f"http://127.0.0.1:{port}", call)


@pytest.mark.parametrize("call", [READ, WRITE])
def test_an_unknown_host_never_left(call: Call) -> None:
    with pytest.raises(UnavailableError, match="nothing was sent"):
        sent("http://no-such-host.invalid", call)


BROKEN = {
    "reset": b"reset",
    "closed without an answer": b"",
    "body shorter than announced": answer("200 OK", b"[1,", length=500),
    "a chunk broken off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[1,",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_to_a_read_is_unavailable(broken: bytes) -> None:
    with RawServer(broken) as server, pytest.raises(UnavailableError) as caught:
        sent(server.url, READ)
    assert not isinstance(caught.value, OutcomeUnknownError)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_to_a_write_is_of_unknown_outcome(broken: bytes) -> None:
    with RawServer(broken) as server, pytest.raises(OutcomeUnknownError):
        sent(server.url, WRITE)


def test_a_silent_server_leaves_a_write_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        wire = HttpWire(url, headers={}, guard=lambda: None, timeout=(1, 0.2))
        with closing(wire), pytest.raises(OutcomeUnknownError, match="Timeout"):
            wire.send(WRITE)


def test_errors_show_neither_query_nor_credentials() -> None:
    with RawServer(b"reset") as server, pytest.raises(UnavailableError) as caught:
        sent(server.url, READ)
    assert "GET /contacts" in str(caught.value)
    assert "Ann" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_guard_is_called_before_writes_only() -> None:
    calls: list[str] = []
    with RawServer(answer("200 OK"), answer("201 Created", b"{}")) as server:
        sent(server.url, READ, guard=lambda: calls.append("guard"))
        assert calls == []
        sent(server.url, WRITE, guard=lambda: calls.append("guard"))
    assert calls == ["guard"]


def test_a_lost_lease_stops_the_write_before_it_leaves() -> None:
    def lost() -> None:
        raise LeaseLostError("another process holds psa")

    with RawServer(answer("201 Created", b"{}")) as server:
        with pytest.raises(LeaseLostError):
            sent(server.url, WRITE, guard=lost)
        assert server.requests == []


@pytest.mark.parametrize(("call", "error"), [(READ, ContractError), (WRITE, OutcomeUnknownError)])
def test_an_absurdly_large_answer_is_cut_off(call: Call, error: type[Exception]) -> None:
    with RawServer(answer("200 OK", b"x" * 300_000)) as server, pytest.raises(error, match="larger"):
        sent(server.url, call, body_cap=100_000)


def test_asking_by_a_body_needs_no_lease_and_is_no_write() -> None:
    def lost() -> None:
        raise LeaseLostError("another process holds psa")

    asking = Call(method="POST", path="/search", body=b"{}", reads=True)
    with RawServer(answer("200 OK"), b"reset") as server:
        assert sent(server.url, asking, guard=lost).status == 200
        with pytest.raises(UnavailableError):
            sent(server.url, asking, guard=lost)
        with pytest.raises(LeaseLostError):
            sent(server.url, WRITE, guard=lost)
