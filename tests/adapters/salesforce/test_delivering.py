"""The whole way back: answers by the outbox into the stand-in org, watched, taken back; and records that replay."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.config import load
from connector.jobs import once
from connector.jobs import undo as undoing
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.store import jobs
from tests.conftest import ShiftedClock
from tests.jobs.story import records, runtime_for

from .org import OrgWorld

PEOPLE = 30
RULE: dict[str, Any] = {
    "id": "call-back",
    "then": [
        "record_response",
        {"open_ticket": {"board": "NPS Follow-up", "owner": ["account_manager", "member:bob"], "source": "NPS"}},
        {"create_task": {"summary": "Call", "owner": ["member:bob"]}},
        {"add_note": {"on": "ticket", "text": "asked by mail"}},
        {"add_to_group": {"group": "Autumn Webinar"}},
    ],
}


@pytest.fixture
def runtime(org: OrgWorld, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Runtime]:
    login = org._server.login
    connection = {
        "adapter": "salesforce",
        "domain": "acme.my.salesforce.com",
        "consumer_key": "${SF_CONSUMER_KEY}",
        "consumer_secret": "${SF_CONSUMER_SECRET}",
        "base_url": org._server.url,
    }
    text = {
        "mode": "live",
        "storage": {"data": str(tmp_path / "data")},
        "connections": {"sf": connection},
        "audiences": {"all": {"from": "sf", "marketing_groups": ["NPS 2026", "Newsletter"]}},
        "limits": {"tickets_per_day": 1000, "tickets_per_owner": 1000},
        "rules": [RULE],
    }
    path = tmp_path / "nps.yaml"
    path.write_text(json.dumps(text), encoding="utf-8")
    environ = {"SF_CONSUMER_KEY": login.consumer_key, "SF_CONSUMER_SECRET": login.consumer_secret}
    made = runtime_for(load(path, environ), store_url, clock)
    assert once.perform(made, "pull", "sf").outcome == "done"
    yield made
    made.store.close()


def take_in(runtime: Runtime, contacts: list[str], folder: Path, clock: ShiftedClock) -> None:
    answers = folder / "answers.csv"
    at = clock() - timedelta(hours=1)
    with answers.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["contact_id", "score", "comment", "responded_at"])
        writer.writerows([contact, 3, "Slow <b>&</b>", at.isoformat()] for contact in contacts)
    assert once.perform(runtime, "collect", "answers", {"file": str(answers)}).outcome == "done"
    clock.move(minutes=20)


def members(org: OrgWorld) -> list[str]:
    """One of each account, for the second of one account would only be a note on the first one's case."""
    companies = dict(org.people(250))
    of_accounts = {companies[contact]: contact for contact in sorted(org.member_ids()) if contact in companies}
    return list(of_accounts.values())[:PEOPLE]


def test_answers_are_delivered_watched_taken_back_and_replayed(
    org: OrgWorld, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    people = members(org)
    take_in(runtime, people, tmp_path, clock)
    org.control("POST", "served/reset")
    step = once.perform(runtime, "deliver", "sf")
    assert step.outcome == "done", step
    written = org.records()
    counts = {name: len(written[name]) for name in ("Case", "Task", "NPS_Response__c")}
    assert counts == {"Case": PEOPLE, "Task": PEOPLE, "NPS_Response__c": PEOPLE}
    assert org.control("GET", "served")["requests"] < 60

    org.close_ticket(written["Case"][0]["Id"])
    assert once.perform(runtime, "watch", "sf").outcome == "done"

    assert step.attempt is not None
    with runtime.store.read() as tx:
        job = jobs.get(tx, step.attempt.job_id)
    assert job is not None
    undone = once.perform(runtime, "undo", "sf", {"job": job.id, "found": undoing.found_there(runtime, job)})
    assert undone.outcome == "done", undone
    after = org.records()
    assert all(case["IsClosed"] for case in after["Case"])
    assert after["NPS_Response__c"] == []
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path


def test_a_delivery_whose_answers_are_lost_ends_with_each_effect_once(
    org: OrgWorld, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    take_in(runtime, members(org)[:8], tmp_path, clock)
    for method in ("POST", "PATCH"):
        org.fault("drop_after_write", method=method, path="composite/sobjects", times=2)
    for _ in range(6):
        once.perform(runtime, "deliver", "sf")
        clock.move(minutes=6)
    written = org.records()
    keys = [case["NPS_Key__c"] for case in written["Case"]]
    keys += [task["NPS_Key__c"] for task in written["Task"]]
    keys += [row["Response_Key__c"] for row in written["NPS_Response__c"]]
    assert len(keys) == len(set(keys)) == 24
    notes = [row["CommentBody"] for row in written["CaseComment"] if row["CommentBody"].startswith("asked by mail")]
    assert len(notes) == len(set(notes)) == 8
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path


def test_a_write_that_runs_on_after_we_gave_it_up_is_found_not_doubled(
    org: OrgWorld, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    take_in(runtime, members(org)[:4], tmp_path, clock)
    org.fault("late_write", method="POST", path="composite/sobjects", seconds=540)
    for _ in range(4):
        once.perform(runtime, "deliver", "sf")
        clock.move(minutes=5, seconds=5)
        org.control("POST", "clock", {"advance": 305})
    for _ in range(3):
        once.perform(runtime, "deliver", "sf")
        clock.move(minutes=6)
    keys = [case["NPS_Key__c"] for case in org.records()["Case"]]
    assert len(keys) == len(set(keys)) == 4
    assert len(org.records()["Task"]) == 4
