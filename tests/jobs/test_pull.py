"""What a pull keeps beside contacts: segments, the names of rules, holds; and that pages do not decide who is whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.adapters.connectwise.source import ConnectWiseSource
from connector.domain import Contact, Facet, Segment
from connector.jobs import once
from connector.jobs.pull.linking import Known, stored_rows
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import contacts, holds
from connector.store.linking import KnownPerson
from connector.store.segments import remembered_names
from connector.sync.address import judge
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import first, runtime_for

GROUPED: dict[str, Any] = {"from": "psa", "marketing_groups": ["NPS 2026"]}
TYPED: dict[str, Any] = {"from": "psa", "contact_types": ["Decision Maker"]}


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    made = runtime_for(config_for(sandbox, audiences={"group": GROUPED, "type": TYPED}, rules=[]), store_url, clock)
    yield made
    made.store.close()


def pulled(runtime: Runtime) -> dict[str, Any]:
    step = once.perform(runtime, "pull", "psa")
    assert step.attempt is not None, step.why
    return step.attempt.counts


def planned(runtime: Runtime, audience: str) -> dict[str, Any]:
    step = once.perform(runtime, "plan", "psa", {"audience": audience})
    assert step.attempt is not None, step.why
    return step.attempt.counts


def test_a_facet_without_any_segment_holds_its_audience_in_the_plan_too(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled(runtime)
    asked = ConnectWiseSource.segments

    def none_left(source: ConnectWiseSource, facet: Facet) -> list[Segment]:
        return [] if facet is Facet.MARKETING_GROUP else asked(source, facet)

    monkeypatch.setattr(ConnectWiseSource, "segments", none_left)
    assert pulled(runtime)["held_audiences"] == 1
    assert planned(runtime, "group")["held_audiences"] == 1
    assert "held_audiences" not in planned(runtime, "type")


def test_the_hold_of_an_audience_that_left_the_configuration_goes_with_the_next_pull(
    runtime: Runtime, clock: ShiftedClock
) -> None:
    with runtime.store.write() as tx:
        for name in ("type", "former"):
            holds.put(tx, holds.Hold(kind="audience", name=name, cause="missing", reason="gone", since=clock()))
        holds.put(tx, holds.Hold(kind="connection", name="other", cause="pause", reason="by hand", since=clock()))
    pulled(runtime)
    with runtime.store.read() as tx:
        assert [(hold.kind, hold.name) for hold in holds.listed(tx)] == [("connection", "other")]


RULE: dict[str, Any] = {"id": "r", "name": "r", "when": {"all": [{"segment": "NPS 2026"}]}, "then": ["record_response"]}


@pytest.mark.parametrize(
    ("when", "members"),
    [
        ({"segment": "NPS 2026"}, True),
        (RULE["when"], True),
        ({**RULE["when"], "connection": "psa"}, True),
        ({"band": "detractor"}, False),
    ],
)
def test_the_groups_that_rules_name_are_pulled_and_remembered(
    sandbox: Server,
    config_for: ConfigFor,
    store_url: str,
    clock: ShiftedClock,
    when: dict[str, Any],
    members: bool,
) -> None:
    config = config_for(sandbox, audiences={"type": TYPED}, rules=[{**RULE, "when": when}])
    runtime = runtime_for(config, store_url, clock)
    try:
        pulled(runtime)
        with runtime.store.read() as tx:
            groups = {row.group_id for row in contacts.memberships(tx, "psa")}
            names = {
                name: id for (facet, name), id in remembered_names(tx, "psa").items() if facet == "marketing_group"
            }
        assert bool(groups) is members
        assert (set(names), set(names.values())) == ({"NPS 2026"} if members else set(), groups)
        assert replay(Recorded.load(first(runtime, "pull"))).differences == []
    finally:
        runtime.store.close()


def test_a_group_of_a_rule_that_is_not_there_holds_nobody(
    sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock
) -> None:
    rule = {**RULE, "when": {"segment": "Nobody Made This"}}
    runtime = runtime_for(config_for(sandbox, audiences={"type": TYPED}, rules=[rule]), store_url, clock)
    try:
        assert pulled(runtime)["held_audiences"] == 0
        assert planned(runtime, "type")["invitations"]
    finally:
        runtime.store.close()


def test_who_moved_away_from_an_address_is_not_met_there_by_a_later_contact_of_the_page(clock: ShiftedClock) -> None:
    now = clock()

    def contact(id: str, email: str) -> Contact:
        return Contact(connection="psa", id=id, first_name="Ann", last_name="Lee", email=email)

    before = KnownPerson("1", "psa", "p-psa-1", "2026-01-01T00:00:00.000000Z", "Ann Lee", "a@example.com", None)
    page = [contact("1", "b@example.com"), contact("2", "a@example.com")]
    known = Known(people=[before], our_edits={}, touched={})
    rows, ended = stored_rows("psa", [(each, judge(each.email)) for each in page], known, now)
    assert [(row.id, row.person_id) for row in rows] == [("1", "p-psa-1"), ("2", "p-psa-2")]
    assert ended == []
