"""Answers to a CRM's own surveys: read from the connection, each once, apart from files and from its pull."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.config import load
from connector.domain import Contact, Facet, Segment
from connector.errors import ConfigError
from connector.jobs import once, schedule, stories
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.ports import RawAnswer
from connector.store import contacts, responses
from tests.conftest import ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for


@pytest.fixture
def crm() -> MemoryCrm:
    ann = Contact(connection="", id="1", email="ann@example.com", opted_out=False, type_ids=("t",))
    WORLDS["surveys"] = MemoryCrm(contacts=[ann], segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")])
    return WORLDS["surveys"]


@pytest.fixture
def runtime(crm: MemoryCrm, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Runtime]:
    made = runtime_for(load(written(tmp_path), {}), store_url, clock)
    yield made
    made.store.close()


def written(folder: Path, *, source: str = "hub") -> Path:
    path = folder / "nps.yaml"
    text = {
        "storage": {"data": str(folder / "data")},
        "connections": {"hub": {"adapter": "memory", "world": "surveys"}, "journal": {"adapter": "log"}},
        "audiences": {"all": {"from": "hub", "contact_types": ["Buyer"]}},
        "answers": {"from": [source]},
    }
    path.write_text(json.dumps(text))
    return path


def answer(number: str, score: int, clock: ShiftedClock) -> RawAnswer:
    values = {"external_id": number, "contact_id": "1", "connection": "hub", "score": str(score), "comment": "fine",
              "responded_at": (clock() - timedelta(hours=1)).isoformat()}  # fmt: skip
    return RawAnswer(place=f"hub submission {number}", values=values)


def taken(runtime: Runtime) -> list[tuple[str, str, int]]:
    with runtime.store.read() as tx:
        return sorted((each.source, each.external_id, each.score) for each in responses.listed(tx))


def test_each_answer_is_taken_once_and_the_pulls_cursor_stays(
    runtime: Runtime, crm: MemoryCrm, clock: ShiftedClock
) -> None:
    crm.answers.append(answer("a1", 9, clock))
    assert [step.outcome for step in once.run_once(runtime) if step.story == "collect"] == ["done"]
    with runtime.store.read() as tx:
        pulled = contacts.cursor(tx, "hub")
    crm.answers.append(answer("a2", 3, clock))
    step = once.perform(runtime, "collect", "hub", {})
    assert step.attempt is not None
    assert step.attempt.counts["responses"] == 1, "the first was not read again"
    assert taken(runtime) == [("hub", "a1", 9), ("hub", "a2", 3)]
    with runtime.store.read() as tx:
        assert contacts.cursor(tx, "hub") == pulled
    newest = max(records(runtime), key=lambda path: path.stat().st_mtime_ns)
    assert replay(Recorded.load(newest)).same


def test_an_id_of_a_survey_and_the_same_in_a_file_are_two_answers(
    runtime: Runtime, crm: MemoryCrm, clock: ShiftedClock, tmp_path: Path
) -> None:
    crm.answers.append(answer("a1", 9, clock))
    once.run_once(runtime)
    path = answers_file(tmp_path, ("a1", "ann@example.com", 3, "slow"))
    once.perform(runtime, "collect", "answers", {"file": str(path)})
    assert taken(runtime) == [("answers", "a1", 3), ("hub", "a1", 9)]


def test_the_clock_of_the_service_knows_them(runtime: Runtime) -> None:
    entries = schedule.entries(runtime.config, stories.TIMED)
    assert ("collect", "hub") in {(entry.story, entry.connection) for entry in entries}


def test_a_connection_without_surveys_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"answers\.from.*connection journal \(log\) has no surveys of its own"):
        load(written(tmp_path, source="journal"), {})
    with pytest.raises(ConfigError, match='there is no connection "hup"; did you mean "hub"'):
        load(written(tmp_path, source="hup"), {})
