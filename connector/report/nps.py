"""The Net Promoter Score from counts, with its margin of error. The only place that knows the arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor, sqrt
from statistics import NormalDist

from connector.domain import Band

ENOUGH = 5
"""Below this many answers no score is shown: it would say more about chance, and about persons, than about service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nps:
    """A score of -100 to 100, exact; `margin` is half the width of the confidence interval, in points."""

    promoters: int
    passives: int
    detractors: int
    score: Fraction
    margin: float
    low: float
    high: float
    confidence: float

    @property
    def n(self) -> int:
        return self.promoters + self.passives + self.detractors

    @property
    def enough(self) -> bool:
        return self.n >= ENOUGH

    def __str__(self) -> str:
        if not self.enough:
            return f"not enough answers ({self.n} of at least {ENOUGH})"
        return f"{rounded(self.score)} ± {max(1, rounded(self.margin))} ({self.n:,} answers)"


def nps(promoters: int, passives: int, detractors: int, *, confidence: float = 0.95) -> Nps:
    """Promoters less detractors, in percent of all answers; 0 for no answers, which `enough` tells apart.

    The interval is the adjusted Wald interval: three pseudo-answers, a quarter promoters, half passives and a quarter
    detractors are added before the Wald formula (Rocks 2016, The American Statistician), so that a handful of equal
    answers does not pretend to certainty. `low` and `high` stay within -100 and 100.
    """
    if min(promoters, passives, detractors) < 0:
        raise ValueError("counts of answers are not negative")
    answers = promoters + passives + detractors
    score = Fraction(100 * (promoters - detractors), answers) if answers else Fraction(0)
    total = answers + 3
    p, d = (promoters + 0.75) / total, (detractors + 0.75) / total
    margin = 100 * NormalDist().inv_cdf((1 + confidence) / 2) * sqrt((p + d - (p - d) ** 2) / total)
    centre = 100 * (p - d)
    return Nps(
        promoters=promoters,
        passives=passives,
        detractors=detractors,
        score=score,
        margin=margin,
        low=max(-100.0, centre - margin),
        high=min(100.0, centre + margin),
        confidence=confidence,
    )


def nps_of(scores: Iterable[int], *, confidence: float = 0.95) -> Nps:
    """The same from scores of 0 to 10; ValueError for any other."""
    counts = dict.fromkeys(Band, 0)
    for score in scores:
        counts[Band.of(score)] += 1
    return nps(counts[Band.PROMOTER], counts[Band.PASSIVE], counts[Band.DETRACTOR], confidence=confidence)


def rounded(value: Fraction | float) -> int:
    """To the nearest whole number, halves away from zero; for display only."""
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))
