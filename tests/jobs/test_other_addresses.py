"""Addresses that a contact has beside its default one: whose they are, whom they bind, and that they are erased."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import event, inspect, text

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.config import load
from connector.domain import Company, Contact, Facet, Finding, Reason, Segment
from connector.jobs import forget, once
from connector.jobs.records.record import ASKS_ONCE, DOES, OTHER_ADDRESSES
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.store import contacts, people, plans, responses
from tests.conftest import ShiftedClock
from tests.jobs.story import records, runtime_for

WORK, HOME = "ann@work.example.com", "ann@home.example.com"


def person(number: int, name: str, email: str, *others: str, **fields: Any) -> Contact:
    first, _, last = name.partition(" ")
    given = {
        "first_name": first,
        "last_name": last,
        "email": email,
        "other_emails": others,
        "company_id": "1",
        "opted_out": False,
    }
    return Contact(connection="", id=str(number), type_ids=("t",), **{**given, **fields})


def world(name: str, *people: Contact) -> MemoryCrm:
    WORLDS[name] = MemoryCrm(
        contacts=list(people),
        companies=[Company(connection="", id="1", name="Firm")],
        segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")],
    )
    return WORLDS[name]


@pytest.fixture
def hub() -> MemoryCrm:
    return world("other-hub", person(7, "Ann Example", HOME, "Ann@Work.example.com", "not an address"))


@pytest.fixture
def psa() -> MemoryCrm:
    return world("other-psa", person(1, "Ann Example", WORK), person(2, "Cid Third", "cid@example.com"))


@pytest.fixture
def runtime(hub: MemoryCrm, psa: MemoryCrm, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Runtime]:
    path = tmp_path / "nps.yaml"
    path.write_text(
        json.dumps(
            {
                "mode": "live",
                "storage": {"data": str(tmp_path / "data")},
                "connections": {name: {"adapter": "memory", "world": f"other-{name}"} for name in ("hub", "psa")},
                "audiences": {name: {"from": name, "contact_types": ["Buyer"]} for name in ("hub", "psa")},
                "rules": [{"id": "r", "name": "r", "when": {"score": {"at_least": 0}}, "then": ["record_response"]}],
            }
        )
    )
    made = runtime_for(load(path, {}), store_url, clock)
    yield made
    made.store.close()


def done(runtime: Runtime, story: str, connection: str, **params: Any) -> dict[str, Any]:
    step = once.perform(runtime, story, connection, params)
    assert step.outcome == "done", step
    newest = max(records(runtime), key=lambda path: path.stat().st_mtime_ns)
    report = replay(Recorded.load(newest))
    assert report.same, report.differences
    assert step.attempt is not None
    return step.attempt.counts


def stored(runtime: Runtime, connection: str, contact_id: str) -> contacts.StoredContact:
    with runtime.store.read() as tx:
        found = contacts.contact(tx, connection, contact_id)
    assert found is not None
    return found


def kept(runtime: Runtime) -> list[tuple[str, str, str]]:
    with runtime.store.read() as tx:
        rows = tx.execute(text("select connection, contact_id, address_key from contact_address order by 1, 2, 3"))
        return [tuple(row) for row in rows]


def finding(runtime: Runtime, connection: str, contact_id: str) -> Finding | None:
    done(runtime, "plan", connection, audience=connection)
    with runtime.store.read() as tx:
        newest = plans.newest(tx, connection)
        assert newest is not None
        decision = plans.decision(tx, newest.id, contact_id)
    assert decision is not None
    return next(iter(decision.findings), None)


@pytest.mark.parametrize("order", [("psa", "hub"), ("hub", "psa")])
def test_a_contact_is_the_person_of_whoever_has_another_address_of_it(runtime: Runtime, order: tuple[str, str]) -> None:
    for connection in order:
        done(runtime, "pull", connection)
    assert stored(runtime, "hub", "7").person_id == stored(runtime, "psa", "1").person_id
    assert kept(runtime) == [("hub", "7", WORK)]
    for connection in order:
        done(runtime, "pull", connection)
    assert stored(runtime, "hub", "7").person_id == stored(runtime, "psa", "1").person_id


def test_an_address_that_is_left_is_not_kept(runtime: Runtime, hub: MemoryCrm, clock: ShiftedClock) -> None:
    done(runtime, "pull", "hub")
    ann = next(iter(hub.contacts.values()))
    clock.move(minutes=1)
    hub.put(structs.replace(ann, email=WORK, other_emails=(HOME,), updated_at=clock()))
    done(runtime, "pull", "hub")
    assert kept(runtime) == [("hub", "7", HOME)]
    clock.move(minutes=1)
    hub.put(structs.replace(ann, email=WORK, other_emails=(), updated_at=clock()))
    done(runtime, "pull", "hub")
    assert kept(runtime) == []


def test_where_nobody_has_such_addresses_a_page_costs_a_look_whether_anybody_has(runtime: Runtime) -> None:
    made: list[str] = []
    event.listen(runtime.store.engine, "before_cursor_execute", lambda *given: made.append(given[2]))
    done(runtime, "pull", "psa")
    done(runtime, "pull", "psa")
    assert {each for each in made if "contact_address" in each} == {"select 1 from contact_address limit 1"}


def test_an_opt_out_and_a_suppression_hold_by_another_address(
    runtime: Runtime, psa: MemoryCrm, hub: MemoryCrm, clock: ShiftedClock
) -> None:
    psa.put(person(1, "Bob Other", WORK))  # another name: two people, one address
    done(runtime, "pull", "psa")
    done(runtime, "pull", "hub")
    assert stored(runtime, "hub", "7").person_id != stored(runtime, "psa", "1").person_id
    assert finding(runtime, "hub", "7") is None
    clock.move(minutes=1)
    psa.put(person(1, "Bob Other", WORK, opted_out=True, updated_at=clock()))
    done(runtime, "pull", "psa")
    said = finding(runtime, "hub", "7")
    assert said is not None
    assert said.reason is Reason.OPTED_OUT_CONTACT
    assert said.seen.startswith("contact psa/1 of the same person or address")
    clock.move(minutes=1)
    psa.put(person(1, "Bob Other", WORK, updated_at=clock()))
    hub.put(structs.replace(hub.contacts["7"], opted_out=True, updated_at=clock()))
    done(runtime, "pull", "psa")
    done(runtime, "pull", "hub")
    said = finding(runtime, "psa", "1")
    assert said is not None
    assert (said.reason, said.seen[:13]) == (Reason.OPTED_OUT_CONTACT, "contact hub/7")
    clock.move(minutes=1)
    hub.put(structs.replace(hub.contacts["7"], opted_out=False, updated_at=clock()))
    done(runtime, "pull", "hub")
    with runtime.store.write() as tx:
        people.suppress(
            tx,
            people.Suppression(kind="address", value=WORK, until=None, reason="no", source="t", created_at=clock()),
        )
    said = finding(runtime, "hub", "7")
    assert said is not None
    assert (said.reason, said.seen) == (Reason.SUPPRESSED, "no")


def test_an_answer_by_another_address_is_the_contacts_and_erasing_leaves_none_of_it(
    runtime: Runtime, tmp_path: Path, clock: ShiftedClock
) -> None:
    done(runtime, "pull", "hub")
    path = tmp_path / "answers.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "score", "comment", "responded_at", "connection"])
        writer.writerow([WORK, 9, "fine", clock().isoformat(), "hub"])
    done(runtime, "collect", "answers", file=str(path))
    path.unlink()
    with runtime.store.read() as tx:
        assert [response.contact_id for response in responses.listed(tx)] == ["7"]
    done(runtime, "plan", "hub", audience="hub")
    forget.forget(runtime, forget.find(runtime, WORK))
    with runtime.store.read() as tx:
        tables = inspect(tx).get_table_names()
        rows = [value for name in tables for row in tx.execute(text(f'select * from "{name}"')) for value in row]
    said = "\n".join(bytes(v).decode() if isinstance(v, bytes | memoryview) else str(v) for v in rows)
    assert kept(runtime) == []
    assert [each for each in (WORK, HOME, "Work.example") if each in said] == []
    for each in records(runtime):
        assert replay(Recorded.load(each)).same
    done(runtime, "pull", "hub")
    with runtime.store.read() as tx:
        assert contacts.contact(tx, "hub", "7") is None


def test_records_of_before_that_knew_neither_these_addresses_nor_other_audiences_still_replay(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tuple(what for what in DOES if what not in (OTHER_ADDRESSES, ASKS_ONCE))
    monkeypatch.setattr("connector.jobs.records.record.DOES", before)
    monkeypatch.setattr("connector.jobs.runner.DOES", before)
    for story, params in (("pull", {}), ("plan", {"audience": "hub"})):
        assert once.perform(runtime, story, "hub", params).outcome == "done"
    for story, params in (("pull", {}), ("plan", {"audience": "psa"})):
        assert once.perform(runtime, story, "psa", params).outcome == "done"
    monkeypatch.undo()
    assert kept(runtime) == []
    assert stored(runtime, "hub", "7").person_id != stored(runtime, "psa", "1").person_id
    assert len(records(runtime)) == 4
    for path in records(runtime):
        report = replay(Recorded.load(path))
        assert report.same, report.differences
