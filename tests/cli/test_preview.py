from __future__ import annotations

import csv
import re
import stat
from collections import Counter

import pytest

from tests.cli.conftest import Connector, Desk


def test_funnel_and_the_law(desk: Desk, connector: Connector) -> None:
    said = connector("preview")
    assert said.code == 0
    first = said.out.splitlines()[0]
    assert first.startswith("PREVIEW: nothing is sent or written")
    assert "decision-makers on psa: contacts that are Decision Maker or Owner," in first
    law = re.search(r"checked: (\d+) pulled = (\d+) excluded \+ (\d+) invited", said.out)
    assert law is not None
    pulled, excluded, invited = map(int, law.groups())
    assert pulled == excluded + invited > 0
    assert "call detractors back: record_response, open_ticket" in said.out


def test_json_has_the_summary(desk: Desk, connector: Connector) -> None:
    found = connector("preview", "--json").facts
    (audience,) = found["audiences"]
    assert found["mode"] == "preview"
    assert audience["audience"] == "decision-makers"
    assert sum(audience["exclusions"].values()) == audience["excluded"]
    assert audience["pulled"] == audience["excluded"] + audience["invitations"]
    assert [step["story"] for step in found["steps"]] == ["pull", "plan"]


def test_offline_makes_no_call(desk: Desk, connector: Connector) -> None:
    online = connector("preview", "--json").facts["audiences"]
    calls = desk.server.world.state.calls.total()
    assert connector("preview", "--offline", "--json").facts["audiences"] == online
    assert desk.server.world.state.calls.total() == calls


def test_several_audiences(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("rules:", "  owners: {from: psa, contact_types: [Owner]}\nrules:"))
    both = connector("preview")
    assert both.out.count("PREVIEW: nothing") == 1
    assert both.out.count("checked: ") == 2
    one = connector("preview", "owners", "--json").facts["audiences"]
    assert [audience["audience"] for audience in one] == ["owners"]


def test_people_are_masked_unless_asked(desk: Desk, connector: Connector) -> None:
    said = connector("preview", "--limit", "3")
    people = said.out.partition("contact  ")[2].splitlines()[1:4]
    assert all(re.search(r"\w\*\*\*@\w\*\*\*$", person) for person in people)
    shown = connector("preview", "--limit", "3", "--addresses", "--json").facts["audiences"][0]["people"]
    assert len(shown) == 3
    assert all("***" not in person["address"] for person in shown)


def test_owners_says_for_how_many_companies_each_step_serves_and_what_it_cost(desk: Desk, connector: Connector) -> None:
    said = connector("preview", "--owners", "--json")
    assert said.code == 0, said.err
    (audience,) = said.facts["audiences"]
    [served] = audience["owners"]
    assert served["rules"] == ["call-back"]
    assert served["chain"] == ["account_manager", "member:bob"]
    assert sum(served["steps"].values()) + served["nobody"] == audience["invited_companies"]
    assert served["steps"]["account_manager"] > 0
    assert served["calls"] == audience["invited_companies"] + 1, "one for each company's team, one for all members"
    assert "account manager " in connector("preview", "--owners", "--offline").out
    assert "owners" not in connector("preview", "--offline", "--json").facts["audiences"][0]


def test_unknown_audience_names_the_nearest(desk: Desk, connector: Connector) -> None:
    said = connector("preview", "decision-maker")
    assert said.code == 2
    assert 'did you mean "decision-makers"?' in said.err


def test_audience_with_a_missing_name_is_held(desk: Desk, connector: Connector) -> None:
    desk.write(change=lambda text: text.replace("NPS 2026", "NPS 2062"))
    said = connector("preview")
    assert said.code == 5
    assert 'did you mean "NPS 2026"' in said.out
    assert "invitations" not in said.out


def test_wrong_keys_hold_the_connection(desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    assert connector("pull").code == 0
    monkeypatch.setenv("CW_PRIVATE_KEY", "wrong-key-4711")
    said = connector("preview")
    assert said.code == 3
    assert "connector resume psa" in said.out
    assert "--offline" in said.out
    assert "wrong-key-4711" not in said.out + said.err
    monkeypatch.undo()


def test_log_has_neither_address_nor_secret(desk: Desk, connector: Connector) -> None:
    said = connector("preview", "--log-level", "debug")
    assert '"event": "page"' in said.err
    assert "@example" not in said.err
    login = desk.server.login
    for secret in (login.private_key, login.public_key, login.client_id):
        assert secret not in said.err + said.out


def test_csv_has_everybody_with_the_reason_and_agrees_with_the_funnel(desk: Desk, connector: Connector) -> None:
    said = connector("preview", "--csv", "everybody.csv", "--json")
    assert said.code == 0, said.err
    (audience,) = said.facts["audiences"]
    with (desk.folder / "everybody.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == said.facts["rows"] == audience["pulled"]
    assert Counter(row["decision"] for row in rows) == {
        "invited": audience["invitations"], "excluded": audience["excluded"],
    }  # fmt: skip
    reasons = Counter(row["reason"] for row in rows if row["decision"] == "excluded")
    assert reasons == {reason: count for reason, count in audience["exclusions"].items() if count}
    ann = next(row for row in rows if row["name"] == "Ann Example")
    assert (ann["decision"], ann["address"], ann["reason"]) == ("invited", "ann@example.com", "")
    assert all(row["in words"] for row in rows if row["reason"])


def test_csv_is_for_the_admin_alone_and_no_spreadsheet_takes_a_name_for_a_formula(
    desk: Desk, connector: Connector
) -> None:
    world = desk.server.world
    with world.lock:
        people = world.tables["contacts"]
        number = people.ids(0)[0]
        row = people.row(0, number)
        assert row is not None
        people.put(0, number, {**row, "firstName": '=HYPERLINK("http://example.org")'})
    connector("preview", "--csv", "everybody.csv")
    file = desk.folder / "everybody.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(encoding="utf-8", newline="") as stream:
        names = [row["name"] for row in csv.DictReader(stream)]
    assert any(name.startswith("'=HYPERLINK") for name in names)
    assert not [name for name in names if name.startswith("=")]
