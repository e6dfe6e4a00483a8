from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.report.nps import nps, nps_of, rounded

COUNTS = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "text"),
    [
        (50, 30, 20, "30 ± 15 (100 answers)"),
        (7, 2, 1, "60 ± 39 (10 answers)"),
        (5, 0, 0, "100 ± 45 (5 answers)"),
        (1000, 0, 0, "100 ± 1 (1,000 answers)"),
        (2, 1, 5, "-38 ± 49 (8 answers)"),
        (3, 1, 0, "not enough answers (4 of at least 5)"),
        (0, 0, 0, "not enough answers (0 of at least 5)"),
    ],
)
def test_a_score_is_shown_with_its_margin_or_not_at_all(
    promoters: int, passives: int, detractors: int, text: str
) -> None:
    assert str(nps(promoters, passives, detractors)) == text


def test_the_margin_is_the_adjusted_wald_interval() -> None:
    found = nps(50, 30, 20)
    p, d = 50.75 / 103, 20.75 / 103
    assert found.margin == pytest.approx(100 * 1.959964 * ((p + d - (p - d) ** 2) / 103) ** 0.5, rel=1e-6)
    assert found.score == Fraction(30)


@given(COUNTS, COUNTS, COUNTS)
def test_the_score_lies_within_its_bounds_and_mirrors(promoters: int, passives: int, detractors: int) -> None:
    found, mirrored = nps(promoters, passives, detractors), nps(detractors, passives, promoters)
    assert -100 <= found.low <= found.high <= 100
    assert -100 <= found.score <= 100
    assert found.score == -mirrored.score
    assert found.margin > 0
    assert rounded(found.score) == -rounded(mirrored.score)


@pytest.mark.parametrize(
    ("value", "whole"),
    [(Fraction(1, 2), 1), (Fraction(-1, 2), -1), (Fraction(5, 2), 3), (-2.5, -3), (2.4, 2), (-2.4, -2), (0.0, 0)],
)
def test_halves_are_rounded_away_from_zero(value: Fraction | float, whole: int) -> None:
    assert rounded(value) == whole


def test_scores_are_sorted_into_bands_where_bands_are_known() -> None:
    found = nps_of([0, 6, 7, 8, 9, 10])
    assert (found.promoters, found.passives, found.detractors) == (2, 2, 2)
    with pytest.raises(ValueError, match="0 to 10"):
        nps_of([11])
    with pytest.raises(ValueError, match="not negative"):
        nps(-1, 0, 0)
