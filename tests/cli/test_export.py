"""Who asks what is kept of them gets all of it, and nothing of anybody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import text

from connector.store import hints, open_store
from tests.cli.acting import ANN, answer, delivered, jobs, pulled
from tests.cli.conftest import Connector, Desk
from tests.jobs.desk import control
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


def test_what_was_taken_back_and_what_was_told_of_a_contact_are_in_an_export(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    assert connector("undo", jobs(connector, "deliver")[0]["id"], "--yes").code == 0
    store = open_store(f"sqlite:///{desk.folder}/nps-data/nps.sqlite3")
    with store.write() as tx:
        rows = tx.execute(text("select address_key, id from contact where address_key is not null"))
        ids = {row.address_key: row.id for row in rows}
        mine = ids.pop(ANN)
        for kind, record_id in (("contact", mine), ("company", mine), ("contact", min(ids.values()))):
            hints.put(tx, "psa", kind, record_id, at=datetime(2026, 11, 21, tzinfo=UTC))
    store.close()
    assert connector("export", ANN, "--out", "ann.json").code == 0
    stored = json.loads((desk.folder / "ann.json").read_text())["stored"]
    (hint,) = stored["hints of a change"]["rows"]
    assert (hint["kind"], hint["record_id"]) == ("contact", mine)
    assert "done" in {row["state"] for row in stored["taken back"]["rows"]}
    assert "connector undo" in stored["taken back"]["source"]


def test_export_of_somebody_unknown_says_so(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    said = connector("export", "nobody@example.org")
    assert said.code == 1
    assert "nothing is stored" in said.out
    assert connector("export", "no address").code == 2


def test_an_address_of_several_people_is_told_before_it_is_handed_over(desk: Desk, connector: Connector) -> None:
    world = desk.server.world
    with world.lock:
        contacts = world.tables["contacts"]
        rows = {number: contacts.row(0, number) or {} for number in contacts.ids(0)}
    (items,) = (row["communicationItems"] for row in rows.values() if ANN in str(row) and row["firstName"] == "Ann")
    other = next(number for number, row in rows.items() if row.get("lastName") and ANN not in str(row))
    control(desk.server, "edit", {"path": f"/company/contacts/{other}", "set": {"communicationItems": items}})
    pulled(desk, connector)
    assert "2 people have this address" in connector("export", ANN, "--out", "both.json").out


def test_what_waits_is_not_said_to_be_written(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 3})
    said = connector("export", ANN, "--out", "ann.json").out
    assert "waiting to be written to other systems 2" in said
    assert ": written to" not in said
    assert ", written to" not in said
