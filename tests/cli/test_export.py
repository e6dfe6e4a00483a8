"""Who asks what is kept of them gets all of it, and nothing of anybody else."""

from __future__ import annotations

import json

from tests.cli.acting import ANN, answer, delivered
from tests.cli.conftest import Connector, Desk
from tests.scanning import everybody, traces


def test_export_holds_all_of_one_person_with_sources_and_nobody_else(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    answer(desk, connector, {"email": "bob@example.com", "score": 9, "comment": "I am somebody else"}, name="b.csv")
    connector("suppress", ANN, "--reason", "asked us to")
    said = connector("export", ANN, "--out", "ann.json", "--json")
    assert said.code == 0, said
    target = desk.folder / "ann.json"
    assert target.stat().st_mode & 0o077 == 0
    document = json.loads(target.read_text())
    assert document["stored"]["answers"]["rows"][0]["comment"] == "Nobody calls back."
    assert document["stored"]["contacts"]["rows"][0]["doc"]["phone"] == "+1 555 0100"
    assert "connector suppress" in document["stored"]["opt-outs kept here"]["source"]
    assert {each["what"] for each in document["in_other_systems"]} >= {"ticket"}
    assert len(document["records"]["files"]) == 3
    others = everybody(desk.server) - {"Ann Example", ANN, "+1 555 0100"}
    found = traces(target, others | {"I am somebody else"})
    assert [trace for trace in found if "example.com" not in trace] == []
    assert connector("export", ANN, "--out", "ann.json").code == 2


def test_export_of_somebody_unknown_says_so(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    said = connector("export", "nobody@example.org")
    assert said.code == 1
    assert "nothing is stored" in said.out
    assert connector("export", "no address").code == 2
