from __future__ import annotations

import pytest

from tests.cli.conftest import Connector, Desk


def test_address_and_the_person_behind_it(desk: Desk, connector: Connector) -> None:
    before = connector("preview", "--json").facts["audiences"][0]
    said = connector("suppress", "Ann@Example.com", "--until", "90 days", "--reason", "asked us by phone")
    assert said.code == 0
    assert "ann@example.com: asked no more until" in said.out
    assert "Ann Example behind it" in said.out
    after = connector("preview", "--offline", "--json").facts["audiences"][0]
    assert after["exclusions"].get("suppressed", 0) == before["exclusions"].get("suppressed", 0) + 1
    assert "asked us by phone" in connector("suppress", "--list").out
    assert connector("suppress", "ann@example.com", "--lift").code == 0
    assert connector("suppress", "--list", "--json").facts["suppressions"] == []


def test_lift_reaches_an_imported_opt_out_that_waited_for_its_contact(desk: Desk, connector: Connector) -> None:
    (desk.folder / "former.csv").write_text("kind,contact_id\nopt_out,1001\n", encoding="utf-8")
    connector("history", "import", "former.csv")
    assert [s["kind"] for s in connector("suppress", "--list", "--json").facts["suppressions"]] == ["contact"]
    connector("pull")
    assert "contact 1001 on psa" in connector("suppress", "ann@example.com", "--lift").out
    assert connector("suppress", "--list", "--json").facts["suppressions"] == []


def test_company_by_name_identifier_and_id(desk: Desk, connector: Connector) -> None:
    connector("pull")
    name = connector("suppress", "northwind example ltd", "--json").facts["suppressed"]
    by_id = connector("suppress", name[0]["value"].partition("/")[2], "--json").facts["suppressed"]
    assert name == by_id == [{"kind": "company", "value": name[0]["value"]}]


def test_unknown_address_holds_once_somebody_has_it(desk: Desk, connector: Connector) -> None:
    said = connector("suppress", "later@example.com")
    assert said.code == 0
    assert "for ever" in said.out
    assert "no stored contact has this address" in said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("No Such Company",), "no stored company"),
        (("a@b@c",), "is no address"),
        (("ann@example.com", "--until", "2020-01-01"), "is past"),
        (("ann@example.com", "--until", "soon"), "neither a date"),
        (("ann@example.com", "--list"), "--list alone"),
        ((), "--list alone"),
    ],
)
def test_what_cannot_be_meant(words: tuple[str, ...], told: str, desk: Desk, connector: Connector) -> None:
    said = connector("suppress", *words)
    assert said.code == 2
    assert told in said.err
