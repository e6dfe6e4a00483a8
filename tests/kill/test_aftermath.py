"""Killed at any boundary of watching, reconciling and undoing: nobody is told twice, nothing is taken back twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.kill.aftermath import UNDOING, WATCHING, Aftermath
from tests.kill.cases import telling, thinned, with_fault
from tests.kill.crm import Crm
from tests.kill.crms import CONNECTWISE, NEWER
from tests.kill.harness import Case
from tests.kill.stores import SqliteDatabase
from tests.kill.test_kills import Says, suffered

pytestmark = pytest.mark.kill
SHARDS = 2
THINNED = 10
SEED = 20261122
newer = pytest.mark.parametrize("crm", NEWER, ids=lambda crm: crm.kind)


@contextmanager
def told(crm: Crm = CONNECTWISE) -> Iterator[Aftermath]:
    with Aftermath(SqliteDatabase, crm=crm) as story:
        story.tell()
        yield story


def every(story: Aftermath) -> list[Case]:
    return [Case(stage=stage, at=at) for stage in (WATCHING, UNDOING) for at in range(len(story.boundaries[stage]))]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_every_telling_boundary_of_watch_reconcile_and_undo(shard: int, record_property: Says) -> None:
    with told() as story:
        mine = telling(every(story), story.boundaries, SEED)[shard::SHARDS]
        results = suffered(story, mine, record_property)
        assert sum(result.kills for result in results) >= len(mine) * 0.98


@newer
def test_killed_at_some_boundary_of_watch_reconcile_and_undo(crm: Crm, record_property: Says) -> None:
    with told(crm) as story:
        cases = thinned(every(story), THINNED, SEED)
        results = suffered(story, cases, record_property)
        assert sum(result.kills for result in results) >= len(cases) * 0.9


@pytest.mark.parametrize("crm", [CONNECTWISE, *NEWER], ids=lambda crm: crm.kind)
def test_killed_while_a_fault_strikes_an_undo(crm: Crm, record_property: Says) -> None:
    dice = random.Random(SEED)
    with told(crm) as story:
        ends = [dice.randrange(len(story.boundaries[UNDOING])) for _ in crm.undo_faults]
        cases = [
            with_fault(crm, Case(stage=UNDOING, at=at), name, story.boundaries, dice)
            for name, at in zip(crm.undo_faults, ends, strict=True)
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


@newer
def test_the_boundaries_of_the_newer_ones_are_there(crm: Crm) -> None:
    with told(crm) as story:
        watching, undoing = story.boundaries[WATCHING], story.boundaries[UNDOING]
        assert sum(label == "commit:before" for label in watching) > 6
        assert [label for label in undoing if label.startswith("request:left")]
        states = {row[1] for row in story.after[WATCHING]["follow_ups"]}
        assert states == {"followed_up", "closed_without_contact", "open"}
        assert sum(row[2] == "notify" for row in story.after[WATCHING]["write_backs"]) == 2
        undone = {state for _, state in story.after[UNDOING]["undone"]}
        assert "done" in undone
        assert undone <= {"done", "kept"}
        assert len(story.expected["members"]) > 1
        assert not story.after[UNDOING]["members"]
