"""Two processes on one store and one CRM: nothing is doubled, also when one is stopped past the end of its lease."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.store import open_store
from tests.kill.crms import CRMS
from tests.kill.harness import Passed, Running, SharedClock, Story, stop
from tests.kill.projection import differences
from tests.kill.stores import Database, PostgresDatabase, SqliteDatabase

LEASE = 185.0
WHERE = [
    pytest.param((kind, store), marks=[pytest.mark.postgres] if store == "postgres" else [], id=f"{kind}-{store}")
    for kind in CRMS
    for store in ("sqlite", "postgres")
]


@pytest.fixture(scope="module", params=WHERE)
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    kind, store = request.param
    if store == "postgres":
        request.getfixturevalue("postgres")
    with Story(_database(store), crm=CRMS[kind]) as made:
        made.tell()
        yield made


def _database(kind: str) -> Callable[[Path], Database]:
    def postgres(_: Path) -> Database:
        return PostgresDatabase()

    return SqliteDatabase if kind == "sqlite" else postgres


class Two:
    """The story from one of its stages on, with a clock that several processes look at."""

    def __init__(self, story: Story, stage: int) -> None:
        self.story = story
        story.go_back(stage)
        self.clock = SharedClock(story.virtual)

    def move(self, seconds: float) -> None:
        self.clock.move(seconds)
        self.story.virtual = self.clock().timestamp()
        self.story.stand_in.set_clock(self.story.virtual)

    def start(self, **how: object) -> Running:
        self.story.virtual = self.clock().timestamp()
        return self.story.start(clock=self.clock, **how)  # type: ignore[arg-type]

    def pass_on(self, times: int) -> None:
        """So many passes of one process, a grace between; each must end without an error."""
        for _ in range(times):
            self.move(self.story.crm.step)
            passed = self.start().finish()
            assert not passed.error, passed.error

    def tickets(self) -> int:
        return len(self.story.crm.tickets(self.story.stand_in.records()))

    def same(self) -> None:
        assert not differences(self.story.expected, self.story.projection())


def _outcome(passed: Passed, story: str) -> tuple[str, str]:
    assert not passed.error, passed.error
    return next((outcome, why) for name, outcome, why in passed.outcomes if name == story)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_two_processes_at_once_double_nothing(story: Story, stage: int) -> None:
    two = Two(story, stage)
    for _ in range(3 if stage else 2):
        both = [two.start(), two.start()]
        for passed in [running.finish() for running in both]:
            assert not passed.error, passed.error
            assert {outcome for _, outcome, _ in passed.outcomes} <= {"done", "partial", "deferred"}
            for _, outcome, why in passed.outcomes:
                assert outcome != "deferred" or "at work on it until" in why
        two.move(story.crm.step)
    if stage == 0:
        story.write_answers()
    two.pass_on(1)
    two.move(16 * 60)
    two.pass_on(3)
    two.same()


def test_who_meets_a_foreign_lease_waits_and_says_who_holds_it(story: Story) -> None:
    two = Two(story, 1)
    first = two.start(before_call=_stop_once(story.crm.reads))
    first.wait_until_stopped()
    outcome, why = _outcome(two.start().finish(), "pull")
    assert outcome == "deferred"
    assert why.startswith(f"{story.crm.name}: {socket.gethostname()} is at work on it until")
    first.go_on()
    assert _outcome(first.finish(), "pull") == ("done", "")


def test_stopped_before_a_ticket_leaves_it_never_opens_it_after_another_took_over(story: Story) -> None:
    """SIGSTOP before the guard, past the lease; adopted, unknown, looked up twice, sent by the other; SIGCONT."""
    two = Two(story, 2)
    first = two.start(before_call=_stop_once(story.crm.opens))
    first.wait_until_stopped()
    assert two.tickets() == 0
    two.move(LEASE)
    assert _outcome(two.start().finish(), "deliver")[0] == "done"
    assert two.tickets() == 0  # what the first one was sending is of unknown outcome
    two.pass_on(1)
    assert two.tickets() == 0  # looked up once
    two.pass_on(1)
    assert two.tickets() == 3  # looked up twice, sent
    first.go_on()
    outcome, why = _outcome(first.finish(), "deliver")
    assert outcome == "deferred"
    assert "lost its lease" in why
    assert two.tickets() == 3
    two.pass_on(2)
    two.same()


def test_stopped_after_a_ticket_was_opened_the_other_finds_it(story: Story) -> None:
    """SIGSTOP after the effect, before its receipt; the other adopts the ticket; the first one's receipt is refused."""
    two = Two(story, 2)
    first = two.start(at=_stop_at(f"answer:after {story.crm.opens}"))
    first.wait_until_stopped()
    assert two.tickets() == story.crm.at_once
    two.move(LEASE)
    two.pass_on(2)
    assert two.tickets() == story.crm.at_once
    receipts = _receipts(story)
    assert [there for kind, there in receipts if kind == "ticket"] == [True] * story.crm.at_once
    first.go_on()
    assert _outcome(first.finish(), "deliver")[0] == "deferred"
    two.pass_on(4)
    assert two.tickets() == 3
    two.same()


def test_stopped_within_its_lease_it_just_goes_on(story: Story) -> None:
    two = Two(story, 2)
    first = two.start(before_call=_stop_once(story.crm.opens))
    first.wait_until_stopped()
    two.move(60)
    assert _outcome(two.start().finish(), "deliver")[0] == "deferred"
    first.go_on()
    assert _outcome(first.finish(), "deliver") == ("done", "")
    two.pass_on(1)
    two.same()


def test_stopped_in_a_pull_past_its_lease_it_stores_nothing_any_more(story: Story) -> None:
    """Its page is older than what the other stored; neither the page nor its cursor may come back."""
    two = Two(story, 1)
    first = two.start(at=_stop_at(f"answer:after {story.crm.reads}"))
    first.wait_until_stopped()
    two.move(LEASE)
    assert _outcome(two.start().finish(), "pull") == ("done", "")
    cursor = _cursor(story)
    first.go_on()
    outcome, why = _outcome(first.finish(), "pull")
    assert outcome == "deferred"
    assert "lost its lease" in why
    assert _cursor(story) == cursor


def _cursor(story: Story) -> str:
    store = open_store(story.database.url)
    try:
        with store.read() as tx:
            asked = text("select value from cursor where connection = :c")
            return str(tx.execute(asked, {"c": story.crm.name}).scalar_one())
    finally:
        store.close()


@pytest.mark.parametrize("round_", range(3))
def test_processes_that_open_a_new_store_at_once_make_one(new_store_url: str, round_: int) -> None:
    children = [_opener(new_store_url) for _ in range(4)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    store = open_store(new_store_url)
    with store.read() as tx:
        assert tx.execute(text("select count(*) from installation")).scalar_one() == 1
    store.close()


def _opener(url: str) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            open_store(url).close()
            code = 0
        finally:
            os._exit(code)
    return child


def _stop_once(call: str) -> Callable[[str], None]:
    stopped: list[str] = []

    def before(place: str) -> None:
        if place == call and not stopped:
            stopped.append(place)
            stop()

    return before


def _stop_at(label: str) -> Callable[[int, str], None]:
    stopped: list[str] = []

    def at(_: int, reached: str) -> None:
        if reached == label and not stopped:
            stopped.append(label)
            stop()

    return at


def _receipts(story: Story) -> list[tuple[str, bool]]:
    store = open_store(story.database.url)
    try:
        with store.read() as tx:
            rows = tx.execute(text("select record_type, already_there from receipt"))
            return [(row.record_type, bool(row.already_there)) for row in rows]
    finally:
        store.close()
