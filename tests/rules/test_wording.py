"""Sentences about an answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.rules.facts import Tallies
from connector.rules.wording import before, company_answers, cut, day, moment_of, one_line, passage

NOW = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)


def at(year: int, month: int) -> datetime:
    return datetime(year, month, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("previous", "sentence"),
    [
        ([], ""),
        ([(8, at(2026, 8)), (9, at(2026, 5))], "8 in August, 9 in May"),
        ([(0, at(2025, 12))], "0 in December"),
        ([(10, at(2025, 11))], "10 in November 2025"),
        ([(10, at(2027, 1))], "10 in January 2027"),
        ([(1, at(2026, 11)), (2, at(2026, 10)), (3, at(2024, 1)), (4, at(2023, 1)), (5, at(2022, 1))],
         "1 in November, 2 in October, 3 in January 2024, and 2 earlier"),
    ],
)  # fmt: skip
def test_earlier_answers(previous: list[tuple[int, datetime]], sentence: str) -> None:
    assert before(previous, NOW, "UTC") == sentence


@pytest.mark.parametrize(
    ("tallies", "sentence"),
    [
        (Tallies(), ""),
        (Tallies(asked=5), "Acme: none of 5 asked has answered."),
        (Tallies(asked=5, answered=3, promoters=1, detractors=2),
         "Acme: 3 of 5 asked have answered, 1 promoter, 2 detractors."),
        (Tallies(asked=1, answered=1, passives=1), "Acme: 1 of 1 asked has answered, 1 passive."),
        (Tallies(asked=0, answered=2, passives=2), "Acme: 2 answers, 2 passives."),
    ],
)  # fmt: skip
def test_answers_of_a_company(tallies: Tallies, sentence: str) -> None:
    assert company_answers("Acme", tallies) == sentence


def test_a_company_without_a_name() -> None:
    assert company_answers("", Tallies(asked=2)) == "The company: none of 2 asked has answered."


def test_dates_are_written_in_english() -> None:
    assert day(NOW, "Europe/Berlin") == "Fri 20 Nov 2026"
    assert moment_of(datetime(2026, 11, 23, 16, 20)) == "Mon 23 Nov 16:20"  # noqa: DTZ001 - the zone is not shown


@pytest.mark.parametrize(
    ("text", "passed", "line"),
    [
        ("a\r\nb\rc\u2028d\n", "a\nb\nc\nd", "a b c d"),
        ("\x00a\x1b\u202eb\u2069\ufeff", "ab", "ab"),
        ("\u05d0\u200f\u05d1", "\u05d0\u200f\u05d1", "\u05d0\u200f\u05d1"),
        ("x\ud800y", "x\ufffdy", "x\ufffdy"),
        ("  a \t b ", "a \t b", "a b"),
        ("0123456789abc", "0123456789… (cut; 13 characters in all)", "0123456789… (cut; 13 characters in all)"),
    ],
)
def test_foreign_text_is_made_fit(text: str, passed: str, line: str) -> None:
    assert passage(text, 10) == passed
    assert one_line(text, 10) == line


def test_a_text_of_just_the_limit_is_whole() -> None:
    assert cut("x" * 10, 10) == "x" * 10
