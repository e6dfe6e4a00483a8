"""Two pulls at once, of one process or of two, that meet the same human being: one person, whoever stores first."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.config import Config, load
from connector.domain import Company, Contact, Facet, Segment
from connector.jobs import once
from connector.jobs.pull.linking import stored_rows
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.store import contacts
from tests.conftest import ShiftedClock
from tests.jobs.story import records, runtime_for

NAMES = ("hub", "psa")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for name in NAMES:
        ann = Contact(
            connection="", id=name[0], first_name="Ann", last_name="Example", email="ann@example.com", company_id="1",
            opted_out=False, type_ids=("t",),
        )  # fmt: skip
        WORLDS[f"at-once-{name}"] = MemoryCrm(
            contacts=[ann],
            companies=[Company(connection="", id="1", name="Firm")],
            segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")],
        )
    path = tmp_path / "nps.yaml"
    path.write_text(
        json.dumps(
            {
                "storage": {"data": str(tmp_path / "data")},
                "connections": {name: {"adapter": "memory", "world": f"at-once-{name}"} for name in NAMES},
                "audiences": {name: {"from": name, "contact_types": ["Buyer"]} for name in NAMES},
            }
        )
    )
    return load(path, {})


@pytest.fixture(params=[1, 2], ids=["one store", "a store each, as two processes have"])
def runtimes(
    request: pytest.FixtureRequest, config: Config, store_url: str, clock: ShiftedClock
) -> Iterator[list[Runtime]]:
    opened = [runtime_for(config, store_url, clock) for _ in range(request.param)]
    yield [opened[0], opened[-1]]
    for each in opened:
        each.store.close()


def test_one_human_being_is_one_person(runtimes: list[Runtime], monkeypatch: pytest.MonkeyPatch) -> None:
    """Both want to have read what is known before either stores its page."""
    both = threading.Barrier(2)

    def late(*given: Any, **more: Any) -> Any:
        with suppress(threading.BrokenBarrierError):  # as it should be: the other has to wait for its turn
            both.wait(timeout=1)
        return stored_rows(*given, **more)

    monkeypatch.setattr("connector.jobs.pull.stored_rows", late)
    with ThreadPoolExecutor(2) as threads:
        pulls = [
            threads.submit(once.perform, runtime, "pull", name) for runtime, name in zip(runtimes, NAMES, strict=True)
        ]
        assert [each.result(60).outcome for each in pulls] == ["done", "done"]
    monkeypatch.undo()
    with runtimes[0].store.read() as tx:
        found = [contacts.contact(tx, name, name[0]) for name in NAMES]
    assert len({row.person_id for row in found if row is not None}) == 1
    for path in records(runtimes[0]):
        report = replay(Recorded.load(path))
        assert report.same, report.differences
