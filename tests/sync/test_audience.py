from __future__ import annotations

from dataclasses import replace

import pytest

from connector.domain import Facet, Segment
from connector.ports import Scope, Selection
from connector.sync.audience import Ambiguous, Missing, Renamed, find_names, resolve, scope, sentence

from .builders import SEGMENTS, audience, resolved


def company_types(*pairs: tuple[str, str]) -> dict[Facet, list[Segment]]:
    segments = [Segment(facet=Facet.COMPANY_TYPE, id=id, name=name) for id, name in pairs]
    return SEGMENTS | {Facet.COMPANY_TYPE: segments}


MANAGED = audience(company_types=["Managed Clients"])
REMEMBERED = {(Facet.COMPANY_TYPE, "Managed Clients"): "10"}


def test_names_become_ids_without_regard_to_case_and_outer_spaces() -> None:
    found = resolved(contact_types=[" decision maker", "OWNER"], exclude={"company_types": ["Former client"]})
    assert found.include == {Facet.CONTACT_TYPE: {"1", "2"}}
    assert found.exclude == {Facet.COMPANY_TYPE: {"11"}}
    assert found.remember[Facet.CONTACT_TYPE, "OWNER"] == "2"
    assert not found.findings
    assert not found.held


def test_a_renamed_segment_is_followed_and_reported() -> None:
    found = resolve("a", MANAGED, company_types(("10", "Managed Services Clients")), REMEMBERED)
    assert found.include[Facet.COMPANY_TYPE] == {"10"}
    assert not found.held
    (finding,) = found.findings
    assert isinstance(finding, Renamed)
    assert str(finding) == (
        'audiences.a.company_types: "Managed Clients" is called "Managed Services Clients" in the CRM now; '
        "followed, please update the file"
    )
    assert "at Managed Services Clients" in sentence(found)


def test_a_missing_name_holds_the_audience_and_names_the_nearest() -> None:
    found = resolve("a", MANAGED, company_types(("12", "Managed Client"), ("13", "Vendor")), {})
    (finding,) = found.findings
    assert isinstance(finding, Missing)
    assert found.held
    assert finding.nearest == ("Managed Client",)
    assert 'did you mean "Managed Client"?; the audience is held' in str(finding)


def test_a_missing_name_among_the_excludes_holds_the_audience_too() -> None:
    found = resolved(exclude={"marketing_groups": ["Nevr Ask"]})
    assert found.held
    assert found.findings[0].place == "audiences.decision-makers.exclude.marketing_groups"


def test_a_segment_deleted_and_made_again_under_its_name_is_taken() -> None:
    found = resolve("a", MANAGED, company_types(("77", "Managed Clients")), REMEMBERED)
    assert found.include[Facet.COMPANY_TYPE] == {"77"}
    assert found.remember[Facet.COMPANY_TYPE, "Managed Clients"] == "77"
    assert not found.held


@pytest.mark.parametrize(
    ("segments", "remembered", "held"),
    [
        (company_types(("10", "Managed Clients"), ("12", "managed clients ")), {}, True),
        (company_types(("10", "Managed Clients"), ("12", "managed clients ")), REMEMBERED, False),
        (company_types(("10", "Managed (old)"), ("12", "Managed Clients")), REMEMBERED, True),
    ],
)
def test_equal_names_are_ambiguous_unless_the_remembered_id_settles_it(
    segments: dict[Facet, list[Segment]], remembered: dict[tuple[Facet, str], str], held: bool
) -> None:
    found = resolve("a", MANAGED, segments, remembered)
    assert found.held is held
    if held:
        assert found.findings == (
            Ambiguous(
                place="audiences.a.company_types", facet=Facet.COMPANY_TYPE, written="Managed Clients", ids=("10", "12")
            ),
        )
    else:
        assert found.include[Facet.COMPANY_TYPE] == {"10"}


def test_the_scope_is_the_union_of_includes_and_every_group() -> None:
    one = resolved(marketing_groups=["NPS 2026"])
    two = resolved(contact_types=[], company_types=["Managed Clients"], exclude={"marketing_groups": ["Never Ask"]})
    held = replace(resolved(contact_types=["Nobody"]), name="held")
    assert scope([one, two, held]) == Scope(
        selections=(Selection(include=one.include), Selection(include={Facet.COMPANY_TYPE: frozenset({"10"})})),
        groups=frozenset({"20", "21"}),
    )
    assert scope([held]).selections == ()
    assert scope([one], groups=["30"]).groups == {"20", "30"}


def test_names_outside_of_audiences_are_found_alike() -> None:
    facet = Facet.COMPANY_TYPE
    written = [("rules.0", facet, "Managed Clients"), ("rules.1", facet, "Nobody")]
    ids, findings = find_names(written, company_types(("10", "Managed Services Clients")), REMEMBERED)
    assert ids == {(facet, "Managed Clients"): "10"}
    assert [type(finding) for finding in findings] == [Renamed, Missing]


@pytest.mark.parametrize(
    ("written", "counts", "words"),
    [
        (
            {"company_types": ["Managed Clients"], "marketing_groups": ["NPS 2026"]},
            (1650, 1391, 1204),
            "contacts that are Decision Maker or Owner, at Managed Clients, in group NPS 2026 (1,650 → 1,391 → 1,204)",
        ),
        (
            {"contact_types": [], "company_types": ["Managed Clients", "Former Client"]},
            (),
            "contacts at Managed Clients or Former Client",
        ),
        (
            {"contact_types": ["Owner", "Decision Maker", "Former Employee"]},
            (7, 3),
            "contacts that are Owner, Decision Maker or Former Employee (7 → 3)",
        ),
    ],
)
def test_an_audience_is_printed_back_as_a_sentence(
    written: dict[str, list[str]], counts: tuple[int, ...], words: str
) -> None:
    assert sentence(resolved(**written), counts) == words
