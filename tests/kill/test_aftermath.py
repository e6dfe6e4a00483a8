"""Killed at any boundary of watching, reconciling and undoing: nobody is told twice, nothing is taken back twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.kill.aftermath import UNDOING, WATCHING, Aftermath
from tests.kill.cases import with_fault
from tests.kill.harness import Case
from tests.kill.stores import SqliteDatabase
from tests.kill.test_kills import Says, suffered

pytestmark = pytest.mark.kill
SHARDS = 2
FAULTS = (
    "429",
    "reset",
    "truncate",
    "drop_after_write",
    "drop_after_patch",
    "late_write between look-ups",
    "empty_list",
)


@contextmanager
def told() -> Iterator[Aftermath]:
    with Aftermath(SqliteDatabase) as story:
        story.tell()
        yield story


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_every_boundary_of_watch_reconcile_and_undo(shard: int, record_property: Says) -> None:
    with told() as story:
        cases = [
            Case(stage=stage, at=at) for stage in (WATCHING, UNDOING) for at in range(len(story.boundaries[stage]))
        ]
        mine = cases[shard::SHARDS]
        results = suffered(story, mine, record_property)
        assert sum(result.kills for result in results) >= len(mine) * 0.98


def test_killed_while_a_fault_strikes_an_undo(record_property: Says) -> None:
    dice = random.Random(20261122)
    with told() as story:
        ends = [dice.randrange(len(story.boundaries[UNDOING])) for _ in FAULTS]
        cases = [
            with_fault(Case(stage=UNDOING, at=at), name, story.boundaries, dice)
            for name, at in zip(FAULTS, ends, strict=True)
        ]
        suffered(story, cases, record_property)


def test_the_boundaries_are_there() -> None:
    with told() as story:
        watching, undoing = story.boundaries[WATCHING], story.boundaries[UNDOING]
        assert "request:before GET /service/tickets" in watching
        assert sum(label == "commit:before" for label in watching) > 6
        assert any("request:left PATCH /service/tickets/" in label for label in undoing)
        assert any("request:left POST /service/tickets/" in label for label in undoing)
        assert any("request:left PATCH /company/contacts/" in label for label in undoing)
        states = {row[1] for row in story.after[WATCHING]["follow_ups"]}
        assert states == {"followed_up", "closed_without_contact", "open"}
        assert sum(row[2] == "notify" for row in story.after[WATCHING]["write_backs"]) == 2
        assert {state for _, state in story.after[UNDOING]["undone"]} <= {"done", "kept"}
        assert all(ticket[-1] for ticket in story.after[UNDOING]["tickets"])  # all closed
