"""Reconciling: whatever became of our tickets in the CRM is found, by key and by number, with the next command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.domain import FollowUpState
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import outbox
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import records, runtime_for
from tests.jobs.test_watch import LEADS, MANY, TICKETS_ONLY, act, control, opened, state, watched


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Any:
    made = runtime_for(config_for(sandbox, rules=TICKETS_ONLY, follow_up=LEADS, limits=MANY), store_url, clock)
    yield made
    made.store.close()


def reconciled(runtime: Runtime) -> tuple[str, dict[str, Any]]:
    step = once.perform(runtime, "reconcile", "psa")
    assert step.attempt is not None, step
    return step.outcome, step.attempt.counts


def kinds(counts: dict[str, Any]) -> dict[str, str]:
    """By ticket, what differs."""
    return {row[1]: row[0] for row in counts.get("found", [])}


def test_nothing_differs_where_nobody_did_anything(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    opened(runtime, tmp_path, clock, sandbox, 3)
    outcome, counts = reconciled(runtime)
    assert (outcome, counts["tickets"], counts["differences"]) == ("done", 3, 0)


def test_each_difference_is_found_with_its_next_command(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    deleted, merged, parent, moved, keyless, copied = opened(runtime, tmp_path, clock, sandbox, 6)
    tickets = {str(t["id"]): t for t in control(sandbox, "records")["tickets"]}
    act(sandbox, "delete", deleted)
    act(sandbox, "merge", merged, into=int(parent))
    act(sandbox, "move", moved, board=10)
    control(sandbox, "edit", {"path": f"/service/tickets/{keyless}", "set": {"externalXRef": None}})
    same = {"externalXRef": tickets[copied]["externalXRef"], "summary": "a copy", "board": {"id": 20}}
    same |= {"status": {"id": 200}, "company": {"id": tickets[copied]["company"]["id"]}, "closedFlag": False}
    copy = control(sandbox, "edit", {"path": "/service/tickets", "set": same})["id"]
    stray = control(sandbox, "edit", {"path": "/service/tickets", "set": same | {"externalXRef": "nps-" + "a" * 26}})[
        "id"
    ]
    outcome, counts = reconciled(runtime)
    assert outcome == "partial"
    assert kinds(counts) == {
        deleted: "deleted",
        merged: "merged",
        moved: "moved",
        keyless: "key_lost",
        str(copy): "doubled",
        str(stray): "stray",
    }
    assert all("connector " in row[4] or "external reference" in row[4] for row in counts["found"])
    assert state(runtime, deleted) is FollowUpState.DELETED
    for path in records(runtime):
        assert replay(Recorded.load(path)).same, path


def test_a_ticket_reopened_after_it_was_final_is_watched_again(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    [ticket] = opened(runtime, tmp_path, clock, sandbox)
    act(sandbox, "close", ticket, by="alice")
    watched(runtime)
    act(sandbox, "reopen", ticket, by="alice")
    watched(runtime)
    assert state(runtime, ticket) is FollowUpState.FOLLOWED_UP
    reconciled(runtime)
    assert state(runtime, ticket) is FollowUpState.OPEN


def test_a_ticket_whose_write_back_was_given_up_is_found_by_its_key(
    sandbox: Server, runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    control(sandbox, "faults", {"kind": "drop_after_write", "method": "POST", "path": "tickets$"})
    once.perform(runtime, "pull", "psa")
    opened_at = _collected(runtime, tmp_path, clock)
    once.perform(runtime, "deliver", "psa")
    with runtime.store.write() as tx:
        assert outbox.move(tx, opened_at, from_states=("unknown",), to="discarded", now=clock(), error="by hand")
    [ticket] = control(sandbox, "records")["tickets"]
    _, counts = reconciled(runtime)
    assert kinds(counts) == {str(ticket["id"]): "unsettled"}
    assert f"connector outbox settle {opened_at} --applied --record {ticket['id']}" in counts["found"][0][4]


def test_a_tenant_that_cannot_be_asked_for_keys_is_compared_by_number(
    store_url: str, config_for: ConfigFor, tmp_path: Path, clock: ShiftedClock
) -> None:
    from connector.sandbox.connectwise import serve

    with serve(contacts=60, seed=7, readings={"external_xref_filter": "no"}) as server:
        runtime = runtime_for(config_for(server, rules=TICKETS_ONLY), store_url, clock)
        deleted, _ = opened(runtime, tmp_path, clock, server, 2)
        act(server, "delete", deleted)
        outcome, counts = reconciled(runtime)
        assert (outcome, kinds(counts)) == ("partial", {deleted: "deleted"})
        assert "cannot be asked for keys" in counts["why"][0]
        runtime.store.close()


def _collected(runtime: Runtime, tmp_path: Path, clock: ShiftedClock) -> str:
    """One answer taken in and settled; the key of its ticket."""
    from tests.jobs.story import answers_file

    once.perform(runtime, "collect", "answers", {"file": str(answers_file(tmp_path, ("a", "ann@example.com", 2, "")))})
    clock.move(minutes=20)
    with runtime.store.read() as tx:
        [entry] = outbox.listed(tx)
    return entry.write_back.key
