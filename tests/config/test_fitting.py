"""What a first configuration begins with, out of names as MSPs have them."""

from __future__ import annotations

import pytest

from connector.config import fitting
from connector.config.fitting import Named
from connector.domain import Facet


def _known(*names: str, count: int | None = 5) -> list[Named]:
    return [Named(name=name, count=count) for name in names]


@pytest.mark.parametrize(
    ("facet", "names", "include", "exclude"),
    [
        (Facet.CONTACT_TYPE, ["End User", "Decision Maker", "Owner", "Former Owner"], ["Decision Maker", "Owner"], []),
        (Facet.CONTACT_TYPE, ["Geschäftsführer", "Buchhaltung", "Entscheider"], ["Entscheider", "Geschäftsführer"], []),
        (Facet.CONTACT_TYPE, ["CEO", "CFO", "C-Level", "Director", "Owner"], ["C-Level", "CEO", "CFO"], []),
        (Facet.CONTACT_TYPE, ["End User", "Billing"], [], []),
        (Facet.COMPANY_TYPE, ["Client", "Prospect", "Former Client", "Vendor"], ["Client"], ["Former Client"]),
        (Facet.COMPANY_TYPE, ["Customer - Managed", "Old Customer", "Lost customer"], ["Customer - Managed"],
         ["Lost customer", "Old Customer"]),
        (Facet.MARKETING_GROUP, ["NPS 2025", "NPS 2026", "Newsletter"], ["NPS 2026"], []),
        (Facet.MARKETING_GROUP, ["No Survey", "Surveys", "Do not survey"], ["Surveys"], ["Do not survey", "No Survey"]),
        (Facet.MARKETING_GROUP, ["Newsletter"], [], []),
    ],
)  # fmt: skip
def test_lists_begin_with_what_sounds_right(
    facet: Facet, names: list[str], include: list[str], exclude: list[str]
) -> None:
    choice = fitting.segments(facet, _known(*names))
    assert (list(choice.include), list(choice.exclude)) == (include, exclude)
    assert {*choice.include, *choice.exclude, *(each.name for each in choice.others)} == set(names)


def test_a_name_that_nobody_has_or_that_is_there_twice_is_not_chosen() -> None:
    nobody = fitting.segments(Facet.CONTACT_TYPE, _known("Owner", count=0))
    twice = fitting.segments(Facet.CONTACT_TYPE, _known("Owner", "owner"))
    assert (nobody.include, twice.include) == ((), ())


@pytest.mark.parametrize(
    ("boards", "chosen", "test"),
    [
        (["Help Desk", "Customer Success"], "Customer Success", ""),
        (["NPS Test", "Service Desk", "Internal"], "Service Desk", "NPS Test"),
        (["Alpha", "Beta"], "Alpha", ""),
        ([], "", ""),
    ],
)
def test_boards(boards: list[str], chosen: str, test: str) -> None:
    assert (fitting.board(boards), fitting.test_board(boards)) == (chosen, test)


@pytest.mark.parametrize(
    ("priorities", "chosen"),
    [
        (["Critical", "High", "Low"], "High"),
        (["Priority 1 - Emergency", "Priority 2 - Quick"], "Priority 2 - Quick"),
        (["Do Not Respond"], ""),
    ],
)
def test_priorities(priorities: list[str], chosen: str) -> None:
    assert fitting.priority(priorities) == chosen
