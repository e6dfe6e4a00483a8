from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
import requests

from connector.jobs.records.journal import read_lines
from tests.cli.acting import ANN, answer, jobs, outbox, pulled, tickets
from tests.cli.conftest import Connector, Desk
from tests.scanning import traces

REHEARSAL = "rehearsal: {company: acme, board: Help Desk, mail_to: rehearsal@example.com}\n"


def ready(desk: Desk, connector: Connector, mode: str = "live", more: str = "") -> None:
    def change(text: str) -> str:
        return text.replace("answers: {settle: 0 seconds}", f"answers: {{settle: 15 minutes}}\n{REHEARSAL}{more}")

    pulled(desk, connector)
    desk.write(mode, change)


def control(desk: Desk, lever: str, body: Any = None) -> Any:
    method = "GET" if body is None else "POST"
    return requests.request(method, f"{desk.server.url}/control/{lever}", json=body, timeout=10).json()


def ours(desk: Desk) -> list[dict[str, Any]]:
    return [each for each in control(desk, "records")["tickets"] if str(each.get("externalXRef")).startswith("nps-")]


@pytest.mark.parametrize("mode", ["live", "rehearsal"])
def test_one_person_is_walked_through_the_loop_to_the_test_company_at_once(
    desk: Desk, connector: Connector, mode: str
) -> None:
    ready(desk, connector, mode)
    before = control(desk, "records")
    said = connector("rehearse", ANN, "--comment", "Nobody calls back.")
    assert said.code == 0, said.out + said.err
    [ticket] = ours(desk)
    assert (ticket["company"]["identifier"], ticket["board"]["name"]) == ("acme", "Help Desk")
    assert ticket["externalXRef"].startswith("nps-r-")
    after = control(desk, "records")
    assert (after["custom_fields"], after["contact_notes"]) == (before["custom_fields"], before["contact_notes"])
    lines = [line.split()[0] for line in said.out.splitlines() if line[:1].isdigit()]
    assert lines == ["1", "2", "3", "4", "5"]
    assert f"ticket {ticket['id']} http" in said.out
    assert "the real ticket would go to bob, account manager" in said.out
    [job] = jobs(connector, "rehearse")
    assert said.out.splitlines()[-1].endswith(f"connector undo {job['id']} --yes")
    explained = connector("explain", f"ticket:{ticket['id']}").out
    assert explained.startswith(f"ticket {ticket['id']} of a rehearsal\n")
    assert "open_ticket (rehearsal) done" in explained


def test_what_it_ends_with_cleans_up_in_mode_live_too(desk: Desk, connector: Connector) -> None:
    ready(desk, connector)
    [job] = connector("rehearse", ANN, "--json").facts["undo"]
    done = connector("undo", job, "--yes")
    assert done.code == 0, done.out + done.err
    assert [each["closedFlag"] for each in ours(desk)] == [True]
    assert connector("jobs", "replay", job).code == 0


def test_the_answer_counts_nowhere(desk: Desk, connector: Connector) -> None:
    ready(desk, connector)
    invited = connector("preview", "--offline", "--json").facts["steps"][0]["counts"]
    assert connector("rehearse", ANN).code == 0
    assert connector("responses", "list", "--json").facts["responses"] == []
    assert connector("preview", "--offline", "--json").facts["steps"][0]["counts"] == invited
    answer(desk, connector, {"email": ANN, "score": 4})
    assert {each["kind"] for each in outbox(connector, "--state", "waiting")} == {"record_response", "open_ticket"}
    assert connector("deliver").code == 0
    assert len(ours(desk)) == 1  # the real one settles still; no rehearsal leaves a second time


def test_an_answer_that_was_lost_is_looked_for_by_the_same_command_and_not_doubled(
    desk: Desk, connector: Connector
) -> None:
    ready(desk, connector)
    control(desk, "faults", {"kind": "drop_after_write", "method": "POST", "path": "tickets$"})
    said = connector("rehearse", ANN)
    assert said.code == 6, said.out + said.err
    assert "the same command again" in said.out
    again = connector("rehearse", ANN)
    assert again.code == 6
    assert len(ours(desk)) == 1
    assert {each["key"] for each in outbox(connector)} == {
        each["key"] for each in connector("rehearse", ANN, "--json").facts["write_backs"]
    }


def test_one_that_was_put_off_goes_on_and_another_time_is_another_ticket(desk: Desk, connector: Connector) -> None:
    ready(desk, connector)
    for _ in range(10):
        control(desk, "faults", {"kind": "503html", "method": "GET", "path": "service/tickets"})
    put_off = connector("rehearse", ANN)
    assert put_off.code == 6, put_off.out + put_off.err
    assert ours(desk) == []
    control(desk, "reset", {})
    assert connector("rehearse", ANN).code == 0
    assert len(ours(desk)) == 1
    assert len(jobs(connector, "rehearse")) == 1
    assert connector("rehearse", ANN).code == 0
    assert len(ours(desk)) == 2


def test_a_message_goes_to_where_it_was_to_be_sent_by(desk: Desk, connector: Connector) -> None:
    ready(desk, connector)
    text = (desk.folder / "nps.yaml").read_text()
    (desk.folder / "nps.yaml").write_text(text.replace("- record_response", "- notify: {text: Call}"))
    found = connector("rehearse", ANN, "--json").facts
    assert {each["kind"]: (each["connection"], each["state"]) for each in found["write_backs"]} == {
        "notify": ("log", "applied"),
        "open_ticket": ("psa", "applied"),
    }


def test_preview_says_which_mode_and_a_missing_company_what_to_add(desk: Desk, connector: Connector) -> None:
    ready(desk, connector, "preview")
    said = connector("rehearse", ANN)
    assert said.code == 2
    assert "set mode: rehearsal" in said.err
    pulled(desk, connector)
    said = connector("rehearse", ANN)
    assert said.code == 2
    assert "rehearsal: {company:" in said.err
    before = tickets(desk)
    ready(desk, connector)
    assert connector("rehearse", "nobody@example.net").code == 2
    assert tickets(desk) == before
    assert jobs(connector, "rehearse") == []


def test_who_is_forgotten_is_gone_from_rehearsals_too(desk: Desk, connector: Connector) -> None:
    ready(desk, connector)
    connector("rehearse", ANN, "--comment", "Ann Example said so.")
    done = connector("forget", ANN, "--yes")
    assert done.code == 0, done.out + done.err
    for path in (desk.folder / "nps-data").rglob("*"):
        if path.is_file():
            content = path.read_bytes() if path.suffix != ".zst" else b"\n".join(read_lines(path))
            assert b"Ann Example" not in content, path
    [job] = jobs(connector, "rehearse")
    assert connector("jobs", "replay", job["id"]).code == 0


LOUSY = "lousy zyxwvut"  # too few words to be looked for as a quotation


def test_what_a_rehearsal_did_is_the_persons_in_export_and_certificate_and_its_words_are_gone(
    desk: Desk, connector: Connector
) -> None:
    ready(desk, connector)
    connector("rehearse", ANN, "--comment", LOUSY)
    data = desk.folder / "nps-data"
    with sqlite3.connect(data / "nps.sqlite3") as copy:
        copy.execute("vacuum into ?", (str(data / "nps.sqlite3.before-0001-20261101000000"),))
    assert len({each.split(":")[0] for each in traces(data, {LOUSY})}) >= 3, "database, copy and record have them"
    [ticket] = ours(desk)
    assert connector("export", ANN, "--out", "ann.json").code == 0
    document = json.loads((desk.folder / "ann.json").read_text())
    assert str(ticket["id"]) in {each["id"] for each in document["in_other_systems"] if each["what"] == "ticket"}
    assert document["stored"]["rehearsals"]["rows"][0]["params"]["comment"] == LOUSY
    made = connector("forget", ANN, "--yes", "--json").facts["certificate"]
    assert str(ticket["id"]) in {each["id"] for each in made["remains_in_crm"] if each["what"] == "ticket"}
    assert (made["rows"]["job"], made["records_removed"]) == (1, [])
    assert list(made["backups"].values()) == ["cleaned"]
    assert traces(data, {LOUSY, "zyxwvut", ANN}) == []
    [job] = jobs(connector, "rehearse")
    assert connector("jobs", "replay", job["id"]).code == 0
    assert job["params"].keys().isdisjoint({"contact_id", "who", "score"})
    assert connector("export", ANN).code == 1, "nothing is stored of the person any more"
    assert connector("rehearse", ANN).code == 2, "and nothing breaks on what is left"


def test_somebody_never_pulled_is_known_by_the_digest_of_their_address(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    ready(desk, connector)
    world = desk.server.world
    with world.lock:
        table = world.tables["contacts"]
        rows = (table.row(0, number) or {} for number in table.ids(0))
        outside = next(
            item["value"]
            for row in rows
            if row.get("types") and not {1, 2} & set(row["types"]) and not row.get("inactiveFlag")
            for item in row.get("communicationItems") or ()
            if "@" in str(item.get("value"))
        )
    assert connector("rehearse", outside, "--comment", LOUSY).code == 0
    [ticket] = ours(desk)
    made = connector("forget", outside, "--yes", "--json").facts["certificate"]
    assert str(ticket["id"]) in {each["id"] for each in made["remains_in_crm"]}
    assert traces(desk.folder / "nps-data", {LOUSY, "zyxwvut", outside}) == []


def test_in_mode_rehearsal_only_the_owner_of_the_real_ticket_is_told(desk: Desk, connector: Connector) -> None:
    ready(desk, connector, "rehearsal")
    said = connector("rehearse", ANN)
    assert said.out.count("the real ticket would go to") == 1
    assert "the real ticket would go to bob" in said.out
    tried = connector("rules", "test", "--score", "3", "--contact", ANN)
    assert "nps-r-" not in tried.out
    assert "[Rehearsal]" not in tried.out


def test_somebody_unknown_is_told_by_the_words_of_the_command(desk: Desk, connector: Connector) -> None:
    ready(desk, connector)
    said = connector("rehearse", "nobody@example.net")
    assert "EMAIL|ID: nobody in the store or the CRM has nobody@example.net" in said.err
    assert "kept" not in said.err


def test_what_needs_a_contact_and_has_no_ticket_says_why_it_is_not_rehearsed(desk: Desk, connector: Connector) -> None:
    ready(desk, connector)
    text = (desk.folder / "nps.yaml").read_text()
    promoters = "rules:\n  - id: thank\n    when: {band: promoter}\n    then: [record_response]\n"
    (desk.folder / "nps.yaml").write_text(text.replace("rules:\n", promoters, 1))
    said = connector("rehearse", ANN, "--score", "9")
    assert said.code == 0, said.out + said.err
    assert "4 written   nothing\n" in said.out
    assert "record_response not rehearsed: it would touch a real contact" in said.out
    assert "for the score 9 no rule opens one" in said.out
