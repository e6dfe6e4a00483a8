"""What the CRM itself tells: archived contacts are gone, merged ones live on in the survivor, history and all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.config import load
from connector.domain import Company, Contact, Facet, Reason, Segment
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.store import contacts, merges, outbox, people, plans, responses
from tests.conftest import ShiftedClock
from tests.jobs.story import records, runtime_for

RULES: list[dict[str, Any]] = [
    {
        "id": "all",
        "name": "keep all",
        "when": {"score": {"at_least": 0}},
        "then": [
            "record_response",
            {"add_note": {"on": "contact", "text": "NPS"}},
            {"open_ticket": {"board": "Service"}},
        ],
    }
]


def person(number: int, **fields: Any) -> Contact:
    values = {
        "company_id": "1",
        "email": f"p{number}@example.com",
        "first_name": "Pat",
        "last_name": f"Example{number}",
    }
    return Contact(connection="", id=str(number), opted_out=False, type_ids=("t",), **{**values, **fields})


@pytest.fixture
def crm() -> MemoryCrm:
    WORLDS["told"] = MemoryCrm(
        contacts=[person(number) for number in range(1, 8)],
        companies=[Company(connection="", id=str(number), name=f"Firm {number}") for number in (1, 2)],
        segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")],
        page_size=4,
    )
    return WORLDS["told"]


@pytest.fixture
def runtime(crm: MemoryCrm, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Runtime]:
    path = tmp_path / "nps.yaml"
    path.write_text(
        json.dumps(
            {
                "mode": "live",
                "storage": {"data": str(tmp_path / "data")},
                "connections": {"hub": {"adapter": "memory", "world": "told"}},
                "audiences": {"all": {"from": "hub", "contact_types": ["Buyer"]}},
                "caps": {"per_company": 50},
                "rules": RULES,
            }
        )
    )
    made = runtime_for(load(path, {}), store_url, clock)
    yield made
    made.store.close()


def pull(runtime: Runtime) -> dict[str, Any]:
    """One pull; it replays without a difference."""
    step = once.perform(runtime, "pull", "hub", {})
    assert step.outcome == "done", step
    newest = max(records(runtime), key=lambda path: path.stat().st_mtime_ns)
    report = replay(Recorded.load(newest))
    assert report.same, report.differences
    assert step.attempt is not None
    counts: dict[str, Any] = step.attempt.counts
    return counts


def stored(runtime: Runtime, contact_id: str) -> contacts.StoredContact:
    with runtime.store.read() as tx:
        found = contacts.contact(tx, "hub", contact_id)
    assert found is not None
    return found


def decided(runtime: Runtime, contact_id: str) -> list[Reason]:
    assert once.perform(runtime, "plan", "hub", {"audience": "all"}).outcome == "done"
    with runtime.store.read() as tx:
        newest = plans.newest(tx, "all")
        assert newest is not None
        decision = plans.decision(tx, newest.id, contact_id)
    assert decision is not None
    return [finding.reason for finding in decision.findings]


def answer(runtime: Runtime, folder: Path, contact_id: str, score: int, at: Any) -> once.Step:
    path = folder / f"answers-{contact_id}-{score}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["contact_id", "score", "comment", "responded_at", "campaign"])
        writer.writerow([contact_id, score, "slow", at.isoformat(), "q"])
    return once.perform(runtime, "collect", "answers", {"file": str(path), "connection": "hub"})


def test_archived_contacts_and_companies_are_gone_without_a_fuse(runtime: Runtime, crm: MemoryCrm) -> None:
    pull(runtime)
    for number in range(1, 8):  # all of them: what the CRM itself says needs no fuse
        crm.archive(contact_id=str(number))
    crm.archive(company_id="2")
    counts = pull(runtime)
    assert (counts["gone_contacts"], counts["gone_companies"]) == (7, 1)
    assert all(stored(runtime, str(number)).gone_at for number in range(1, 8))
    assert Reason.GONE in decided(runtime, "1")
    with runtime.store.read() as tx:
        company = contacts.company(tx, "hub", "2")
    assert company is not None
    assert company.deleted


def test_whoever_was_never_pulled_or_is_gone_already_is_not_counted(runtime: Runtime, crm: MemoryCrm) -> None:
    pull(runtime)
    crm.put(person(99))
    crm.archive(contact_id="99")
    crm.archive(contact_id="1")
    assert pull(runtime)["gone_contacts"] == 1
    crm.versions["contact", "1"] = crm.version = crm.version + 1  # told once more
    assert "gone_contacts" not in pull(runtime)


def test_who_is_restored_is_there_again(runtime: Runtime, crm: MemoryCrm) -> None:
    pull(runtime)
    kept = crm.contacts["1"]
    crm.archive(contact_id="1")
    pull(runtime)
    crm.put(kept)
    pull(runtime)
    assert stored(runtime, "1").gone_at is None
    assert decided(runtime, "1") == []


@pytest.mark.parametrize("survivor", ["6", "50"], ids=["one that was known", "a new one"])
def test_the_survivor_of_a_merge_takes_over_the_person(runtime: Runtime, crm: MemoryCrm, survivor: str) -> None:
    pull(runtime)
    was = stored(runtime, "2").person_id
    if survivor not in crm.contacts:
        crm.put(person(int(survivor)))
    crm.merge("2", into=survivor)
    assert pull(runtime)["merged"] == 1
    assert stored(runtime, survivor).person_id == was
    assert stored(runtime, "2").gone_at is not None
    assert Reason.GONE in decided(runtime, "2")
    if survivor == "6":
        with runtime.store.read() as tx:
            [link] = tx.execute(text("select * from person_link where contact_id = '6'")).all()
        assert (link.person_id, link.because) == ("p-hub-6", "merged in the CRM")
        assert link.linked_at < link.ended_at


def test_a_merge_that_is_told_again_changes_nothing(runtime: Runtime, crm: MemoryCrm) -> None:
    pull(runtime)
    crm.merge("2", into="6")
    pull(runtime)
    crm.versions["contact", "2"] = crm.version = crm.version + 1
    assert not {"merged", "gone_contacts"} & pull(runtime).keys()


def test_a_survivor_that_comes_later_takes_over_then(runtime: Runtime, crm: MemoryCrm) -> None:
    pull(runtime)
    crm.merge("2", into="50")
    pull(runtime)
    assert stored(runtime, "2").gone_at is not None
    crm.put(person(50))
    pull(runtime)
    assert stored(runtime, "50").person_id == stored(runtime, "2").person_id == "p-hub-2"


def test_a_chain_of_merges_ends_at_the_last(runtime: Runtime, crm: MemoryCrm) -> None:
    pull(runtime)
    crm.merge("2", into="3")
    crm.merge("3", into="4")
    pull(runtime)
    assert len({stored(runtime, each).person_id for each in "234"}) == 1
    assert [stored(runtime, each).gone_at is None for each in "234"] == [False, False, True]


@pytest.mark.parametrize("between", [("50",), ("50", "51")], ids=["one", "two"])
def test_a_chain_of_merges_told_in_several_pulls_keeps_the_opt_out(
    runtime: Runtime, crm: MemoryCrm, between: tuple[str, ...]
) -> None:
    """Those between were merged on before any pull saw them."""
    crm.touch("2", opted_out=True)
    pull(runtime)
    for old, into in pairwise(("2", *between, "6")):
        if old in between:
            crm.put(person(int(old)))
        crm.merge(old, into=into)
        pull(runtime)
    assert stored(runtime, "6").person_id == stored(runtime, "2").person_id == "p-hub-2"
    assert decided(runtime, "6")[0] is Reason.OPTED_OUT_CONTACT
    with runtime.store.read() as tx:
        assert merges.known(tx, "hub", ["2"]) == [merges.Merge("2", "6", taken_over=True)]


def test_opt_outs_and_caps_follow_the_person(runtime: Runtime, crm: MemoryCrm, clock: ShiftedClock) -> None:
    crm.touch("2", opted_out=True)
    pull(runtime)
    assert decided(runtime, "6") == []
    with runtime.store.write() as tx:
        people.put_askings(
            tx,
            [people.Asking(address_key="p3@example.com", at=clock() - timedelta(days=3), campaign="q", source="x",
                           person_id=stored(runtime, "3").person_id)],
        )  # fmt: skip
        people.suppress(
            tx,
            people.Suppression(kind="person", value=stored(runtime, "7").person_id, until=None, reason="asked to",
                               source="cli", created_at=clock()),
        )  # fmt: skip
    crm.merge("2", into="6")  # the old one had opted out
    crm.merge("3", into="5")  # the old one was asked three days ago
    crm.merge("4", into="7")  # the survivor is suppressed by its own person, which another takes the place of
    pull(runtime)
    assert decided(runtime, "6")[0] is Reason.OPTED_OUT_CONTACT
    assert decided(runtime, "5") == [Reason.ASKED_RECENTLY]
    assert stored(runtime, "7").person_id == "p-hub-4"
    assert Reason.SUPPRESSED in decided(runtime, "7")


def test_what_waits_for_the_old_contact_goes_to_the_survivor(
    runtime: Runtime, crm: MemoryCrm, clock: ShiftedClock, tmp_path: Path
) -> None:
    pull(runtime)
    at = clock() - timedelta(hours=1)
    assert answer(runtime, tmp_path, "2", 3, at).outcome == "done"
    crm.merge("2", into="6")
    pull(runtime)
    with runtime.store.read() as tx:
        [response] = responses.listed(tx)
        waiting = outbox.listed(tx, connection="hub")
    assert (response.contact_id, response.person_id) == ("6", "p-hub-2")
    assert {entry.write_back.kind for entry in waiting} == {"record_response", "add_note", "open_ticket"}
    assert {getattr(entry.write_back.change, "contact_id") for entry in waiting} == {"6"}  # noqa: B009
    clock.move(minutes=20)
    assert once.perform(runtime, "deliver", "hub", {}).outcome == "done"
    assert {record.contact_id or record.parent_id for record in crm.records.values()} == {"6"}
    assert crm.fields["6"]["answered_at"] == response.responded_at
    assert "2" not in crm.fields


def test_an_answer_that_names_the_old_contact_is_the_survivors_and_taken_once(
    runtime: Runtime, crm: MemoryCrm, clock: ShiftedClock, tmp_path: Path
) -> None:
    pull(runtime)
    at = clock() - timedelta(hours=1)
    answer(runtime, tmp_path, "2", 3, at)
    crm.merge("2", into="6")
    pull(runtime)
    answer(runtime, tmp_path, "2", 3, at)  # the same file once more
    answer(runtime, tmp_path, "6", 3, at)  # and as the survey tool words it by now
    answer(runtime, tmp_path, "2", 9, at + timedelta(minutes=1))
    with runtime.store.read() as tx:
        assert [(each.contact_id, each.score) for each in responses.listed(tx)] == [("6", 3), ("6", 9)]


def test_a_contact_that_bounces_by_the_crms_word_is_not_asked(runtime: Runtime, crm: MemoryCrm) -> None:
    crm.touch("1", undeliverable="hard bounce: mailbox does not exist")
    pull(runtime)
    assert decided(runtime, "1") == [Reason.BOUNCED]
    with runtime.store.read() as tx:
        newest = plans.newest(tx, "all")
        assert newest is not None
        decision = plans.decision(tx, newest.id, "1")
    assert decision is not None
    assert decision.findings[0].seen == "hard bounce: mailbox does not exist"
    assert decision.findings[0].rule == "cleaning.stale.bounced"


def test_a_contact_of_which_the_crm_says_nothing_is_kept_as_before(runtime: Runtime, crm: MemoryCrm) -> None:
    pull(runtime)
    assert b"undeliverable" not in stored(runtime, "1").doc
