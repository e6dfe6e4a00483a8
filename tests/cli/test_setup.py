"""`connector setup`: shows first, asks, creates once."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Connector, Desk

MISSING = "record_response: {fields: {score: NPS Number, comment: null}}"


def test_nothing_missing_is_told_and_nothing_is_done(desk: Desk, connector: Connector) -> None:
    said = connector("setup", "psa")
    assert (said.code, said.err) == (0, "")
    assert "nothing is missing" in said.out
    assert [line.split()[1:3] for line in said.out.splitlines() if line.startswith("contact")] == [
        ["NPS", "Band"], ["NPS", "Comment"], ["NPS", "Date"], ["NPS", "Score"],
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["preview", "live"])
def test_what_is_missing_is_created_in_every_mode_after_a_yes_and_once(
    desk: Desk, connector: Connector, mode: str
) -> None:
    desk.write(mode, change=lambda text: text.replace("record_response", MISSING))
    said = connector("setup", "connectwise", "psa", "--json")
    assert said.code == 0
    assert said.facts["why_not"] == "not confirmed; add --yes"
    assert [field["needed"]["caption"] for field in said.facts["fields"] if not field["exists"]] == ["NPS Number"]
    done = connector("setup", "connectwise", "psa", "--yes")
    assert done.code == 0
    assert "created 1" in done.out
    assert "NPS Number  missing" in done.out
    assert "NPS Number  Number" in done.out
    again = connector("setup", "connectwise", "--yes", "--json")
    assert again.code == 0
    assert all(field["exists"] for field in again.facts["fields"])
    assert "step" not in again.facts
    assert 'no custom field "NPS Number"' not in connector("check", "--live").out


def test_a_no_creates_nothing(desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write(change=lambda text: text.replace("record_response", MISSING))
    asked: list[str] = []

    def no(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("typer.confirm", no)
    said = connector("setup", "connectwise")
    assert said.code == 0
    assert asked == ["Create 1 custom field in psa?"]
    assert "nothing was created; answers are recorded without them; connector setup psa --yes" in said.out


def test_what_cannot_be_created_leaves_with_5(desk: Desk, connector: Connector) -> None:
    long = "record_response: {fields: {score: NPS Number that is far too long}}"
    desk.write(change=lambda text: text.replace("record_response", long))
    said = connector("setup", "connectwise")
    assert said.code == 5
    assert "at most 25 characters" in said.out
    assert "make 1 custom field by hand as the last column says" in said.out


def test_its_job_is_on_record_and_replays(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("record_response", MISSING))
    connector("setup", "connectwise", "--yes")
    [job] = [job for job in connector("jobs", "list", "--json").facts["jobs"] if job["story"] == "setup"]
    replayed = connector("jobs", "replay", job["id"])
    assert replayed.code == 0, replayed.out + replayed.err
    assert "no difference" in replayed.out


def test_another_connection_is_told_with_the_nearest(desk: Desk, connector: Connector) -> None:
    for given in (("pas",), ("connectwise", "pas")):
        said = connector("setup", *given)
        assert said.code == 2
        assert 'did you mean "psa"?' in said.err


def test_a_kind_without_a_connection_and_two_connections_are_refused(desk: Desk, connector: Connector) -> None:
    said = connector("setup", "memory")
    assert said.code == 2
    assert "there is no in-memory CRM (tests and demonstrations) connection" in said.err
    assert "one connection at a time" in connector("setup", "psa", "other").err
