"""Modes: preview writes nothing, rehearsal only on the named test company and board, live where it belongs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from connector.jobs import once
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import fuses, outbox
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, runtime_for, tell
from tests.settings import RULES, TICKET

TEST_COMPANY, TEST_BOARD = "acme", "Help Desk"
ANSWERS = (("a1", "ann@example.com", 3, "Tickets take days."),)
NOTES = [
    {
        "id": "call-back",
        "when": {"band": "detractor"},
        "then": ["record_response", {"open_ticket": TICKET}, {"add_note": {"on": "contact", "text": "Call first."}}],
    }
]


def told(runtime: Runtime, tmp_path: Path, clock: ShiftedClock) -> list[once.Step]:
    return tell(runtime, answers_file(tmp_path, *ANSWERS), clock.move)


def records(sandbox: Server) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{sandbox.url}/control/records", timeout=10).json()
    return found


def writes(sandbox: Server) -> list[str]:
    log = requests.get(f"{sandbox.url}/control/log", timeout=10).json()
    return [f"{call['method']} {call['path']}" for call in log if call["method"] not in ("GET", "HEAD")]


def test_preview_writes_nothing_and_keeps_what_would_go(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox, mode="preview"), store_url, clock)
    told(runtime, tmp_path, clock)
    assert writes(sandbox) == []
    with runtime.store.read() as tx:
        assert outbox.counts(tx) == {"waiting": 3}
    runtime.store.close()


@pytest.mark.parametrize("rules", [RULES, NOTES], ids=["with notes on the ticket", "with notes on the contact"])
def test_a_rehearsal_touches_the_test_company_and_nobody_else(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock, rules: Any
) -> None:
    before = records(sandbox)
    rehearsal = {"company": TEST_COMPANY, "board": TEST_BOARD, "mail_to": "rehearsal@example.com"}
    config = config_for(sandbox, mode="rehearsal", rehearsal=rehearsal, rules=rules)
    runtime = runtime_for(config, store_url, clock)
    steps = told(runtime, tmp_path, clock)
    assert once.exit_code(steps) == 0, steps
    after = records(sandbox)
    assert [ticket["company"]["identifier"] for ticket in after["tickets"]] == [TEST_COMPANY]
    assert [ticket["board"]["name"] for ticket in after["tickets"]] == [TEST_BOARD]
    assert [ticket.get("contact") for ticket in after["tickets"]] == [None]
    assert after["tickets"][0]["summary"].startswith("[Rehearsal]")
    assert after["contact_notes"] == before["contact_notes"]
    assert after["custom_fields"] == before["custom_fields"]
    assert {call.rpartition("/")[0] for call in writes(sandbox)} <= {
        "POST /v4_6_release/apis/3.0/service",
        f"POST /v4_6_release/apis/3.0/service/tickets/{after['tickets'][0]['id']}",
    }
    runtime.store.close()


def test_going_live_after_a_rehearsal_writes_each_answer_once(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    rehearsal = {"company": TEST_COMPANY, "board": TEST_BOARD, "mail_to": "rehearsal@example.com"}
    runtime = runtime_for(config_for(sandbox, mode="rehearsal", rehearsal=rehearsal), store_url, clock)
    told(runtime, tmp_path, clock)
    runtime.store.close()
    runtime = runtime_for(config_for(sandbox, rehearsal=rehearsal), store_url, clock)
    steps = once.run_once(runtime)
    [stopped] = [step for step in steps if step.story == "deliver"]
    assert (stopped.outcome, once.exit_code(steps)) == ("stopped", 4)
    assert "connector outbox release --confirm 3 " in stopped.why
    assert [ticket["company"]["identifier"] for ticket in records(sandbox)["tickets"]] == [TEST_COMPANY]
    with runtime.store.write() as tx:
        assert fuses.confirm(tx, now=clock()) == 3
    for _ in range(2):
        once.run_once(runtime)
        tickets = records(sandbox)["tickets"]
        assert sorted(ticket["company"]["identifier"] for ticket in tickets) == ["NorthwindExample", TEST_COMPANY]
    runtime.store.close()


def test_a_fuse_keeps_tickets_waiting_and_says_so(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    apart = [{"id": "d", "when": {"band": "detractor"}, "then": [{"open_ticket": TICKET | {"group": "none"}}]}]
    config = config_for(sandbox, limits={"tickets_per_day": 2}, rules=apart)
    runtime = runtime_for(config, store_url, clock)
    rows = [(f"a{number}", "ann@example.com", 1, f"complaint {number}") for number in range(5)]
    steps = tell(runtime, answers_file(tmp_path, *rows), clock.move)
    [delivered] = [step for step in steps if step.story == "deliver"]
    assert delivered.outcome == "stopped"
    assert "3 tickets wait" in delivered.why
    assert once.exit_code(steps) == 4
    assert len(records(sandbox)["tickets"]) == 2
    clock.move(hours=25)
    once.run_once(runtime)
    assert len(records(sandbox)["tickets"]) == 4
    runtime.store.close()
