"""Values of properties, and text for the places where it lands."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.hubspot.text import carries, due_text, marked_html, moment_text, plain, subject
from connector.adapters.hubspot.values import moment, same, shown, typed
from connector.adapters.hubspot.written_types import WireOption, WireProperty
from connector.errors import RejectedError

AT = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
NUMBER = WireProperty(name="n", type="number", field_type="number")
DATE = WireProperty(name="d", type="date", field_type="date")
TIME = WireProperty(name="t", type="datetime", field_type="date")
FLAG = WireProperty(name="f", type="bool", field_type="booleancheckbox")
TEXT = WireProperty(name="x", type="string", field_type="text")
LONG = WireProperty(name="l", type="string", field_type="textarea")
CHOICE = WireProperty(
    name="c",
    label="Role",
    type="enumeration",
    field_type="checkbox",
    options=[WireOption(value="dm", label="Decision Maker"), WireOption(value="owner", label="Owner")],
)


@pytest.mark.parametrize(
    ("prop", "given_", "sent"),
    [
        (NUMBER, 3, "3"),
        (NUMBER, "3.0", "3"),
        (NUMBER, "-0.25", "-0.25"),
        (NUMBER, None, ""),
        (DATE, "2026-11-20T23:30:00-05:00", "2026-11-21"),
        (TIME, "2026-11-20T17:20:00+01:00", "2026-11-20T16:20:00Z"),
        (FLAG, "Yes", "true"),
        (FLAG, "0", "false"),
        (CHOICE, "decision maker;owner", "dm;owner"),
        (CHOICE, "dm", "dm"),
        (TEXT, "one\ntwo", "one / two"),
        (LONG, "one\r\ntwo", "one\ntwo"),
        (TEXT, "x\u202egnp.exe\x00", "xgnp.exe"),
    ],
)
def test_a_value_is_sent_as_its_property_takes_it(prop: WireProperty, given_: object, sent: str) -> None:
    assert typed(prop, given_) == sent


@pytest.mark.parametrize(
    ("prop", "value"),
    [(NUMBER, "many"), (NUMBER, "1e999999999"), (NUMBER, "NaN"), (DATE, "soon"), (FLAG, "maybe"), (CHOICE, "dm;boss")],
)
def test_what_a_property_cannot_hold_is_refused(prop: WireProperty, value: str) -> None:
    with pytest.raises(RejectedError, match="cannot hold"):
        typed(prop, value)


@pytest.mark.parametrize(
    ("prop", "stored", "wanted", "equal"),
    [
        (NUMBER, "3.0", "3", True),
        (NUMBER, "x", "3", False),
        (NUMBER, None, "", True),
        (NUMBER, "0", "", False),
        (TIME, "1795191600000", "2026-11-20T16:20:00Z", True),
        (TIME, "2026-11-20T16:20:00.000Z", "2026-11-20T16:20:00Z", True),
        (DATE, "2026-11-20", "2026-11-20", True),
        (CHOICE, "owner;dm", "dm;owner", True),
        (CHOICE, "owner", "dm;owner", False),
        (FLAG, "True", "true", True),
        (TEXT, "a", "b", False),
    ],
)
def test_two_spellings_of_one_value_are_the_same(
    prop: WireProperty, stored: str | None, wanted: str, equal: bool
) -> None:
    assert same(prop, stored, wanted) is equal


def test_a_receipt_keeps_numbers_as_numbers() -> None:
    assert [shown(NUMBER, each) for each in ("7", "7.5", "", None, "x")] == [7, 7.5, None, None, "x"]
    assert shown(TEXT, "007") == "007"


@pytest.mark.parametrize("text", ["", None, "soon", "99999999999999999999", "2026-13-01"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert moment(text) is None


def test_times_go_to_the_vendor_and_back() -> None:
    assert moment(moment_text(AT)) == AT
    assert moment_text(AT.replace(microsecond=250_999)) == "2026-11-20T16:20:00.250Z"
    assert due_text(AT, UTC) == "Due Fri 20 Nov 2026, 16:20 UTC."
    assert due_text(AT, ZoneInfo("Europe/Berlin")) == "Due Fri 20 Nov 2026, 17:20 CET."


@given(st.text(max_size=3000))
def test_nothing_in_a_note_is_mark_up_and_its_key_is_found(text: str) -> None:
    body = marked_html(text, "nps-k7m2q4", cap=1000)
    assert len(body) <= 1000
    assert carries(body, "nps-k7m2q4")
    assert not carries(body, "nps-k7m2q")
    assert "<" not in body.replace("<br>", "")
    assert "{{" not in body


@given(st.text(max_size=2000))
def test_a_subject_is_one_short_line(text: str) -> None:
    line = subject(text)
    assert len(line) <= 200
    assert "\n" not in line
    assert plain(line) == line
