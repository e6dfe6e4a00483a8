"""A process killed at any boundary leaves nothing that the next one does not put right, with each fault on the way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import PostgresServer
from tests.kill.boundaries import kind
from tests.kill.cases import FAULTS, every, random_case
from tests.kill.harness import Case, Result, Story
from tests.kill.stores import PostgresDatabase, SqliteDatabase

pytestmark = pytest.mark.kill
SHARDS = 6
FAULT_ROUNDS = 3
POSTGRES_CASES = 20
SEED = 20261120

Says = Callable[[str, object], None]


@contextmanager
def told(database: Callable[[Path], SqliteDatabase | PostgresDatabase]) -> Iterator[Story]:
    with Story(database) as story:
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
def test_killed_at_every_boundary_of_pull_plan_collect_and_deliver(shard: int, record_property: Says) -> None:
    with told(SqliteDatabase) as story:
        cases = every(story.boundaries)[shard::SHARDS]
        results = suffered(story, cases, record_property)
        assert sum(result.kills for result in results) >= len(cases) * 0.98  # threads may shift the last ones


@pytest.mark.parametrize("shard", range(2))
def test_killed_while_a_fault_strikes(shard: int, record_property: Says) -> None:
    dice = random.Random(SEED + shard)
    names = [name for name in FAULTS for _ in range(FAULT_ROUNDS)][shard::2]
    with told(SqliteDatabase) as story:
        cases = [random_case(story.boundaries, dice, fault=name) for name in names]
        suffered(story, cases, record_property)


@pytest.mark.postgres
def test_killed_on_postgres(postgres: PostgresServer, record_property: Says) -> None:
    dice = random.Random(SEED)
    with told(lambda _: PostgresDatabase()) as story:
        cases = [random_case(story.boundaries, dice, fault="") for _ in range(POSTGRES_CASES // 2)]
        cases += [random_case(story.boundaries, dice) for _ in range(POSTGRES_CASES // 2)]
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
