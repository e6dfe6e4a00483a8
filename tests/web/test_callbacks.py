"""The door for callbacks under strangers and in trouble; what is proved, and what comes of it, is in tests/jobs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connector import log
from connector.errors import UnavailableError
from connector.jobs.callbacks import token_of
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.web import public
from connector.web.listening import Listener
from connector.web.public import Doors
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import runtime_for


class Door:
    """An open public listener, and the path that the CRM was told."""

    def __init__(self, runtime: Runtime, address: str) -> None:
        self.runtime, self.address = runtime, address
        self.path = f"/callbacks/psa/{token_of('psa', runtime.store.installation())}"

    def post(self, path: str, body: bytes) -> int:
        return requests.post(f"http://{self.address}{path}", data=body, timeout=30).status_code

    def begin(self, path: str) -> socket.socket:
        """A request whose body does not come."""
        host, _, port = self.address.rpartition(":")
        caller = socket.create_connection((host, int(port)), timeout=10)
        caller.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx".encode())
        return caller


@pytest.fixture
def door(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Door]:
    config = config_for(sandbox, connection={"callbacks": "http://127.0.0.1:9"})
    runtime = runtime_for(config, store_url, clock)
    doors = Doors(runtime=lambda: runtime, wake=lambda _story, _connection: None)
    try:
        with Listener("public", "127.0.0.1:0", public.create_app(doors)) as listener:
            yield Door(runtime, listener.address)
    finally:
        runtime.store.close()


def test_without_the_token_no_body_is_waited_for(door: Door) -> None:
    with door.begin("/callbacks/psa/wrong") as caller:
        assert b" 404 " in caller.recv(4096)


def test_a_caller_who_leaves_in_the_middle_is_no_error(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(json=True)
    door.begin(door.path).close()
    time.sleep(0.3)
    assert door.post(door.path, b"{}") == 401
    assert "Traceback" not in (said := capsys.readouterr().err)
    assert '"error"' not in said


def test_a_store_that_does_not_answer_is_said_so(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise UnavailableError("the database does not answer")

    path = door.path
    monkeypatch.setattr(door.runtime.store, "installation", gone)
    assert door.post(path, b"{}") == 503


def test_a_body_made_to_fell_the_reader_is_refused(door: Door) -> None:
    assert door.post(door.path, b'{"x":' + b"[" * 100_000) == 401
