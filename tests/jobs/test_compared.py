"""What a replay says of two rows: which row, which fields, what stood there and what stands there now."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from connector.jobs.records.compared import Difference, rows_apart

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _raw(*rows: Any) -> list[msgspec.Raw]:
    return [msgspec.Raw(msgspec.json.encode(row)) for row in rows]


def _one(then: Any, now: Any) -> Difference:
    (found,) = rows_apart("decisions", _raw(then), _raw(now))
    return found


def test_only_the_fields_that_differ_are_told_with_whose_they_are() -> None:
    then = {"contact_id": "17", "company_id": "3", "findings": [{"reason": "opted_out", "detail": "in the CRM"}]}
    now = {"contact_id": "17", "company_id": "3", "findings": [{"reason": "cooldown", "detail": "in the CRM"}]}
    found = _one(then, now)
    assert found.what == "decisions 1 (17)"
    assert (found.recorded, found.now) == ("findings.1.reason: opted_out", "findings.1.reason: cooldown")


def test_a_field_that_one_side_lacks_is_told_as_nothing() -> None:
    found = _one({"key": "a", "priority": "High"}, {"key": "a"})
    assert (found.recorded, found.now) == ("priority: High", "priority: —")


def test_rows_without_names_are_told_by_their_words() -> None:
    found = _one(["nps-a", "applied", "ticket 5"], ["nps-a", "rejected", "no such board"])
    assert found.what == "decisions 1 (nps-a)"
    assert (found.recorded, found.now) == ("applied · ticket 5", "rejected · no such board")


def test_a_row_of_one_side_stands_against_nothing() -> None:
    (found,) = rows_apart("outcome", _raw({"key": "a", "state": "sent"}), [])
    assert (found.recorded, found.now) == ("key: a · state: sent", "")
    (found,) = rows_apart("outcome", [], _raw({"key": "a", "state": "sent"}))
    assert (found.recorded, found.now) == ("", "key: a · state: sent")


def test_long_texts_are_cut_to_where_they_part() -> None:
    found = _one({"text": "x" * 5000 + "then" + "y" * 5000}, {"text": "x" * 5000 + "now" + "y" * 5000})
    assert len(found.recorded) < 300
    assert "xthen" in found.recorded
    assert "xnow" in found.now


def test_many_fields_are_told_as_far_as_one_reads() -> None:
    found = _one({str(n) + "a": 1 for n in range(20)}, {str(n) + "a": 2 for n in range(20)})
    assert found.now.startswith("0a: 2 · 1a: 2")
    assert found.now.endswith("and 14 more")


def test_the_same_values_written_otherwise_are_a_difference_too() -> None:
    (found,) = rows_apart("summary", [msgspec.Raw(b'{"a":1,"b":2}')], [msgspec.Raw(b'{"b":2,"a":1}')])
    assert (found.recorded, found.now) == ('{"a":1,"b":2}', '{"b":2,"a":1}')


@given(JSON, JSON)
def test_rows_are_told_apart_if_and_only_if_they_are(then: Any, now: Any) -> None:
    found = list(rows_apart("rows", _raw(then), _raw(now)))
    assert len(found) == (json.dumps(then) != json.dumps(now))
    for difference in found:
        assert difference.recorded != difference.now
        assert len(str(difference)) < 4000
