"""A rehearsal opens one ticket on the test company for one person and moment, whatever happens on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.errors import ConfigError
from connector.jobs import once, rehearse
from connector.jobs.records.journal import read_lines
from connector.jobs.records.pseudonyms import export
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import follow_ups, outbox, responses
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import HOSTILE, records, runtime_for
from tests.settings import TICKET, load_config

REHEARSAL = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
ANN = "1001"


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    opened = runtime_for(config_for(sandbox, rehearsal=REHEARSAL), store_url, clock)
    assert once.perform(opened, "pull", "psa").outcome == "done"
    yield opened
    opened.store.close()


def control(sandbox: Server, lever: str, body: Any = None) -> Any:
    method = "GET" if body is None else "POST"
    return requests.request(method, f"{sandbox.url}/control/{lever}", json=body, timeout=10).json()


def ours(sandbox: Server) -> list[str]:
    keys = [str(ticket.get("externalXRef")) for ticket in control(sandbox, "records")["tickets"]]
    return [key for key in keys if key.startswith("nps-")]


def asked(runtime: Runtime, comment: str = HOSTILE) -> dict[str, Any]:
    return rehearse.asked(runtime, "psa", ANN, score=3, comment=comment)


def performed(runtime: Runtime, params: dict[str, Any]) -> once.Step:
    return once.perform(runtime, "rehearse", "psa", params)


def test_the_same_person_and_moment_twice_is_one_ticket_with_its_notes_once(runtime: Runtime, sandbox: Server) -> None:
    params = asked(runtime)
    for _ in range(2):
        step = performed(runtime, params)
        assert step.outcome == "done", step
    [key] = ours(sandbox)
    assert key.startswith("nps-r-")
    copies = rehearse.entries(runtime, "psa", params)
    assert {entry.write_back.state.value for entry in copies} == {"applied"}
    texts = [note["text"] for note in control(sandbox, "records")["ticket_notes"]]
    assert len([text for text in texts if "would be recorded" in text]) == 1
    assert asked(runtime)["at"] != params["at"]  # it came to its end: the next one is another


def test_it_keeps_no_answer_and_no_follow_up_and_leaves_nothing_for_the_next_run(runtime: Runtime) -> None:
    performed(runtime, asked(runtime))
    steps = once.run_once(runtime)
    assert {step.story for step in steps} == {"pull", "plan"}
    with runtime.store.read() as tx:
        assert responses.listed(tx) == []
        assert follow_ups.counts(tx, rehearsal=True) == {}


def test_a_lost_answer_is_looked_up_after_the_grace_and_the_rest_follows(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    control(sandbox, "faults", {"kind": "drop_after_write", "method": "POST", "path": "tickets$"})
    params = asked(runtime)
    performed(runtime, params)
    states = {e.write_back.kind: e.write_back.state.value for e in rehearse.entries(runtime, "psa", params)}
    assert states["open_ticket"] == "unknown"
    clock.move(minutes=3)
    assert asked(runtime) == params
    performed(runtime, params)
    assert {e.write_back.state.value for e in rehearse.entries(runtime, "psa", params)} == {"applied"}
    assert len(ours(sandbox)) == 1
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path


def test_what_support_gets_of_it_names_nobody_and_replays(runtime: Runtime, tmp_path: Path) -> None:
    performed(runtime, asked(runtime, "Bob never calls back."))
    [path] = [each for each in records(runtime) if Recorded.load(each).begin["story"] == "rehearse"]
    target = tmp_path / "bundle" / path.name
    target.parent.mkdir()
    assert export(path, target, b"k" * 32).same
    text = b"\n".join(read_lines(target)).decode()
    assert not [word for word in ("Ann", "Northwind", "calls back", "rehearsal@") if word in text]


def test_other_rehearsals_that_wait_stay_where_they_are(runtime: Runtime, sandbox: Server) -> None:
    for _ in range(10):
        control(sandbox, "faults", {"kind": "503html", "method": "GET", "path": "service/tickets"})
    waiting = asked(runtime, "the first")
    assert performed(runtime, waiting).outcome == "deferred"
    control(sandbox, "reset", {})
    assert performed(runtime, asked(runtime, "the second")).outcome == "done"
    states = {entry.write_back.state.value for entry in rehearse.entries(runtime, "psa", waiting)}
    assert states == {"waiting"}
    assert len(ours(sandbox)) == 1


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [({"mode": "preview", "rehearsal": REHEARSAL}, "set mode: rehearsal"), ({}, "rehearsal: {company:")],
)
def test_without_mode_or_company_nothing_is_made(
    sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock, changes: dict[str, Any], remedy: str
) -> None:
    runtime = runtime_for(config_for(sandbox, **changes), store_url, clock)
    with pytest.raises(ConfigError, match=remedy.replace("{", r"\{")):
        rehearse.refuse(runtime.config)
    step = performed(runtime, asked(runtime))
    assert step.outcome == "failed"
    with runtime.store.read() as tx:
        assert outbox.counts(tx) == {}
    runtime.store.close()


def test_what_a_rule_without_a_ticket_does_is_noted_on_the_ticket_of_another(runtime: Runtime, sandbox: Server) -> None:
    apart = [
        {"id": "write-back", "when": {"score": {"at_least": 0}}, "then": ["record_response"]},
        {"id": "call-back", "when": {"band": "detractor"}, "then": [{"open_ticket": TICKET}]},
    ]
    config = load_config(sandbox.url, runtime.config.path.parent, rehearsal=REHEARSAL, rules=apart)
    with_rules = replace(runtime, config=config)
    step = performed(with_rules, asked(with_rules))
    assert step.attempt is not None
    assert step.attempt.counts["copies"] == 2
    texts = [note["text"] for note in control(sandbox, "records")["ticket_notes"]]
    assert sum("would be recorded" in text for text in texts) == 1
    assert replay(Recorded.load(runtime.data / step.attempt.journal)).same
