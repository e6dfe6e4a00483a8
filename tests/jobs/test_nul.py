"""NUL in what a CRM or a person wrote, which PostgreSQL keeps in no text: nothing stops by it, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.config import load
from connector.domain import Company, Contact, Facet, Membership, Segment
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.ports import RawAnswer
from connector.store import contacts, merges, outbox, responses
from connector.store.segments import stored_segments
from tests.conftest import ShiftedClock
from tests.jobs.story import records, runtime_for


@pytest.fixture
def crm(clock: ShiftedClock) -> MemoryCrm:
    ann = Contact(
        connection="", id="1", first_name="An\0n", last_name="Exam\0ple", title="Di\0rector", phone="1\0",
        email="ann@example.com", opted_out=False, type_ids=("t",), company_id="c1", undeliverable="b\0unced",
    )  # fmt: skip
    values = {
        "external_id": "s\0001", "contact_id": "1", "connection": "hub", "score": "3", "comment": "slo\0w",
        "wave": "w\0", "channel": "c\0", "responded_at": (clock() - timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    WORLDS["nul"] = MemoryCrm(
        contacts=[ann],
        companies=[Company(connection="", id="c1", name="Fi\0rm", identifier="fi\0rm")],
        memberships=[Membership(connection="", group_id="g", contact_id="1")],
        segments=[
            Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer"),
            Segment(facet=Facet.MARKETING_GROUP, id="g", name="News"),
            Segment(facet=Facet.MARKETING_GROUP, id="h", name="Old\0 news"),
        ],
        answers=[RawAnswer(place="hub submission 1", values=values)],
    )
    return WORLDS["nul"]


@pytest.fixture
def runtime(crm: MemoryCrm, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Runtime]:
    path = tmp_path / "nps.yaml"
    settings = {
        "mode": "live",
        "storage": {"data": str(tmp_path / "data")},
        "connections": {"hub": {"adapter": "memory", "world": "nul"}},
        "audiences": {"all": {"from": "hub", "contact_types": ["Buyer"], "marketing_groups": ["News"]}},
        "answers": {"from": ["hub"]},
        "rules": [{"id": "r", "name": "r", "when": {"band": "detractor"}, "then": ["record_response"]}],
    }
    path.write_text(json.dumps(settings))
    made = runtime_for(load(path, {}), store_url, clock)
    yield made
    for record in records(made):
        if Recorded.load(record).begin["story"] != "deliver":  # the memory's world has changed by it
            report = replay(Recorded.load(record))
            assert report.same, report.differences
    made.store.close()


def without(found: str) -> str:
    return found.replace("\0", "")


def test_contacts_companies_members_segments_and_answers_with_nul_are_taken(
    runtime: Runtime, clock: ShiftedClock
) -> None:
    assert {step.outcome for step in once.run_once(runtime)} == {"done"}
    clock.move(minutes=20)
    assert {step.outcome for step in once.run_once(runtime)} == {"done"}
    with runtime.store.read() as tx:
        stored = contacts.contact(tx, "hub", "1")
        assert stored is not None
        assert stored.contact().name == "An\0n Exam\0ple", "documents keep what the CRM said"
        [company] = tx.execute(text("select name, identifier from company")).all()
        assert (without(company.name), without(company.identifier)) == ("Firm", "firm")
        assert [m.group_id for m in contacts.memberships(tx, "hub")] == ["g"]
        assert [without(s.name) for s in stored_segments(tx, "hub")] == ["Buyer", "News", "Old news"]
        [response] = responses.listed(tx)
        assert (without(response.external_id), response.comment, without(response.wave)) == ("s1", "slow", "w")
        assert [entry.write_back.state.value for entry in outbox.listed(tx)] == ["applied"]


def test_the_same_words_with_nul_are_the_same_answer(runtime: Runtime, crm: MemoryCrm) -> None:
    once.run_once(runtime)
    crm.answers += crm.answers
    step = once.perform(runtime, "collect", "hub", {})
    assert step.attempt is not None
    assert {name: number for name, number in step.attempt.counts.items() if number} == {"already_there": 1}
    with runtime.store.read() as tx:
        [response] = responses.listed(tx)
    assert (response.revision, response.comment) == (1, "slow")


def test_what_is_looked_for_may_have_nul_too(runtime: Runtime) -> None:
    once.perform(runtime, "pull", "hub", {})
    with runtime.store.read() as tx:
        assert contacts.companies_called(tx, "nobo\0dy") == []
        assert contacts.stored(tx, "contacts", "hub", ["2\0", "1"]) == {"1": False}
        assert merges.survivor_of(tx, "hub", "2\0") == "2\0"
