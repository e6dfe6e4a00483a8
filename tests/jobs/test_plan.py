"""Whom a plan leaves out though its own Connection says nothing of it: opt-outs, invitations elsewhere, holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from connector.config import Config
from connector.domain import Decision, Facet, Finding, Reason
from connector.jobs import look, once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server, serve
from connector.store import contacts, holds, people, plans
from connector.store import elsewhere as elsewhere_of
from connector.store.segments import put_segments
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import first, records, runtime_for
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


# ---------------------------------------------------------------- asked once
def planned(runtime: Runtime, audience: str, clock: ShiftedClock) -> set[str | None]:
    """Plan it anew; the people it invites."""
    clock.move(minutes=1)
    done(runtime, "plan", runtime.config.audiences[audience].from_, audience=audience)
    return {decision.person_id for decision in decisions(runtime, audience).values() if decision.invited}


def left_to_others(runtime: Runtime, audience: str) -> dict[str, Finding]:
    found = decisions(runtime, audience).items()
    return {id: f for id, each in found for f in each.findings if f.reason is Reason.INVITED_ELSEWHERE}


def test_whom_another_audience_invites_is_left_to_it_whoever_is_planned_how_often(
    both: Runtime, clock: ShiftedClock
) -> None:
    ann = ann_of(both)
    first = planned(both, "one", clock)
    for _ in range(7):  # more often than plans are kept
        assert not first & planned(both, "two", clock)
        assert planned(both, "one", clock) == first
    left = left_to_others(both, "two")
    assert left[ann] == Finding(
        reason=Reason.INVITED_ELSEWHERE, rule="audiences.one", seen="one on psa", eligible_at=None
    )
    assert not left_to_others(both, "one")
    found = look.newest_funnel(both, "two")
    assert found is not None
    told = next(line.split() for line in found[0].lines() if "invited already" in line)
    assert told[:7] == ["invited", "already,", "by", "one", "on", "psa", f"-{len(left)}"]
    last = [path for path in records(both) if Recorded.load(path).begin["params"].get("audience") == "two"]
    for path in last:
        assert replay(Recorded.load(path)).differences == []


def test_an_address_is_asked_once_though_its_people_are_two(both: Runtime, clock: ShiftedClock) -> None:
    ann = ann_of(both)
    with both.store.write() as tx:
        tx.execute(text("update contact set person_id = 'p-other' where connection = 'psa2' and id = :i"), {"i": ann})
    planned(both, "two", clock)
    assert left_to_others(both, "two")[ann].seen == "one on psa"


def test_whom_an_audience_invites_no_more_another_may_ask(both: Runtime, clock: ShiftedClock) -> None:
    ann = ann_of(both)
    planned(both, "two", clock)
    with both.store.write() as tx:
        there = contacts.contact(tx, "psa", ann)
        assert there is not None
        kind, value = "company", f"psa/{there.company_id}"
        people.suppress(
            tx,
            people.Suppression(kind=kind, value=value, until=None, reason="", source="test", created_at=clock()),
        )
        tx.execute(text("update contact set opted_out = 0 where id = :i"), {"i": ann})
    planned(both, "one", clock)
    planned(both, "two", clock)
    assert ann not in left_to_others(both, "two")


def test_a_plan_older_than_the_cool_down_keeps_nobody(both: Runtime, clock: ShiftedClock) -> None:
    ann = ann_of(both)
    clock.move(days=91)
    planned(both, "two", clock)
    assert decisions(both, "two")[ann].invited
    planned(both, "one", clock)
    assert left_to_others(both, "one")[ann].seen == "two on psa2"


@pytest.mark.parametrize("again", [("one", "two"), ("two", "one")])
def test_of_two_who_turn_out_to_be_one_who_invited_first_keeps_them(
    both: Runtime, clock: ShiftedClock, again: tuple[str, str]
) -> None:
    ann = ann_of(both)
    with both.store.write() as tx:  # nobody knows yet that they are the same
        sql = "update contact set person_id = :p, address_key = :a where connection = 'psa2' and id = :i"
        tx.execute(text(sql), {"p": "p-other", "a": "other@example.com", "i": ann})
        person = contacts.contact(tx, "psa", ann)
    planned(both, "two", clock)
    planned(both, "one", clock)
    assert person is not None
    assert all(decisions(both, audience)[ann].invited for audience in ("one", "two"))
    with both.store.write() as tx:
        tx.execute(text(sql), {"p": person.person_id, "a": person.address_key, "i": ann})
    for audience in again:
        planned(both, audience, clock)
    assert decisions(both, "one")[ann].invited, "one invited ann before two did"
    assert left_to_others(both, "two")[ann].seen == "one on psa"


def test_two_that_are_planned_at_the_same_time_do_not_both_stand(
    both: Runtime, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*args: Any, **named: Any) -> Iterator[Any]:
        monkeypatch.undo()
        planned(both, "one", clock)
        yield from elsewhere_of.invited(*args, **named)

    clock.move(minutes=1)
    monkeypatch.setattr("connector.jobs.plan.elsewhere.invited", meanwhile)
    step = once.perform(both, "plan", "psa2", {"audience": "two"})
    assert step.attempt is not None
    assert step.outcome == "deferred"
    assert "one was planned at the same time" in step.attempt.error
    with both.store.read() as tx:
        assert plans.newest(tx, "two") is None
    last = max(records(both), key=lambda path: path.stat().st_mtime)
    assert replay(Recorded.load(last)).differences == []
    assert not planned(both, "two", clock) & planned(both, "one", clock)
