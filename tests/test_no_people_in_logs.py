"""The log of a whole run names nobody and holds no secret."""

from __future__ import annotations

from tests.cli.acting import ANN, answer, delivered
from tests.cli.conftest import Connector, Desk, connector, desk  # noqa: F401 - the fixtures
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
