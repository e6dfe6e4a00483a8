"""A note or task whose answer was lost, and whose contact is merged before it is looked up: it is found, never made
twice, whatever HubSpot makes of the old id."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from connector.config import load
from connector.domain import AddNote, Change, CreateTask, Receipt
from connector.errors import OutcomeUnknownError
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.hubspot.readings import READINGS
from connector.store import outbox
from tests.conftest import ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for

from .portal import PortalWorld
from .test_in_the_core import AUDIENCES
from .test_sink import KEY, back, made, recorded, result, sink

_OPEN = ("associations_of_merged", "merge_id", "batch_read_merged")
_BODIES = {"notes": "hs_note_body", "tasks": "hs_task_body"}
GROUNDS = [
    dict(zip(("*", *_OPEN), answers, strict=True))
    for answers in product(("lenient", "strict"), *(dict.fromkeys(READINGS[name].values) for name in _OPEN))
]


def named(readings: dict[str, str]) -> str:
    return " ".join(readings.values())


@pytest.fixture(params=GROUNDS, ids=named)
def portal(request: pytest.FixtureRequest) -> Iterator[PortalWorld]:
    with PortalWorld(request.param, contacts=30) as world:
        yield world


def changes(portal: PortalWorld, contact: str) -> dict[str, Change]:
    company = portal.someone()[1]
    return {
        f"{KEY}-note": AddNote(on="contact", contact_id=contact, text="x"),
        f"{KEY}-task": CreateTask(
            company_id=company, contact_id=contact, summary="x", owner=("member:bob@example.com",)
        ),
        f"{KEY}-answer": recorded(portal, contact_id=contact),
    }


def keys_of(portal: PortalWorld) -> Counter[str]:
    """Every key that a note or a task carries, as often as one does."""
    texts = [row["properties"][body] for kind, body in _BODIES.items() for row in made(portal, kind)]
    return Counter(text.rpartition("<br>")[2] for text in texts)


def test_what_was_lost_before_a_merge_is_found_after_it(portal: PortalWorld) -> None:
    old, other = sorted(portal.contact_ids())[:2]
    wanted = changes(portal, old)
    for key, change in wanted.items():
        portal.fault("drop_after_write", path="(notes|tasks)/batch/create$")
        assert isinstance(result(portal, change, key), OutcomeUnknownError)
    assert keys_of(portal) == dict.fromkeys(wanted, 1)
    portal.technician("merge_records", type="contacts", id=old, into=other)
    write_backs = [back(change, key) for key, change in wanted.items()]
    found = sink(portal).find(write_backs)
    assert all(isinstance(found[key], Receipt) for key in wanted), found
    again = {each.key: each.result for each in sink(portal).apply(write_backs)}
    assert all(isinstance(each, Receipt) and each.already_there for each in again.values()), again
    assert keys_of(portal) == dict.fromkeys(wanted, 1)


def test_what_never_arrived_before_a_merge_is_made_once_for_the_survivor(portal: PortalWorld) -> None:
    old, other = sorted(portal.contact_ids())[:2]
    wanted = changes(portal, old)
    portal.technician("merge_records", type="contacts", id=old, into=other)
    survivor = portal.truth()["merged"][old]
    write_backs = [back(change, key) for key, change in wanted.items()]
    assert sink(portal).find(write_backs) == {}
    for there in (False, True):
        outcomes = {each.key: each.result for each in sink(portal).apply(write_backs)}
        assert all(isinstance(each, Receipt) and each.already_there is there for each in outcomes.values()), outcomes
    assert keys_of(portal) == dict.fromkeys(wanted, 1)
    for kind in _BODIES:
        assert all(set(row["associations"]["contacts"]) == {survivor} for row in made(portal, kind))


# ---------------------------------------------------------------- the whole way
RULES: list[dict[str, Any]] = [
    {
        "id": "keep",
        "when": {"band": "detractor"},
        "then": [
            "record_response",
            {"add_note": {"on": "contact", "text": "They said {{ response.score }}."}},
            {"create_task": {"owner": ["member:bob@example.com"]}},
        ],
    }
]


def opened(portal: PortalWorld, folder: Path, store_url: str, clock: ShiftedClock) -> Runtime:
    text = {
        "mode": "live",
        "storage": {"data": str(folder / "data")},
        "connections": {"hub": {"adapter": "hubspot", "base_url": portal.url, "access_token": "${TOKEN}"}},
        "audiences": AUDIENCES,
        "rules": RULES,
    }
    path = folder / "nps.yaml"
    path.write_text(json.dumps(text), encoding="utf-8")
    return runtime_for(load(path, {"TOKEN": portal.login.token}), store_url, clock)


def states(runtime: Runtime) -> list[str]:
    with runtime.store.read() as tx:
        return [entry.write_back.state.value for entry in outbox.listed(tx)]


@pytest.mark.parametrize("pulled", [True, False], ids=["the merge is pulled", "nobody knows of the merge"])
@pytest.mark.parametrize("associations", READINGS["associations_of_merged"].values)
@pytest.mark.parametrize("merge_id", READINGS["merge_id"].values)
def test_a_delivery_whose_answers_were_lost_leaves_each_once(
    tmp_path: Path, store_url: str, clock: ShiftedClock, associations: str, merge_id: str, pulled: bool
) -> None:
    readings = {"*": "strict", "associations_of_merged": associations, "merge_id": merge_id}
    with PortalWorld(readings, contacts=30) as portal:
        runtime = opened(portal, tmp_path, store_url, clock)
        try:
            (old, _), (other, _) = portal.people(2)
            address = portal.api("GET", f"/crm/v3/objects/contacts/{old}?properties=email")["properties"]["email"]
            assert once.perform(runtime, "pull", "hub").outcome == "done"
            answers = {"file": str(answers_file(tmp_path, ("a1", address, 3, "slow")))}
            assert once.perform(runtime, "collect", "answers", answers).outcome == "done"
            clock.move(minutes=20)
            portal.fault("drop_after_write", path="(notes|tasks)/batch/create$", times=3)
            once.perform(runtime, "deliver", "hub")
            assert states(runtime) == ["unknown"] * 3
            assert list(keys_of(portal).values()) == [1] * 3
            portal.later()
            portal.technician("merge_records", type="contacts", id=old, into=other)
            portal.later()
            if pulled:
                assert once.perform(runtime, "pull", "hub").outcome == "done"
            for _ in range(3):
                clock.move(minutes=5)
                once.perform(runtime, "deliver", "hub")
            assert states(runtime) == ["applied"] * 3
            assert list(keys_of(portal).values()) == [1] * 3
            for path in records(runtime):
                report = replay(Recorded.load(path))
                assert report.same, report.differences
        finally:
            runtime.store.close()
