from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec

from connector.jobs.records.journal import read_lines
from tests.cli.acting import ANN, answer, delivered, jobs, outbox, pulled, tickets
from tests.cli.conftest import Connector, Desk


def test_list_and_show_tell_what_was_done(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    listed = connector("jobs", "list")
    assert {"pull", "collect", "deliver"} <= set(listed.out.split())
    job = jobs(connector, "pull")[0]
    assert connector("jobs", "show", "no-such-job").code == 2
    said = connector("jobs", "show", job["id"])
    assert "attempt 1: done" in said.out
    assert "the first of its kind" in said.out
    assert job["attempts"][0]["record"] in said.out


def test_show_says_what_changed_in_the_configuration_since_the_run_before(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    desk.write("live", lambda text: text.replace("priority: High", "priority: Low"))
    connector("pull")
    newest, first = jobs(connector, "pull")[:2]
    said = connector("jobs", "show", newest["id"])
    assert "rules[0].then[1].open_ticket.priority: High → Low" in said.out
    assert first["attempts"][0]["id"] in said.out


def test_list_shows_the_jobs_of_one_story_connection_outcome_and_time(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)

    def stories(*options: str) -> list[str]:
        return [job["story"] for job in connector("jobs", "list", "--json", *options).facts["jobs"]]

    assert set(stories()) == {"pull", "collect", "deliver"}
    assert stories("--story", "pull") == ["pull"]
    assert stories("--connection", "answers") == ["collect"]
    assert stories("--outcome", "failed") == []
    assert set(stories("--outcome", "done", "--since", "1 hour")) == {"pull", "collect", "deliver"}
    assert stories("--since", "2999-01-01") == []
    assert connector("jobs", "list", "--outcome", "god").code == 2
    assert connector("jobs", "list", "--since", "yore").code == 2


def test_every_job_replays_without_a_difference(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    for story in ("pull", "collect", "deliver"):
        said = connector("jobs", "replay", jobs(connector, story)[0]["id"])
        assert said.code == 0
        assert "no difference (compared" in said.out


def test_an_edited_rule_shows_exactly_what_it_changes(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    desk.write("live", lambda text: text.replace("priority: High", "priority: Low"))
    found = connector("jobs", "replay", jobs(connector, "collect")[0]["id"], "--json").facts
    (one,) = found["replays"]
    assert found["same"] is True
    (difference,) = one["under_todays_configuration"]["differences"]
    assert difference["recorded"] == "change.priority: High"
    assert difference["now"] == "change.priority: Low"


def test_what_todays_rules_would_change_is_told_and_is_no_failure(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    desk.write("live", lambda text: text.replace("priority: High", "priority: Low"))
    said = connector("jobs", "replay", jobs(connector, "collect")[0]["id"])
    assert said.code == 0
    assert "under the recorded configuration" in said.out
    assert "1 difference (compared" in said.out
    told = " ".join(connector("jobs", "replay", "--help").out.split())
    assert "0 where all is the same under the recorded configuration, else with 1" in told
    assert "is told, and is no failure" in told


def test_rules_that_read_more_than_was_recorded_are_told_in_one_sentence(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 10})
    desk.write("live", lambda text: text.replace("{band: detractor}", "{band: promoter}"))
    said = connector("jobs", "replay", jobs(connector, "collect")[0]["id"])
    assert said.code == 0
    today = said.out[said.out.index("today's configuration") :]
    assert "from here on the record cannot tell: the story now reads more of the store than it did then" in today
    assert "compared up to here: nothing; what follows was not compared" in today
    assert "—" not in today


def _tampered(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    from connector.jobs.records.journal import JournalWriter

    frames = [msgspec.json.decode(line) for line in read_lines(path)]
    for frame in frames:
        change(frame)
    path.unlink()
    writer = JournalWriter(path)
    for frame in frames:
        writer.write(frame)
    writer.close()


def test_one_changed_byte_of_an_answer_shows(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    job = jobs(connector, "pull")[0]
    record = Path(job["attempts"][0]["record"])

    def change(frame: dict[str, Any]) -> None:
        if frame["t"] == "exchange" and "/company/contacts" in frame["call"]["path"] and frame.get("answer"):
            frame["answer"]["body"] = frame["answer"]["body"].replace("Ann", "Amn", 1)

    _tampered(record, change)
    said = connector("jobs", "replay", job["id"])
    assert said.code == 1
    assert "the recorded answer was altered" in said.out


def test_a_record_forged_with_its_own_sums_is_told_by_the_digest_in_the_store(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 3})
    job = jobs(connector, "collect")[0]
    record = Path(job["attempts"][0]["record"])

    def forge(frame: dict[str, Any]) -> None:
        if frame["t"] == "read" and frame["name"] == "answers" and frame["value"]:
            frame["value"]["answers"][0]["values"]["comment"] = "forged"

    _tampered(record, forge)
    from connector.jobs.records.recorded import Recorded

    honest = Recorded.load(record).inputs_digest

    def seal(frame: dict[str, Any]) -> None:
        if frame["t"] == "end":
            frame["inputs"] = honest

    _tampered(record, seal)
    said = connector("jobs", "replay", job["id"])
    assert said.code == 1
    assert "not those the store remembers" in said.out


def test_export_leaves_no_address_and_replays(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    job = jobs(connector, "collect")[0]
    target = desk.folder / "away.jsonl.zst"
    assert connector("jobs", "export", job["id"], str(target)).code == 2
    assert connector("jobs", "export", job["id"], str(target), "--pseudonyms").code == 0
    text = "\n".join(line.decode() for line in read_lines(target))
    assert ANN not in text
    assert "Nobody calls back" not in text
    said = connector("jobs", "replay", str(target))
    assert said.code == 0
    assert "pseudonyms are compared" in said.out


def test_rerun_of_a_pull_says_first_what_it_would_do_and_moves_no_cursor(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    cursor = _cursor(desk)
    with desk.server.world.lock:
        desk.server.world.edit_contact(1001, firstName="Anne")
    job = jobs(connector, "pull")[0]
    asked = connector("jobs", "rerun", job["id"], "--json").facts
    assert asked["done"] is False
    assert asked["would"]["update"] == {"contacts": 1}
    assert "create" not in asked["would"]["create"]
    assert "Anne" not in connector("explain", "1001").out
    done = connector("jobs", "rerun", job["id"], "--yes")
    assert done.code == 0
    assert "contacts: would create 0, update 1" in done.out
    assert "attempt 2: done" in done.out
    assert "Anne" in connector("explain", "1001").out
    assert _cursor(desk) == cursor
    assert "nothing to do" in connector("jobs", "rerun", job["id"], "--yes").out
    assert connector("jobs", "replay", job["id"]).code == 0
    with desk.server.world.lock:
        desk.server.world.edit_contact(1001, firstName="Ann")


def test_rerun_of_collect_and_deliver_makes_nothing_twice(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    before, keys = tickets(desk), {each["key"] for each in outbox(connector)}
    for story in ("collect", "deliver"):
        said = connector("jobs", "rerun", jobs(connector, story)[0]["id"], "--yes")
        assert said.code == 0
        assert "nothing to do" in said.out
    assert "open_ticket: would create 0, update 0, already there 1" in said.out
    assert tickets(desk) == before
    assert {each["key"] for each in outbox(connector)} == keys


def test_rerun_of_collect_under_a_new_rule_makes_only_what_is_new(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    before = {each["key"] for each in outbox(connector)}
    desk.write(
        "live", lambda text: text.replace("      - record_response\n", "      - record_response\n      - add_note\n")
    )
    job = jobs(connector, "collect")[0]
    said = connector("jobs", "rerun", job["id"], "--yes")
    assert "write-backs: would create 1, update 0, already there 2" in said.out
    new = [each for each in outbox(connector) if each["key"] not in before]
    assert [each["kind"] for each in new] == ["add_note"]
    assert connector("jobs", "replay", job["id"]).code == 0


def test_rerun_failed_sends_only_what_was_refused_and_once(desk: Desk, connector: Connector) -> None:
    job = _refused(desk, connector, "Urgent")
    before = tickets(desk)
    body = json.dumps({"path": "/service/priorities/9", "set": {"name": "Urgent", "level": "Urgent", "sortOrder": 9}})
    urlopen(Request(f"{desk.server.url}/control/edit", body.encode(), method="POST"), timeout=10).close()
    asked = connector("jobs", "rerun", job["id"], "--failed", "--json").facts
    assert asked["would"] == {"create": {"open_ticket": 1}, "update": {}, "already_there": {}}
    assert tickets(desk) == before
    assert connector("jobs", "rerun", job["id"], "--failed", "--yes").code == 0
    assert tickets(desk) == before + 1
    assert "nothing to do" in connector("jobs", "rerun", job["id"], "--failed", "--yes").out
    assert "nothing to do" in connector("jobs", "rerun", job["id"], "--yes").out
    assert tickets(desk) == before + 1
    assert connector("jobs", "replay", job["id"]).code == 0


def test_a_corrected_rule_reaches_what_was_refused_by_a_rerun_of_collect(desk: Desk, connector: Connector) -> None:
    _refused(desk, connector, "Nonexistent")
    before = tickets(desk)
    desk.write("live")
    said = connector("jobs", "rerun", jobs(connector, "collect")[0]["id"], "--yes")
    assert "write-backs: would create 0, update 1, already there 1" in said.out
    assert "open_ticket would change: priority\n" in said.out
    assert connector("deliver").code == 0
    assert tickets(desk) == before + 1


def _refused(desk: Desk, connector: Connector, priority: str) -> dict[str, Any]:
    """The delivery whose ticket was refused, for the CRM has no such priority."""
    desk.write("live", lambda text: text.replace("priority: High", f"priority: {priority}"))
    connector("pull")
    answer(desk, connector, {"email": ANN, "score": 3})
    assert connector("deliver").code == 5
    assert {each["kind"]: each["state"] for each in outbox(connector)}["open_ticket"] == "rejected"
    return jobs(connector, "deliver")[0]


def test_in_preview_a_rerun_of_deliver_says_why_nothing_goes(desk: Desk, connector: Connector) -> None:
    _refused(desk, connector, "Nonexistent")
    desk.write("preview")
    said = connector("jobs", "rerun", jobs(connector, "deliver")[0]["id"], "--yes")
    assert "mode: preview writes nothing" in said.out


def test_a_plan_is_compared_with_the_newest(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    connector("preview", "--offline")
    job = jobs(connector, "plan")[0]
    assert "nothing to do" in connector("jobs", "rerun", job["id"], "--yes").out
    connector("suppress", ANN, "--reason", "asked us to")
    found = connector("jobs", "rerun", job["id"], "--json").facts
    assert found["would"]["update"] == {"decisions": 1}


def test_an_answer_refused_for_want_of_a_contact_is_taken_later(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 9})
    job = jobs(connector, "collect")[0]
    found = connector("jobs", "rerun", job["id"], "--failed", "--json").facts
    assert found["would"] == {"create": {}, "update": {}, "already_there": {}}
    assert json.dumps(found["remarks"]) == "[]"


def _cursor(desk: Desk) -> Any:
    from connector.store import contacts, open_store

    store = open_store(f"sqlite:///{desk.folder / 'nps-data/nps.sqlite3'}")
    try:
        with store.read() as tx:
            return contacts.cursor(tx, "psa")
    finally:
        store.close()
