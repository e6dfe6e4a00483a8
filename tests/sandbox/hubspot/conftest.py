"""A running stand-in for each test, the genuine client on it, and plain requests for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hubspot import HubSpot  # type: ignore[import-untyped]

from connector.sandbox.hubspot import Server, serve

V3, MARCH, SEPTEMBER = "v3", "2026-03", "2026-09"


class Portal:
    """One stand-in, asked by the official client (`hub`) or by plain requests."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers.update({"Authorization": server.login.authorization})
        self.hub: Any = HubSpot(access_token=server.login.token, host=server.url, base_url=server.url, retry=False)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return self.session.request(method, self.server.url + path, json=body, params=query, timeout=20)

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        answer = self.call("GET", path, **query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def put(self, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.call("PUT", path, body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def search(self, kind: str, *filters: tuple[str, str, Any], **more: Any) -> Any:
        """Search; each filter is (property, operator, value), a list of values for IN."""
        rows = [
            {"propertyName": name, "operator": operator, "values" if isinstance(value, list) else "value": value}
            for name, operator, value in filters
        ]
        body = {"filterGroups": [{"filters": rows}] if rows else [], "limit": 200, **more}
        return self.post(f"/crm/v3/objects/{kind}/search", body)

    def ids(self, kind: str, *filters: tuple[str, str, Any], **more: Any) -> list[str]:
        return [row["id"] for row in self.search(kind, *filters, **more)["results"]]

    def control(self, lever: str, body: Any = None) -> Any:
        answer = self.call("GET" if body is None else "POST", f"/control/{lever}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, **fault: Any) -> None:
        self.control("faults", [fault])

    def labelled(self, label: str) -> list[str]:
        """Return the ids of the contacts with a planted label."""
        people = self.control("truth")["contacts"]
        return [number for number, person in people.items() if label in person["labels"]]

    def close(self) -> None:
        self.session.close()
        self.server.close()


@pytest.fixture(scope="session")
def shared() -> Iterator[Portal]:
    portal = Portal(serve())
    yield portal
    portal.close()


@pytest.fixture
def crm(shared: Portal) -> Iterator[Portal]:
    """The lenient stand-in, as on the first day."""
    shared.server.world.reset()
    yield shared
    shared.server.world.reset()


@pytest.fixture(scope="session")
def hard() -> Iterator[Portal]:
    portal = Portal(serve(readings={"*": "strict", "rate_limits": "off", "search_lag": "none"}))
    yield portal
    portal.close()


@pytest.fixture
def strict(hard: Portal) -> Iterator[Portal]:
    """The strict stand-in but for limits and lag, as on the first day."""
    hard.server.world.reset()
    yield hard
    hard.server.world.reset()


@pytest.fixture
def started() -> Iterator[Callable[..., Portal]]:
    """Start stand-ins with their own settings; all are closed afterwards."""
    portals: list[Portal] = []

    def start(**settings: Any) -> Portal:
        portals.append(Portal(serve(**settings)))
        return portals[-1]

    yield start
    for portal in portals:
        portal.close()
