"""An answer in fields of every type, and whether the tenant kept it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.adapters.connectwise.custom_fields import merged, missing, newer_answer, overwritten, values_of, wanted
from connector.domain import RecordResponse, SetField
from connector.errors import RejectedError

from .fixtures import raw

AT = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)


def fields(**values: Any) -> list[dict[str, Any]]:
    known: list[dict[str, Any]] = json.loads(raw("custom_fields_of_every_type"))
    for field in known:
        if field["caption"] in values:
            field["value"] = values[field["caption"]]
    return known


def change(given: dict[str, Any], at_field: str = "NPS Date") -> RecordResponse:
    return RecordResponse(contact_id="1", responded_at=AT, fields=given, responded_at_field=at_field)


TYPED = [
    ("NPS Score", 3, 3),
    ("nps score ", "3", 3),
    ("Shoe size", "42.5", 42.5),
    ("NPS Comment", "two\nlines <b>", "two / lines ‹b›"),
    ("Reference", "yes", True),
    ("Reference", 0, False),
    ("NPS Day", "2026-11-20T16:20:00Z", "2026-11-20T16:20:00Z"),
    ("NPS Score", None, None),
]


@pytest.mark.parametrize(("caption", "value", "typed"), TYPED)
def test_a_value_takes_the_type_of_its_field(caption: str, value: Any, typed: Any) -> None:
    assert wanted(values_of(change({caption: value}, "")), fields()) == {caption.strip().casefold(): typed}


@pytest.mark.parametrize(("caption", "value"), [("NPS Score", "many"), ("Reference", "maybe"), ("NPS Day", "soon")])
def test_a_value_that_does_not_fit_is_rejected_with_the_fields_name(caption: str, value: str) -> None:
    with pytest.raises(RejectedError, match=caption):
        wanted(values_of(change({caption: value})), fields())


def test_fields_the_tenant_lacks_or_hides_are_left_out_and_the_time_is_added() -> None:
    values = wanted(values_of(change({"NPS Score": 3, "No such": "x", "Secret": "x"})), fields())
    assert values == {"nps score": 3, "nps date": "2026-11-20T16:20:00Z"}


def test_what_stands_where_values_differ_is_told_by_the_tenants_caption() -> None:
    known = fields(**{"NPS Score": "8", "NPS Comment": "slow"})
    assert overwritten(known, {"nps score": 3, "nps comment": "slow"}) == {"NPS Score": "8"}


def test_a_single_value_is_set_beside_the_time_and_an_empty_one_clears() -> None:
    one = SetField(on="contact", record_id="1", field=" NPS Comment ", value="", responded_at=AT)
    assert values_of(one) == {"nps comment": None}
    timed = replace(one, value="happy", responded_at_field="NPS Date")
    assert values_of(timed) == {"nps comment": "happy", "nps date": "2026-11-20T16:20:00Z"}


def test_the_whole_array_is_sent_with_everything_that_was_in_it() -> None:
    before = fields()
    after = merged(before, {"nps score": 3})
    assert after is not None
    assert after[0] == before[0] | {"value": 3}
    assert after[1:] == before[1:]


def test_nothing_is_sent_where_nothing_differs() -> None:
    stored = fields(**{"NPS Score": "3.0", "NPS Date": "2026-11-20T16:20:00Z", "NPS Day": "2026-11-20T00:00:00Z"})
    same = {"nps score": 3, "nps date": "2026-11-20T16:20:00Z", "nps day": "2026-11-20T16:20:00Z", "reference": False}
    assert merged(stored, same | {"nps comment": None}) is None


def test_what_the_tenant_did_not_keep_is_named() -> None:
    assert missing(fields(**{"NPS Score": 4}), {"nps score": 3, "nps day": None, "gone": 1}) == ["NPS Score", "gone"]


NEWER = [
    ("2026-11-20T16:20:01Z", True),
    ("2026-11-20T16:20:00Z", False),
    ("2026-11-19T00:00:00Z", False),
    ("2026-11-21", True),
    ("last week", False),
    (None, False),
]


@pytest.mark.parametrize(("stored", "newer"), NEWER)
def test_a_later_answer_on_record_is_seen(stored: str | None, newer: bool) -> None:
    assert (newer_answer(change({}), fields(**{"NPS Date": stored})) is not None) is newer


def test_without_a_field_for_the_time_nothing_is_newer() -> None:
    assert newer_answer(change({}, ""), fields(**{"NPS Date": "2099-01-01T00:00:00Z"})) is None
