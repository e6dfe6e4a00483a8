"""A running stand-in for each test, and a small client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from connector.sandbox.connectwise import Server, serve

BASE = "/v4_6_release/apis/3.0"


class Client:
    """Requests with the right keys; `raw` leaves them out."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers.update({"Authorization": server.login.authorization, "clientId": server.login.client_id})

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, json: Any = None, **query: Any
    ) -> Any:
        return self.session.request(
            method, f"{self.server.url}{BASE}{path}", params=query, headers=headers, json=json, timeout=20
        )

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self.call("GET", path, headers=headers, **query)

    def rows(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def count(self, path: str, **query: Any) -> int:
        return int(self.rows(f"{path}/count", **query)["count"])

    def post(self, path: str, body: Any) -> Any:
        return self.call("POST", path, json=body)

    def patch(self, path: str, **members: Any) -> Any:
        return self.call("PATCH", path, json=[{"op": "replace", "path": k, "value": v} for k, v in members.items()])

    def control(self, lever: str, body: Any = None, method: str | None = None) -> Any:
        method = method or ("GET" if body is None else "POST")
        answer = self.session.request(method, f"{self.server.url}/control/{lever}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, **fault: Any) -> None:
        self.control("faults", [fault])

    def close(self) -> None:
        self.session.close()
        self.server.close()


@pytest.fixture(scope="session")
def shared() -> Iterator[Client]:
    client = Client(serve())
    yield client
    client.close()


@pytest.fixture
def psa(shared: Client) -> Iterator[Client]:
    """The lenient stand-in, as on the first day."""
    shared.server.world.reset()
    yield shared
    shared.server.world.reset()


@pytest.fixture
def started() -> Iterator[Callable[..., Client]]:
    """Start stand-ins with their own settings; all are closed afterwards."""
    clients: list[Client] = []

    def start(**settings: Any) -> Client:
        clients.append(Client(serve(**settings)))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
