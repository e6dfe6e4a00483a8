"""A process killed at any boundary leaves nothing that the next one does not put right, with each fault on the way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.databases import PostgresServer
from tests.kill.boundaries import kind
from tests.kill.cases import every, random_case, telling, thinned
from tests.kill.crm import Crm
from tests.kill.crms import CONNECTWISE, HUBSPOT, NEWER, SALESFORCE
from tests.kill.harness import Case, Result, Story
from tests.kill.projection import differences
from tests.kill.stores import PostgresDatabase, SqliteDatabase

pytestmark = pytest.mark.kill
SHARDS = 4
FAULT_ROUNDS = 3
POSTGRES_CASES = 20
SEED = 20261120
THINNED = 12
"""Of the newer CRMs' boundaries one of so many is tried here; `python -m tests.kill.soak` tries them all in time."""

Says = Callable[[str, object], None]
newer = pytest.mark.parametrize("crm", NEWER, ids=lambda crm: crm.kind)


@contextmanager
def told(
    database: Callable[[Path], SqliteDatabase | PostgresDatabase], crm: Crm = CONNECTWISE, **changes: Any
) -> Iterator[Story]:
    with Story(database, crm=crm, **changes) as story:
        story.tell()
        yield story


def suffered(story: Story, cases: list[Case], record_property: Says) -> list[Result]:
    """All cases; fails with all that went wrong, not only the first. The kills are told at the end of the run."""
    results = [story.suffer(case) for case in cases]
    record_property("kills", sum(result.kills for result in results))
    wrong = [f"{r.case} killed at {r.label or 'no boundary'}: {r.problems}" for r in results if r.problems]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(cases)} cases went wrong", *wrong[:5]])
    return results


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_every_telling_boundary_of_pull_plan_collect_and_deliver(shard: int, record_property: Says) -> None:
    with told(SqliteDatabase) as story:
        cases = telling(every(story.boundaries), story.boundaries, SEED)[shard::SHARDS]
        results = suffered(story, cases, record_property)
        assert sum(result.kills for result in results) >= len(cases) * 0.98  # threads may shift the last ones


@newer
def test_killed_at_some_boundary_of_pull_plan_collect_and_deliver(crm: Crm, record_property: Says) -> None:
    with told(SqliteDatabase, crm) as story:
        cases = thinned(every(story.boundaries), THINNED, SEED)
        results = suffered(story, cases, record_property)
        assert sum(result.kills for result in results) >= len(cases) * 0.95


@newer
def test_killed_in_the_middle_of_a_batch_of_tickets(crm: Crm, record_property: Says) -> None:
    """Three tickets in two requests: each boundary from the first one's to what is kept after the second."""
    with told(SqliteDatabase, crm) as story:
        labels = story.boundaries[2]
        opened = [at for at, label in enumerate(labels) if label.endswith(crm.opens)]
        assert len(opened) == 6
        results = suffered(story, [Case(stage=2, at=at) for at in range(opened[0], opened[-1] + 3)], record_property)
        assert all(result.kills for result in results)


@newer
def test_killed_in_the_middle_of_a_batch_that_is_partly_refused(crm: Crm, record_property: Says) -> None:
    """One company is gone when its ticket is to be opened: the others' stand, that one's is refused, all of it once."""
    with told(SqliteDatabase, crm, meanwhile=crm.refuses) as story:
        states = sorted(row[1] for row in story.expected["write_backs"] if row[2] == "open_ticket")
        assert states == ["applied", "applied", "rejected"]
        labels = story.boundaries[2]
        opened = [at for at, label in enumerate(labels) if label.endswith(crm.opens)]
        cases = [Case(stage=2, at=at) for at in range(opened[0], opened[-1] + 3)]
        suffered(story, thinned(cases, 2, SEED), record_property)


@pytest.mark.parametrize(
    ("crm", "shard"),
    [(CONNECTWISE, 0), (CONNECTWISE, 1), (HUBSPOT, 0), (SALESFORCE, 0)],
    ids=["connectwise-0", "connectwise-1", "hubspot", "salesforce"],
)
def test_killed_while_a_fault_strikes(crm: Crm, shard: int, record_property: Says) -> None:
    dice = random.Random(SEED + shard)
    rounds, shards = (FAULT_ROUNDS, 2) if crm is CONNECTWISE else (1, 1)
    names = [name for name in crm.faults for _ in range(rounds)][shard::shards]
    with told(SqliteDatabase, crm) as story:
        cases = [random_case(crm, story.boundaries, dice, fault=name) for name in names]
        suffered(story, cases, record_property)


@pytest.mark.postgres
@pytest.mark.parametrize("crm", [CONNECTWISE, *NEWER], ids=lambda crm: crm.kind)
def test_killed_on_postgres(crm: Crm, postgres: PostgresServer, record_property: Says) -> None:
    dice = random.Random(SEED)
    share = POSTGRES_CASES // (2 if crm is CONNECTWISE else 8)
    with told(lambda _: PostgresDatabase(), crm) as story:
        cases = [random_case(crm, story.boundaries, dice, fault="") for _ in range(share)]
        cases += [random_case(crm, story.boundaries, dice) for _ in range(share)]
        suffered(story, cases, record_property)


def test_the_boundaries_are_there() -> None:
    """What is enumerated is what happens: each kind of boundary, in each kind of story."""
    with told(SqliteDatabase) as story:
        pull, collect, deliver = story.boundaries
        reads = {"commit:before", "commit:after", "request:before GET", "answer:after GET"}
        assert {kind(label) for label in pull} == {kind(label) for label in collect} == reads
        assert {kind(label) for label in deliver} >= {
            "request:before POST", "request:left POST", "answer:after POST",
            "request:before PATCH", "request:left PATCH", "answer:after PATCH",
        }  # fmt: skip
        assert sum("POST /service/tickets" in label and "/notes" not in label for label in deliver) == 9  # 3 tickets
        assert len(story.expected["tickets"]) == 3
        assert len(story.expected["responses"]) == 7
        assert not story.expected["mails"]


@newer
def test_the_boundaries_of_the_newer_ones_are_there(crm: Crm) -> None:
    with told(SqliteDatabase, crm) as story:
        pull, collect, deliver = story.boundaries
        everywhere = {"commit:before", "commit:after", "request:before GET", "answer:after GET"}
        for labels in (pull, collect, deliver):
            assert {kind(label) for label in labels} >= everywhere
        assert not [label for label in (*pull, *collect) if label.startswith("request:left")]
        assert sum(label.endswith(crm.opens) for label in deliver) == 6  # three tickets in two requests
        assert {row[2] for row in story.expected["write_backs"] if row[1] == "applied"} == {
            "record_response", "open_ticket", "add_note", "create_task", "add_to_group",
        }  # fmt: skip
        assert len(story.expected["tickets"]) == len(story.expected["tasks"]) == 3
        assert len(story.expected["responses"]) == 7
        one = story.projection()
        story.stand_in.control(*crm.twice(story.stand_in.records()))
        assert any(each.startswith("tickets") for each in differences(one, story.projection()))
