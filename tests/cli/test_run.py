"""pull, deliver and run: single stories, and all of them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Connector, Desk
from tests.cli.test_responses import answers


def test_all_that_is_due_line_by_line(desk: Desk, connector: Connector) -> None:
    said = connector("run", "--once")
    assert said.code == 0
    mode, pulled, planned = said.out.splitlines()
    assert mode.startswith("PREVIEW: ")
    assert pulled.startswith("pull      psa      done      contacts ")
    assert "calls" in pulled
    assert planned.startswith("plan      psa      done      decision-makers:  pulled ")


def test_live_tickets_are_opened_once(desk: Desk, connector: Connector) -> None:
    desk.write("live")
    connector("pull")
    answers(desk.folder, "1,ann@example.com,3,too slow")
    assert "connector run --once sends" in connector("responses", "import", "answers.csv").out
    first = connector("run", "--once", "--json").facts
    assert first["mode"] == "live"
    (delivered,) = (step for step in first["steps"] if step["story"] == "deliver")
    assert delivered["counts"]["applied"] == 2
    assert connector("deliver", "--json").facts["outbox"] == {"applied": 2}
    assert "nothing waits" in connector("deliver").out


def test_only_one_story(desk: Desk, connector: Connector) -> None:
    steps = connector("run", "--once", "--only", "pull", "--json").facts["steps"]
    assert [step["story"] for step in steps] == ["pull"]
    said = connector("run", "--once", "--only", "pul")
    assert said.code == 2
    assert 'did you mean "pull"?' in said.err


def test_only_is_for_a_single_pass(desk: Desk, connector: Connector) -> None:
    said = connector("run", "--only", "pull")
    assert said.code == 2
    assert "connector run --once --only" in said.err


def test_a_pass_begins_nothing_outside_its_hours(desk: Desk, connector: Connector) -> None:
    from datetime import UTC, datetime, timedelta

    begin = datetime.now(UTC) + timedelta(hours=2)
    hours = f"{begin:%H:%M}-{begin + timedelta(hours=2):%H:%M}"
    desk.write(change=lambda text: text + f'schedule: {{pull: {{within: "{hours}"}}}}\n')
    assert [step["story"] for step in connector("run", "--once", "--json").facts["steps"]] == ["plan"]
    assert connector("pull").code == 0, "a person may at any time"


def test_the_worst_step_decides(desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    connector("run", "--once")
    monkeypatch.setenv("CW_PRIVATE_KEY", "wrong-key-4711")
    said = connector("run", "--once", "--json")
    assert said.code == said.facts["exit_code"] == 3
    assert [step["outcome"] for step in said.facts["steps"]] == ["held", "held"]


def test_pull_of_one_connection(desk: Desk, connector: Connector) -> None:
    (step,) = connector("pull", "psa", "--json").facts["steps"]
    assert step["counts"]["contacts"] > 0
    said = connector("pull", "psb")
    assert said.code == 2
    assert 'did you mean "psa"?' in said.err


def test_deliver_in_preview_sends_nothing(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,3,")
    connector("responses", "import", "answers.csv")
    said = connector("deliver", "psa")
    assert said.code == 0
    assert "2 wait and none was sent: mode is preview" in said.out
