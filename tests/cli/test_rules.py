from __future__ import annotations

from datetime import datetime

from tests.cli.acting import ANN, jobs, outbox, pulled, tickets
from tests.cli.conftest import Connector, Desk


def test_a_low_score_shows_the_ticket_with_owner_and_due_date_and_does_nothing(
    desk: Desk, connector: Connector
) -> None:
    pulled(desk, connector)
    before = tickets(desk)
    said = connector("rules", "test", "--score", "3", "--contact", ANN, "--comment", "Nobody calls back.")
    assert said.code == 0
    assert "nothing is sent, written or stored" in said.out.splitlines()[0]
    assert "yes band is detractor (score 3)" in said.out
    assert "NPS follow-up: Ann Example" in said.out
    assert "(account manager)" in said.out
    assert '"Nobody calls back."' in said.out
    assert tickets(desk) == before
    assert outbox(connector) == []
    assert jobs(connector, "collect") == []


def test_the_facts_hold_keys_times_and_the_step_that_gave_the_owner(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    found = connector("rules", "test", "--score", "3", "--contact", "1001", "--json").facts
    ticket = next(each for each in found["write_backs"] if each["kind"] == "open_ticket")
    assert ticket["owner"]["step"] == "account_manager"
    assert ticket["key"].startswith("nps-")
    assert datetime.fromisoformat(ticket["due_at"]) > datetime.fromisoformat(ticket["not_before"])
    assert found["rules"][0]["holds"] is True


def test_every_kind_of_action_is_shown_as_people_will_meet_it(desk: Desk, connector: Connector) -> None:
    then = """- create_task: {owner: "member:bob", type: Call, due: 2 days}
      - add_to_group: {group: Newsletter}
      - set_field: {on: company, field: NPS Status, value: "risk {{ response.score }}", responded_at: NPS Status Date}
      - open_ticket: {id: quiet, board: Help Desk, company: own, type: Incident, impact: High}"""
    pulled(desk, connector)
    desk.write(change=lambda text: text.replace("- record_response", then))
    said = connector("rules", "test", "--score", "3", "--contact", ANN).out
    assert "task · Call · due" in said
    assert "bob (member:bob)" in said
    assert "contact 1001 into group Newsletter, unless it is there or opted out" in said
    assert "field of company 5001, dated in NPS Status Date" in said
    assert "NPS Status: risk 3" in said
    assert "board Help Desk · at your own company" in said
    assert "type Incident · impact High" in said
    assert "contact, in text only: Ann Example, ann@example.com" in said


def test_a_high_score_says_which_condition_does_not_hold(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    said = connector("rules", "test", "--score", "10", "--contact", ANN, "--offline")
    assert "no  band is detractor — no: promoter (score 10)" in said.out
    assert "open_ticket" not in said.out


def test_somebody_never_pulled_is_looked_at_live_and_offline_is_refused(desk: Desk, connector: Connector) -> None:
    offline = connector("rules", "test", "--score", "3", "--contact", ANN, "--offline")
    assert offline.code == 2
    assert ANN in offline.err
    live = connector("rules", "test", "--score", "3", "--contact", ANN)
    assert live.code == 0
    assert "Ann Example" in live.out


def test_nobody_has_the_address(desk: Desk, connector: Connector) -> None:
    said = connector("rules", "test", "--score", "3", "--contact", "nobody@example.net")
    assert said.code == 2
    assert "nobody in the store or the CRM has nobody@example.net" in said.err


def test_hostile_words_stay_words(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    words = "{{ 7*7 }} \x1b[31m <script> \u202e =HYPERLINK()"
    said = connector("rules", "test", "--score", "0", "--contact", ANN, "--comment", words, "--offline")
    assert "{{ 7*7 }}" in said.out
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out


def test_list_says_when_each_rule_applies(desk: Desk, connector: Connector) -> None:
    said = connector("rules", "list")
    assert "call-back" in said.out
    assert "band: detractor" in said.out
    assert connector("rules", "list", "--json").facts["rules"][0]["then"] == ["record_response", "open_ticket"]


def test_with_two_crms_the_option_is_asked_for(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("audiences:", "  sf: {adapter: memory}\naudiences:", 1))
    for words in (("rules", "test", "--score", "3", "--contact", ANN), ("rehearse", ANN)):
        text = (desk.folder / "nps.yaml").read_text()
        more = "mode: live\nrehearsal: {company: acme, board: Help Desk, mail_to: a@example.com}\n"
        if words[0] == "rehearse":
            (desk.folder / "nps.yaml").write_text(more + text.replace("mode: preview\n", ""))
        said = connector(*words)
        assert said.code == 2
        assert "--connection: which one? write --connection psa or sf" in said.err
