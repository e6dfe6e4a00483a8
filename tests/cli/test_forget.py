"""A person is erased: no byte of them is left in any file, and every other record still replays."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

from tests.cli.acting import ANN, answer, delivered, jobs, tickets
from tests.cli.conftest import Connector, Desk
from tests.scanning import traces

COMMENT = "The purple printer of the Northgate depot jams every single Tuesday, nobody comes."
WHOLE = {"Ann Example", ANN, "+1 555 0100", "purple printer of the Northgate depot"}


def told(desk: Desk, connector: Connector) -> Path:
    """Everything there can be of Ann; the data folder."""
    delivered(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 2, "comment": COMMENT}, {"email": "bob@example.com", "score": 9},
           name="more.csv")  # fmt: skip
    connector("deliver")
    connector("preview", "--offline")
    connector("suppress", ANN, "--reason", "Ann Example asked us to")
    data = desk.folder / "nps-data"
    copy = sqlite3.connect(data / "nps.sqlite3")
    copy.execute("vacuum into ?", (str(data / "nps.sqlite3.before-0001-20261101000000"),))
    copy.close()
    return data


def test_no_byte_of_the_person_is_left_in_any_file(desk: Desk, connector: Connector) -> None:
    data = told(desk, connector)
    before = traces(data, WHOLE)
    assert {trace.rpartition(": ")[2] for trace in before} == WHOLE
    assert any("before-0001" in trace for trace in before)
    opened = tickets(desk)
    asked = connector("forget", ANN, "--json")
    assert asked.facts["done"] is False
    assert traces(data, WHOLE) == before, "nothing is done before it is confirmed"
    done = connector("forget", ANN, "--yes", "--json", "--debug")
    assert done.code == 0, done
    made = done.facts["certificate"]
    assert traces(data, WHOLE) == []
    assert made["records_removed"] == []
    assert made["records_rewritten"] >= 5
    assert made["rows"]["contact"] == 1
    assert list(made["backups"].values()) == ["cleaned"]
    assert [each["what"] for each in made["remains_in_crm"]].count("ticket") == opened
    to_do = "\n".join(made["still_to_do"])
    assert str(desk.folder / "answers.csv") in to_do, "what was imported by path is named"
    assert str(desk.folder / "more.csv") in to_do
    assert traces(json.dumps(made), WHOLE) == []


def test_records_and_copies_stay_usable(desk: Desk, connector: Connector) -> None:
    data = told(desk, connector)
    connector("forget", ANN, "--yes")
    for story in ("pull", "plan", "collect", "deliver"):
        for job in jobs(connector, story):
            said = connector("jobs", "replay", job["id"])
            assert said.code == 0, said.out
            assert "no difference" in said.out
    assert "somebody was erased from it" in connector("jobs", "replay", jobs(connector, "pull")[0]["id"]).out
    copy = sqlite3.connect(data / "nps.sqlite3.before-0001-20261101000000")
    assert copy.execute("select count(*) from contact").fetchone()[0] > 10
    copy.close()
    explained = connector("explain", ANN).out
    assert f"connector forget {ANN} --lift lets the pull bring them again" in explained, "the CRM still has her"
    assert "erased on 20" in connector("explain", "1001", "--offline").out
    assert "erased" in connector("responses", "list").out
    assert "searched" in connector("forget", "--list").out


def test_scores_stay_for_the_statistics_without_whose_they_were(desk: Desk, connector: Connector) -> None:
    told(desk, connector)
    answer(desk, connector, {"email": "carol@example.com", "score": 4, "comment": COMMENT}, name="carol.csv")
    before = connector("responses", "list", "--json").facts["responses"]
    connector("forget", ANN, "--yes")
    after = connector("responses", "list", "--json").facts["responses"]
    assert [each["score"] for each in after] == [each["score"] for each in before]
    assert sorted(each["comment"] for each in after) == ["", "", "", COMMENT], "the same words of somebody else stay"


def test_the_next_pull_brings_nobody_back_and_records_nothing_of_them(desk: Desk, connector: Connector) -> None:
    data = told(desk, connector)
    connector("forget", ANN, "--yes")
    with desk.server.world.lock:
        desk.server.world.edit_contact(1001, title="Chief")
    assert connector("pull", "--json").code == 0
    answer(desk, connector, {"email": ANN, "score": 1, "comment": COMMENT}, name="again.csv", code=5)
    assert traces(data, WHOLE) == []
    newest = jobs(connector, "pull")[0]
    assert newest["attempts"][0]["counts"]["forgotten"] == 1
    assert connector("jobs", "replay", newest["id"]).code == 0
    assert "erased on 20" in connector("explain", ANN).out
    assert connector("forget", ANN, "--lift").code == 0
    with desk.server.world.lock:
        desk.server.world.edit_contact(1001, title="Chief Officer")
    connector("pull")
    assert traces(data, {ANN})


def test_a_copy_that_is_restored_knows_who_was_erased(desk: Desk, connector: Connector) -> None:
    data = told(desk, connector)
    connector("db", "backup", str(data / "second.sqlite3"))
    assert list(connector("forget", "bob@example.com", "--yes", "--json").facts["certificate"]["backups"]) != []
    made = connector("forget", ANN, "--yes", "--json").facts["certificate"]
    assert set(made["backups"].values()) == {"cleaned"}
    for name in made["backups"]:
        for path in data.glob("nps.sqlite3*"):
            if path.name in ("nps.sqlite3", "nps.sqlite3-wal", "nps.sqlite3-shm"):
                path.unlink()
        shutil.copyfile(data / name, data / "nps.sqlite3")
        listed = connector("forget", "--list").out
        assert made["number"] in listed, name
        assert listed.count("certificate ") == 2, "the former erasure, too"
        with desk.server.world.lock:
            desk.server.world.edit_contact(1001, title=f"Chief {len(name)}")
        assert connector("pull").code == 0
        assert traces(data, WHOLE) == [], name


def test_a_copy_too_old_to_know_of_erasures_says_so(desk: Desk, connector: Connector) -> None:
    data = told(desk, connector)
    old = sqlite3.connect(data / "nps.sqlite3.before-0001-20261101000000")
    old.executescript("drop table forgotten; drop table erasure")
    old.close()
    made = connector("forget", ANN, "--yes", "--json").facts["certificate"]
    [said] = made["backups"].values()
    assert said.startswith("cleaned; ")
    assert any("connector forget" in line for line in made["still_to_do"])


def test_a_record_that_an_erasure_removed_is_known_as_such_everywhere(desk: Desk, connector: Connector) -> None:
    data = told(desk, connector)
    [job, *_] = jobs(connector, "collect")
    record = desk.folder / job["attempts"][0]["record"]
    record.write_bytes(record.read_bytes()[:-40] + b"x" * 60)
    said = connector("forget", ANN, "--yes")
    assert said.code == 0, said
    assert f"1 removed:\n             {record.name}: the record is damaged" in said.out
    assert f"{record.name}: the record is damaged" in connector("forget", "--list").out
    assert "before its time" not in connector("doctor").out, "nobody is told to bring it back"
    shown = connector("jobs", "show", job["id"])
    assert "removed by an erasure, " in shown.out
    assert "replay it offline" not in shown.out
    replayed = connector("jobs", "replay", job["id"])
    assert replayed.code != 0
    assert "an erasure removed the record, " in replayed.err
    assert "keep_exchanges" not in replayed.err
    assert "an erasure removed" in connector("jobs", "export", job["id"], str(data / "x.zst"), "--pseudonyms").err


def test_files_that_somebody_had_written_are_named_as_theirs(desk: Desk, connector: Connector) -> None:
    told(desk, connector)
    said = connector("forget", ANN, "--yes").out
    assert "to do      files that somebody had written (preview --csv, hygiene --csv, export" in said
    assert "stored: 1 contact, 2 answers" in said
