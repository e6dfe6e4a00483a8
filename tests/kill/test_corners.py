"""Corners where a second effect, or a lost one, would hide: each told as a small story of its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from connector.adapters.log.sink import LogSink
from connector.domain import Mode
from connector.jobs import once
from connector.jobs.runtime import Runtime
from connector.store import open_store
from tests.databases import PostgresServer
from tests.kill.harness import SETTLE, STEP, Passed, Story
from tests.kill.projection import differences
from tests.kill.stores import SqliteDatabase

pytestmark = pytest.mark.kill
HEADER = "external_id,email,score,comment,responded_at,wave\n"
FIRST = HEADER + "r1,ann@example.com,3,Slow.,{1}Z,2026-11\n"
REVISED = HEADER + "r1,ann@example.com,2,Slow and rude.,{1}Z,2026-11\n"
PROMOTED = HEADER + "r1,ann@example.com,9,I was wrong.,{1}Z,2026-11\n"


@pytest.fixture(scope="module")
def pulled() -> Iterator[Story]:
    with Story(SqliteDatabase, answers={"folder": "answers", "settle": "1 minute"}) as made:
        open_store(made.database.url).close()
        made.keep_start()
        made.pass_cleanly()
        made.keep_start()
        yield made


@pytest.fixture
def story(pulled: Story) -> Story:
    """Everything pulled, nothing answered."""
    pulled.go_back(1)
    pulled.answers.unlink(missing_ok=True)
    return pulled


def _pass(story: Story, *, after: float = STEP, **how: Any) -> Passed:
    story.virtual += after
    passed = story.run(**how)
    assert not passed.error, passed.error
    return passed


def _fault(story: Story, kind: str, **more: Any) -> None:
    story.stand_in.control("faults", {"kind": kind, **more})


def _states(story: Story) -> dict[str, list[str]]:
    """Kind to the states of its write-backs, in the order of revisions."""
    found: dict[str, list[str]] = {}
    for row in _rows(story, "select kind, state from write_back order by kind, revision, key"):
        found.setdefault(row["kind"], []).append(row["state"])
    return found


def _rows(story: Story, statement: str) -> list[dict[str, Any]]:
    store = open_store(story.database.url)
    try:
        with store.read() as tx:
            return [dict(row._mapping) for row in tx.execute(text(statement))]
    finally:
        store.close()


def _fields(story: Story) -> dict[str, Any]:
    found: dict[str, Any] = story.stand_in.records()["custom_fields"].get("1001", {})
    return found


# ---------------------------------------------------------------- an answer that changes on the way
def test_an_answer_changed_while_the_first_was_put_back_is_written_once_as_it_is_now(story: Story) -> None:
    """Throttled for long before the first write: put back without having been tried, then replaced by the revision."""
    story.write_answers(FIRST)
    _pass(story)
    _fault(story, "429", method="GET", path="^/service/tickets$", seconds=600)
    _pass(story, after=SETTLE)
    assert _states(story) == {"open_ticket": ["waiting"], "record_response": ["waiting"], "add_note": ["waiting"]}
    story.write_answers(REVISED)
    _pass(story)
    _pass(story, after=SETTLE)
    records = story.stand_in.records()
    assert len(records["tickets"]) == 1
    assert "Slow and rude." in str(records["ticket_notes"])
    assert ["Slow and rude." in note["text"] for note in records["contact_notes"]] == [True]
    assert _fields(story)["NPS Score"] == 2


@pytest.mark.parametrize("late", [60, 190, 250])
def test_an_answer_changed_while_the_first_write_is_late_is_not_overwritten_by_it(story: Story, late: int) -> None:
    """The PATCH of revision 1 takes effect long after it was sent; the contact must end with revision 2.

    Later than both look-ups nothing can be done: a write that is still to come cannot be told from a lost one.
    """
    story.write_answers(FIRST)
    _pass(story)
    _fault(story, "late_write", method="PATCH", seconds=late)
    _pass(story, after=SETTLE)
    story.write_answers(REVISED)
    _pass(story, after=1)
    for _ in range(4):
        _pass(story)
    _pass(story, after=SETTLE)
    _pass(story)
    assert _states(story)["record_response"] == ["superseded", "applied"]
    assert _fields(story)["NPS Score"] == 2
    assert len(story.stand_in.records()["tickets"]) == 1
    assert not story.due()


@pytest.mark.parametrize("changed", [REVISED, PROMOTED])
def test_an_answer_changed_while_the_first_is_being_sent_opens_no_second_ticket(story: Story, changed: str) -> None:
    """Killed with everything claimed; the revision comes before the recovery."""
    story.write_answers(FIRST)
    _pass(story)
    claimed = _boundary_of_claim(story)
    story.virtual += SETTLE
    assert story.run(kill_at=claimed).killed_at
    assert _states(story) == {"open_ticket": ["sending"], "record_response": ["sending"], "add_note": ["waiting"]}
    story.write_answers(changed)
    for _ in range(6):
        _pass(story)
    _pass(story, after=SETTLE)
    records = story.stand_in.records()
    assert len(records["tickets"]) <= 1
    assert _fields(story)["NPS Score"] == (2 if changed is REVISED else 9)
    assert not story.due()


def _boundary_of_claim(story: Story) -> int:
    """The number of the boundary just after the claim is on disk: the last commit before the first ticket look-up."""
    labels = _probe(story)
    look = labels.index("request:before GET /service/tickets")
    return max(n for n, label in enumerate(labels[:look]) if label == "commit:after")


# ---------------------------------------------------------------- modes
def test_what_was_being_sent_is_looked_up_in_preview_too_and_nothing_is_sent(story: Story) -> None:
    story.write_answers(FIRST)
    _pass(story)
    labels = _probe(story)
    opened = labels.index("request:left POST /service/tickets")
    story.virtual += SETTLE
    assert story.run(kill_at=opened).killed_at
    before = len(story.stand_in.records()["contact_notes"])

    def preview(runtime: Runtime) -> list[once.Step]:
        return once.run_once(replace(runtime, config=replace(runtime.config, mode=Mode.PREVIEW)))

    for _ in range(4):
        _pass(story, do=preview)
    assert _states(story)["open_ticket"] == ["applied"]
    assert len(story.stand_in.records()["tickets"]) == 1
    assert len(story.stand_in.records()["contact_notes"]) == before
    for _ in range(2):
        _pass(story)
    assert not story.due()
    assert len(story.stand_in.records()["tickets"]) == 1


def _probe(story: Story) -> list[str]:
    """The boundaries of the pass that delivers, without doing it for good."""
    story.database.keep("probe")
    before, snapshot = story.virtual, story.stand_in.control("snapshot", {})["id"]
    labels = _pass(story, after=SETTLE).boundaries
    story.virtual = before
    story.stand_in.control("restore", {"id": snapshot})
    story.database.put_back("probe")
    return labels


# ---------------------------------------------------------------- what cannot be looked up
def test_a_notice_is_never_given_twice(tmp_path: Path) -> None:
    """notify is unkeyed: killed anywhere it is applied, waits, or stays unknown until a person says; never repeated."""
    told = tmp_path / "notices"
    rules = [{"id": "tell", "when": {}, "then": [{"notify": {"to": []}}]}]
    with Story(SqliteDatabase, rules=rules) as story:
        open_store(story.database.url).close()
        story.pass_cleanly()
        story.write_answers(FIRST)
        _pass(story)
        story.keep_start()
        labels = _pass(story, after=SETTLE, do=_counting(told)).boundaries
        assert told.read_text().count("notice") == 1
        for at in range(len(labels) - 14, len(labels)):  # the whole of deliver
            story.go_back(0)
            story.write_answers(FIRST)
            told.write_text("")
            story.virtual += SETTLE
            story.run(kill_at=at, do=_counting(told))
            for _ in range(2):
                _pass(story, do=_counting(told))
            notices, states = told.read_text().count("notice"), _states(story)["notify"]
            assert notices <= 1, labels[at]
            assert states in (["applied"], ["unknown"])
            assert states == ["unknown"] or notices == 1


def _counting(file: Path) -> Callable[[Runtime], list[once.Step]]:
    """A pass whose notices are also written to a file, line by line."""

    def do(runtime: Runtime) -> list[once.Step]:
        apply = LogSink.apply

        def counted(sink: LogSink, write_backs: Any) -> Any:
            for outcome in apply(sink, write_backs):
                with file.open("a") as out:
                    out.write("notice\n")
                yield outcome

        LogSink.apply = counted  # type: ignore[method-assign, assignment]
        return once.run_once(runtime)

    return do


# ---------------------------------------------------------------- clocks
@pytest.mark.parametrize("jump", [-7200.0, -30.0, 90_000.0])
def test_a_clock_that_jumps_while_a_ticket_is_unknown_doubles_nothing(story: Story, jump: float) -> None:
    story.write_answers(FIRST)
    _pass(story)
    opened = _probe(story).index("answer:after POST /service/tickets")
    story.virtual += SETTLE
    assert story.run(kill_at=opened).killed_at
    _pass(story, after=1)
    _pass(story, after=jump)
    for _ in range(4):
        _pass(story, after=max(STEP, -jump))
    assert not story.due()
    assert len(story.stand_in.records()["tickets"]) == 1
    assert _states(story)["open_ticket"] == ["applied"]


def test_the_grace_counts_from_the_write_not_from_the_beginning_of_the_attempt(story: Story) -> None:
    """Throttled for 150 s in the pass, then a ticket that appears 200 s after it was sent (350 s by the PSA)."""
    story.write_answers(FIRST)
    _pass(story)
    _fault(story, "429", method="GET", path="^/service/boards$", seconds=50, times=3)
    _fault(story, "late_write", method="POST", path="^/service/tickets$", seconds=350)
    _pass(story, after=SETTLE)
    story.virtual += 150
    _pass(story, after=1)
    for _ in range(4):
        _pass(story)
    assert len(story.stand_in.records()["tickets"]) == 1
    assert _states(story)["open_ticket"] == ["applied"]


def test_throttled_for_longer_than_the_lease_it_keeps_the_lease_by_asking_for_it_again(story: Story) -> None:
    """Four waits of 55 s; before each call a lease half gone is prolonged, where nobody took it meanwhile."""
    story.write_answers(FIRST)
    _pass(story)
    _fault(story, "429", method="GET", path="^/service/tickets$", seconds=55, times=4)
    assert ["deliver", "done"] in [step[:2] for step in _pass(story, after=SETTLE).outcomes]
    assert len(story.stand_in.records()["tickets"]) == 1
    _pass(story)
    assert len(story.stand_in.records()["tickets"]) == 1
    assert not story.due()


# ---------------------------------------------------------------- the store itself
def test_killed_in_the_first_migration_the_next_start_makes_the_store(tmp_path: Path) -> None:
    """The next process finds the whole schema or nothing of it. Every other statement, to save time."""
    for number in range(0, _statements(f"sqlite:///{tmp_path / 'nps.sqlite3'}"), 2):
        _killed_in_migration(f"sqlite:///{tmp_path / str(number) / 'nps.sqlite3'}", number)


@pytest.mark.postgres
def test_killed_in_the_first_migration_on_postgres(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        total = _statements(url)
    for number in range(3, total, 15):
        with postgres.database() as url:
            _killed_in_migration(url, number)


def _killed_in_migration(url: str, number: int) -> None:
    assert _migrate(url, kill_after=number) == -signal.SIGKILL
    store = open_store(url)
    with store.read() as tx:
        assert tx.execute(text("select count(*) from installation")).scalar_one() == 1
        assert tx.execute(text("select count(*) from write_back")).scalar_one() == 0
    store.close()


def _statements(url: str) -> int:
    count = _migrate(url, kill_after=None)
    assert count > 20
    return count


def _migrate(url: str, *, kill_after: int | None) -> int:
    """Open a new store in a child that dies after a statement; its exit code, or how many statements there were."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        done = 0

        @event.listens_for(Engine, "after_cursor_execute")
        def executed(*_: Any) -> None:
            nonlocal done
            if done == kill_after:
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1

        try:
            open_store(url).close()
            os.write(writing, json.dumps(done).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        said = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return int(said) if said else code


def test_the_harness_would_see_a_ticket_that_is_doubled(story: Story) -> None:
    """The proof of the proof: a second ticket with the same key shows in the projection."""
    story.write_answers(FIRST)
    _pass(story)
    _pass(story, after=SETTLE)
    one = story.projection()
    ticket = story.stand_in.records()["tickets"][0]
    copied = {name: ticket[name] for name in ("summary", "company", "board", "externalXRef")}
    story.stand_in.control("edit", {"path": "/service/tickets", "set": copied})
    assert any(told.startswith("tickets") for told in differences(one, story.projection()))
