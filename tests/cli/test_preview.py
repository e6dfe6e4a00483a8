from __future__ import annotations

import re

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
