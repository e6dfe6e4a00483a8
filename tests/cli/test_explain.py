from __future__ import annotations

from tests.cli.acting import ANN, answer, delivered, pulled
from tests.cli.conftest import Connector, Desk


def test_the_six_hops_of_one_contact(desk: Desk, connector: Connector) -> None:
    ticket = delivered(desk, connector)["open_ticket"]
    connector("preview", "--offline")
    said = connector("explain", ANN)
    assert said.code == 0
    for words in (
        "Ann Example, contact 1001 of Northwind Example Ltd on psa",
        "types: Decision Maker; groups: NPS 2026",
        "Managed Client",
        "a person's own mailbox",
        "decision-makers: not asked",
        "asked recently",
        "3 of 10 (detractor)",
        "rule call-back (call detractors back): yes, band is detractor",
        f"ticket {ticket['receipt']['record_id']} http",
        "by job ",
    ):
        assert words in said.out, words


def test_all_reasons_with_rule_and_value(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    connector("suppress", ANN, "--reason", "asked us to")
    connector("preview", "--offline")
    said = connector("explain", "1001")
    assert "decision-makers: not asked" in said.out
    assert "because suppressed here (connector suppress): asked us to (built-in)" in said.out
    facts = connector("explain", ANN, "--json").facts["found"][0]
    assert facts["decisions"]["decision-makers"]["findings"][0]["reason"] == "suppressed"


def test_a_campaign_narrows_answers(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 9, "campaign": "quarterly"})
    assert "no answer" in connector("explain", ANN, "--campaign", "yearly").out
    assert "9 of 10 (promoter)" in connector("explain", ANN, "--campaign", "quarterly").out


def test_a_company_its_people_and_a_ticket(desk: Desk, connector: Connector) -> None:
    ticket = delivered(desk, connector)["open_ticket"]
    company = connector("explain", "Northwind Example Ltd")
    assert company.code == 0
    assert "1001  Ann Example" in company.out
    assert "gave 3" in company.out
    opened = connector("explain", f"ticket:{ticket['receipt']['record_id']}")
    assert opened.code == 0
    assert "Ann Example" in opened.out
    assert "by rule call-back" in opened.out
    assert connector("explain", "ticket:1").code == 1
    number = ticket["receipt"]["record_id"]
    bare = connector("explain", number)
    assert bare.code == 1
    assert f"connector explain ticket:{number}" in bare.out
    assert "ticket:" not in connector("explain", "4711471").out


def test_somebody_never_pulled_is_looked_at_live_and_the_failing_condition_is_named(
    desk: Desk, connector: Connector
) -> None:
    pulled(desk, connector)
    number = _never_served(desk)
    said = connector("explain", str(number))
    assert said.code == 0
    assert "never pulled" in said.out
    assert "fails   contact type: wanted Decision Maker or Owner; has" in said.out
    offline = connector("explain", str(number), "--offline")
    assert offline.code == 1
    assert "without --offline" in offline.out


def test_before_the_first_pull_every_condition_is_told(desk: Desk, connector: Connector) -> None:
    said = connector("explain", ANN)
    assert said.code == 0
    assert "marketing group: wanted NPS 2026; has none" in said.out or "nothing was pulled yet" in said.out


def test_nobody_is_said_to_be_nobody(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    said = connector("explain", "nobody@example.net")
    assert said.code == 1
    assert "psa has nobody with this address" in said.out
    assert connector("explain", "No Such Firm").code == 1


def _never_served(desk: Desk) -> int:
    """The first contact of the stand-in that has none of the audience's types."""
    world = desk.server.world
    with world.lock:
        for number in world.tables["contacts"].ids(0):
            row = world.tables["contacts"].row(0, number)
            if row and row.get("types") and not {1, 2} & set(row["types"]):
                return int(number)
    raise AssertionError("everybody decides something")


def test_an_answer_and_a_suppression_of_an_address_nobody_has_are_shown(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    answer(desk, connector, {"email": "gone@example.net", "score": 3})
    connector("suppress", "gone@example.net", "--reason", "asked us by phone")
    for offline in ((), ("--offline",)):
        said = connector("explain", "gone@example.net", *offline)
        assert said.code == 0
        assert "3 of 10 (detractor)" in said.out
        assert "asked us by phone" in said.out
        assert "known from" in said.out
