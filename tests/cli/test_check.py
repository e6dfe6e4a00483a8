from __future__ import annotations

import pytest
import requests

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
