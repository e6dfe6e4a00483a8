from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from connector.cli import demo_folder
from connector.store import elsewhere
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
    assert list(found["crms"]) == ["psa", "hub", "sf"]
    for each in [found, *found["crms"].values()]:
        excluded = sum(each["exclusions"].values())
        assert each["invitations"] + excluded == each["contacts"] == each["served"] - each["archived"] > 0
        assert each["law_of_ids"] is True
    assert found["second_run"]["tickets_created"] == 0
    assert found["second_run"]["api_calls"] > 0
    assert found["replay"]["differences"] == 0
    assert found["replay"]["jobs"] == 23 + (2 if found["opt_out"] else 0)
    assert found["tickets"] == sum(each["tickets"] for each in found["crms"].values()) >= 1
    assert found["write_backs"] == {"applied": found["responses"] + found["tickets"]}
    assert found["asked_twice"] == 0
    assert found["one_person"].items() >= {"name": "Ann Example", "asked_by": "psa", "hub": "901"}.items()
    assert -100 <= found["nps"] <= 100
    if contacts == "400":
        assert all(each["tickets"] for each in found["crms"].values())
        assert all(each["recorded"] == each["responses"] > 5 for each in found["crms"].values())
        assert found["people_of_several"] > 10
        assert (found["opt_out"]["at"], found["opt_out"]["no_more_by"]) == ("hub", "psa")
        assert "hub/" in found["opt_out"]["seen"]


@pytest.mark.parametrize(("kind", "name"), [("connectwise", "psa"), ("hubspot", "hub"), ("salesforce", "sf")])
def test_one_crm_alone(connector: Connector, kind: str, name: str) -> None:
    said = connector("demo", "--json", "--only", kind, "--contacts", "60")
    assert said.code == 0, said.err
    found = said.facts
    assert list(found["crms"]) == [name]
    assert found["replay"] == {**found["replay"], "jobs": 8, "differences": 0}
    assert found["tickets"] >= 1
    assert found["write_backs"] == {"applied": found["tickets"] * 2}


@pytest.mark.parametrize(("plans_know", "code", "twice"), [(True, 0, "none"), (False, 1, "2")])
def test_asked_twice_is_an_exit_of_its_own_and_plans_alone_keep_it_from_happening(
    connector: Connector, monkeypatch: pytest.MonkeyPatch, plans_know: bool, code: int, twice: str
) -> None:
    """Nobody tells whom the first CRM asked: its plan is enough. Without that the second and third ask Ann again."""
    monkeypatch.setattr(demo_folder, "write_asked", partial(_nobody, demo_folder.write_asked))
    if not plans_know:
        monkeypatch.setattr(elsewhere, "standing", lambda *_args, **_more: [])
    said = connector("demo", "--contacts", "1")
    assert said.code == code, said.err
    assert f"{twice} asked twice" in said.out


def _nobody(write: Callable[..., Path], folder: Path, connection: str, _people: object, *, now: datetime) -> Path:
    return write(folder, connection, [], now=now)


def test_an_unknown_kind_is_answered_with_those_there_are(connector: Connector, tmp_path: Path) -> None:
    said = connector("demo", "--only", "hubspto")
    assert said.code == 2
    assert "hubspot" in said.err
    assert not (tmp_path / "nps-demo").exists()


def test_it_is_told_in_a_screenful_and_works_again_in_the_same_folder(connector: Connector) -> None:
    for words, lines, tickets in (([], 52, 3), (["--only", "connectwise"], 40, 1)):
        said = connector("demo", "--contacts", "200", *words)
        assert said.code == 0, said.err
        assert len(said.out.splitlines()) <= lines
        assert said.out.count("NPS follow-up: ") == tickets
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
    assert connector("check").code == 0
    told = connector("explain", "ann@example.com").out
    assert "ticket 7000" in told
    assert told.count("; the same person: ") == 3, "one Person on three connections"
    assert told.count("because asked recently") == 3, "by now on all of them"
    found = connector("jobs", "list", "--json", "--limit", "100").facts["jobs"]
    assert len(found) >= 23
    assert all(connector("jobs", "replay", job["id"]).code == 0 for job in found)
    assert "applied" in {each["state"] for each in connector("outbox", "list", "--json").facts["write_backs"]}
    assert connector("rules", "test", "--score", "3", "--contact", "ann@example.com", "--connection", "psa").code == 0


def test_a_folder_that_is_not_ours_is_left_alone(connector: Connector, tmp_path: Path) -> None:
    folder = tmp_path / "nps-demo"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    said = connector("demo", "--contacts", "8")
    assert said.code == 2
    assert "not made by connector demo" in said.err
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
