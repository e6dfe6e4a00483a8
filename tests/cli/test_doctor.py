"""The doctor names what is wrong, and each remedy is a command that exists."""

from __future__ import annotations

import os
import re
import sqlite3
from typing import Any

import pytest

from connector.cli import main
from tests.cli.acting import ANN, answer, delivered, jobs, pulled
from tests.cli.conftest import Connector, Desk


def findings(connector: Connector, code: int = 5) -> list[dict[str, Any]]:
    said = connector("doctor", "--json")
    assert said.code == code, said
    found: list[dict[str, Any]] = said.facts["findings"]
    for finding in found:
        for command in re.findall(r"connector ([a-z-]+)", finding["remedy"]):
            assert command in main.COMMANDS
    return found


def words(found: list[dict[str, Any]]) -> str:
    return "\n".join(f"{each['severity']} {each['place']}: {each['what']} → {each['remedy']}" for each in found)


def test_nothing_is_wrong_after_a_good_day(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    [note] = findings(connector, code=0)  # no mail is set up: who hears of late tickets is worth a note
    assert (note["severity"], note["place"]) == ("note", "follow_up")
    assert "escalate_to" in note["remedy"]
    assert "nothing is wrong" in connector("doctor").out
    assert "reminders and escalations are logged only" not in connector("follow-ups").out  # nothing was watched yet
    assert connector("watch").code == 0
    assert "reminders and escalations are logged only" in connector("follow-ups").out
    mail = "connections:\n  mail: {adapter: smtp, host: 127.0.0.1, port: 9, from: nps@example.com}\n"
    told = "follow_up: {escalate_to: [lead@example.com], via: mail}\n"
    desk.write("live", lambda text: text.replace("connections:\n", mail, 1) + told)
    assert findings(connector, code=0) == []
    assert "logged only" not in connector("follow-ups").out


def test_before_anything_was_done_there_is_nothing_to_do(desk: Desk, connector: Connector) -> None:
    assert {each["severity"] for each in findings(connector, code=0)} == {"note"}
    assert not (desk.folder / "nps-data").exists()


def test_a_broken_configuration_is_named_and_the_rest_examined_all_the_same(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    connector("pause", "psa", "--reason", "moving house")
    desk.write("live", lambda text: text.replace("band:", "bnad:"))
    said = words(findings(connector))
    assert "rules[0].when.bnad" in said
    assert "paused" in said
    assert "connector resume psa" in said


def test_holds_refusals_and_lost_records_are_named_each_with_its_command(desk: Desk, connector: Connector) -> None:
    desk.write("live", lambda text: text.replace("priority: High", "priority: Nonexistent"))
    connector("pull")
    answer(desk, connector, {"email": ANN, "score": 3})
    connector("deliver")
    record = jobs(connector, "pull")[0]["attempts"][0]["record"]
    (desk.folder / record).unlink()
    said = words(findings(connector))
    assert "1 write-back was refused; open_ticket" in said
    assert "connector outbox list" in said
    assert "is gone before its time" in said


def test_an_open_folder_and_a_killed_process_and_a_locked_database_are_named(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    data = desk.folder / "nps-data"
    data.chmod(0o755)
    other = sqlite3.connect(data / "nps.sqlite3", isolation_level=None)
    other.execute("update lease set owner = 'elsewhere|?|1|?', expires_at = '2026-01-01T00:00:00.000000Z'")
    said = words(findings(connector))
    assert f"chmod 700 {data}" in said
    assert "ended without giving its lease back (elsewhere)" in said
    other.execute("begin exclusive")
    assert "held by another process" in words(findings(connector))
    other.close()


def test_rights_that_only_another_user_can_change_are_not_to_be_changed_by_this_one(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled(desk, connector)
    data = desk.folder / "nps-data"
    data.chmod(0o770)
    (data / "nps.sqlite3").chmod(0o660)
    owner = data.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 10001)
    said = words(findings(connector))
    assert "chmod" not in said
    assert f"set storage.data to {data}/nps" in said
    assert f"chown {owner + 10001} {data}/nps.sqlite3" in said


def test_a_database_file_that_is_not_there_is_named_and_no_other_is_looked_at(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled(desk, connector)
    monkeypatch.setenv("CONNECTOR_DATABASE_URL_FILE", str(desk.folder / "url"))
    said = words(findings(connector))
    assert f"CONNECTOR_DATABASE_URL_FILE: {desk.folder}/url: No such file" in said
    assert connector("pull").code == 2
    (desk.folder / "url").write_text(f"sqlite:///{desk.folder}/nps-data/nps.sqlite3\n")
    assert [each["place"] for each in findings(connector, code=0)] == ["follow_up"]


def test_a_clock_that_stands_wrong_is_told_by_the_date_of_the_crm(desk: Desk, connector: Connector) -> None:
    from connector.jobs.records.journal import JournalWriter
    from tests.jobs.story import read_frames

    pulled(desk, connector)
    record = desk.folder / jobs(connector, "pull")[0]["attempts"][0]["record"]
    frames = list(read_frames(record))
    frames[0]["clock"] = frames[0]["clock"].replace("202", "201", 1)
    record.unlink()
    writer = JournalWriter(record)
    for frame in frames:
        writer.write(frame)
    writer.close()
    assert "minutes behind the CRM's" in words(findings(connector))


def test_a_schema_that_is_behind_is_named(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    store = sqlite3.connect(desk.folder / "nps-data/nps.sqlite3")
    store.execute("update alembic_version set version_num = '0001'")
    store.commit()
    store.close()
    assert "connector db upgrade" in words(findings(connector))


def test_a_copy_that_came_back_is_known_by_the_records_it_does_not_know(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    data = desk.folder / "nps-data"
    connector("db", "backup", str(desk.folder / "copy.sqlite3"))
    assert "came back" not in words(findings(connector, code=0))
    connector("suppress", ANN)
    connector("pull")
    for path in data.glob("nps.sqlite3*"):
        path.unlink()
    (desk.folder / "copy.sqlite3").rename(data / "nps.sqlite3")
    [finding] = [each for each in findings(connector, code=5) if each["place"] == "database"]
    assert finding["severity"] == "look"
    assert "came back" in finding["what"]
    assert "connector forget" in finding["remedy"]
    assert "connector suppress" in finding["remedy"]


def test_a_connection_held_for_its_credentials_wants_them_corrected_first(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    store = sqlite3.connect(desk.folder / "nps-data/nps.sqlite3")
    store.execute("insert into hold values ('connection', 'psa', 'auth', 'refused', '2026-11-20T16:20:00.000000Z')")
    store.commit()
    store.close()
    [held] = [each for each in findings(connector) if each["place"] == "connection psa"]
    assert held["remedy"].startswith("correct its credentials")
    assert held["remedy"].endswith("then connector resume psa")


def test_a_rehearsal_that_was_refused_is_nothing_wrong_in_mode_live(desk: Desk, connector: Connector) -> None:
    desk.write("live", lambda text: text.replace("priority: High", "priority: Nonexistent"))
    connector("pull")
    answer(desk, connector, {"email": ANN, "score": 3})
    connector("deliver")
    assert "1 write-back was refused" in words(findings(connector))
    store = sqlite3.connect(desk.folder / "nps-data/nps.sqlite3")
    store.execute("update write_back set rehearsal = 1")
    store.commit()
    store.close()
    desk.write("live")
    [note] = [each for each in findings(connector, code=0) if each["place"] == "rehearsals"]
    assert note["severity"] == "note"
    assert "1 rehearsal copy was refused; nothing waits for that in mode live" in note["what"]
