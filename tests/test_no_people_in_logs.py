"""The log of a whole run names nobody and holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from connector.store import codec, open_store
from tests.cli.acting import ANN, answer, delivered
from tests.cli.conftest import Connector, Desk, connector, desk  # noqa: F401 - the fixtures
from tests.kill.crm import Crm
from tests.kill.crms import NEWER
from tests.scanning import everybody, secrets, traces


def test_no_person_and_no_secret_is_in_the_log_of_a_whole_run(desk: Desk, connector: Connector) -> None:  # noqa: F811
    delivered(desk, connector)
    answer(
        desk, connector, {"email": "no address at all", "score": 3}, {"email": ANN, "score": 99}, name="bad.csv", code=5
    )
    commands = ("pull", "preview", "deliver", "run --once", "support-bundle", f"forget {ANN} --yes")
    said = [connector(*command.split(), "--log-level", "debug").err for command in commands]
    log = "\n".join(said)
    assert log.count("\n") > 10
    assert traces(log, everybody(desk.server) | secrets(desk.server) | {"Nobody calls back"}) == []


@pytest.mark.parametrize("crm", NEWER, ids=lambda crm: crm.kind)
def test_nor_in_that_of_a_run_on_the_others(
    crm: Crm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    connector: Connector,  # noqa: F811
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONNECTOR_DATABASE_URL", raising=False)
    with crm.serve() as stand_in:
        crm.config(stand_in, tmp_path, answers={"settle": "0 seconds"})
        keys = crm.environ(stand_in.login)
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        second, third, *_ = crm.people
        (tmp_path / "answers.csv").write_text(
            "external_id,email,score,comment,responded_at\n"
            f"1,{ANN},3,Nobody calls back,2026-11-21T10:00:00Z\n"
            f"2,{second},99,Nobody calls back,2026-11-21T10:00:00Z\n"
            f"3,{third},0,Nobody calls back,2026-11-21T10:00:00Z\n"
        )
        said = [
            connector(*command, "--log-level", "debug").err
            for command in (["pull"], ["preview"], ["responses", "import", "answers.csv", "--run-rules"])
        ]
        fault = {"kind": "truncate", "method": "POST", "path": crm.opens.split()[1].removeprefix("/")}
        stand_in.control("faults", fault)
        rest = ("deliver", "run --once", "support-bundle", f"forget {ANN} --yes")
        said += [connector(*line.split(), "--log-level", "debug").err for line in rest]
        people = _everybody(tmp_path)
        assert len(crm.tickets(stand_in.records())) == 2
    log = "\n".join(said)
    assert len(people) > 40
    assert log.count("\n") > 10
    assert traces(log, people | set(keys.values()) | {ANN, "Ann Example", "Nobody calls back"}) == []


def _everybody(folder: Path) -> set[str]:
    """Every full name of some length, every address and every phone number that is stored."""
    store = open_store(f"sqlite:///{next(folder.rglob('*.sqlite3'))}", migrate=False)
    try:
        with store.read() as tx:
            contacts = [codec.decode_contact(row.doc) for row in tx.execute(text("select doc from contact"))]
    finally:
        store.close()
    names = {each.name for each in contacts if " " in each.name and len(each.name) > 8}
    phones = {each.phone for each in contacts if sum(map(str.isdigit, each.phone)) >= 8}
    return names | phones | {each.email for each in contacts if "@" in each.email}
