"""What one person is known by: never missed for the spelling of a line, and never anybody else."""

from __future__ import annotations

import json

import pytest

from connector.jobs.forget.traces import Traces


def person(first: str = "", last: str = "", phone: str = "") -> Traces:
    made = Traces(())
    made.add_name(first, last)
    made.add_phone(phone)
    return made


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(
    ("traces", "text"),
    [
        (person("Jörg", "Groß"), "Call Jörg Groß back"),
        (person("Jo", "Weiß"), "WEISS, Jo"),
        (person("Юлия", "Иванова"), "от Юлия Иванова"),
        (person("André", "Noël"), "Andre\u0301 Noe\u0308l"),
        (person(phone="+49 30 123456-0"), "tel. +49 30 123456-0"),
        (person(phone="+49 30 1234560"), "tel. +49 (30) 12 34 56/0"),
    ],
)
def test_a_line_that_speaks_of_the_person_is_always_looked_at(traces: Traces, text: str, escaped: bool) -> None:
    assert traces.speak(text)
    assert traces.may_be_in(json.dumps({"text": text}, ensure_ascii=escaped).encode(), ())


def test_a_line_without_the_number_is_not_looked_at() -> None:
    assert not person(phone="+1 555 0100").may_be_in(b'{"text": "15550101 and 00"}', ())


@pytest.mark.parametrize(("first", "last"), [("Ann", "."), ("-", "-"), ("?", "Example"), ("", "Example")])
def test_half_a_name_is_everybodys(first: str, last: str) -> None:
    traces = person(first, last)
    assert not traces.speak("Ann Other of Example works here - - and. there")
    assert not traces.may_be_in(b'{"text": "Ann Other"}', ())
