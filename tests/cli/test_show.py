from __future__ import annotations

import pytest

from tests.cli.conftest import Connector, Desk


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        ("contact-types", "Decision Maker"),
        ("company-types", "Managed Client"),
        ("marketing-groups", "NPS 2026"),
        ("boards", "Customer Success"),
        ("priorities", "High"),
        ("members", "bob"),
        ("statuses", "Waiting Customer"),
        ("custom-fields", "NPS Score"),
        ("company-fields", "NPS Status"),
        ("subtypes", "Detractor"),
        ("teams", "Help Desk Team"),
        ("locations", "Branch Office"),
        ("task-types", "Call"),
    ],
)
def test_names_and_ids(thing: str, name: str, desk: Desk, connector: Connector) -> None:
    said = connector("show", "psa", thing, "--json")
    assert said.code == 0
    assert name in [row["name"] for row in said.facts["rows"]]
    assert all(row["id"] for row in said.facts["rows"])
    assert name in connector("show", "psa", thing).out


def test_counts_are_those_of_the_crm(desk: Desk, connector: Connector) -> None:
    rows = connector("show", "psa", "contact-types", "--json").facts["rows"]
    assert sum(row["contacts"] for row in rows) > 0
    without = connector("show", "psa", "contact-types", "--no-counts", "--json").facts["rows"]
    assert [sorted(row) for row in without] == [["id", "name"]] * len(rows)


def test_statuses_of_one_board(desk: Desk, connector: Connector) -> None:
    rows = connector("show", "psa", "statuses", "--board", "Help Desk", "--json").facts["rows"]
    assert {row["board"] for row in rows} == {"Help Desk"}
    said = connector("show", "psa", "statuses", "--board", "Helpdesk")
    assert said.code == 2
    assert "Help Desk" in said.err


@pytest.mark.parametrize(
    ("words", "nearest"), [(("psa", "bords"), "boards"), (("pas", "boards"), "psa"), (("psa", "groups"), "boards")]
)
def test_wrong_word_names_the_nearest(words: tuple[str, str], nearest: str, desk: Desk, connector: Connector) -> None:
    said = connector("show", *words)
    assert said.code == 2
    assert nearest in said.err
