from __future__ import annotations

import pytest

from tests.cli.conftest import Connector, Desk


@pytest.mark.parametrize("name", ["psa", "all"])
def test_paused_until_resumed(name: str, desk: Desk, connector: Connector) -> None:
    assert connector("pause", name, "--reason", "migration").code == 0
    assert "migration" in connector("pause").out
    said = connector("pull")
    assert said.code == 3
    assert "pause: migration" in said.out
    assert "goes on" in connector("resume", name).out
    assert connector("pull").code == 0
    assert connector("pause").out == "nothing is held\n"


def test_lost_credentials_hold_until_renewed(desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as wrong:
        wrong.setenv("CW_PRIVATE_KEY", "wrong-key-4711")
        assert connector("pull").code == 3
    assert connector("pull").code == 3
    assert [hold["cause"] for hold in connector("pause", "--json").facts["held"]] == ["auth"]
    assert "hold lifted" in connector("resume", "psa").out
    assert connector("pull").code == 0


def test_resume_says_what_is_still_held(desk: Desk, connector: Connector) -> None:
    connector("pause", "psa")
    connector("pause", "all", "--reason", "holidays")
    said = connector("resume", "psa")
    assert "still held: everything (pause): holidays" in said.out
    assert [hold["name"] for hold in connector("resume", "psa", "--json").facts["held"]] == ["*"]


def test_audience_is_resumed_by_name(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("NPS 2026", "NPS 2062"))
    assert connector("pull").code == 5
    assert [hold["kind"] for hold in connector("pause", "--json").facts["held"]] == ["audience"]
    assert "looks for its names again" in connector("resume", "decision-makers").out
    assert connector("pause").out == "nothing is held\n"


def test_held_audience_that_left_the_file_is_resumed_by_name_or_by_the_next_pull(
    desk: Desk, connector: Connector
) -> None:
    def held() -> list[str]:
        return [hold["name"] for hold in connector("pause", "--json").facts["held"]]

    for lift in (("resume", "decision-makers"), ("pull",)):
        desk.write(change=lambda text: text.replace("NPS 2026", "NPS 2062"))
        assert connector("pull").code == 5
        desk.write(change=lambda text: text.replace("decision-makers:", "deciders:"))
        assert held() == ["decision-makers"]
        assert connector(*lift).code == 0
        assert held() == []


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_wrong_name(command: str, desk: Desk, connector: Connector) -> None:
    said = connector(command, "pas")
    assert said.code == 2
    assert 'did you mean "psa"?' in said.err
