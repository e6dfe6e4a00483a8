"""An action may name where it is written: at the contact there of the same person, wherever the answer came from."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.config import load
from connector.domain import Company, Contact, Facet, OpenTicket, Segment, SetField
from connector.jobs import once, owners
from connector.jobs.records.journal import read_lines
from connector.jobs.records.record import COMPANY_IF_WRITTEN, DOES
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.store import contacts, outbox, responses
from tests.conftest import ShiftedClock
from tests.jobs.story import records, runtime_for

ANN = "ann@example.com"
THEN: list[Any] = [
    {"record_response": {"at": "hub"}},
    {"open_ticket": {"at": "hub", "due": "1 business day"}},
    {"add_note": {"on": "ticket", "text": "on it"}},
    {"set_field": {"on": "company", "field": "NPS Status", "value": "x"}},
]
Made = Callable[..., Runtime]


def person(number: int, name: str, email: str, company: str, **more: Any) -> Contact:
    first, _, last = name.partition(" ")
    given = {"first_name": first, "last_name": last, "email": email, "company_id": company, "type_ids": ("t",)}
    return Contact(connection="", id=str(number), opted_out=False, **{**given, **more})


def world(name: str, company: str, *people: Contact) -> MemoryCrm:
    WORLDS[f"at-{name}"] = MemoryCrm(
        contacts=list(people),
        companies=[
            Company(connection="", id=company, name="Firm", identifier="firm"),
            Company(connection="", id=f"test-{name}", name="Trial", identifier="trial"),
        ],
        segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")],
    )
    return WORLDS[f"at-{name}"]


@pytest.fixture
def hub(clock: ShiftedClock) -> MemoryCrm:
    old, new = clock() - timedelta(days=9), clock()
    return world(
        "hub",
        "c9",
        person(70, "Ann Example", ANN, "c9", updated_at=old),
        person(71, "Ann Example", ANN, "c9", updated_at=new),
        person(72, "Ann Example", ANN, "c9", updated_at=old),
    )


@pytest.fixture
def made(hub: MemoryCrm, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Made]:
    world("psa", "c1", person(1, "Ann Example", ANN, "c1"), person(2, "Bob Other", "bob@example.com", "c1"))
    opened: list[Runtime] = []

    def made(**changes: Any) -> Runtime:
        text: dict[str, Any] = {
            "mode": "live",
            "storage": {"data": str(tmp_path / "data")},
            "connections": {name: {"adapter": "memory", "world": f"at-{name}"} for name in ("hub", "psa")},
            "audiences": {name: {"from": name, "contact_types": ["Buyer"]} for name in ("hub", "psa")},
            "rules": [{"id": "r", "name": "r", "when": {"band": "detractor"}, "then": THEN}],
            **changes,
        }
        path = tmp_path / "nps.yaml"
        path.write_text(json.dumps(text))
        opened.append(runtime_for(load(path, {}), store_url, clock))
        for connection in ("psa", "hub"):
            done(opened[-1], "pull", connection)
        return opened[-1]

    yield made
    for runtime in opened:
        runtime.store.close()


def done(runtime: Runtime, story: str, connection: str, **params: Any) -> dict[str, Any]:
    """One Job; it replays without a difference, unless it changes the memory's world, of which there is but one."""
    step = once.perform(runtime, story, connection, params)
    assert step.outcome == "done", step
    assert step.attempt is not None
    if story in ("deliver", "undo"):
        return step.attempt.counts
    newest = max(records(runtime), key=lambda path: path.stat().st_mtime_ns)
    report = replay(Recorded.load(newest))
    assert report.same, report.differences
    return step.attempt.counts


def answered(
    folder: Path, email: str, score: int, clock: ShiftedClock, *, of: str = "psa", days_ago: float = 0, name: str = ""
) -> Path:
    path = folder / "answers.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", "email", "score", "comment", "responded_at", "connection"])
        at = clock() - timedelta(days=days_ago)
        writer.writerow([name or email, email, score, f"slow {score}", at.isoformat(), of])
    return path


def answer(runtime: Runtime, folder: Path, email: str, score: int, clock: ShiftedClock, **more: Any) -> dict[str, Any]:
    return done(runtime, "collect", "answers", file=str(answered(folder, email, score, clock, **more)))


def taken_again(runtime: Runtime, folder: Path) -> None:
    """The same file once more, and rules run on what is known."""
    done(runtime, "collect", "answers", file=str(folder / "answers.csv"), run_rules=True)


def waiting(runtime: Runtime) -> dict[str, outbox.Entry]:
    with runtime.store.read() as tx:
        return {entry.write_back.action_id: entry for entry in outbox.listed(tx)}


def test_what_names_a_connection_is_written_to_the_newest_contact_of_the_person_there(
    made: Made, hub: MemoryCrm, tmp_path: Path, clock: ShiftedClock
) -> None:
    runtime = made()
    answer(runtime, tmp_path, ANN, 3, clock)
    found = waiting(runtime)
    assert {name: entry.write_back.connection for name, entry in found.items()} == {
        "record_response": "hub", "open_ticket": "hub", "add_note": "hub", "set_field": "psa",
    }  # fmt: skip
    ticket = found["open_ticket"].write_back.change
    assert isinstance(ticket, OpenTicket)
    assert (ticket.company_id, ticket.contact_id) == ("c9", "71")
    assert found["set_field"].write_back.change.record_id == "c1"  # type: ignore[union-attr]
    clock.move(minutes=20)
    done(runtime, "deliver", "hub")
    done(runtime, "deliver", "psa")
    assert hub.fields["71"]["NPS Score"] == 3
    opened = [record for record in hub.records.values() if record.type == "ticket"]
    assert [(record.contact_id, record.company_id) for record in opened] == [("71", "c9")]
    clock.move(minutes=5)
    answer(runtime, tmp_path, ANN, 2, clock)  # the answer was changed: its ticket is there
    clock.move(minutes=20)
    done(runtime, "deliver", "hub")
    assert hub.fields["71"]["NPS Score"] == 2
    assert [record.id for record in hub.records.values() if record.type == "ticket"] == [opened[0].id]
    assert any("3 → 2" in record.text for record in hub.records.values() if record.parent_id == opened[0].id)


def test_who_is_not_known_there_has_the_action_left_out(made: Made, tmp_path: Path, clock: ShiftedClock) -> None:
    runtime = made()
    counts = answer(runtime, tmp_path, "bob@example.com", 3, clock)
    assert list(waiting(runtime)) == ["set_field"]
    with runtime.store.read() as tx:
        [judged] = [json.loads(row.judged) for row in tx.exec_driver_sql("select judged from response").all()]
    assert [each["why"] for each in judged["skipped"]] == ["Bob Other is not known at hub"] * 3
    assert counts["no_ticket"] == 1
    assert "not known at hub" in counts["skipped"][0][1]
    assert "Bob" not in str(counts)


def test_what_waits_for_a_contact_that_is_merged_there_goes_to_the_survivor(
    made: Made, hub: MemoryCrm, tmp_path: Path, clock: ShiftedClock
) -> None:
    runtime = made()
    answer(runtime, tmp_path, ANN, 3, clock)
    hub.merge("71", into="70")
    done(runtime, "pull", "hub")
    ticket = waiting(runtime)["open_ticket"].write_back.change
    assert isinstance(ticket, OpenTicket)
    assert ticket.contact_id == "70"


def test_a_rehearsal_copies_it_to_the_test_company_there(made: Made, tmp_path: Path, clock: ShiftedClock) -> None:
    rehearsal = {"company": "trial", "mail_to": "trial@example.com"}
    runtime = made(mode="rehearsal", rehearsal=rehearsal)
    answer(runtime, tmp_path, ANN, 3, clock)
    with runtime.store.read() as tx:
        copies = [entry.write_back for entry in outbox.listed(tx) if entry.rehearsal]
    [ticket] = [wb for wb in copies if isinstance(wb.change, OpenTicket)]
    assert isinstance(ticket.change, OpenTicket)
    assert (ticket.connection, ticket.change.company_id) == ("hub", "test-hub")
    assert {wb.depends_on for wb in copies if wb is not ticket} == {ticket.key}


def test_an_undo_after_a_merge_gives_the_survivor_its_value_back(
    made: Made, hub: MemoryCrm, tmp_path: Path, clock: ShiftedClock
) -> None:
    runtime = made()
    hub.fields["71"] = {"NPS Score": 9}
    answer(runtime, tmp_path, ANN, 3, clock)
    clock.move(minutes=20)
    step = once.perform(runtime, "deliver", "hub")
    assert step.attempt is not None
    hub.fields["70"] = dict(hub.fields["71"])  # as a CRM does: the survivor takes the newer values over
    hub.merge("71", into="70")
    done(runtime, "pull", "hub")
    done(runtime, "undo", "hub", job=step.attempt.job_id)
    assert hub.fields["70"]["NPS Score"] == 9
    assert hub.fields["71"]["NPS Score"] == 3, "it is gone, and nothing is written to it"


# ------------------------------------------------------------ a rule that names a connection later
HERE: list[Any] = [{"open_ticket": {"due": "1 business day"}}, {"add_note": {"on": "ticket", "text": "on it"}}]
THERE: list[Any] = [{"open_ticket": {"at": "hub", "due": "1 business day"}}, HERE[1]]


def rule(then: list[Any]) -> dict[str, Any]:
    return {"rules": [{"id": "r", "name": "r", "when": {"band": "detractor"}, "then": then}]}


def test_what_waits_goes_with_its_rule_to_the_connection_that_it_names_by_now(
    made: Made, hub: MemoryCrm, tmp_path: Path, clock: ShiftedClock
) -> None:
    runtime = made(**rule(HERE))
    answer(runtime, tmp_path, ANN, 3, clock)
    runtime = made(**rule(THERE))
    taken_again(runtime, tmp_path)
    assert {name: entry.write_back.connection for name, entry in waiting(runtime).items()} == {
        "open_ticket": "hub", "add_note": "hub",
    }  # fmt: skip
    clock.move(minutes=20)
    done(runtime, "deliver", "psa")
    done(runtime, "deliver", "hub")
    assert not WORLDS["at-psa"].records
    [ticket, note] = hub.records.values()
    assert (ticket.contact_id, note.parent_id) == ("71", ticket.id)


def test_a_ticket_that_left_stays_where_it_is_and_nothing_of_another_connection_is_written_on_it(
    made: Made, hub: MemoryCrm, tmp_path: Path, clock: ShiftedClock
) -> None:
    psa = WORLDS["at-psa"]
    runtime = made(**rule(HERE))
    answer(runtime, tmp_path, ANN, 3, clock)
    clock.move(minutes=20)
    done(runtime, "deliver", "psa")
    [ticket] = [record for record in psa.records.values() if record.type == "ticket"]
    head = dict(ticket.fields)
    runtime = made(**rule([{"open_ticket": {"at": "hub", "summary": "of the hub", "due": "1 business day"}}, HERE[1]]))
    answer(runtime, tmp_path, ANN, 2, clock)
    clock.move(minutes=20)
    done(runtime, "deliver", "psa")
    done(runtime, "deliver", "hub")
    assert ticket.fields == head
    assert [record.type for record in hub.records.values()] == []
    assert len([record for record in psa.records.values() if "3 → 2" in record.text]) == 1
    with runtime.store.read() as tx:
        given_up = outbox.listed(tx, states=("discarded",))
    assert [(each.write_back.connection, each.error) for each in given_up] == [("hub", outbox.ELSEWHERE)]


# ------------------------------------------------------------ the order of answers
@pytest.mark.parametrize(
    "then",
    [
        {"record_response": {"at": "hub"}},
        {"set_field": {"at": "hub", "field": "NPS Status", "value": "{{ response.score }}"}},
        {"set_field": {"at": "hub", "on": "company", "field": "NPS Status", "value": "{{ response.score }}"}},
    ],
)
@pytest.mark.parametrize("rehearsal", [False, True])
def test_an_older_answer_of_the_connection_gives_way_to_a_newer_one_of_another(
    made: Made, tmp_path: Path, clock: ShiftedClock, then: dict[str, Any], rehearsal: bool
) -> None:
    runtime = made(**rule([then]))
    answer(runtime, tmp_path, ANN, 2, clock, name="newer")
    clock.move(minutes=20)
    done(runtime, "deliver", "hub")
    answer(runtime, tmp_path, ANN, 5, clock, of="hub", days_ago=3, name="older")
    clock.move(minutes=20)
    with runtime.store.read() as tx:
        [newer, older] = sorted(outbox.listed(tx), key=lambda entry: entry.created_at)
        if isinstance(older.write_back.change, SetField):
            known = responses.newer_set(tx, older.write_back, older.write_back.change, rehearsal=rehearsal)
        else:
            known = responses.newer_recorded(tx, older.write_back, older.write_back.change, rehearsal=rehearsal)  # type: ignore[arg-type]
    assert known is not rehearsal
    done(runtime, "deliver", "hub")
    with runtime.store.read() as tx:
        kept = {entry.write_back.key: entry for entry in outbox.listed(tx)}
    assert kept[newer.write_back.key].write_back.state.value == "applied"
    assert kept[older.write_back.key].error == "a newer answer of this contact is known"


def test_a_newer_answer_of_another_connection_about_somebody_else_changes_nothing(
    made: Made, tmp_path: Path, clock: ShiftedClock
) -> None:
    runtime = made(**rule([{"record_response": {"at": "hub"}}]))
    world("hub", "c9", person(70, "Cid Third", "cid@example.com", "c9"), person(71, "Ann Example", ANN, "c9"))
    done(runtime, "pull", "hub")
    answer(runtime, tmp_path, ANN, 2, clock, name="newer")
    answer(runtime, tmp_path, "cid@example.com", 5, clock, of="hub", days_ago=3, name="older")
    clock.move(minutes=20)
    done(runtime, "deliver", "hub")
    with runtime.store.read() as tx:
        assert {entry.write_back.state.value for entry in outbox.listed(tx)} == {"applied"}


# ------------------------------------------------------------ signs of life
def test_what_an_answer_of_another_connection_writes_is_no_sign_of_life(
    made: Made, hub: MemoryCrm, tmp_path: Path, clock: ShiftedClock
) -> None:
    def touched() -> dict[str, str | None]:
        done(runtime, "pull", "hub")
        with runtime.store.read() as tx:
            found = [contacts.contact(tx, "hub", each) for each in ("70", "71")]
        return {row.id: row.touched_at for row in found if row is not None}

    runtime = made(**rule([{"record_response": {"at": "hub"}}]))
    before = touched()
    answer(runtime, tmp_path, ANN, 3, clock)
    clock.move(minutes=20)
    done(runtime, "deliver", "hub")
    for contact_id in ("70", "71"):
        hub.touch(contact_id, updated_at=clock())  # as a CRM stamps every edit
    after = touched()
    assert after["71"] == before["71"]
    assert after["70"] != before["70"], "nothing of ours was written to this one"


# ------------------------------------------------------------ a rehearsal
TRIAL = {"mode": "rehearsal", "rehearsal": {"company": "trial", "mail_to": "trial@example.com"}}


def test_a_rehearsal_needs_no_test_company_where_nothing_is_written(
    made: Made, tmp_path: Path, clock: ShiftedClock
) -> None:
    WORLDS["at-psa"].archive(company_id="test-psa")
    then = [THERE[0], {"notify": {"subject": "s", "text": "t"}}]
    runtime = made(**TRIAL, **rule(then))
    answer(runtime, tmp_path, ANN, 3, clock)
    with runtime.store.read() as tx:
        copied = {entry.write_back.kind for entry in outbox.listed(tx) if entry.rehearsal}
    assert copied == {"open_ticket", "notify"}


def test_a_rehearsal_without_a_test_company_where_something_is_written_says_so(
    made: Made, tmp_path: Path, clock: ShiftedClock
) -> None:
    WORLDS["at-psa"].archive(company_id="test-psa")
    runtime = made(**TRIAL, **rule(HERE))
    answer(runtime, tmp_path, "nobody@example.com", 9, clock)
    step = once.perform(runtime, "collect", "answers", {"file": str(answered(tmp_path, ANN, 3, clock))})
    assert "psa has no company called 'trial'" in step.why


def test_a_record_of_before_asks_for_the_test_company_as_it_did(
    made: Made, tmp_path: Path, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = made(**TRIAL, **rule(HERE))
    before = tuple(what for what in DOES if what != COMPANY_IF_WRITTEN)
    monkeypatch.setattr("connector.jobs.records.record.DOES", before)
    monkeypatch.setattr("connector.jobs.runner.DOES", before)
    answer(runtime, tmp_path, ANN, 9, clock)  # no rule holds, so nothing is written
    monkeypatch.undo()
    newest = max(records(runtime), key=lambda path: path.stat().st_mtime_ns)
    assert b"rehearsal_company" in b"".join(read_lines(newest))
    report = replay(Recorded.load(newest))
    assert report.same, report.differences


def test_a_rehearsal_writes_on_the_test_company_of_each_connection(
    made: Made, hub: MemoryCrm, tmp_path: Path, clock: ShiftedClock
) -> None:
    runtime = made(
        mode="rehearsal",
        rehearsal={"company": {"hub": "Trial", "psa": "firm"}, "mail_to": "trial@example.com"},
        rules=[{"id": "r", "name": "r", "when": {"band": "detractor"}, "then": [*THERE[:1], "open_ticket"]}],
    )
    answer(runtime, tmp_path, ANN, 3, clock)
    clock.move(minutes=20)
    done(runtime, "deliver", "psa")
    done(runtime, "deliver", "hub")
    there = [each.company_id for each in hub.records.values() if each.type == "ticket"]
    here = [each.company_id for each in WORLDS["at-psa"].records.values() if each.type == "ticket"]
    assert (there, here) == (["test-hub"], ["c1"])


def test_owners_are_those_of_the_connection_it_is_written_at(made: Made, hub: MemoryCrm) -> None:
    """Of people who are not known there nothing is said; of those who are, their company there."""
    hub.owners["c9"] = "hanna"
    WORLDS["at-psa"].owners["c1"] = "paul"
    rules = [
        {"id": "hub", "name": "r", "then": [{"open_ticket": {"at": "hub"}}]},
        {"id": "here", "name": "r", "then": [{"create_task": {"owner": ["member:paul", "account_manager"]}}]},
        {"id": "other", "name": "r", "when": {"connection": "hub"}, "then": ["open_ticket"]},
    ]
    runtime = made(rules=rules)
    done(runtime, "plan", "psa", audience="psa")
    with runtime.store.read() as tx:
        people = owners.invited(tx, runtime.config, "psa")
    at_hub, here = owners.coverage(runtime.config, "psa", people)
    assert (at_hub.connection, at_hub.rules, at_hub.steps, at_hub.unknown) == (
        "hub",
        ["hub"],
        {"account_manager": 1},
        1,
    )
    assert (here.connection, here.rules, here.steps, here.unknown) == ("psa", ["here"], {"member:paul": 1}, 0)
