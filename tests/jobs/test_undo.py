"""Undo: what a delivery did is taken back as far as possible, each thing once, and never delivered again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connector.domain import FollowUpState, Receipt, RecordResponse, WriteBack, WriteBackState
from connector.jobs import once
from connector.jobs import undo as undoing
from connector.jobs.records.journal import read_lines
from connector.jobs.records.pseudonyms import export
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import jobs
from connector.store import undoing as stored
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for
from tests.jobs.test_deliver_lookup import entries
from tests.jobs.test_watch import LEADS, TICKET, control, state, watched

ALL = [
    {
        "id": "call-back",
        "when": {"band": "detractor"},
        "then": [
            "record_response",
            {"open_ticket": TICKET},
            {"add_note": {"on": "ticket", "text": "asked"}},
            {"add_to_group": {"group": "Newsletter"}},
            {"notify": {}},
        ],
    }
]


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Any:
    made = runtime_for(config_for(sandbox, rules=ALL), store_url, clock)
    yield made
    made.store.close()


def delivered(runtime: Runtime, tmp_path: Path, clock: ShiftedClock, *rows: tuple[str, str, int, str]) -> jobs.Job:
    """Ann's detractor answer, or the rows given, delivered; the Job that did it."""
    once.perform(runtime, "pull", "psa")
    rows = rows or (("a1", "ann@example.com", 3, "Slow."),)
    once.perform(runtime, "collect", "answers", {"file": str(answers_file(tmp_path, *rows))})
    clock.move(minutes=20)
    step = once.perform(runtime, "deliver", "psa")
    assert step.attempt is not None
    assert step.outcome == "done", step
    with runtime.store.read() as tx:
        job = jobs.get(tx, step.attempt.job_id)
    assert job is not None
    return job


def undone(runtime: Runtime, job: jobs.Job) -> once.Step:
    step = once.perform(runtime, "undo", "psa", {"job": job.id, "found": undoing.found_there(runtime, job)})
    assert step.attempt is not None, step
    return step


def seen(sandbox: Server) -> dict[str, Any]:
    """What an undo may change: open tickets, set fields, group members."""
    found = control(sandbox, "records")
    return {
        "open": [t["id"] for t in found["tickets"] if not t["closedFlag"]],
        "fields": {key: {k: v for k, v in one.items() if v} for key, one in found["custom_fields"].items()},
        "members": [m for m in found["group_members"] if m["member"]],
        "notes": [n["text"] for n in found["ticket_notes"]],
        "mails": found["mails"],
    }


def test_everything_that_can_be_taken_back_is_and_the_rest_is_named(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    control(sandbox, "edit", {"path": "/marketing/groups/9/contacts/1001", "delete": True})
    before = seen(sandbox)
    job = delivered(runtime, tmp_path, clock)
    made = seen(sandbox)
    assert made["open"]
    assert made["members"]
    assert made["fields"] != before["fields"]
    step = undone(runtime, job)
    assert step.outcome == "done", step
    after = seen(sandbox)
    assert after["open"] == []
    assert after["members"] == []
    assert {k: v for k, v in after["fields"].items() if v} == {k: v for k, v in before["fields"].items() if v}
    assert sum(job.id in note for note in after["notes"]) == 1
    assert after["mails"] == []
    with runtime.store.read() as tx:
        foreseen = undoing.foresee(stored.of_job(tx, job.id), rehearsal=False, found=())
    assert {each.done.entry.write_back.kind: each.why for each in foreseen}["add_note"] == undoing.CANNOT["add_note"]
    states = {e.write_back.kind: e.write_back.state for e in entries(runtime).values()}
    assert states["open_ticket"] == states["record_response"] == states["add_to_group"] == WriteBackState.UNDONE
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path


def test_done_twice_it_leaves_the_same_as_done_once(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    job = delivered(runtime, tmp_path, clock)
    undone(runtime, job)
    after = seen(sandbox)
    again = undone(runtime, job)
    assert again.attempt is not None
    assert again.attempt.counts.get("undone", 0) == 0
    assert seen(sandbox) == after


def test_what_was_taken_back_is_not_delivered_again_also_when_the_answer_changes(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    job = delivered(runtime, tmp_path, clock)
    watched(runtime)
    undone(runtime, job)
    after = seen(sandbox)
    [ticket] = [str(t["id"]) for t in control(sandbox, "records")["tickets"]]
    once.perform(
        runtime, "collect", "answers", {"file": str(answers_file(tmp_path, ("a1", "ann@example.com", 3, "Slow.")))}
    )
    clock.move(minutes=20)
    once.run_once(runtime)
    assert seen(sandbox)["open"] == after["open"] == []
    assert len(control(sandbox, "records")["tickets"]) == 1
    assert state(runtime, ticket) is FollowUpState.UNDONE


def test_a_field_that_somebody_changed_since_is_left(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    job = delivered(runtime, tmp_path, clock)
    [contact] = [
        entry.write_back.change.contact_id
        for entry in entries(runtime).values()
        if isinstance(entry.write_back.change, RecordResponse)
    ]
    fields = control(sandbox, "records")["custom_fields"][contact]
    path = f"/company/contacts/{contact}"
    control(sandbox, "edit", {"path": path, "set": {"customFields": [{"id": 41, "caption": "NPS Score", "value": 9}]}})
    assert fields["NPS Score"] == 3
    undone(runtime, job)
    assert control(sandbox, "records")["custom_fields"][contact]["NPS Score"] == 9


def test_a_ticket_that_a_person_closed_or_deleted_stays_as_it_is(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    from tests.jobs.test_watch import act

    job = delivered(runtime, tmp_path, clock, ("a1", "ann@example.com", 3, ""), ("a2", "ann@example.com", 2, ""))
    closed, deleted = sorted(str(t["id"]) for t in control(sandbox, "records")["tickets"])
    act(sandbox, "close", closed, by="alice")
    act(sandbox, "delete", deleted)
    notes = len(seen(sandbox)["notes"])
    step = undone(runtime, job)
    assert step.outcome == "done", step
    assert len(seen(sandbox)["notes"]) == notes


def test_an_undo_without_an_answer_is_put_off_and_then_completed_once(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    job = delivered(runtime, tmp_path, clock)
    control(sandbox, "faults", {"kind": "drop_after_write", "method": "POST", "path": "notes$"})
    step = undone(runtime, job)
    assert step.outcome == "deferred", step
    assert f"connector undo {job.id} --yes again" in step.why
    assert undone(runtime, job).outcome == "deferred"  # it may still land
    clock.move(minutes=5)
    assert undone(runtime, job).outcome == "done"
    after = seen(sandbox)
    assert after["open"] == []
    assert sum(job.id in note for note in after["notes"]) == 1


def test_preview_takes_nothing_back(
    sandbox: Server, config_for: ConfigFor, store_url: str, tmp_path: Path, clock: ShiftedClock
) -> None:
    live = runtime_for(config_for(sandbox, rules=ALL), store_url, clock)
    job = delivered(live, tmp_path, clock)
    live.store.close()
    preview = runtime_for(config_for(sandbox, rules=ALL, mode="preview"), store_url, clock)
    made = seen(sandbox)
    assert undone(preview, job).outcome == "failed"
    assert seen(sandbox) == made
    preview.store.close()


def test_a_ticket_that_the_delivery_found_there_is_not_closed(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    first = delivered(runtime, tmp_path, clock)
    with runtime.store.write() as tx:  # as after a restored backup: the receipt is not known, the ticket is there
        from sqlalchemy import text

        tx.execute(text("delete from receipt where record_type = 'ticket'"))
        tx.execute(text("update write_back set state = 'waiting' where kind = 'open_ticket'"))
    second = once.perform(runtime, "deliver", "psa")
    assert second.attempt is not None
    with runtime.store.read() as tx:
        job = jobs.get(tx, second.attempt.job_id)
    assert job is not None
    assert job.id != first.id
    undone(runtime, job)
    assert len(seen(sandbox)["open"]) == 1


def test_what_support_gets_of_it_names_nobody(
    sandbox: Server, config_for: ConfigFor, store_url: str, tmp_path: Path, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox, rules=ALL, follow_up=LEADS), store_url, clock)
    job = delivered(runtime, tmp_path, clock)
    watched(runtime)
    clock.move(days=5)
    watched(runtime)
    once.perform(runtime, "reconcile", "psa")
    undone(runtime, job)
    told = set()
    for path in records(runtime):
        target = tmp_path / "bundle" / path.name
        target.parent.mkdir(exist_ok=True)
        assert export(path, target, b"k" * 32).same
        told.add(Recorded.load(target).begin["story"])
        text = b"\n".join(read_lines(target)).decode()
        assert not [word for word in ("Ann", "Slow.", '"bob"', "alice", "lead@", "bob@") if word in text], path
    assert told >= {"watch", "reconcile", "undo"}
    runtime.store.close()


RECEIPTS = [
    (Receipt(key="k", record_id="a1", record_type="response"), ""),
    (Receipt(key="k", record_id="a1", record_type="response", before={"NPS Score": 9}), ""),
    (Receipt(key="k", record_id="a1", record_type="response", already_there=True), "it was found there"),
    (Receipt(key="k", record_id="1", record_type="contact_note"), "nothing was overwritten"),
    (Receipt(key="k", record_id="1", record_type="contact", before={"NPS Score": 9}), ""),
]


@pytest.mark.parametrize(("receipt", "why"), RECEIPTS)
def test_an_answers_own_record_is_taken_back_though_it_overwrote_nothing(receipt: Receipt, why: str) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    write_back = WriteBack(
        key="k", connection="sf", change=RecordResponse(contact_id="1", responded_at=at, fields={}), response_key="r",
        revision=1, rule_id="rule", action_id="act", not_before=at,
    )  # fmt: skip
    entry = SimpleNamespace(write_back=write_back, receipt=receipt, rehearsal=False)
    done: Any = SimpleNamespace(entry=entry, undo=None)
    [foreseen] = undoing.foresee([done], rehearsal=False, found=None)
    assert foreseen.why.startswith(why)
    assert foreseen.possible == (not why)
    assert ("remove the record" in foreseen.what) == (receipt.record_type == "response")
