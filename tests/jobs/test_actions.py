"""Tasks, groups, fields and tickets at our own company, from an answer in a file to what stands in the PSA."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.jobs import once
from connector.jobs.records import pseudonyms
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import outbox
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import HOSTILE, answers_file, read_frames, records, runtime_for, tell
from tests.settings import TICKET

RULES: list[dict[str, Any]] = [
    {
        "id": "quietly",
        "when": {"band": "detractor"},
        "then": [
            {"open_ticket": TICKET | {"confidential": True, "type": "Incident", "impact": "High"}},
            {"create_task": {"owner": ["account_manager", "member:carol"], "due": "2 days"}},
            {"set_field": {"field": "NPS Band", "value": "{{ response.band }}", "responded_at": "NPS Date"}},
            {"set_field": {"on": "company", "field": "NPS Status", "value": "at risk: {{ response.score }}"}},
            {"set_field": {"id": "score", "field": "NPS Score", "value": "{{ response.score }}"}},
        ],
    },
    {
        "id": "happy",
        "when": {"band": "promoter"},
        "then": [
            {"add_to_group": {"group": "Newsletter"}},
            {"set_field": {"on": "company", "field": "NPS Status", "value": "happy"}},
        ],
    },
]


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    made = runtime_for(config_for(sandbox, rules=RULES), store_url, clock)
    yield made
    made.store.close()


def shown(sandbox: Server) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{sandbox.url}/control/records", timeout=10).json()
    return found


def states(runtime: Runtime) -> dict[str, int]:
    with runtime.store.read() as tx:
        return outbox.counts(tx)


def test_everything_a_rule_asks_for_stands_in_the_psa_and_replays(
    runtime: Runtime, sandbox: Server, tmp_path: Path, clock: ShiftedClock
) -> None:
    answers = answers_file(tmp_path, ("a1", "ann@example.com", 3, HOSTILE), ("a2", "nobody@example.org", 9, "fine"))
    steps = tell(runtime, answers, clock.move)
    assert once.exit_code(steps) == 0, steps
    found = shown(sandbox)
    [ticket] = found["tickets"]
    assert (ticket["company"]["identifier"], ticket.get("contact"), ticket.get("contactName")) == ("acme", None, None)
    assert (ticket["type"]["name"], ticket["impact"]) == ("Incident", "High")
    texts = {note["text"]: note["internalFlag"] for note in found["ticket_notes"]}
    assert [internal for text, internal in texts.items() if "alert(1)" in text] == [True]
    [task] = found["activities"]
    assert (task["company"]["identifier"], task["contact"]["id"]) == ("NorthwindExample", 1001)
    assert "<script>" not in task["notes"]
    fields = found["custom_fields"]["1001"]
    assert (fields["NPS Band"], fields["NPS Score"]) == ("detractor", 3)
    assert found["company_fields"]["5001"] == {"NPS Status": "at risk: 3"}
    assert found["mails"] == []
    again = once.run_once(runtime)
    assert once.exit_code(again) == 0
    after = shown(sandbox)
    assert (len(after["tickets"]), len(after["activities"])) == (1, 1)
    reports = [replay(Recorded.load(path)) for path in records(runtime)]
    assert [report.differences for report in reports] == [[]] * len(reports)


def test_a_record_of_all_actions_without_people_replays(runtime: Runtime, tmp_path: Path, clock: ShiftedClock) -> None:
    tell(runtime, answers_file(tmp_path, ("a1", "ann@example.com", 3, "Ann says no")), clock.move)
    delivered = [path for path in records(runtime) if Recorded.load(path).begin["story"] == "deliver"]
    for number, path in enumerate(delivered):
        target = tmp_path / f"{number}.zst"
        pseudonyms.export(path, target, b"key")
        report = replay(Recorded.load(target))
        assert report.same, report.differences
        told = str(list(read_frames(target)))
        assert "Ann " not in told
        assert "at risk: 3" not in told


def test_what_was_overwritten_is_kept_with_the_receipt(runtime: Runtime, tmp_path: Path, clock: ShiftedClock) -> None:
    tell(runtime, answers_file(tmp_path, ("a1", "ann@example.com", 3, "slow")), clock.move)
    with runtime.store.read() as tx:
        kept = {entry.write_back.action_id: entry.receipt for entry in outbox.listed(tx)}
    band, firm = kept["set_field"], kept["set_field-2"]
    assert band is not None
    assert band.before == {"NPS Band": None, "NPS Date": None}
    assert firm is not None
    assert (firm.record_type, firm.record_id, firm.before) == ("company", "5001", {"NPS Status": None})


def test_a_colleagues_older_answer_does_not_overwrite_the_company_field(
    runtime: Runtime, sandbox: Server, tmp_path: Path, clock: ShiftedClock
) -> None:
    """No field holds the time of the answer: what the outbox itself wrote decides."""
    now = datetime.now(UTC)
    tell(runtime, answers_file(tmp_path, ("new", "ann@example.com", 10, ""), at=now - timedelta(hours=1)), clock.move)
    assert shown(sandbox)["company_fields"]["5001"] == {"NPS Status": "happy"}
    tell(runtime, answers_file(tmp_path, ("old", "ann@example.com", 2, ""), at=now - timedelta(hours=9)), clock.move)
    assert shown(sandbox)["company_fields"]["5001"] == {"NPS Status": "happy"}
    assert states(runtime)["superseded"] == 1


def test_a_group_takes_a_promoter_once_and_not_one_who_is_in_it(
    runtime: Runtime, sandbox: Server, tmp_path: Path, clock: ShiftedClock
) -> None:
    with sandbox.world.lock:
        inside = sandbox.world.tables["group_contacts"].row(9, 1001) is not None
    tell(runtime, answers_file(tmp_path, ("a1", "ann@example.com", 10, "great")), clock.move)
    with runtime.store.read() as tx:
        [entry] = [e for e in outbox.listed(tx) if e.write_back.kind == "add_to_group"]
    assert entry.receipt is not None
    assert (entry.receipt.before, entry.receipt.already_there) == ({"member": inside}, inside)


def test_a_dropped_connection_makes_no_second_task(
    runtime: Runtime, sandbox: Server, tmp_path: Path, clock: ShiftedClock
) -> None:
    requests.post(
        f"{sandbox.url}/control/faults",
        json={"kind": "drop_after_write", "method": "POST", "path": "activities", "times": 1},
        timeout=10,
    ).raise_for_status()
    tell(runtime, answers_file(tmp_path, ("a1", "ann@example.com", 3, "slow")), clock.move)
    assert states(runtime)["unknown"] == 1
    clock.move(minutes=5)
    once.run_once(runtime)
    assert states(runtime) == {"applied": 5}
    assert len(shown(sandbox)["activities"]) == 1


def test_a_rehearsal_leaves_every_contact_field_and_group_alone(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    before = shown(sandbox)
    rehearsal = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    runtime = runtime_for(config_for(sandbox, mode="rehearsal", rehearsal=rehearsal, rules=RULES), store_url, clock)
    rows = (("a1", "ann@example.com", 3, "slow"), ("a2", "ann@example.com", 10, "fine"))
    steps = tell(runtime, answers_file(tmp_path, *rows), clock.move)
    assert once.exit_code(steps) == 0, steps
    after = shown(sandbox)
    for what in ("custom_fields", "company_fields", "group_members", "contact_notes"):
        assert after[what] == before[what], what
    assert [task["name"] for task in after["activities"]] == ["[Rehearsal] NPS follow-up: Ann Example"]
    assert [task["company"]["identifier"] for task in after["activities"]] == ["acme"]
    assert "contact" not in after["activities"][0]
    told = [note["text"] for note in after["ticket_notes"]]
    assert [text for text in told if "would be set on the company: NPS Status: at risk: 3" in text]
    runtime.store.close()
