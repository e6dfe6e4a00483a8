"""Who a complete reconcile no longer shows is gone: excluded, not forgotten, and never because of an empty answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connector.domain import Reason
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import contacts, plans
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import records, runtime_for

EVERYONE: dict[str, Any] = {"from": "psa", "company_types": ["Managed Client"]}
TYPED: dict[str, Any] = {"from": "psa", "contact_types": ["Decision Maker", "Owner"]}


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    config = config_for(sandbox, audiences={"everyone": EVERYONE}, rules=[], connection={"page_size": 20})
    made = runtime_for(config, store_url, clock)
    yield made
    made.store.close()


@pytest.fixture
def by_type(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    made = runtime_for(config_for(sandbox, audiences={"typed": TYPED}, rules=[]), store_url, clock)
    yield made
    made.store.close()


def control(server: Server, lever: str, body: Any) -> None:
    with requests.Session() as session:
        session.trust_env = False
        assert session.post(f"{server.url}/control/{lever}", json=body, timeout=20).status_code == 200


def delete(server: Server, *ids: str, of: str = "contacts") -> None:
    for number in ids:
        control(server, "edit", {"path": f"/company/{of}/{number}", "delete": True})


def full_pull(runtime: Runtime, clock: ShiftedClock, **params: Any) -> once.Step:
    clock.move(days=8)
    return pull(runtime, **params)


def pull(runtime: Runtime, **params: Any) -> once.Step:
    return once.perform(runtime, "pull", "psa", params)


def stored(runtime: Runtime, contact_id: str) -> contacts.StoredContact:
    with runtime.store.read() as tx:
        found = contacts.contact(tx, "psa", contact_id)
    assert found is not None
    return found


def ids(runtime: Runtime) -> list[str]:
    with runtime.store.read() as tx:
        return contacts.ids(tx, "psa")


def gone(runtime: Runtime) -> set[str]:
    return {each for each in ids(runtime) if stored(runtime, each).gone_at}


def decided(runtime: Runtime, contact_id: str, audience: str = "everyone") -> list[Reason]:
    step = once.perform(runtime, "plan", "psa", {"audience": audience})
    assert step.outcome == "done", step.why
    with runtime.store.read() as tx:
        newest = plans.newest(tx, audience)
        assert newest is not None
        decision = plans.decision(tx, newest.id, contact_id)
    assert decision is not None, "who is gone is still decided about"
    return [finding.reason for finding in decision.findings]


def everything_replays(runtime: Runtime) -> bool:
    return all(replay(Recorded.load(path)).same for path in records(runtime))


def test_a_deleted_contact_is_gone_with_the_next_full_pull_and_not_before(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    pull(runtime)
    someone = ids(runtime)[0]
    delete(sandbox, someone)
    pull(runtime)
    assert gone(runtime) == set()
    assert Reason.GONE not in decided(runtime, someone)
    step = full_pull(runtime, clock)
    assert step.attempt is not None
    assert step.attempt.counts["gone_contacts"] == 1
    assert gone(runtime) == {someone}
    assert Reason.GONE in decided(runtime, someone)
    assert everything_replays(runtime)


def test_who_shows_up_again_is_not_gone_any_more(runtime: Runtime, sandbox: Server, clock: ShiftedClock) -> None:
    pull(runtime)
    someone = ids(runtime)[0]
    delete(sandbox, someone)
    full_pull(runtime, clock)
    contact = stored(runtime, someone).contact()
    company = {"id": int(contact.company_id or 0)}
    back = {"firstName": "Back", "company": company}
    control(sandbox, "edit", {"path": f"/company/contacts/{someone}", "set": back})
    pull(runtime)
    assert stored(runtime, someone).gone_at is None
    assert stored(runtime, someone).inactive == 0
    assert Reason.GONE not in decided(runtime, someone)


def test_an_empty_answer_empties_nothing_and_heals_by_itself(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    pull(runtime)
    someone = ids(runtime)[0]
    control(sandbox, "faults", {"kind": "empty_list", "path": "company/contacts$", "times": None})
    step = full_pull(runtime, clock)
    assert step.outcome == "stopped"
    assert once.exit_code([step]) == 4
    assert "60 of 60 known contacts were not shown (100 %)" in step.why
    assert "connector pull psa --accept-gone 60" in step.why
    assert gone(runtime) == set()
    again = pull(runtime)
    assert again.outcome == "stopped", "until it is believed, every pull reads everything"
    with sandbox.world.lock:
        sandbox.world.state.faults.clear()
    delete(sandbox, someone)
    assert pull(runtime).outcome == "done"
    assert gone(runtime) == {someone}
    assert everything_replays(runtime)


@pytest.mark.parametrize(("deleted", "outcome"), [(10, "done"), (12, "done"), (13, "stopped")])
def test_so_many_may_be_gone_at_once(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock, deleted: int, outcome: str
) -> None:
    pull(runtime)
    leaving = ids(runtime)[:deleted]
    delete(sandbox, *leaving)
    step = full_pull(runtime, clock)
    assert step.outcome == outcome
    assert gone(runtime) == (set(leaving) if outcome == "done" else set())


def test_a_person_can_accept_that_they_are_gone_but_not_more_than_he_saw(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    pull(runtime)
    leaving = ids(runtime)[:30]
    delete(sandbox, *leaving)
    assert full_pull(runtime, clock).outcome == "stopped"
    assert pull(runtime, accept_gone=29).outcome == "stopped"
    assert gone(runtime) == set()
    assert pull(runtime, accept_gone=30).outcome == "done"
    assert gone(runtime) == set(leaving)
    assert everything_replays(runtime)


def test_a_full_pull_that_was_cut_short_judges_all_it_showed(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    pull(runtime)
    someone = ids(runtime)[0]
    delete(sandbox, someone)
    control(sandbox, "faults", {"kind": "503html", "path": "company/contacts$", "skip": 1, "times": 5})
    assert full_pull(runtime, clock).outcome == "deferred"
    assert gone(runtime) == set()
    assert pull(runtime).outcome == "done"
    assert gone(runtime) == {someone}
    assert everything_replays(runtime)


def test_who_lost_the_types_in_scope_without_a_mark_is_gone_and_who_never_had_them_is_not_judged(
    by_type: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    pull(by_type)
    leaving, changed, *_ = in_scope = ids(by_type)
    path = "/company/contacts/"
    control(sandbox, "edit", {"path": f"{path}{leaving}", "set": {"types": []}, "touch": False})
    outside = next(str(n) for n in sandbox.world.tables["contacts"].ids(0) if str(n) not in in_scope)
    control(sandbox, "clock", {"advance": 600})
    control(sandbox, "touch", {"contacts": [int(outside)]})
    control(sandbox, "edit", {"path": f"{path}{changed}", "set": {"types": []}})
    pull(by_type)
    assert outside in ids(by_type), "what changed is brought whatever its types"
    full_pull(by_type, clock)
    assert gone(by_type) == {leaving}
    assert Reason.OUTSIDE_CONTACT_TYPE in decided(by_type, outside, "typed")
    assert Reason.OUTSIDE_CONTACT_TYPE in decided(by_type, changed, "typed")


def test_the_opt_out_of_somebody_who_is_gone_still_binds_the_address(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    pull(runtime)
    person = next(each for each in ids(runtime) if not decided(runtime, each))
    contact = stored(runtime, person).contact()
    company = {"id": int(contact.company_id or 0)}
    twin = {"email": contact.email, "firstName": "Twin", "unsubscribeFlag": True, "company": company}
    control(sandbox, "edit", {"path": "/company/contacts/9999", "set": twin})
    full_pull(runtime, clock)
    assert decided(runtime, person) == [Reason.OPTED_OUT_CONTACT]
    delete(sandbox, "9999")
    full_pull(runtime, clock)
    assert gone(runtime) == {"9999"}
    assert decided(runtime, person) == [Reason.OPTED_OUT_CONTACT]


def test_contacts_of_a_company_that_is_gone_count_as_those_of_a_deleted_one(
    runtime: Runtime, sandbox: Server, clock: ShiftedClock
) -> None:
    pull(runtime)
    person = next(each for each in ids(runtime) if not decided(runtime, each))
    company = stored(runtime, person).company_id
    assert company is not None
    delete(sandbox, company, of="companies")
    step = full_pull(runtime, clock)
    assert step.attempt is not None
    assert step.attempt.counts["gone_companies"] == 1
    assert Reason.COMPANY_DELETED in decided(runtime, person)
    with runtime.store.read() as tx:
        known = contacts.company(tx, "psa", company)
    assert known is not None
    assert known.name


def test_another_choice_of_types_makes_nobody_gone(
    by_type: Runtime, sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock
) -> None:
    pull(by_type)
    before = set(ids(by_type))
    other = {"typed": {"from": "psa", "contact_types": ["End User"]}}
    changed = runtime_for(config_for(sandbox, audiences=other, rules=[]), store_url, clock)
    try:
        assert pull(changed).outcome == "done"
        assert before < set(ids(changed))
        assert gone(changed) == set()
    finally:
        changed.store.close()


@pytest.mark.parametrize(
    ("audience", "way"), [({"company_types": ["Managed Client"]}, "companies"), ({"contact_types": []}, "everyone")]
)
def test_whichever_way_contacts_are_read_whole_the_gone_are_found_and_it_replays(
    sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock, audience: dict[str, Any], way: str
) -> None:
    types = sandbox.world.tables["company_types"]
    every = [str((types.row(0, number) or {})["name"]) for number in types.ids(0)]
    chosen = {"from": "psa", **(audience if way == "companies" else {"company_types": every})}
    connection = {"page_size": 2, "parallel": 3}
    config = config_for(sandbox, audiences={"everyone": chosen}, rules=[], connection=connection)
    runtime = runtime_for(config, store_url, clock)
    try:
        step = pull(runtime)
        assert step.attempt is not None
        assert way in step.attempt.counts["read_whole"]
        assert step.attempt.counts.get("side_by_side", 0) == (3 if way == "everyone" else 0)
        known = ids(runtime)
        leaving = next(each for each in known if not decided(runtime, each))
        delete(sandbox, leaving)
        full_pull(runtime, clock)
        assert gone(runtime) == {leaving}
        assert set(ids(runtime)) == set(known)
        assert everything_replays(runtime)
    finally:
        runtime.store.close()
