from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.jobs import write_check
from tests.cli.conftest import Connector, Desk


def test_sound_configuration_offline(desk: Desk, connector: Connector) -> None:
    said = connector("check")
    assert (said.code, said.err) == (0, "")
    assert said.out == "nps.yaml: configuration is sound (1 connection, 1 audience, 1 rule; mode preview)\n"
    assert not (desk.folder / "nps-data").exists()


def test_every_problem_is_told_with_its_place(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("band: detractor", "bnad: detractor").replace("from: psa", "from: pas"))
    said = connector("check")
    assert said.code == 2
    audience, rule = said.err.splitlines()
    assert audience.startswith('nps.yaml:12:11: audiences.decision-makers.from: there is no connection "pas"')
    assert 'did you mean "psa"?' in audience
    assert rule.startswith("nps.yaml:20:12: rules[0].when.bnad")
    assert 'did you mean "band"?' in rule


def test_problems_are_objects_with_json(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("mode: preview", "mode: preveiw"))
    said = connector("check", "--json")
    assert said.code == said.facts["exit_code"] == 2
    (problem,) = said.facts["problems"]
    assert (problem["line"], problem["column"], problem["path"]) == (1, 7, "mode")


def test_live_proves_every_name(desk: Desk, connector: Connector) -> None:
    said = connector("check", "--live")
    assert (said.code, said.err) == (0, "")
    assert "all 8 names exist on psa" in said.out
    assert not (desk.folder / "nps-data").exists()


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("[Decision Maker,", "[Decision Makr,", 'contact_types[0]: the CRM has no "Decision Makr"; did you mean "D'),
        ("[Managed Client]", "[Managd Client]", 'company_types[0]: the CRM has no "Managd Client"; did you mean "M'),
        ("[NPS 2026]", "[NPS 2025]", 'marketing_groups[0]: the CRM has no "NPS 2025"; did you mean "NPS 2026"?'),
        ("[Former Client]", "[Frmer Client]", 'exclude.company_types[0]: the CRM has no "Frmer Client"; did you'),
        ("board: Customer Success", "board: Custmer Success", 'ticket.board: the CRM has no board "Custmer Success"'),
        ("priority: High", "priority: Hgih", 'ticket.priority: the CRM has no priority "Hgih"; did you mean "High"?'),
        ("priority: High", "status: Nwe", 'no status "Nwe" of board "Customer Success"; did you mean "New"?'),
        ("priority: High", "type: Incidnt", 'no type "Incidnt" of board "Customer Success"; did you mean "Incident"?'),
        ("priority: High", "item: x", 'no item "x" of board "Customer Success"'),
        ("priority: High", "location: Main Ofice", 'no location "Main Ofice"; did you mean "Main Office"?'),
        ("- record_response", "- create_task: {type: Tsk}", 'the CRM has no task type "Tsk"; did you mean'),
        ("- record_response", "- add_to_group: {group: Newsleter}", '.group: the CRM has no marketing group "N'),
        ("- record_response", "- set_field: {field: NPS Bnad, value: x}",
         'no custom field of contact "NPS Bnad"; did you mean "NPS Band"?; connector setup psa'),
        ("- record_response", "- set_field: {on: company, field: NPS Band, value: x}",
         'set_field.field: the CRM has no custom field of company "NPS Band"'),
        ("member:bob", "member:bbo", 'open_ticket.owner[1]: the CRM has no member "bbo"; did you mean "bob"?'),
        ("band: detractor", "contact_type: [Ownr]", 'rules[0].when.contact_type: the CRM has no contact type "Ownr"'),
    ],
)  # fmt: skip
def test_live_names_what_is_not_there(right: str, wrong: str, told: str, desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace(right, wrong))
    said = connector("check", "--live")
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert told in line
    assert line.startswith("nps.yaml:")


def test_live_tells_all_at_once(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("NPS 2026", "XQ").replace("priority: High", "priority: XQ"))
    said = connector("check", "--live", "--json")
    assert said.code == 2
    assert [problem["line"] for problem in said.facts["problems"]] == [15, 25]
    assert "there are" in said.facts["problems"][0]["message"]


def test_live_with_wrong_keys_is_authentication(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CW_PUBLIC_KEY", "wrong-key-4711")
    said = connector("check", "--live")
    assert said.code == 3
    assert "connections.psa: " in said.err
    assert "wrong-key-4711" not in said.out + said.err


def test_live_that_reaches_nobody_is_put_off(desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.jobs.live.time.sleep", lambda _: None)
    desk.write(change=lambda text: text.replace(desk.server.url, "http://127.0.0.1:1"))
    assert connector("check", "--live").code == 6


def test_missing_custom_field_is_a_notice(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("record_response", "record_response: {fields: {score: NPS Number}}"))
    said = connector("check", "--live")
    assert said.code == 0
    assert 'no custom field "NPS Number"' in said.out


def test_renamed_segment_is_followed_and_told(desk: Desk, connector: Connector) -> None:
    assert connector("pull").code == 0
    change = {"path": "/marketing/groups/7", "set": {"name": "NPS and more"}}
    requests.post(f"{desk.server.url}/control/edit", json=change, timeout=10).raise_for_status()
    said = connector("check", "--live")
    assert said.code == 0
    assert '"NPS 2026" is called "NPS and more" in the CRM now' in said.out


def test_a_folder_of_answers_that_is_not_there_is_told(desk: Desk, connector: Connector) -> None:
    desk.write("preview", lambda text: text.replace("answers: {", "answers: {folder: not-yet, "))
    said = connector("check")
    assert said.code == 0
    assert "notice: answers.folder: there is no folder" in said.out


def test_an_escalation_that_would_only_be_logged_is_told(desk: Desk, connector: Connector) -> None:
    escalate = "follow_up: {escalate_to: [lead@example.com]}\n"
    desk.write("preview", lambda text: text + escalate)
    said = connector("check")
    assert said.code == 0
    assert "notice: follow_up.escalate_to: names addresses, but via is log: nobody is mailed" in said.out
    desk.write("preview")
    assert "follow_up" not in connector("check").out


def test_live_names_a_hold_that_stands(desk: Desk, connector: Connector) -> None:
    connector("pause", "psa")
    assert "notice: psa is held since" in connector("check", "--live").out


def test_lost_credentials_say_what_to_correct_and_how_to_go_on(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CW_PRIVATE_KEY", "wrong")
    assert connector("pull").code == 3
    told = connector("pause").out
    assert "correct connections.psa.company, public_key, private_key, client_id" in told
    assert "then connector resume psa" in told


def test_the_write_check_leaves_one_closed_ticket_on_the_own_company(desk: Desk, connector: Connector) -> None:
    said = connector("check", "--live", "--write", "--yes")
    assert said.code == 0, said.err
    assert [line.split()[0] for line in said.out.splitlines()[-3:]] == ["opened", "found", "closed"]
    found = requests.get(f"{desk.server.url}/control/records", timeout=10).json()["tickets"]
    [ticket] = [each for each in found if str(each.get("externalXRef")).startswith("nps-c-")]
    assert ticket["closedFlag"] is True
    assert ticket["processNotifications"] is False
    assert ticket["company"]["identifier"] == "acme"


def test_the_write_check_asks_first_and_needs_live(desk: Desk, connector: Connector) -> None:
    assert connector("check", "--write").code == 2
    assert connector("check", "--live", "--write", "--json").facts["written"] == {"psa": []}
    found = requests.get(f"{desk.server.url}/control/records", timeout=10).json()["tickets"]
    assert not [each for each in found if str(each.get("externalXRef")).startswith("nps-")]


def test_a_refused_write_check_says_why_and_leaves_nothing(desk: Desk, connector: Connector) -> None:
    fault = {"kind": "auth_lost", "method": "POST", "path": "tickets$"}
    requests.post(f"{desk.server.url}/control/faults", json=fault, timeout=10)
    said = connector("check", "--live", "--write", "--yes")
    assert said.code == 3
    found = requests.get(f"{desk.server.url}/control/records", timeout=10).json()["tickets"]
    assert not [each for each in found if str(each.get("externalXRef")).startswith("nps-")]


def edited(desk: Desk, path: str, **values: object) -> None:
    change = {"path": path, "set": values}
    requests.post(f"{desk.server.url}/control/edit", json=change, timeout=10).raise_for_status()


BOARD = "/service/boards/20"  # Customer Success, on which the rule opens tickets


@pytest.mark.parametrize(
    ("path", "values", "told"),
    [
        (BOARD, {"sendToContactFlag": True}, 'board "Customer Success" mails the contact of a ticket by itself'),
        (f"{BOARD}/statuses/200", {"customerPortalFlag": True},
         'status "New" of board "Customer Success" (its default) is shown in the customer portal'),
        (f"{BOARD}/statuses/203", {"emailTemplate": {"id": 5, "name": "Closed with survey"}},
         'status "Closed" of board "Customer Success" has the e-mail template "Closed with survey"'),
        ("/service/surveys/1", {"inactiveFlag": False}, 'ticket surveys in use ("Ticket closed")'),
    ],
)  # fmt: skip
def test_live_warns_of_what_would_show_or_mail_a_ticket_and_fails_for_none_of_it(
    path: str, values: dict[str, object], told: str, desk: Desk, connector: Connector
) -> None:
    assert "notice: psa: " not in connector("check", "--live").out
    edited(desk, path, **values)
    said = connector("check", "--live")
    assert (said.code, said.err) == (0, "")
    assert told in said.out


def test_another_status_than_the_one_that_is_shown_warns_of_nothing(desk: Desk, connector: Connector) -> None:
    edited(desk, f"{BOARD}/statuses/200", customerPortalFlag=True)
    desk.write(change=lambda text: text.replace("priority: High", "status: in progress"))
    assert "customer portal" not in connector("check", "--live").out
    edited(desk, f"{BOARD}/statuses/201", customerPortalFlag=True)
    assert 'status "In Progress" of board "Customer Success" is shown' in connector("check", "--live").out


def test_a_ticket_at_the_own_company_is_not_warned_of(desk: Desk, connector: Connector) -> None:
    edited(desk, BOARD, sendToContactFlag=True)
    desk.write(change=lambda text: text.replace("priority: High", "company: own"))
    assert "mails the contact" not in connector("check", "--live").out


# ------------------------------------------------------------ --write, when things go wrong
KWDEFAULTS = dict(write_check.perform.__kwdefaults__ or {})
REHEARSAL = "rehearsal: {company: NorthwindExample, board: Help Desk, mail_to: rehearsal@example.com}\n"


def planned(desk: Desk, kind: str, **how: object) -> None:
    fault = {"kind": kind, **how}
    requests.post(f"{desk.server.url}/control/faults", json=fault, timeout=10).raise_for_status()


def checked(desk: Desk) -> list[dict[str, Any]]:
    """The tickets of write checks."""
    found = requests.get(f"{desk.server.url}/control/records", timeout=10).json()["tickets"]
    return [each for each in found if str(each.get("externalXRef")).startswith("nps-c-")]


def test_with_a_rehearsal_the_write_check_goes_on_its_company_and_board(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text + REHEARSAL)
    said = connector("check", "--live", "--write", "--yes")
    assert said.code == 2
    assert "pull first" in said.err
    assert checked(desk) == []
    assert connector("pull").code == 0
    assert connector("check", "--live", "--write", "--yes").code == 0
    [ticket] = checked(desk)
    assert (ticket["company"]["identifier"], ticket["board"]["name"]) == ("NorthwindExample", "Help Desk")
    assert ticket["closedFlag"] is True


@pytest.mark.parametrize("written", ["NorthwindExample", "northwindexample", "5001"])
def test_live_finds_the_company_of_the_rehearsal(desk: Desk, connector: Connector, written: str) -> None:
    desk.write(change=lambda text: text + REHEARSAL.replace("NorthwindExample", written))
    assert connector("check", "--live").code == 0


@pytest.mark.parametrize("written", ["nps-test", "NPS Test & Co", "'a \" or id>0'"])
def test_live_refuses_a_company_of_the_rehearsal_that_is_not_there(
    desk: Desk, connector: Connector, written: str
) -> None:
    desk.write(change=lambda text: text + REHEARSAL.replace("NorthwindExample", written))
    said = connector("check", "--live")
    assert said.code == 2
    assert "rehearsal.company: the CRM has no company" in said.err
    assert "create a test company" in said.err


def test_a_ticket_whose_answer_was_lost_is_looked_up_by_its_key_and_closed(desk: Desk, connector: Connector) -> None:
    planned(desk, "drop_after_write", method="POST", path="tickets$")
    said = connector("check", "--live", "--write", "--yes")
    assert said.code == 0, said.err
    assert [line.split()[0] for line in said.out.splitlines()[-4:]] == ["unknown", "opened", "found", "closed"]
    assert [ticket["closedFlag"] for ticket in checked(desk)] == [True]


def test_a_write_that_never_arrived_is_looked_for_and_told_with_its_key(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(write_check.perform, "__kwdefaults__", {**KWDEFAULTS, "sleep": slept.append})
    planned(desk, "late_write", method="POST", path="tickets$", seconds=3600)
    said = connector("check", "--live", "--write", "--yes")
    assert said.code == 6
    assert "search the CRM for the key, and close the ticket that has it" in said.err
    key = said.err.partition("key nps-c-")[2].partition(")")[0]
    assert f"nps-c-{key}" in said.out
    assert slept.count(30.0) == 4  # at once, then over the two minutes in which it may appear
    assert checked(desk) == []


def test_a_close_without_an_answer_is_done_again_and_proved(desk: Desk, connector: Connector) -> None:
    planned(desk, "drop_after_write", method="PATCH", path="tickets")
    said = connector("check", "--live", "--write", "--yes")
    assert said.code == 0, said.err
    assert [ticket["closedFlag"] for ticket in checked(desk)] == [True]


def test_a_close_that_is_refused_names_the_ticket_that_is_left(desk: Desk, connector: Connector) -> None:
    planned(desk, "auth_lost", method="PATCH", path="tickets", times=5)
    said = connector("check", "--live", "--write", "--yes")
    assert said.code == 3
    [ticket] = checked(desk)
    assert ticket["closedFlag"] is False
    assert f"ticket {ticket['id']} may be open still; look, and close it by hand" in said.err
    assert ticket["externalXRef"] in said.err
