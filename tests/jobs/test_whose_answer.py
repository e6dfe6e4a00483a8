"""Whose an answer is: never somebody's who is gone where another is there, and whoever answered counts as asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.config import load
from connector.domain import Company, Contact, Facet, Reason, Segment
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.ports import RawAnswer
from connector.store import plans, responses
from tests.conftest import ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for

ANN = "ann@example.com"


def person(number: int, name: str, email: str, **fields: Any) -> Contact:
    first, _, last = name.partition(" ")
    given = {"first_name": first, "last_name": last, "email": email, "opted_out": False, "company_id": "1"}
    return Contact(connection="", id=str(number), type_ids=("t",), **{**given, **fields})


def world(name: str, *people: Contact) -> MemoryCrm:
    WORLDS[name] = MemoryCrm(
        contacts=list(people),
        companies=[Company(connection="", id="1", name="Firm")],
        segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")],
    )
    return WORLDS[name]


@pytest.fixture
def hub(clock: ShiftedClock) -> MemoryCrm:
    newest = person(1, "Ann Example", ANN, updated_at=clock())
    return world("whose-hub", newest, person(2, "Ann Example", ANN, updated_at=clock() - timedelta(days=9)))


@pytest.fixture
def runtime(hub: MemoryCrm, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Runtime]:
    world("whose-psa", person(7, "Bea Sample", "bea@example.com"))
    text = {
        "storage": {"data": str(tmp_path / "data")},
        "connections": {name: {"adapter": "memory", "world": f"whose-{name}"} for name in ("hub", "psa")},
        "audiences": {name: {"from": name, "contact_types": ["Buyer"]} for name in ("hub", "psa")},
        "answers": {"from": ["hub"], "connection": "hub"},
    }
    path = tmp_path / "nps.yaml"
    path.write_text(json.dumps(text))
    made = runtime_for(load(path, {}), store_url, clock)
    for connection in ("hub", "psa"):
        done(made, "pull", connection)
        done(made, "plan", connection, audience=connection)
    yield made
    for path in records(made):
        recorded = Recorded.load(path)
        if recorded.begin["story"] == "collect":  # of the others the memory's world has changed since
            report = replay(recorded)
            assert report.same, report.differences
    made.store.close()


def done(runtime: Runtime, story: str, connection: str, **params: Any) -> dict[str, Any]:
    step = once.perform(runtime, story, connection, params)
    assert step.outcome == "done", step
    assert step.attempt is not None
    return step.attempt.counts


def answered_by(runtime: Runtime, folder: Path, email: str = ANN) -> str | None:
    """The contact of an answer that names an address only."""
    done(runtime, "collect", "answers", file=str(answers_file(folder, ("a1", email, 3, "slow"))))
    with runtime.store.read() as tx:
        [response] = responses.listed(tx)
    return response.contact_id


def test_an_answer_is_of_who_is_there_though_a_plan_invited_who_is_gone(
    runtime: Runtime, hub: MemoryCrm, tmp_path: Path
) -> None:
    with runtime.store.read() as tx:
        assert plans.chosen(tx, "hub", ["1", "2"])["1"] < plans.chosen(tx, "hub", ["1", "2"])["2"]
    hub.archive(contact_id="1")
    done(runtime, "pull", "hub")
    assert answered_by(runtime, tmp_path) == "2"


def test_an_answer_is_of_who_is_there_though_it_is_another_address_of_theirs(
    runtime: Runtime, hub: MemoryCrm, tmp_path: Path
) -> None:
    hub.archive(contact_id="1")
    hub.touch("2", email="ann@home.example.com", other_emails=(ANN,))
    done(runtime, "pull", "hub")
    assert answered_by(runtime, tmp_path) == "2"


def test_an_answer_of_who_was_merged_is_the_survivors_whose_address_is_another(
    runtime: Runtime, hub: MemoryCrm, tmp_path: Path
) -> None:
    hub.touch("2", email="ann@home.example.com")
    done(runtime, "pull", "hub")
    hub.merge("1", into="2")
    done(runtime, "pull", "hub")
    assert answered_by(runtime, tmp_path) == "2"


def test_an_answer_of_who_is_gone_is_theirs_where_nobody_else_has_the_address(
    runtime: Runtime, hub: MemoryCrm, tmp_path: Path
) -> None:
    hub.touch("2", email="ann@home.example.com")
    hub.archive(contact_id="1")
    done(runtime, "pull", "hub")
    assert answered_by(runtime, tmp_path) == "1"


# ------------------------------------------------------------ who answered was asked
def by_survey(hub: MemoryCrm, folder: Path, at: str) -> dict[str, Any]:
    values = {"external_id": "s1", "contact_id": "9", "connection": "hub", "score": "3", "responded_at": at}
    hub.answers.append(RawAnswer(place="hub submission s1", values=values))
    return {}


def by_file(_: MemoryCrm, folder: Path, at: str) -> dict[str, Any]:
    path = folder / "answers.csv"
    path.write_text(f"external_id,contact_id,score,responded_at\ns1,9,3,{at}\n", encoding="utf-8")
    return {"file": str(path)}


@pytest.mark.parametrize(("offered", "of"), [(by_survey, "hub"), (by_file, "answers")])
def test_who_answered_and_was_never_pulled_is_not_asked_by_another_crm(
    runtime: Runtime,
    hub: MemoryCrm,
    tmp_path: Path,
    clock: ShiftedClock,
    offered: Callable[[MemoryCrm, Path, str], dict[str, Any]],
    of: str,
) -> None:
    hub.put(person(9, "Bea Sample", "bea@example.com"))
    done(runtime, "collect", of, **offered(hub, tmp_path, (clock() - timedelta(hours=1)).isoformat()))
    with runtime.store.read() as tx:
        [response] = responses.listed(tx)
    assert (response.contact_id, response.email, response.person_id) == ("9", "", None)
    clock.move(minutes=1)
    done(runtime, "plan", "psa", audience="psa")
    with runtime.store.read() as tx:
        newest = plans.newest(tx, "psa")
        assert newest is not None
        [decision] = plans.decisions(tx, newest.id)
    assert [finding.reason for finding in decision.findings] == [Reason.ASKED_RECENTLY]
