"""Keys: stable, distinct, and fit for the systems that keep them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.rules.keys import response_key, write_back_key

AT = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
TEXT = st.text(min_size=1)


def test_keys_never_change() -> None:
    assert response_key("house", "file", external_id="1") == "fxankvlgxogwavl7ux7kajulsu"
    assert write_back_key("k" * 26, "call-back", "open_ticket") == "nps-2hmjdrbmxacrij5nmuqy4jfdy4"


@given(TEXT, TEXT, TEXT)
def test_keys_fit_their_places(installation: str, source: str, external_id: str) -> None:
    key = response_key(installation, source, external_id=external_id)
    assert re.fullmatch("[a-z2-7]{26}", key)
    assert re.fullmatch("nps-[a-z2-7]{26}", write_back_key(key, source, external_id))


@given(st.lists(st.text(max_size=3), min_size=3, max_size=3), st.lists(st.text(max_size=3), min_size=3, max_size=3))
def test_different_parts_give_different_keys(one: list[str], other: list[str]) -> None:
    assert (write_back_key(*one) == write_back_key(*other)) == (one == other)  # type: ignore[arg-type]


def test_the_first_mark_that_is_there_decides() -> None:
    whole = {"external_id": "1", "token": "t", "contact": "11", "campaign": "q"}
    keys = {
        response_key("house", "file", **whole, at=AT),
        response_key("house", "file", external_id="1"),
    }
    assert len(keys) == 1
    assert response_key("house", "file", token="1") not in keys
    assert response_key("house", "file", contact="11", at=AT) != response_key(
        "house", "file", contact="11", at=AT, campaign="q"
    )


def test_the_same_moment_in_another_zone_is_the_same_answer() -> None:
    abroad = AT.astimezone(timezone(timedelta(hours=5)))
    assert response_key("h", "s", contact="1", at=AT) == response_key("h", "s", contact="1", at=abroad)


@pytest.mark.parametrize("marks", [{}, {"contact": "1"}, {"at": AT}, {"contact": "1", "at": AT.replace(tzinfo=None)}])
def test_an_answer_that_cannot_be_told_from_others_has_no_key(marks: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"an answer needs|time zone"):
        response_key("house", "file", **marks)  # type: ignore[arg-type]


def test_the_first_revision_is_not_in_the_key_and_later_ones_are() -> None:
    keys = [write_back_key("k", "r", "a", *revision) for revision in ((), (1,), (2,), (3,))]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
