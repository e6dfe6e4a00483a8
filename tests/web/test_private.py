"""The private listener: alive, ready with reasons, figures with bounded labels and nobody in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from connector.jobs import once
from connector.jobs.runtime import Runtime
from connector.jobs.service import Service
from connector.sandbox.connectwise import Server
from connector.store import attempts, holds, jobs
from connector.web import private
from connector.web.listening import Listener
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, runtime_for, tell
from tests.scanning import everybody, secrets, traces

PERSON = ("1", "ann@example.com", 3, "Nobody calls back.")


@pytest.fixture
def runtime(
    sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock, tmp_path: Path
) -> Iterator[Runtime]:
    (tmp_path / "answers").mkdir()
    made = runtime_for(config_for(sandbox, answers={"folder": "answers"}), store_url, clock)
    yield made
    made.store.close()


@pytest.fixture
def service(runtime: Runtime) -> Service:
    return Service(runtime)


class Client:
    """Asks the listener over HTTP."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}"

    def get(self, path: str) -> requests.Response:
        return requests.get(self._url + path, timeout=30)

    def post(self, path: str) -> requests.Response:
        return requests.post(self._url + path, timeout=30)


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Listener("private", "127.0.0.1:0", private.create_app(service)) as listener:
        yield Client(listener.address)


def figures(client: Client) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    pairs = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_alive_while_the_clock_ticks(client: Client, service: Service) -> None:
    assert client.get("/healthz").json()["alive"] is True
    service._clock._beat -= 120
    silent = client.get("/healthz")
    assert (silent.status_code, silent.json()["alive"]) == (503, False)


def test_not_ready_says_which_story_is_overdue_since_when_and_what_to_do(
    client: Client, runtime: Runtime, clock: ShiftedClock
) -> None:
    once.run_once(runtime)
    assert client.get("/readyz").json() == {"ready": True, "reasons": []}
    clock.move(hours=5)
    found = client.get("/readyz")
    assert found.status_code == 503
    (reason,) = (text for text in found.json()["reasons"] if text.startswith("pull of psa"))
    assert re.search(r"due every 1 hour, last done \d{4}-\d\d-\d\d \d\d:\d\d CES?T; connector jobs list", reason)


def test_a_connection_held_for_its_credentials_becomes_overdue_and_a_paused_one_does_not(
    client: Client, runtime: Runtime, clock: ShiftedClock
) -> None:
    once.run_once(runtime)
    clock.move(hours=5)
    hold = holds.Hold(kind="connection", name="psa", cause="auth", reason="refused", since=runtime.now())
    with runtime.store.write() as tx:
        holds.put(tx, hold)
    assert any("connector resume psa" in reason for reason in client.get("/readyz").json()["reasons"])
    with runtime.store.write() as tx:
        holds.lift(tx, "connection", "psa", "auth")
        holds.put(tx, replace(hold, cause="pause"))
    assert not [reason for reason in client.get("/readyz").json()["reasons"] if "psa" in reason]


def test_another_schema_is_not_ready(client: Client, runtime: Runtime) -> None:
    with runtime.store.write() as tx:
        tx.execute(text("update alembic_version set version_num = '0001'"))
    assert "connector db upgrade" in client.get("/readyz").json()["reasons"][0]


def test_the_figures_tell_what_happened_and_name_nobody(
    client: Client, runtime: Runtime, clock: ShiftedClock, tmp_path: Path
) -> None:
    tell(runtime, answers_file(tmp_path, PERSON), clock.move)
    found = figures(client)
    assert found['nps_attempts_total{connection="psa",outcome="done",story="pull"}'] >= 2
    assert found['nps_write_backs{connection="psa",state="applied"}'] >= 2
    assert found['nps_api_calls_total{connection="psa"}'] == found['nps_api_calls_last_day{connection="psa"}'] > 5
    assert found['nps_last_success_age_seconds{connection="psa",story="pull"}'] < 60
    assert found["nps_ready"] == 1
    text = client.get("/metrics").text.lower() + client.get("/readyz").text.lower()
    for hidden in ("ann", "example.com", "nobody calls", "sandbox-private", "acme"):
        assert not re.search(rf"\b{re.escape(hidden)}\b", text), hidden


def test_connections_that_are_gone_from_the_configuration_share_one_label(client: Client, runtime: Runtime) -> None:
    with runtime.store.write() as tx:
        for number in range(50):
            jobs.put_job(tx, story="pull", connection=f"old-{number}", slot="s", params={}, now=runtime.now())
            job = jobs.put_job(tx, story="pull", connection=f"old-{number}", slot="s", params={}, now=runtime.now())
            attempts.start(tx, job, clock=runtime.now(), seed="", config="c", config_doc="{}", journal="{id}",
                       now=runtime.now())  # fmt: skip
    names = [name for name in figures(client) if name.startswith("nps_attempts_last_day")]
    assert names == ['nps_attempts_last_day{connection="(not configured)",outcome="running",story="pull"}']


def test_nothing_else_is_told(client: Client) -> None:
    for path in ("/", "/docs", "/openapi.json", "/admin"):
        assert client.get(path).status_code == 404
    assert client.post("/healthz").status_code == 405


def test_on_a_filled_store_no_answer_names_anybody_nor_a_secret(
    client: Client, runtime: Runtime, sandbox: Server, clock: ShiftedClock, tmp_path: Path
) -> None:
    tell(runtime, answers_file(tmp_path, PERSON, ("2", "nobody@example.com", 99, "Bob Example said so.")), clock.move)
    since = runtime.now()
    with runtime.store.write() as tx:
        for kind, cause in (("connection", "auth"), ("audience", "missing")):
            reason = "Ann Example ann@example.com +1 555 0100"
            holds.put(tx, holds.Hold(kind=kind, name="psa", cause=cause, reason=reason, since=since))
        tx.execute(
            text("update write_back set state = 'rejected', error = :e"),
            {"e": "Ann Example ann@example.com +1 555 0100"},
        )
        tx.execute(
            text("update attempt set outcome = 'failed', error = :e where outcome = 'partial'"), {"e": PERSON[3]}
        )
    clock.move(hours=8)
    said = {
        path: client.get(path).text for path in ("/metrics", "/healthz", "/readyz", "/", "/nothing", "/metrics?x=ann")
    }
    assert "held (auth)" in said["/readyz"]
    assert 'state="rejected"' in said["/metrics"]
    needles = (
        everybody(sandbox)
        | secrets(sandbox)
        | {PERSON[3], "nobody@example.com", "said so", runtime.store.installation()}
    )
    assert len(needles) > 20
    assert {path: traces(body, needles) for path, body in said.items()} == {path: [] for path in said}
