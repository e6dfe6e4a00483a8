"""Text from outside is harmless where it lands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.connectwise.text import SUMMARY_CAP, carries, marked, plain, summary, units

PLAIN = [
    ("Tickets take days.", "Tickets take days."),
    ("one\r\ntwo\n\n  three\u2028four", "one / two / three / four"),
    ("<script>alert(1)</script>", "‹script›alert(1)‹/script›"),
    ("see [our site](https://evil.example.com)", "see [our site] (https://evil.example.com)"),
    ("[a][b]", "[a] [b]"),
    ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
    ("zero\u200bwidth\ufeff \u00adsoft\x00\x1b[31m", "zerowidth soft[31m"),
    ("Cafe\u0301", "Café"),
    ("tab\there\u00a0and  there", "tab here and there"),
    ("half \ud800 character", "half character"),
    ("\U000e0041hidden", "hidden"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "harmless"), PLAIN)
def test_plain(text: str, harmless: str) -> None:
    assert plain(text) == harmless


def test_a_cut_text_says_how_long_it_was() -> None:
    cut = plain("word " * 10_000)
    assert units(cut) <= 8000
    assert cut.endswith("(cut; 50,000 characters in all)")


def test_ten_megabytes_take_no_time() -> None:
    start = time.process_time()
    plain("e\u0301<](\n" * 2_000_000)
    summary("x" * 10_000_000)
    assert time.process_time() - start < 0.5


SUMMARIES = [
    ("NPS follow-up: Ann Example", "NPS follow-up: Ann Example"),
    ("x" * 100, "x" * 100),
    ("x" * 101, "x" * 99 + "…"),
    ("word " * 30, ("word " * 20).strip() + "…"),
    ("a" * 98 + " bcd", "a" * 98 + "…"),
    ("line one\nline two", "line one / line two"),
]


@pytest.mark.parametrize(("text", "short"), SUMMARIES)
def test_a_summary_is_cut_at_a_word(text: str, short: str) -> None:
    assert summary(text) == short


@given(st.text())
def test_nothing_harmful_is_left(text: str) -> None:
    line = plain(text)
    assert not set(line) & set("<>\r\n\x00\u202e\u2028\u200b")
    assert "](" not in line
    line.encode()
    assert units(summary(text)) <= SUMMARY_CAP


@given(st.text(alphabet="😀ab ", max_size=300))
def test_an_emoji_counts_as_two(text: str) -> None:
    assert units(summary(text)) <= SUMMARY_CAP


@given(st.text())
def test_the_key_survives_any_text(text: str) -> None:
    assert carries(marked(text, "nps-k7m2q4"), "nps-k7m2q4")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("thanks nps-k7m2q4", True),
        ("nps-k7m2q4 edited later by bob", True),
        ("nps-k7m2q4x", False),
        ("nps-k7m2q4-2", False),
        ("xnps-k7m2q4", False),
        ("", False),
        (None, False),
    ],
)
def test_a_key_is_a_whole_word(text: str | None, found: bool) -> None:
    assert carries(text, "nps-k7m2q4") is found
