"""A listener under callers who mean no good: slow ones lose their place, large heads are refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fastapi import FastAPI, Request

from connector.web import listening
from connector.web.listening import Listener

PATIENCE = 0.5


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(listening, "REQUEST_IN", PATIENCE)
    app = FastAPI()

    @app.post("/")
    async def root(request: Request) -> int:
        return len(await request.body())

    @app.get("/slow")
    def slow() -> str:
        time.sleep(2 * PATIENCE)
        return "done"

    with Listener("public", "127.0.0.1:0", app) as listener:
        host, _, port = listener.address.rpartition(":")
        yield host, int(port)


def told(caller: socket.socket) -> bytes:
    """What comes until the other side ends it; a timeout of the test where it does not."""
    caller.settimeout(10)
    said = b""
    try:
        while part := caller.recv(4096):
            said += part
    except ConnectionError:
        pass
    return said


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_does_not_come_to_its_end_loses_its_place(address: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(address) as caller:
        caller.sendall(begun)
        assert b"200 OK" not in told(caller)


def test_one_that_dribbles_on_a_kept_connection_loses_it_too(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na")
        assert b"200 OK" in caller.recv(4096)
        begun = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - begun < 20 * PATIENCE:
                caller.sendall(b"E")
                time.sleep(PATIENCE / 10)
        assert time.monotonic() - begun < 10 * PATIENCE


def test_a_whole_request_may_take_its_time_to_be_answered(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as caller:
        caller.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert told(caller).endswith(b'"done"')


def test_a_head_without_end_is_refused(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)
        assert b"400" in told(caller)[:20]
