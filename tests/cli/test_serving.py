"""`connector run` as a real process: it does what is due, parks in seconds, goes on where it stopped."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.jobs.owner import this_process
from connector.sandbox.connectwise import Server
from connector.store import Store, leases, open_store
from connector.store import attempts as stored
from connector.store.attempts import Attempt
from tests.jobs.story import answers_file
from tests.longrun.running import ServiceProcess

OFTEN = {"pull": "2 seconds", "collect": "1 second", "deliver": "1 second", "watch": "never", "reconcile": "never"}
ONCE = {"pull": "7 days", "collect": "7 days", "deliver": "7 days", "watch": "never", "reconcile": "never"}
ANSWER = ("1", "ann@example.com", 3, "Nobody calls back.")


def store_of(service: ServiceProcess) -> Store:
    return open_store(f"sqlite:///{service.config.storage.data / 'nps.sqlite3'}")


def attempts(service: ServiceProcess, story: str, connection: str = "psa") -> list[Attempt]:
    """Oldest first."""
    store = store_of(service)
    try:
        with store.read() as tx:
            return stored.of_story(tx, story, connection)[::-1]
    finally:
        store.close()


def holder(service: ServiceProcess, connection: str = "psa") -> str:
    store = store_of(service)
    try:
        with store.read() as tx:
            held = leases.current(tx, connection)
            return held.owner if held else ""
    finally:
        store.close()


def slow(sandbox: Server, seconds: float, *, path: str, method: str = "GET", skip: int = 0) -> None:
    """From now on such requests are answered late."""
    from connector.sandbox.connectwise.faults import planned

    with sandbox.world.lock:
        sandbox.world.state.faults += planned(
            {"kind": "slow", "seconds": seconds, "path": path, "method": method, "times": None, "skip": skip}
        )


def tickets(sandbox: Server) -> int:
    with sandbox.world.lock:
        return len(sandbox.world.tables["tickets"].ids(0))


@pytest.fixture
def service(sandbox: Server, tmp_path: Path) -> Iterator[ServiceProcess]:
    made = ServiceProcess(sandbox.url, tmp_path, schedule=OFTEN)
    yield made
    made.kill()


def test_it_pulls_plans_collects_and_delivers_by_itself_and_leaves_with_0(
    service: ServiceProcess, sandbox: Server
) -> None:
    before = tickets(sandbox)
    service.start()
    service.until(lambda: [a for a in attempts(service, "plan") if a.outcome == "done"], "a plan")
    answers_file(service.folder / "answers", ANSWER)
    service.until(lambda: tickets(sandbox) == before + 1, "the ticket of the answer")
    status, text = service.get("/readyz")
    assert (status, json.loads(text)) == (200, {"ready": True, "reasons": []})
    code, took = service.park()
    assert code == 0
    assert took < 10
    assert holder(service) == ""
    assert {a.outcome for a in attempts(service, "pull")} <= {"done", "interrupted"}


def test_sigterm_in_a_slow_pull_parks_it_between_two_requests_and_the_next_start_goes_on(
    service: ServiceProcess, sandbox: Server
) -> None:
    service.write(schedule=ONCE, connection={"page_size": 5})
    slow(sandbox, 0.7, path="company/contacts|company/companies")
    service.start()
    service.until(lambda: service.events("page"), "the first page")
    code, took = service.park()
    assert (code, took < 10) == (0, True)
    (first,) = attempts(service, "pull")
    assert first.outcome == "interrupted"
    assert "stopped on request" in first.error
    assert holder(service) == ""
    with sandbox.world.lock:
        sandbox.world.state.faults.clear()
    service.start()
    service.until(lambda: attempts(service, "pull")[-1].outcome == "done", "the pull goes on")
    again = attempts(service, "pull")
    assert [a.job_id for a in again] == [first.job_id] * 2, "the same Job, for its slot was not done"
    service.until(lambda: attempts(service, "plan"), "the plan follows")
    assert service.park()[0] == 0


def test_a_request_that_does_not_end_keeps_the_process_no_longer_than_ten_seconds(
    service: ServiceProcess, sandbox: Server
) -> None:
    service.write(schedule=ONCE)
    slow(sandbox, 45, path="company/contacts")
    service.start()
    service.until(lambda: attempts(service, "pull"), "the pull")
    time.sleep(1)
    code, took = service.park()
    assert (code, took < 10) == (0, True)
    assert attempts(service, "pull")[-1].outcome == "interrupted"
    assert holder(service) == "", "given back though its thread still waited"


def test_the_second_signal_ends_it_at_once(service: ServiceProcess, sandbox: Server) -> None:
    service.write(schedule=ONCE)
    slow(sandbox, 45, path="company/contacts")
    service.start()
    service.until(lambda: attempts(service, "pull"), "the pull")
    service.signal(signal.SIGTERM)
    service.until(lambda: service.events("parking"), "it heard the first")
    begun = time.monotonic()
    service.signal(signal.SIGINT)
    assert service.wait() == 130
    assert time.monotonic() - begun < 3


def test_killed_it_does_once_what_was_missed(service: ServiceProcess, sandbox: Server) -> None:
    service.write(schedule=ONCE)
    slow(sandbox, 1, path="company/contacts")
    service.start()
    service.until(lambda: attempts(service, "pull"), "the pull")
    service.kill()
    (cut,) = attempts(service, "pull")
    assert cut.outcome == "running"
    service.start()
    service.until(lambda: attempts(service, "pull")[-1].outcome == "done", "the pull, again")
    assert [a.outcome for a in attempts(service, "pull")] == ["interrupted", "done"]
    service.until(lambda: [a for a in attempts(service, "plan") if a.outcome == "done"], "the plan")
    service.kill()
    service.start()
    service.until(lambda: service.events("started")[-1] and not json.loads(service.get("/readyz")[1])["reasons"], "up")
    time.sleep(1)
    assert len(attempts(service, "pull")) == 2, "its slot is done; nothing is done twice"
    assert len(attempts(service, "plan")) == 1


def test_two_services_on_one_store_do_each_slot_once(service: ServiceProcess, sandbox: Server, tmp_path: Path) -> None:
    other = ServiceProcess(
        sandbox.url, tmp_path / "other", schedule=OFTEN, storage={"data": str(service.config.storage.data)}
    )
    try:
        service.start()
        other.start()
        service.until(lambda: len(attempts(service, "pull")) >= 4, "some pulls")
        assert service.park()[0] == other.park()[0] == 0
    finally:
        other.kill()
    told = attempts(service, "pull")
    done = [a.job_id for a in told if a.outcome == "done"]
    assert len(done) == len(set(done))
    assert {a.outcome for a in told} <= {"done", "interrupted"}


def test_sighup_takes_a_valid_configuration_and_refuses_another(service: ServiceProcess, sandbox: Server) -> None:
    service.write(schedule=ONCE)
    service.start()
    service.until(lambda: attempts(service, "plan"), "a plan")
    (service.folder / "nps.yaml").write_text("mode: loud\n", encoding="utf-8")
    service.signal(signal.SIGHUP)
    service.until(lambda: service.events("configuration_refused"), "the refusal")
    assert service.get("/healthz")[0] == 200
    assert 'mode="live"' in service.get("/metrics")[1]
    service.write(mode="preview", schedule=OFTEN)
    service.signal(signal.SIGHUP)
    service.until(lambda: len(attempts(service, "pull")) > 2, "pulls as often as the new one says")
    assert 'mode="preview"' in service.get("/metrics")[1]
    assert service.park()[0] == 0


def test_one_slow_connection_does_not_stop_the_other(service: ServiceProcess, sandbox: Server) -> None:
    from connector.sandbox.connectwise import serve
    from tests.settings import AUDIENCE, CONNECTION

    with serve(contacts=20, seed=3, latency=5) as slow_one:
        both: dict[str, Any] = {
            "psa": {**CONNECTION, "base_url": sandbox.url},
            "slow": {**CONNECTION, "base_url": slow_one.url},
        }
        service.write(connections=both, audiences={"a": AUDIENCE, "b": {**AUDIENCE, "from": "slow"}},
                      answers={"folder": "answers", "connection": "psa"})  # fmt: skip
        service.start()
        service.until(lambda: len([a for a in attempts(service, "pull") if a.outcome == "done"]) >= 3, "three pulls")
        assert not [a for a in attempts(service, "pull", "slow") if a.outcome == "done"]
        assert service.park()[0] == 0


def test_an_address_that_is_taken_is_told_before_anything_begins(service: ServiceProcess, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", service.port))
        taken.listen()
        with pytest.raises(AssertionError, match="left with 2"):
            service.start()
    assert "listen.private" in service.log.read_text()
    assert "choose another port" in service.log.read_text()


def test_the_log_of_the_service_holds_no_address_of_a_person(service: ServiceProcess, sandbox: Server) -> None:
    service.start()
    answers_file(service.folder / "answers", ANSWER)
    service.until(lambda: any(step["story"] == "deliver" for step in service.events("step")), "a delivery")
    service.park()
    text = service.log.read_text()
    assert "ann@example.com" not in text
    assert "Nobody calls back" not in text
    assert "sandbox-private" not in text


def test_tasks_of_one_process_are_not_taken_for_one_another_nor_for_dead() -> None:
    from connector.jobs.owner import is_dead

    one, other = this_process("service-psa"), this_process("service-crm")
    assert len({one, other, this_process()}) == 3
    assert not is_dead(one)
    gone = one.split("|")
    gone[3] = "1"
    assert is_dead("|".join(gone))
    assert os.getpid() == int(gone[2])
