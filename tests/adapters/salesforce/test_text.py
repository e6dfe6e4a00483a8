"""Text from outside, made harmless, and never longer than its field."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.salesforce.text import carries, due_text, lines, marked, one_line, same_text, units

KEY = "nps-k7m2q4aaaabbbbccccddddeeee"

CASES = [
    ("a\r\nb\vc\u2028d", "a\nb\nc\nd"),
    ("<script>alert(1)</script>", "‹script›alert(1)‹/script›"),
    ("\u202eevil\u2066 \u200bgap", "evil gap"),
    ("  much   space  \n\n\n\n next ", "much space\n\nnext"),
    ("nul\x00 and \x1b[31mred", "nul and [31mred"),
    ("half \ud83d", "half"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_lines_stay_and_what_is_dangerous_goes(text: str, expected: str) -> None:
    assert lines(text) == expected


def test_one_line_joins_and_cuts_at_a_word() -> None:
    assert one_line("a\n\nb", cap=20) == "a / b"
    assert one_line("Nobody calls back at all", cap=16) == "Nobody calls…"


@given(st.text(max_size=300), st.integers(50, 120), st.integers(80, 200))
def test_nothing_is_longer_than_its_field_and_the_key_is_never_cut(text: str, cap: int, byte_cap: int) -> None:
    body = marked(text, KEY, cap=cap, byte_cap=byte_cap)
    assert units(body) <= cap
    assert len(body.encode()) <= byte_cap
    assert carries(body, KEY)
    assert units(one_line(text, cap=cap)) <= cap
    assert "\n" not in one_line(text, cap=cap)


def test_a_longer_key_that_begins_alike_is_another() -> None:
    assert not carries(f"x\n{KEY}-u", KEY)
    assert carries(f"x {KEY}.", KEY)
    assert not carries(None, KEY)


def test_texts_are_the_same_however_the_org_breaks_their_lines() -> None:
    assert same_text("a\r\nb ", "a\nb")
    assert not same_text("a b", "a\nb")


def test_a_due_moment_is_told_in_the_zone_of_the_people() -> None:
    at = datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert due_text(at, ZoneInfo("Europe/Berlin")) == "Due Mon 23 Nov 2026 17:00 CET"
    assert due_text(at, ZoneInfo("America/Sao_Paulo")) == "Due Mon 23 Nov 2026 13:00 UTC-03:00"
    assert due_text(None, UTC) == ""
