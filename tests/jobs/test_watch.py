"""Watching: what technicians do to our tickets decides what became of each answer, and who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from connector.domain import FollowUpState, Notify
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import figures, follow_ups, outbox, receipts
from connector.store.follow_ups import Answered
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for

TICKET = {"board": "Customer Success", "owner": ["member:bob"], "due": "1 business day", "group": "none"}
TICKETS_ONLY = [{"id": "call-back", "when": {"band": "detractor"}, "then": [{"open_ticket": TICKET}]}]
MANY = {"tickets_per_day": 500, "tickets_per_owner": 500}
LEADS = {"remind": "half-time", "escalate_to": ["lead@example.com"]}


def control(sandbox: Server, lever: str, body: Any = None) -> Any:
    method = "GET" if body is None else "POST"
    answer = requests.request(method, f"{sandbox.url}/control/{lever}", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def act(sandbox: Server, deed: str, ticket: str, **more: Any) -> None:
    control(sandbox, "technician", {"act": deed, "ticket": int(ticket), **more})


def opened(runtime: Runtime, tmp_path: Path, clock: ShiftedClock, sandbox: Server, count: int = 1) -> list[str]:
    """So many follow-up tickets, opened now; their ids."""
    rows = [(f"a{number}", "ann@example.com", number % 7, "") for number in range(count)]
    once.perform(runtime, "pull", "psa")
    once.perform(runtime, "collect", "answers", {"file": str(answers_file(tmp_path, *rows))})
    clock.move(minutes=20)
    step = once.perform(runtime, "deliver", "psa")
    assert step.outcome == "done", step
    return sorted(str(ticket["id"]) for ticket in control(sandbox, "records")["tickets"])


def watched(runtime: Runtime) -> once.Step:
    step = once.perform(runtime, "watch", "psa")
    assert step.attempt is not None, step
    assert step.outcome == "done", step
    return step


def follow_up(runtime: Runtime, ticket: str) -> Answered:
    with runtime.store.read() as tx:
        [found] = [each for each in follow_ups.listed(tx) if each.follow_up.ticket_id == ticket]
    return found


def state(runtime: Runtime, ticket: str) -> FollowUpState:
    return follow_up(runtime, ticket).follow_up.state


def told(runtime: Runtime) -> list[tuple[str, Notify]]:
    """(step, message) of each notice in the outbox, oldest first."""
    with runtime.store.read() as tx:
        entries = outbox.listed(tx)
    return [
        (e.write_back.action_id.removeprefix("follow-up."), e.write_back.change)
        for e in entries
        if isinstance(e.write_back.change, Notify)
    ]


def to(clock: ShiftedClock, moment: datetime) -> None:
    clock.shift += moment - clock()


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Any:
    made = runtime_for(config_for(sandbox, rules=TICKETS_ONLY, follow_up=LEADS, limits=MANY), store_url, clock)
    yield made
    made.store.close()


def test_what_technicians_do_decides_what_became_of_each_answer(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    closed, by_rule, merged, parent, deleted, touched = opened(runtime, tmp_path, clock, sandbox, 6)
    assert watched(runtime).attempt.counts["open"] == 6  # type: ignore[union-attr]
    act(sandbox, "close", closed, by="alice")
    act(sandbox, "auto_close", by_rule)
    act(sandbox, "merge", merged, into=int(parent))
    act(sandbox, "delete", deleted)
    act(sandbox, "touch", touched, by="carol")
    step = watched(runtime)
    assert state(runtime, closed) is FollowUpState.FOLLOWED_UP
    assert state(runtime, by_rule) is FollowUpState.CLOSED_WITHOUT_CONTACT
    assert state(runtime, deleted) is FollowUpState.DELETED
    assert {state(runtime, each) for each in (merged, parent, touched)} == {FollowUpState.OPEN}
    assert follow_up(runtime, merged).follow_up.merged_into == parent
    assert follow_up(runtime, closed).follow_up.closed_by == "alice"
    assert follow_up(runtime, touched).follow_up.first_touch_at is not None
    assert follow_up(runtime, parent).follow_up.first_touch_at is not None  # whoever merged touched it
    assert follow_up(runtime, closed).follow_up.owner == "bob"
    assert any("it is not opened again" in why for why in step.attempt.counts["why"])  # type: ignore[union-attr]
    act(sandbox, "close", parent, by="bob")
    watched(runtime)
    assert {state(runtime, each) for each in (merged, parent)} == {FollowUpState.FOLLOWED_UP}
    assert watched(runtime).attempt.counts["tickets"] == 1  # type: ignore[union-attr]  # final ones are not asked again
    assert len(control(sandbox, "records")["tickets"]) == 5
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path


def test_the_owner_is_reminded_at_half_time_and_the_lead_hears_of_what_is_overdue(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    [ticket] = opened(runtime, tmp_path, clock, sandbox)
    watched(runtime)
    assert not told(runtime)
    due = follow_up(runtime, ticket).follow_up.due_at
    assert due is not None
    to(clock, due - timedelta(minutes=1))
    for _ in range(2):
        watched(runtime)
    [(step, reminder)] = told(runtime)
    assert step == "remind"
    assert ticket in reminder.subject
    to(clock, due + timedelta(minutes=1))
    for _ in range(2):
        watched(runtime)
    assert [each[0] for each in told(runtime)] == ["remind", "escalate"]


def test_late_already_after_a_standstill_one_message_goes_out_not_two(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    opened(runtime, tmp_path, clock, sandbox)
    clock.move(days=9)
    for _ in range(2):
        watched(runtime)
    assert [each[0] for each in told(runtime)] == ["escalate"]


def test_lost_rights_are_told_and_are_no_deletion(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    tickets = opened(runtime, tmp_path, clock, sandbox, 2)
    for how in ("refused", "hidden"):
        control(sandbox, "permit", {"tickets": how})
        step = watched(runtime)
        assert {state(runtime, each) for each in tickets} == {FollowUpState.NOT_VISIBLE}
        assert any("give the API member the right" in why for why in step.attempt.counts["why"])  # type: ignore[union-attr]
    control(sandbox, "permit", {"tickets": "seen"})
    watched(runtime)
    assert {state(runtime, each) for each in tickets} == {FollowUpState.OPEN}
    assert not told(runtime)


def test_many_tickets_are_asked_for_in_few_calls(
    sandbox: Server, config_for: ConfigFor, store_url: str, tmp_path: Path, clock: ShiftedClock
) -> None:
    config = config_for(sandbox, rules=TICKETS_ONLY, limits=MANY)
    runtime = runtime_for(config, store_url, clock)
    opened(runtime, tmp_path, clock, sandbox, 200)
    assert watched(runtime).attempt.calls <= 4  # type: ignore[union-attr]
    runtime.store.close()


def test_in_preview_it_is_seen_and_nobody_is_told(
    sandbox: Server, config_for: ConfigFor, store_url: str, tmp_path: Path, clock: ShiftedClock
) -> None:
    live = runtime_for(config_for(sandbox, rules=TICKETS_ONLY, follow_up=LEADS), store_url, clock)
    [ticket] = opened(live, tmp_path, clock, sandbox)
    live.store.close()
    clock.move(days=9)
    preview = runtime_for(config_for(sandbox, rules=TICKETS_ONLY, follow_up=LEADS, mode="preview"), store_url, clock)
    watched(preview)
    assert state(preview, ticket) is FollowUpState.OPEN
    assert not told(preview)
    preview.store.close()


def test_two_tickets_of_one_rule_are_two_notices(
    sandbox: Server, config_for: ConfigFor, store_url: str, tmp_path: Path, clock: ShiftedClock
) -> None:
    both = [{"open_ticket": TICKET | {"summary": name, "id": name}} for name in ("first", "second")]
    rules = [{"id": "call-back", "when": {"band": "detractor"}, "then": both}]
    runtime = runtime_for(config_for(sandbox, rules=rules, follow_up=LEADS, limits=MANY), store_url, clock)
    assert len(opened(runtime, tmp_path, clock, sandbox)) == 2
    clock.move(days=9)
    for _ in range(2):
        watched(runtime)
    assert len({message.subject for _, message in told(runtime)}) == 2
    runtime.store.close()


def test_what_a_preview_saw_closed_by_automation_is_escalated_once_it_is_live_again(
    sandbox: Server, runtime: Runtime, config_for: ConfigFor, tmp_path: Path, clock: ShiftedClock
) -> None:
    [ticket] = opened(runtime, tmp_path, clock, sandbox)
    act(sandbox, "auto_close", ticket)
    preview = config_for(sandbox, rules=TICKETS_ONLY, follow_up=LEADS, limits=MANY, mode="preview")
    watched(replace(runtime, config=preview))
    assert not told(runtime)
    for _ in range(2):
        watched(runtime)
    assert [step for step, _ in told(runtime)] == ["escalate"]


def test_a_ticket_settled_by_hand_under_no_id_of_the_crm_stops_nobody(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    [ticket] = opened(runtime, tmp_path, clock, sandbox)
    with runtime.store.write() as tx:
        [key] = receipts.keys_with_record(tx, "ticket", ticket)
        tx.execute(text("update receipt set record_id = 'T-4711' where key = :k"), {"k": key})
    act(sandbox, "touch", ticket, by="carol")
    assert watched(runtime).attempt.counts["deleted"] == 1  # type: ignore[union-attr]


def changed(runtime: Runtime, tmp_path: Path, clock: ShiftedClock, score: int) -> None:
    clock.move(minutes=1)
    row = ("a0", "ann@example.com", score, "")
    once.perform(runtime, "collect", "answers", {"file": str(answers_file(tmp_path, row, at=clock()))})


def test_of_a_ticket_no_rule_asks_for_any_more_nobody_is_told(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    [ticket] = opened(runtime, tmp_path, clock, sandbox)
    changed(runtime, tmp_path, clock, 9)
    clock.move(days=9)
    assert watched(runtime).attempt.counts["open"] == 1  # type: ignore[union-attr]
    assert not told(runtime)  # overdue, but nobody is to be called
    act(sandbox, "auto_close", ticket)
    step = watched(runtime)
    assert state(runtime, ticket) is FollowUpState.CLOSED_WITHOUT_CONTACT
    assert not told(runtime)
    assert "why" not in step.attempt.counts  # type: ignore[union-attr]
    assert watched(runtime).attempt.counts["tickets"] == 0  # type: ignore[union-attr]  # it is final
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path


def test_of_a_ticket_a_rule_still_asks_for_after_a_change_the_lead_hears(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    [ticket] = opened(runtime, tmp_path, clock, sandbox)
    for score in (9, 2):
        changed(runtime, tmp_path, clock, score)
    act(sandbox, "auto_close", ticket)
    watched(runtime)
    assert [step for step, _ in told(runtime)] == ["escalate"]


def test_metrics_count_no_ticket_of_a_rehearsal(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    rehearsal = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    for mode, counted in (("rehearsal", {}), ("live", {"open": 1})):
        config = config_for(sandbox, rules=TICKETS_ONLY, mode=mode, rehearsal=rehearsal, follow_up=LEADS, limits=MANY)
        made = runtime_for(config, store_url, clock)
        try:
            row = (mode, "ann@example.com", 3, "")
            once.perform(made, "pull", "psa")
            once.perform(made, "collect", "answers", {"file": str(answers_file(tmp_path, row))})
            clock.move(minutes=20)
            once.perform(made, "deliver", "psa")
            assert watched(made).attempt.counts["tickets"] == 1  # type: ignore[union-attr]
            with made.store.read() as tx:
                assert figures.read(tx, now=clock()).follow_ups == counted
        finally:
            made.store.close()
