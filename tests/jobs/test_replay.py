"""Law 5, same input, same output: every job of a story replays without a difference, and what changed shows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.config import load
from connector.errors import ContractError
from connector.jobs import once, undo
from connector.jobs.records import pseudonyms
from connector.jobs.records.journal import JournalWriter, checksum
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.store import jobs
from tests.conftest import ShiftedClock
from tests.jobs.story import HOSTILE, answers_file, first, read_frames, records, runtime_for, tell
from tests.kill.crm import Crm
from tests.kill.crms import CRMS
from tests.kill.stand_in import StandIn


@pytest.fixture(scope="module", params=list(CRMS.values()), ids=list(CRMS))
def crm(request: pytest.FixtureRequest) -> Crm:
    found: Crm = request.param
    return found


@pytest.fixture(scope="module")
def _stand_in(crm: Crm) -> Iterator[StandIn]:
    with crm.serve() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(_stand_in: StandIn) -> StandIn:
    """As at the beginning of its world."""
    _stand_in.control("reset", {})
    return _stand_in


@pytest.fixture
def told(crm: Crm, stand_in: StandIn, tmp_path: Path, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    runtime = runtime_for(crm.config(stand_in, tmp_path), store_url, clock)
    answers = answers_file(
        tmp_path,
        ("a1", "ann@example.com", 3, HOSTILE),
        ("a2", "nobody@example.org", 9, "fine"),
        ("a3", "ann@example.com", 6, "and later on"),
    )
    steps = tell(runtime, answers, clock.move)
    assert [step.story for step in steps][:6] == ["pull", "plan", "collect", "pull", "plan", "deliver"]
    yield runtime
    runtime.store.close()


def test_every_job_of_a_story_replays_without_a_difference(told: Runtime) -> None:
    reports = [replay(Recorded.load(path)) for path in records(told)]
    told_of = {"collect": 1, "deliver": 1, "plan": 2, "pull": 2}
    assert Counter(report.story for report in reports) >= Counter(told_of)
    assert [report.differences for report in reports] == [[]] * len(reports)
    assert all(report.compared for report in reports if report.story in told_of)


def test_one_changed_byte_in_a_recorded_answer_shows(told: Runtime) -> None:
    pulled = first(told, "pull")
    frames = list(read_frames(pulled))
    exchange = next(frame for frame in frames if "Ann" in str(frame.get("answer", "")))
    exchange["answer"]["body"] = exchange["answer"]["body"].replace("Ann", "Anm", 1)
    report = replay(Recorded.load(_written(pulled, frames)))
    assert not report.same
    assert "the recorded answer was altered" in str(report.differences[0])


def test_one_changed_byte_shows_even_where_its_checksum_was_changed_too(told: Runtime) -> None:
    pulled = first(told, "pull")
    frames = list(read_frames(pulled))
    exchange = next(frame for frame in frames if "Ann" in str(frame.get("answer", "")))
    exchange["answer"]["body"] = exchange["answer"]["body"].replace("Ann", "Anm", 1)
    exchange["sum"] = _sum(exchange["answer"]["body"])
    report = replay(Recorded.load(_written(pulled, frames)))
    assert "the recorded inputs were altered" in str(report.differences[0])


def test_an_edited_rule_shows_exactly_what_it_changes(
    told: Runtime, crm: Crm, stand_in: StandIn, tmp_path: Path
) -> None:
    collected = first(told, "collect")
    edited = json.loads((tmp_path / "nps.yaml").read_text())
    edited["rules"][0]["then"][1]["open_ticket"]["priority"] = "Critical"
    path = tmp_path / "edited" / "nps.yaml"
    path.parent.mkdir()
    path.write_text(json.dumps(edited))
    report = replay(Recorded.load(collected), config=load(path, crm.environ(stand_in.login)))
    assert len(report.differences) == 2, "one for each of the two detractor's tickets, nothing else"
    for difference in report.differences:
        assert difference.what.startswith("write_backs")
        assert re.fullmatch(r"write_backs \d \(nps-[a-z0-9]{26}\)", difference.what)
        assert re.fullmatch(r"change\.(ticket\.)?priority: High", difference.recorded)
        assert difference.now == difference.recorded.replace("High", "Critical")


def test_a_record_without_people_replays_and_names_nobody(told: Runtime, tmp_path: Path) -> None:
    for path in records(told):
        target = tmp_path / "export" / path.name
        pseudonyms.export(path, target, b"a key of the test")
        exported, original = Recorded.load(target), Recorded.load(path)
        report = replay(exported)
        assert report.same, report.differences[0]
        assert report.remarks == ["personal data was replaced: pseudonyms are compared"]
        assert exported.end is not None
        assert original.end is not None
        assert exported.end["outcome"] == original.end["outcome"], "it runs as the original did, it does not fail alike"
        text = "".join(str(frame) for frame in read_frames(target))
        for person in ("Ann Example", "ann@example.com", "Northwind", "+1 555 0100", "and later on", "alert"):
            assert person not in text, f"{path.name} still says {person}"


def test_templates_of_the_rules_stay_sound_without_people(
    crm: Crm, stand_in: StandIn, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    said = (
        "{{ contact.first_name }} told us in {{ response.wave }}, ask Roberta Bishop{% if response.score %}!{% endif %}"
    )
    rules = [{"id": "note", "then": [{"add_note": {"text": said}}]}]
    runtime = runtime_for(crm.config(stand_in, tmp_path, rules=rules), store_url, clock)
    tell(runtime, answers_file(tmp_path, ("a1", "ann@example.com", 3, "slow")), clock.move)
    path, target = first(runtime, "collect"), tmp_path / "export.jsonl.zst"
    runtime.store.close()
    pseudonyms.export(path, target, b"a key of the test")
    assert replay(Recorded.load(target)).same
    frames = list(read_frames(target))
    text = str(frames)
    assert "{{ response.wave }}" in text
    assert "Roberta" not in text
    assert frames[-1]["outcome"] == "done"


def test_a_record_that_was_cut_is_compared_as_far_as_it_goes(told: Runtime, tmp_path: Path) -> None:
    pulled = first(told, "pull")
    whole = pulled.read_bytes()
    for part in (0.3, 0.6, 0.95):
        cut = tmp_path / "cut.jsonl.zst"
        cut.write_bytes(whole[: int(len(whole) * part)])
        report = replay(Recorded.load(cut))
        assert report.same, report.differences[0]
        assert report.remarks == ["the process was killed: compared as far as the record goes"]


def test_a_missing_record_says_what_removed_it(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="keep_exchanges"):
        Recorded.load(tmp_path / "gone.jsonl.zst")


def test_no_secret_and_no_credential_is_in_any_record(told: Runtime, crm: Crm, stand_in: StandIn) -> None:
    for path in records(told):
        text = "".join(str(frame) for frame in read_frames(path))
        assert not [secret for secret in crm.environ(stand_in.login).values() if secret in text]
        assert "Authorization" not in text


def test_an_attempt_that_lost_its_credentials_replays_and_its_remedy_is_told_to_people_only(
    told: Runtime, crm: Crm, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.control("faults", {"kind": "auth_lost", "times": None})
    step = once.perform(told, "pull", crm.name)
    assert step.outcome == "held"
    assert f"then connector resume {crm.name}" in step.why
    assert step.attempt is not None
    path = told.data / step.attempt.journal
    report = replay(Recorded.load(path))
    assert report.same, report.differences[0]
    recorded = Recorded.load(path).end
    assert recorded is not None
    assert recorded["outcome"] == "held"
    assert step.why.startswith(f"{recorded['error']}; correct connections.{crm.name}.")
    assert pseudonyms.export(path, tmp_path / "held.jsonl.zst", b"a key of the test").same


def test_a_record_of_before_that_held_the_remedy_too_replays_all_the_same(
    told: Runtime, crm: Crm, stand_in: StandIn
) -> None:
    stand_in.control("faults", {"kind": "auth_lost", "times": None})
    step = once.perform(told, "pull", crm.name)
    assert step.attempt is not None
    path = told.data / step.attempt.journal
    frames = list(read_frames(path))
    frames[-1]["error"] = step.why
    assert replay(Recorded.load(_written(path, frames))).same
    frames[-1]["error"] = "something else; " + step.why
    assert not replay(Recorded.load(_written(path, frames))).same


def test_a_second_run_of_everything_opens_no_ticket(
    told: Runtime, crm: Crm, stand_in: StandIn, clock: ShiftedClock
) -> None:
    before = crm.tickets(stand_in.records())
    clock.move(minutes=20)
    steps = once.run_once(told)
    assert crm.tickets(stand_in.records()) == before
    assert before
    assert once.exit_code(steps) == 0


def test_watching_reconciling_and_undoing_replay_without_a_difference(
    told: Runtime, crm: Crm, stand_in: StandIn, clock: ShiftedClock
) -> None:
    stand_in.control(*crm.closed_by_a_person(crm.tickets(stand_in.records())[0]))
    with told.store.read() as tx:
        delivered = next(
            job for job in jobs.listed(tx, limit=50) if (job.story, job.connection) == ("deliver", crm.name)
        )
    clock.move(minutes=20)
    steps = [
        once.perform(told, "watch", crm.name),
        once.perform(told, "reconcile", crm.name),
        once.perform(told, "undo", crm.name, {"job": delivered.id, "found": undo.found_there(told, delivered)}),
    ]
    assert [step.outcome for step in steps] == ["done"] * 3, steps
    for step in steps:
        assert step.attempt is not None
        report = replay(Recorded.load(told.data / step.attempt.journal))
        assert report.differences == [], step.story
        assert report.compared, step.story


def _written(path: Path, frames: list[dict[str, Any]]) -> Path:
    target = path.with_name(f"altered-{path.name}")
    writer = JournalWriter(target)
    for frame in frames:
        writer.write(frame)
    writer.close()
    return target


def _sum(body: str) -> str:
    return checksum(body.encode())
