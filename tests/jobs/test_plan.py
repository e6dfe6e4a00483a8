"""Whom a plan must leave out though its own Connection says nothing of it: opt-outs elsewhere, and held audiences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.config import Config
from connector.domain import Decision, Facet, Reason
from connector.jobs import once
from connector.jobs.replay import Recorded, replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server, serve
from connector.store import contacts, holds, people, plans
from connector.store.segments import put_segments
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import first, runtime_for
from tests.settings import CONNECTION

ONE = {"from": "psa", "contact_types": ["Decision Maker", "Owner"]}
Open = Callable[[Config], Runtime]


@pytest.fixture(scope="module")
def _elsewhere() -> Iterator[Server]:
    with serve(contacts=60, seed=7) as server:
        yield server


@pytest.fixture
def elsewhere(_elsewhere: Server) -> Server:
    """A second stand-in PSA with the same people in it."""
    with _elsewhere.world.lock:
        _elsewhere.world.reset()
    return _elsewhere


@pytest.fixture
def opened(store_url: str, clock: ShiftedClock) -> Iterator[Open]:
    made: list[Runtime] = []

    def open_(config: Config) -> Runtime:
        made.append(runtime_for(config, store_url, clock))
        return made[-1]

    yield open_
    for runtime in made:
        runtime.store.close()


def done(runtime: Runtime, story: str, connection: str = "psa", **params: Any) -> dict[str, Any]:
    step = once.perform(runtime, story, connection, params or None)
    assert step.attempt is not None, step.why
    return step.attempt.counts


def decisions(runtime: Runtime, audience: str) -> dict[str, Decision]:
    with runtime.store.read() as tx:
        plan = plans.newest(tx, audience)
        assert plan is not None
        return {decision.contact_id: decision for decision in plans.each_decision(tx, plan.id)}


@pytest.fixture
def both(sandbox: Server, elsewhere: Server, config_for: ConfigFor, opened: Open) -> Runtime:
    """Two connections that know the same people, pulled; audience one is on psa, audience two on psa2."""
    runtime = opened(
        config_for(
            sandbox,
            connections={
                "psa": {**CONNECTION, "base_url": sandbox.url},
                "psa2": {**CONNECTION, "base_url": elsewhere.url},
            },
            audiences={"one": ONE, "two": {**ONE, "from": "psa2"}},
            rules=[],
        )
    )
    done(runtime, "pull", "psa")
    done(runtime, "pull", "psa2")
    done(runtime, "plan", "psa", audience="one")
    return runtime


def ann_of(runtime: Runtime) -> str:
    with runtime.store.read() as tx:
        rows = {row.connection: row for row in contacts.contacts_with_address(tx, "ann@example.com")}
    assert rows["psa"].person_id == rows["psa2"].person_id, "one person on both"
    return rows["psa"].id


def test_an_opt_out_on_another_connection_holds_for_the_person_here(
    both: Runtime, elsewhere: Server, clock: ShiftedClock
) -> None:
    ann = ann_of(both)
    assert decisions(both, "one")[ann].invited
    elsewhere.world.edit_contact(int(ann), unsubscribeFlag=True)
    clock.move(minutes=10)
    done(both, "pull", "psa2")
    done(both, "plan", "psa", audience="one")
    finding = decisions(both, "one")[ann].findings[0]
    assert finding.reason is Reason.OPTED_OUT_CONTACT
    assert finding.seen == f"contact psa2/{ann} of the same person or address opted out"


def test_a_suppressed_company_of_another_connection_holds_for_its_people_here(
    both: Runtime, clock: ShiftedClock
) -> None:
    ann = ann_of(both)
    with both.store.write() as tx:
        there = contacts.contact(tx, "psa2", ann)
        assert there is not None
        people.suppress(
            tx,
            people.Suppression(
                kind="company",
                value=f"psa2/{there.company_id}",
                until=None,
                reason="left in anger",
                source="test",
                created_at=clock(),
            ),
        )
    done(both, "plan", "psa", audience="one")
    assert decisions(both, "one")[ann].findings[0].reason is Reason.OPTED_OUT_CONTACT


def test_an_opt_out_of_a_connection_that_left_the_configuration_holds_on(
    both: Runtime, elsewhere: Server, sandbox: Server, config_for: ConfigFor, opened: Open, clock: ShiftedClock
) -> None:
    ann = ann_of(both)
    elsewhere.world.edit_contact(int(ann), unsubscribeFlag=True)
    clock.move(minutes=10)
    done(both, "pull", "psa2")
    alone = opened(config_for(sandbox, audiences={"one": ONE}, rules=[]))
    done(alone, "plan", "psa", audience="one")
    assert not decisions(alone, "one")[ann].invited


def test_a_plan_that_knew_of_opt_outs_elsewhere_replays_without_a_difference(
    both: Runtime, elsewhere: Server, clock: ShiftedClock
) -> None:
    elsewhere.world.edit_contact(int(ann_of(both)), unsubscribeFlag=True)
    clock.move(minutes=10)
    done(both, "pull", "psa2")
    done(both, "plan", "psa", audience="one")
    attempts = sorted((both.data / "journal").rglob("*.jsonl.zst"), key=lambda path: path.stat().st_mtime)
    last = [path for path in attempts if Recorded.load(path).begin["story"] == "plan"][-1]
    recorded = Recorded.load(last)
    assert b"psa2/" in bytes(recorded.reads["opted_out_elsewhere"][0])
    assert replay(recorded).differences == []


def test_who_opted_out_under_an_id_that_was_not_pulled_then_is_left_out_once_pulled(
    sandbox: Server, config_for: ConfigFor, opened: Open, clock: ShiftedClock
) -> None:
    runtime = opened(config_for(sandbox, audiences={"one": ONE}, rules=[]))
    done(runtime, "pull")
    done(runtime, "plan", audience="one")
    invited = next(id for id, decision in decisions(runtime, "one").items() if decision.invited)
    with runtime.store.write() as tx:
        stored = contacts.contact(tx, "psa", invited)
        assert stored is not None
        people.suppress(
            tx,
            people.Suppression(
                kind="contact", value=f"psa/{invited}", until=None, reason="no", source="history", created_at=clock()
            ),
        )
    done(runtime, "plan", audience="one")
    (finding,) = decisions(runtime, "one")[invited].findings
    assert (finding.reason, finding.seen) == (Reason.SUPPRESSED, "no")
    assert replay(Recorded.load(first(runtime, "plan"))).differences == []


def test_an_audience_is_held_when_its_facet_has_no_segment_any_more(
    sandbox: Server, config_for: ConfigFor, opened: Open
) -> None:
    runtime = opened(config_for(sandbox, rules=[]))
    done(runtime, "pull")
    with runtime.store.write() as tx:
        put_segments(tx, "psa", {Facet.MARKETING_GROUP: []})
    counts = done(runtime, "plan", audience="decision-makers")
    assert counts["held_audiences"] == 1
    assert 'the CRM has no "NPS 2026" any more' in counts["why"][0]


def test_an_audience_with_a_standing_hold_is_not_planned(
    sandbox: Server, config_for: ConfigFor, opened: Open, clock: ShiftedClock
) -> None:
    runtime = opened(config_for(sandbox, rules=[]))
    done(runtime, "pull")
    with runtime.store.write() as tx:
        holds.put(
            tx, holds.Hold(kind="audience", name="decision-makers", cause="missing", reason="gone", since=clock())
        )
    counts = done(runtime, "plan", audience="decision-makers")
    assert counts == {
        "audience": "decision-makers",
        "held_audiences": 1,
        "why": ["gone; the next pull looks again: connector pull"],
    }
    assert replay(Recorded.load(first(runtime, "plan"))).differences == []
    done(runtime, "pull")
    assert "held_audiences" not in done(runtime, "plan", audience="decision-makers")
