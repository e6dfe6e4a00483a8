"""When a rule holds, and the sentence that says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain import Facet
from connector.rules.conditions import judge

from .builders import FACTS, answered, condition

SILENT = answered(comment="  ", campaign="")
ALONE = replace(FACTS, contact=None, company=None, contact_types=frozenset(), company_types=frozenset())


@pytest.mark.parametrize(
    ("written", "facts", "holds", "why"),
    [
        ({}, FACTS, True, "no condition: holds for every response"),
        ({"band": "detractor"}, FACTS, True, "band is detractor (score 3)"),
        ({"band": ["passive", "promoter"]}, FACTS, False, "band is passive or promoter — no: detractor (score 3)"),
        ({"band": "passive"}, answered(score=7), True, "band is passive (score 7)"),
        ({"score": 3}, FACTS, True, "score is 3"),
        ({"score": [2, 3]}, FACTS, True, "score is 2 or 3"),
        ({"score": [1, 2]}, FACTS, False, "score is 1 or 2 — no: 3"),
        ({"score": {"at_most": 3}}, FACTS, True, "score is at most 3"),
        ({"score": {"below": 3}}, FACTS, False, "score is below 3 — no: 3"),
        ({"score": {"above": 3}}, FACTS, False, "score is above 3 — no: 3"),
        ({"score": {"at_least": 2, "below": 5}}, FACTS, True, "score is at least 2 and below 5 (3)"),
        ({"comment": {"present": True}}, FACTS, True, "comment is present (a comment of 40 characters)"),
        ({"comment": {"present": True}}, SILENT, False, "comment is present — no: no comment"),
        ({"comment": {"present": False}}, SILENT, True, "comment is absent (no comment)"),
        ({"comment": {"contains": "NOBODY"}}, FACTS, True, 'comment contains "NOBODY" (NOBODY)'),
        ({"comment": {"contains": ["refund", "cancel"]}}, FACTS, False,
         'comment contains "refund" or "cancel" — no: a comment of 40 characters'),
        ({"contact_type": "decision maker"}, FACTS, True, "contact type is decision maker"),
        ({"contact_type": ["Owner", "CEO"]}, FACTS, True, "contact type is Owner or CEO (Owner)"),
        ({"contact_type": "CEO"}, FACTS, False, "contact type is CEO — no: Decision Maker, Owner"),
        ({"contact_type": "CEO"}, ALONE, False, "contact type is CEO — no: none"),
        ({"company_type": "Managed Client"}, FACTS, True, "company type is Managed Client"),
        ({"company_type": "Managed Client"}, replace(FACTS, company_types=frozenset({"Former Client"})), False,
         "company type is Managed Client — no: Former Client"),
        ({"segment": "NPS 2026"}, FACTS, True, "marketing group is NPS 2026"),
        ({"previous_band": "passive"}, FACTS, True, "previous band is passive (passive (score 8))"),
        ({"previous_band": ["none", "promoter"]}, FACTS, False,
         "previous band is none or promoter — no: passive (score 8)"),
        ({"previous_band": "none"}, replace(FACTS, previous=()), True,
         "previous band is none (this is the first answer)"),
        ({"connection": ["psa", "crm"]}, FACTS, True, "connection is psa or crm (psa)"),
        ({"campaign": "quarterly"}, FACTS, True, "campaign is quarterly"),
        ({"campaign": "quarterly"}, SILENT, False, "campaign is quarterly — no: none"),
    ],
)  # fmt: skip
def test_a_condition_says_whether_it_holds_and_why(written: Any, facts: Any, holds: bool, why: str) -> None:
    verdict = judge(condition(written), facts)
    assert (verdict.holds, verdict.why) == (holds, why)


def test_the_tree_is_printed_with_a_sentence_for_each_condition() -> None:
    written = {
        "band": "detractor",
        "any": [{"company_type": "Former Client"}, {"contact_type": "Owner"}],
        "not": {"comment": {"present": True}},
    }
    assert judge(condition(written), FACTS).lines() == [
        "no  1 of 3 conditions do not hold",
        "  yes band is detractor (score 3)",
        "  yes any of 2: 1 holds",
        "    no  company type is Former Client — no: Managed Client",
        "    yes contact type is Owner",
        "  no  not the following",
        "    yes comment is present (a comment of 40 characters)",
    ]


def test_a_renamed_segment_is_known_by_its_id_and_a_reused_name_is_not_mistaken_for_it() -> None:
    renamed = replace(FACTS, contact_types=frozenset({"Decider"}))
    written = condition({"contact_type": "Decision Maker"})
    assert not judge(written, renamed).holds
    assert judge(written, renamed, {Facet.CONTACT_TYPE: {"Decision Maker": "3"}}).holds
    assert not judge(written, FACTS, {Facet.CONTACT_TYPE: {"Decision Maker": "4"}}).holds
    assert judge(condition({"segment": "x"}), FACTS, {Facet.MARKETING_GROUP: {"x": "55"}}).holds
    assert judge(condition({"company_type": "x"}), FACTS, {Facet.COMPANY_TYPE: {"x": "21"}}).holds


def test_a_verdict_never_quotes_the_comment() -> None:
    verdict = judge(condition({"comment": {"contains": "days"}}), FACTS)
    assert "Tickets" not in "\n".join(verdict.lines())


LEAF = st.sampled_from([{"band": "detractor"}, {"band": "promoter"}, {"score": {"at_least": 3}}, {"campaign": "x"}])
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=8,
)


def meant(tree: Any, score: int) -> bool:
    if "all" in tree:
        return all(meant(part, score) for part in tree["all"])
    if "any" in tree:
        return any(meant(part, score) for part in tree["any"])
    if "not" in tree:
        return not meant(tree["not"], score)
    return {"detractor": score <= 6, "promoter": score >= 9}.get(tree.get("band"), "score" in tree and score >= 3)


@given(TREE, st.integers(0, 10))
def test_any_all_and_not_mean_what_they_say(tree: Any, score: int) -> None:
    assert judge(condition(tree), answered(score=score)).holds is meant(tree, score)
