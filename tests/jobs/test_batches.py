"""Many write-backs at a time loosen no law: fuses, the order of one record's fields, one look at each owner."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.adapters.memory.reading import MemorySource
from connector.adapters.memory.writing import MemorySink
from connector.config import load
from connector.domain import Company, Contact, Facet, RecordResponse, Segment, SetField, WriteBack
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.ports import Outcome
from connector.store import outbox
from tests.conftest import ShiftedClock
from tests.jobs.story import first, read_frames, runtime_for

PEOPLE = 240
RULE: dict[str, Any] = {
    "id": "all",
    "then": [
        "record_response",
        {"set_field": {"field": "NPS Status", "value": "{{ response.score }}"}},
        {"open_ticket": {"board": "Service"}},
    ],
}


@pytest.fixture
def crm() -> MemoryCrm:
    crm = WORLDS["batches"] = MemoryCrm(
        contacts=[
            Contact(connection="", id=str(number), company_id=str(number), opted_out=False, type_ids=("t",))
            for number in range(1, PEOPLE + 1)
        ],
        companies=[Company(connection="", id=str(number), name=f"Firm {number}") for number in range(1, PEOPLE + 1)],
        segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")],
        owners={str(number): f"owner{number % 3}" for number in range(1, PEOPLE + 1)},
    )
    return crm


@pytest.fixture
def runtime(crm: MemoryCrm, store_url: str, clock: ShiftedClock, tmp_path: Path) -> Iterator[Runtime]:
    path = tmp_path / "nps.yaml"
    text = {
        "mode": "live",
        "storage": {"data": str(tmp_path / "data")},
        "connections": {"crm": {"adapter": "memory", "world": "batches"}},
        "audiences": {"all": {"from": "crm", "contact_types": ["Buyer"]}},
        "limits": {"tickets_per_day": 8, "tickets_per_owner": 3},
        "rules": [RULE],
    }
    path.write_text(json.dumps(text))
    made = runtime_for(load(path, {}), store_url, clock)
    once.perform(made, "pull", "crm", {})
    answers = tmp_path / "answers.csv"
    with answers.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["contact_id", "score", "responded_at"])
        at = clock() - timedelta(hours=1)
        writer.writerows([number, 3, at.isoformat()] for number in range(1, PEOPLE + 1))
    assert once.perform(made, "collect", "answers", {"file": str(answers)}).outcome == "done"
    clock.move(minutes=20)
    yield made
    made.store.close()


class Spied:
    """What the sink was given, batch by batch, and how often the source was asked for owners."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[list[WriteBack]] = []
        self.asked: Counter[str] = Counter()
        apply, owner, owners = MemorySink.apply, MemorySource.owner, MemorySource.owners

        def watched(sink: MemorySink, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
            self.batches.append(list(write_backs))
            return apply(sink, write_backs)

        def one(source: MemorySource, company_id: str, chain: Sequence[str]) -> Any:
            self.asked["owner"] += 1
            return owner(source, company_id, chain)

        def many(source: MemorySource, company_ids: Sequence[str], chain: Sequence[str]) -> Any:
            self.asked["owners"] += 1
            found = list(owners(source, company_ids, chain))
            self.asked["owner"] -= len(found)  # memory asks itself for each
            return iter(found)

        monkeypatch.setattr(MemorySink, "apply", watched)
        monkeypatch.setattr(MemorySource, "owner", one)
        monkeypatch.setattr(MemorySource, "owners", many)


@pytest.fixture
def spied(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Spied:
    return Spied(monkeypatch)


def test_a_batch_is_large_and_writes_fields_of_nobody_twice(runtime: Runtime, crm: MemoryCrm, spied: Spied) -> None:
    once.perform(runtime, "deliver", "crm", {})
    assert max(map(len, spied.batches)) > 190
    written: Counter[str] = Counter()
    for batch in spied.batches:
        changed = [
            wb.change.contact_id if isinstance(wb.change, RecordResponse) else wb.change.record_id
            for wb in batch
            if isinstance(wb.change, RecordResponse | SetField)
        ]
        assert len(changed) == len(set(changed))
        written.update(changed)
    assert set(written.values()) == {2}, "and both are written in the end, for everybody"
    assert len(written) == PEOPLE
    assert len(spied.batches) < 2 * (2 * PEOPLE // 200 + 2)


def test_the_fuses_hold_within_a_batch(runtime: Runtime, crm: MemoryCrm, spied: Spied) -> None:
    step = once.perform(runtime, "deliver", "crm", {})
    assert step.outcome == "stopped", "the fuse keeps the rest"
    tickets = [record for record in crm.records.values() if record.type == "ticket"]
    assert len(tickets) == 8
    owned = Counter(crm.owners[record.company_id or ""] for record in tickets)
    assert max(owned.values()) <= 3
    assert once.perform(runtime, "deliver", "crm", {}).outcome == "stopped"
    assert len([record for record in crm.records.values() if record.type == "ticket"]) == 8


def test_owners_are_asked_for_once_in_a_batch_and_a_record_of_before_replays(
    runtime: Runtime, crm: MemoryCrm, spied: Spied, tmp_path: Path
) -> None:
    once.perform(runtime, "deliver", "crm", {})
    assert spied.asked["owners"] >= 1
    assert spied.asked["owner"] <= len(spied.batches), "one alone is asked for by itself"
    record = first(runtime, "deliver")
    begin = next(read_frames(record))
    assert "owners_together" in begin["does"]
    report = replay(Recorded.load(record))
    assert not [each for each in report.differences if "outcome" not in each.what and "read_back" not in each.what]


def test_a_crash_in_the_midst_leaves_what_was_settled_settled(
    runtime: Runtime, crm: MemoryCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = MemorySink.apply

    def broken(sink: MemorySink, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        for number, outcome in enumerate(apply(sink, write_backs)):
            if number == 60:
                raise RuntimeError("a bug between two requests")
            yield outcome

    with monkeypatch.context() as patched:
        patched.setattr(MemorySink, "apply", broken)
        with pytest.raises(RuntimeError, match="between two requests"):
            once.perform(runtime, "deliver", "crm", {})
    with runtime.store.read() as tx:
        states = outbox.counts(tx)
    assert states["applied"] == 60
    assert "sending" not in states
    assert states["waiting"] == 3 * PEOPLE - 60
    once.perform(runtime, "deliver", "crm", {})
    keys = Counter(record.key for record in crm.records.values())
    assert set(keys.values()) == {1}, "nothing twice"
