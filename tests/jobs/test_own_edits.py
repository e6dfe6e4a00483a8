"""Signs of life: what we write into a contact's field is none, what anybody else changes is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connector.jobs import once
from connector.jobs.pull.linking import OWN_EDIT
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import contacts, outbox
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.desk import assert_replays, control
from tests.jobs.story import answers_file, runtime_for

ANN = "1001"
RULES: list[dict[str, Any]] = [
    {
        "id": "band",
        "when": {"band": "detractor"},
        "then": [{"set_field": {"field": "NPS Band", "value": "{{ response.band }}", "responded_at": "NPS Date"}}],
    }
]


class Office:
    """A PSA and the connector, by one clock; `field` is set into Ann's field by her answer."""

    def __init__(self, runtime: Runtime, sandbox: Server, folder: Path, clock: ShiftedClock) -> None:
        self.runtime, self.sandbox, self._folder, self._clock = runtime, sandbox, folder, clock

    def move(self, minutes: float) -> None:
        self._clock.move(minutes=minutes)
        control(self.sandbox, "clock", {"advance": minutes * 60})

    def do(self, story: str, connection: str = "psa", **params: Any) -> None:
        step = once.perform(self.runtime, story, connection, params)
        assert step.outcome == "done", step

    def answered(self) -> None:
        """Ann answers; what that sets is due."""
        self.do("pull")
        self.do("collect", "answers", file=str(answers_file(self._folder, ("a1", "ann@example.com", 3, "slow"))))
        self.move(60)

    def edited_by_somebody(self) -> None:
        control(self.sandbox, "edit", {"path": f"/company/contacts/{ANN}", "set": {"title": "Director"}})

    def pulled(self) -> tuple[datetime, datetime]:
        """When Ann was touched by somebody else, and when her record was changed at all, as a pull keeps it."""
        self.do("pull")
        with self.runtime.store.read() as tx:
            row = contacts.contact(tx, "psa", ANN)
        assert row is not None
        assert row.touched_at is not None
        changed = row.contact().updated_at
        assert changed is not None
        return datetime.fromisoformat(row.touched_at), changed

    def state(self) -> str:
        with self.runtime.store.read() as tx:
            [entry] = outbox.listed(tx)
        return str(entry.write_back.state.value)


@pytest.fixture
def office(
    sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock, tmp_path: Path
) -> Iterator[Office]:
    runtime = runtime_for(config_for(sandbox, rules=RULES), store_url, clock)
    yield Office(runtime, sandbox, tmp_path, clock)
    assert_replays(runtime)
    runtime.store.close()


def test_what_we_set_is_no_sign_of_life(office: Office) -> None:
    office.answered()
    before, _ = office.pulled()
    office.do("deliver")
    assert office.state() == "applied"
    touched, changed = office.pulled()
    assert changed > before, "the PSA stamps our edit like any other"
    assert touched == before


def test_what_somebody_else_changes_is_one_before_and_after_ours(office: Office) -> None:
    office.answered()
    first, _ = office.pulled()
    office.edited_by_somebody()
    second, _ = office.pulled()
    assert second > first
    office.move(OWN_EDIT.total_seconds() / 60 + 1)
    office.do("deliver")
    assert office.pulled()[0] == second, "ours is passed over, theirs before it stays"
    office.move(OWN_EDIT.total_seconds() / 60 + 1)
    office.edited_by_somebody()
    touched, changed = office.pulled()
    assert touched == changed > second


def test_what_may_have_been_set_is_ours_until_that_is_known(office: Office) -> None:
    """Without a receipt it may have been written at any time since; a person's edit of that time is passed over."""
    office.answered()
    before, _ = office.pulled()
    control(office.sandbox, "faults", {"kind": "drop_after_write", "method": "PATCH"})
    once.perform(office.runtime, "deliver", "psa")
    assert office.state() == "unknown"
    touched, changed = office.pulled()
    assert touched == before < changed
    office.move(30)
    office.edited_by_somebody()
    assert office.pulled()[0] == before
    office.do("deliver")
    assert office.state() == "applied"
    office.move(OWN_EDIT.total_seconds() / 60 + 1)
    office.edited_by_somebody()
    touched, changed = office.pulled()
    assert touched == changed > before


def test_what_was_refused_is_not_ours(office: Office) -> None:
    office.answered()
    before, _ = office.pulled()
    with office.runtime.store.write() as tx:
        [entry] = outbox.listed(tx)
        assert outbox.claim(tx, entry.write_back.key, token=0, now=office.runtime.now())
        assert outbox.move(
            tx, entry.write_back.key, from_states=("sending",), to="rejected", now=office.runtime.now(), token=0
        )
    office.edited_by_somebody()
    assert office.pulled()[0] > before
