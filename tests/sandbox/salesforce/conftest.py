"""A running stand-in for each test; the genuine client package, changed by nothing but a mounted session adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from connector.sandbox.salesforce import Server, serve

VERSION = "60.0"
ANN = "0035g00000000G8AAI"


class Loopback(HTTPAdapter):
    """Sends what was meant for https://anything to the stand-in on the loopback (facts 1.4)."""

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        split = urlsplit(str(request.url))
        request.headers["X-Original-Host"] = split.netloc
        request.url = urlunsplit(("http", f"127.0.0.1:{self._port}", split.path, split.query, ""))
        how["timeout"] = how.get("timeout") or 30
        return super().send(request, *args, **how)


def session_for(server: Server) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Loopback(server.port))
    session.mount("http://", Loopback(server.port))
    return session


class Org:
    """A stand-in with a signed-in client package, plain requests, and the levers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = session_for(server)
        self._sf: Any = None

    @property
    def sf(self) -> Any:
        """The signed-in client package; Any, since each object is an attribute that it makes up."""
        if self._sf is None:
            self._sf = self.client(self.session)
        return self._sf

    def client(self, session: requests.Session | None = None) -> Any:
        login = self.server.login
        return Salesforce(
            consumer_key=login.consumer_key,
            consumer_secret=login.consumer_secret,
            domain="acme.my",
            version=VERSION,
            session=session or session_for(self.server),
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: dict[str, str] | None = None,
        version: str = VERSION,
        **query: Any,
    ) -> requests.Response:
        """Send a plain request below /services/data/vXX.0/."""
        bearer = {"Authorization": f"Bearer {self.sf.session_id}"}
        return self.session.request(
            method,
            f"{self.server.url}/services/data/v{version}/{path}",
            params=query,
            json=json,
            headers=bearer | (headers or {}),
        )

    def get(self, path: str, **how: Any) -> requests.Response:
        return self.call("GET", path, **how)

    def post(self, path: str, json: Any, **how: Any) -> requests.Response:
        return self.call("POST", path, json=json, **how)

    def patch(self, path: str, json: Any, **how: Any) -> requests.Response:
        return self.call("PATCH", path, json=json, **how)

    def rows(self, soql: str) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.sf.query_all(soql)["records"]
        return records

    def count(self, soql: str) -> int:
        return int(self.sf.query(soql)["totalSize"])

    def one(self, soql: str) -> dict[str, Any]:
        [record] = self.rows(soql)
        return record

    def control(self, lever: str, body: Any = None, method: str | None = None) -> Any:
        method = method or ("GET" if body is None else "POST")
        answer = self.session.request(method, f"{self.server.url}/control/{lever}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, **fault: Any) -> None:
        self.control("faults", [fault])

    def act(self, act: str, record_id: str, **how: Any) -> None:
        self.control("technician", {"act": act, "id": record_id, **how})

    def close(self) -> None:
        self.session.close()
        self.server.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Org]]:
    """Start stand-ins that are stopped when the test is over."""
    started: list[Org] = []

    def begin(**how: Any) -> Org:
        started.append(Org(serve(**how)))
        return started[-1]

    yield begin
    for org in started:
        org.close()


@pytest.fixture
def org(start: Callable[..., Org]) -> Org:
    return start()
