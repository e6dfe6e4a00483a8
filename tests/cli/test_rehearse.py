from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.jobs.journal import read_lines
from tests.cli.acting import ANN, answer, jobs, outbox, pulled, tickets
from tests.cli.conftest import Connector, Desk

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
    [job] = jobs(connector, "rehearse")
    assert said.out.splitlines()[-1].endswith(f"connector undo {job['id']} --yes")


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
