"""Asked to leave, a story ends between two effects, what was done stands, and its record replays as far as it went."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from connector.domain import WriteBackState
from connector.jobs import once
from connector.jobs.pull import pages
from connector.jobs.records import pseudonyms
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import attempts, leases, outbox, plans
from connector.store.attempts import Attempt
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, runtime_for


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    made = runtime_for(config_for(sandbox, connection={"page_size": 5}), store_url, clock)
    yield made
    made.store.close()


def parked_upon(runtime: Runtime, name: str, times: int = 1) -> Runtime:
    """It is asked to leave when so many lots of these rows were made."""
    seen: list[str] = []

    def told(_story: str, _connection: str, made: str, _rows: int) -> None:
        seen.append(made)
        if seen.count(name) >= times:
            runtime.stopping.set()

    return replace(runtime, told=told)


def served(sandbox: Server) -> int:
    """How many requests the PSA has answered."""
    return int(requests.get(f"{sandbox.url}/control/served", timeout=10).json()["calls"])


def newest(runtime: Runtime, story: str) -> Attempt:
    with runtime.store.read() as tx:
        assert (held := leases.current(tx, "psa")) is not None
        assert held.owner == "", "the lease was given back"
        return attempts.of_story(tx, story, "psa")[0]


@pytest.mark.parametrize("times", [1, 3])
def test_a_pull_keeps_its_pages_and_goes_on_after_the_last(
    runtime: Runtime, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST", 1)  # each page of so small a tenant is stored alone
    assert once.perform(parked_upon(runtime, "contacts", times), "pull", "psa").outcome == "interrupted"
    cut = newest(runtime, "pull")
    assert "goes on at the next start" in cut.error
    report = replay(Recorded.load(runtime.data / cut.journal))
    assert report.same, report.differences
    runtime.stopping.clear()
    again = once.perform(runtime, "pull", "psa")
    assert again.outcome == "done"
    assert again.attempt is not None
    assert again.attempt.job_id == cut.job_id
    whole = once.perform(runtime, "plan", "psa", {"audience": "decision-makers"})
    assert whole.attempt is not None
    assert whole.attempt.counts["pulled"] == 17


@pytest.mark.parametrize("name", ["companies", "contacts"])
def test_what_was_read_ahead_of_a_stop_is_no_difference_and_its_record_can_be_handed_on(
    sandbox: Server,
    config_for: ConfigFor,
    store_url: str,
    clock: ShiftedClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
) -> None:
    monkeypatch.setattr(pages, "MOST", 1)
    config = config_for(sandbox, connection={"page_size": 5}, rules=[{"id": "keep", "then": ["record_response"]}])
    runtime = runtime_for(config, store_url, clock)

    def told(_story: str, _connection: str, made: str, _rows: int) -> None:
        if made == name and not runtime.stopping.is_set():
            before = -1
            while before != (before := served(sandbox)):
                time.sleep(0.3)  # until no more is read ahead
            runtime.stopping.set()

    assert once.perform(replace(runtime, told=told), "pull", "psa").outcome == "interrupted"
    record = runtime.data / newest(runtime, "pull").journal
    recorded = Recorded.load(record)
    read = sum(asked.connection == "psa" for asked in recorded.exchanges)
    assert read > len(recorded.outs[name]) + 3, "it had read on"
    report = replay(recorded)
    assert report.same, report.differences
    pseudonyms.export(record, tmp_path / "handed-on.jsonl.zst", b"a key of the test")
    handed_on = Recorded.load(tmp_path / "handed-on.jsonl.zst")
    assert len(handed_on.outs[name]) >= len(recorded.outs[name])
    assert handed_on.end is not None
    assert handed_on.end["outcome"] == "interrupted"
    assert replay(handed_on).same
    runtime.store.close()


def test_a_plan_that_was_stopped_counts_for_nothing(runtime: Runtime) -> None:
    once.perform(runtime, "pull", "psa")
    step = once.perform(parked_upon(runtime, "decisions"), "plan", "psa", {"audience": "decision-makers"})
    assert step.outcome == "interrupted"
    with runtime.store.read() as tx:
        assert plans.newest(tx, "decision-makers") is None
    runtime.stopping.clear()
    assert once.perform(runtime, "plan", "psa", {"audience": "decision-makers"}).outcome == "done"


def test_a_delivery_ends_after_a_write_back_and_the_rest_waits_untouched(
    runtime: Runtime, clock: ShiftedClock, tmp_path: Path, sandbox: Server
) -> None:
    once.perform(runtime, "pull", "psa")
    file = answers_file(tmp_path, ("1", "ann@example.com", 3, "late"), ("2", "bob@example.com", 9, "fine"))
    once.perform(runtime, "collect", "answers", {"file": str(file)})
    clock.move(minutes=20)
    assert once.perform(parked_upon(runtime, "outcome"), "deliver", "psa").outcome == "interrupted"
    with runtime.store.read() as tx:
        states = sorted(entry.write_back.state for entry in outbox.listed(tx))
    assert states.count(WriteBackState.APPLIED) == 1
    assert set(states) == {WriteBackState.APPLIED, WriteBackState.WAITING}, "none of unknown outcome, none in the air"
    report = replay(Recorded.load(runtime.data / newest(runtime, "deliver").journal))
    assert report.same, report.differences
    runtime.stopping.clear()
    while once.perform(runtime, "deliver", "psa").attempt.counts.get("applied"):  # type: ignore[union-attr]
        pass
    with runtime.store.read() as tx:
        assert {entry.write_back.state for entry in outbox.listed(tx)} == {WriteBackState.APPLIED}
    with sandbox.world.lock:
        table = sandbox.world.tables["tickets"]
        keys = [(table.row(0, number) or {}).get("externalXRef") for number in table.ids(0)]
    ours = [key for key in keys if key]
    assert len(ours) == len(set(ours)) > 0


def test_asked_before_anything_began_nothing_is_asked_of_the_crm(runtime: Runtime, sandbox: Server) -> None:
    before = served(sandbox)
    runtime.stopping.set()
    step = once.perform(runtime, "pull", "psa")
    assert step.outcome == "interrupted"
    assert served(sandbox) == before
