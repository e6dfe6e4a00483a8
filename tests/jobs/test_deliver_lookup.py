"""Looking up what is of unknown outcome: one that cannot be judged is rejected, and holds up no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from connector.domain import Mode, Notify, WriteBack
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.rerun import answers as rerun_answers
from connector.jobs.rerun.forecast import Forecast
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import jobs, outbox, work
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for

TICKET = {"board": "Help Desk", "group": "none"}
TICKETS_ONLY = [{"id": "call-back", "when": {"band": "detractor"}, "then": [{"open_ticket": TICKET}]}]
ROWS = [(f"a{number}", "ann@example.com", number, f"complaint {number}") for number in (1, 2, 3)]


def control(sandbox: Server, lever: str, body: Any = None) -> Any:
    method = "GET" if body is None else "POST"
    answer = requests.request(method, f"{sandbox.url}/control/{lever}", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def delivered(runtime: Runtime) -> once.Step:
    step = once.perform(runtime, "deliver", "psa")
    assert step.attempt is not None, step
    return step


def entries(runtime: Runtime) -> dict[str, outbox.Entry]:
    with runtime.store.read() as tx:
        return {entry.write_back.key: entry for entry in outbox.listed(tx)}


def moved_after_a_lost_answer(
    runtime: Runtime, sandbox: Server, tmp_path: Path, clock: ShiftedClock
) -> tuple[str, dict[str, Any]]:
    """Three answers; the ticket of the first is opened, its answer lost, and a technician moves it. Returns it."""
    once.perform(runtime, "pull", "psa")
    once.perform(runtime, "collect", "answers", {"file": str(answers_file(tmp_path, *ROWS))})
    clock.move(minutes=20)
    control(sandbox, "faults", {"kind": "drop_after_write", "method": "POST", "path": "tickets$"})
    delivered(runtime)
    [lost] = [key for key, entry in entries(runtime).items() if entry.write_back.state == "unknown"]
    [ticket] = [each for each in control(sandbox, "records")["tickets"] if each["externalXRef"] == lost]
    company = next(n for n in sandbox.world.tables["companies"].ids(0) if n != ticket["company"]["id"])
    path = f"/service/tickets/{ticket['id']}"
    control(sandbox, "edit", {"path": path, "set": {"company": {"id": company}, "contact": None}})
    return lost, ticket


def test_a_moved_ticket_is_rejected_with_its_words_and_the_others_go_out(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox, rules=TICKETS_ONLY), store_url, clock)
    lost, ticket = moved_after_a_lost_answer(runtime, sandbox, tmp_path, clock)
    later = [("b1", "ann@example.com", 4, "one more")]
    once.perform(runtime, "collect", "answers", {"file": str(answers_file(tmp_path, *ROWS, *later))})
    clock.move(minutes=30)
    steps = [delivered(runtime) for _ in range(3)]
    assert [step.outcome for step in steps] == ["partial", "done", "done"]
    shown = {key: entry for key, entry in entries(runtime).items() if entry.write_back.kind == "open_ticket"}
    assert len(shown) == 4
    assert {entry.write_back.state for key, entry in shown.items() if key != lost} == {"applied"}
    rejected = shown[lost]
    assert rejected.write_back.state == "rejected"
    assert f"ticket {ticket['id']} carries key {lost} but is of company" in rejected.error
    assert f"connector outbox settle {lost}" in rejected.error
    assert len(control(sandbox, "records")["tickets"]) == 4
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path
    runtime.store.close()


def test_sent_again_a_moved_ticket_is_not_opened_twice(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox, rules=TICKETS_ONLY), store_url, clock)
    lost, _ = moved_after_a_lost_answer(runtime, sandbox, tmp_path, clock)
    clock.move(minutes=30)
    delivered(runtime)
    with runtime.store.write() as tx:
        assert outbox.move(tx, lost, from_states=("rejected",), to="waiting", now=clock())
    delivered(runtime)
    assert entries(runtime)[lost].write_back.state == "rejected"
    assert len(control(sandbox, "records")["tickets"]) == 3
    runtime.store.close()


def test_a_rerun_foresees_a_moved_ticket_instead_of_ending_at_it(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox, rules=TICKETS_ONLY), store_url, clock)
    lost, _ = moved_after_a_lost_answer(runtime, sandbox, tmp_path, clock)
    clock.move(minutes=30)
    step = delivered(runtime)
    assert step.attempt is not None
    with runtime.store.read() as tx:
        job = jobs.get(tx, step.attempt.job_id)
    assert job is not None
    found = Forecast(job=job)
    rerun_answers.foresee_deliver(runtime, found, failed=False)
    assert found.create.total() == 0
    assert [remark for remark in found.remarks if remark.startswith(lost) and "but is of company" in remark]
    runtime.store.close()


def test_a_message_of_unknown_outcome_waits_for_a_person_and_makes_no_delivery_of_nothing(
    sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox), store_url, clock)
    message = WriteBack(
        key="nps-mail", connection="log", change=Notify(subject="s", text="t", to=()), response_key="r", revision=1,
        rule_id="a", action_id="b", not_before=clock(),
    )  # fmt: skip
    with runtime.store.write() as tx:
        outbox.put(tx, [message], rehearsal=False, now=clock())
        outbox.claim(tx, "nps-mail", token=0, now=clock())

    def with_work() -> list[str]:
        with runtime.store.read() as tx:
            return work.connections_with_work(tx, now=clock(), mode=Mode.LIVE)

    assert with_work() == ["log"]
    assert once.perform(runtime, "deliver", "log").outcome == "done"
    clock.move(minutes=5)
    assert with_work() == []
    assert entries(runtime)["nps-mail"].write_back.state == "unknown"
    runtime.store.close()
