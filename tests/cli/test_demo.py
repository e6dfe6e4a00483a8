from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Connector


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONNECTOR_CONFIG", "CONNECTOR_DATABASE_URL", "CONNECTOR_DATABASE_URL_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("contacts", "seed"), [("400", "7"), ("8", "3"), ("1", "1")])
def test_the_law_of_ids_holds_and_nothing_is_done_twice(connector: Connector, contacts: str, seed: str) -> None:
    said = connector("demo", "--json", "--contacts", contacts, "--seed", seed)
    assert said.code == 0, said.err
    found = said.facts
    assert found["invitations"] + sum(found["exclusions"].values()) == found["contacts"] == found["served"]
    assert found["law_of_ids"] is True
    assert found["second_run"]["tickets_created"] == 0
    assert found["second_run"]["api_calls"] > 0
    assert found["replay"]["differences"] == 0
    assert found["replay"]["jobs"] == 8
    assert found["tickets"] >= 1
    assert found["write_backs"] == {"applied": found["tickets"] * 2}
    assert -100 <= found["nps"] <= 100


def test_it_is_told_in_a_screenful_and_works_again_in_the_same_folder(connector: Connector) -> None:
    for _ in range(2):
        said = connector("demo", "--contacts", "60")
        assert said.code == 0, said.err
        assert len(said.out.splitlines()) <= 40
        assert "NPS follow-up: " in said.out
        assert "0 tickets opened" in said.out
        assert "no difference" in said.out


def test_the_next_commands_work_in_the_folder_it_leaves(
    connector: Connector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connector("demo", "--contacts", "60").code == 0
    folder = tmp_path / "nps-demo"
    for line in (folder / "env.sh").read_text().splitlines():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    assert "ticket 7000" in connector("explain", "ann@example.com").out
    found = connector("jobs", "list", "--json").facts["jobs"]
    assert all(connector("jobs", "replay", job["id"]).code == 0 for job in found)
    assert "applied" in {each["state"] for each in connector("outbox", "list", "--json").facts["write_backs"]}


def test_a_folder_that_is_not_ours_is_left_alone(connector: Connector, tmp_path: Path) -> None:
    folder = tmp_path / "nps-demo"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    said = connector("demo", "--contacts", "8")
    assert said.code == 2
    assert "not made by connector demo" in said.err
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
