"""People read times in the zone of their calendar, which is named; machines get UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.jobs.local_time import when
from tests.cli.acting import ANN, answer, delivered
from tests.cli.conftest import Connector, Desk

COMMANDS = (
    ("jobs", "list"), ("responses", "list"), ("explain", ANN), ("follow-ups",), ("pause",), ("suppress", "--list"),
    ("rules", "test", "--score", "3", "--contact", ANN),
)  # fmt: skip


@pytest.fixture
def kolkata(desk: Desk, connector: Connector) -> Desk:
    """A house that is half an hour off every full hour, with something to tell of in each list."""
    delivered(desk, connector)
    zone = "    calendar: {zone: Asia/Kolkata}\naudiences:"
    desk.write("live", lambda text: text.replace("\naudiences:", f"\n{zone}", 1))
    assert connector("suppress", "cem@example.com", "--until", "2099-12-31").code == 0
    answer(desk, connector, {"email": ANN, "score": 2}, name="more.csv")
    assert connector("watch").code == 0
    connector("pause", "psa", "--reason", "migration")
    return desk


@pytest.mark.usefixtures("kolkata")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_time_is_shown_in_utc(connector: Connector, command: tuple[str, ...]) -> None:
    said = connector(*command).out
    assert re.search(r"\d\d:\d\d IST", said), said
    assert "UTC" not in said


@pytest.mark.usefixtures("kolkata")
def test_an_outbox_entry_shows_every_time_in_the_zone_and_to_machines_in_utc(connector: Connector) -> None:
    [entry] = [
        each
        for each in connector("outbox", "list", "--json").facts["write_backs"]
        if each["kind"] == "open_ticket" and each["state"] == "applied"
    ]
    said = connector("outbox", "show", entry["key"]).out
    created = datetime.fromisoformat(entry["created_at"])
    assert created.utcoffset() == UTC.utcoffset(None)
    assert f"{created.astimezone(ZoneInfo('Asia/Kolkata')):%H:%M} IST  written down" in said
    assert "UTC" not in said


@pytest.mark.usefixtures("kolkata")
def test_a_date_means_the_day_of_the_zone(connector: Connector) -> None:
    assert "31 Dec 2099 23:59 IST" in connector("suppress", "--list").out
    [held] = connector("suppress", "--list", "--json").facts["suppressions"]
    assert datetime.fromisoformat(held["until"]) == datetime(2099, 12, 31, 18, 29, 59, tzinfo=UTC)


@pytest.mark.usefixtures("kolkata")
def test_doctor_says_it_in_the_zone_too(connector: Connector) -> None:
    said = connector("doctor").out
    assert re.search(r"paused since [-0-9]+ \d\d:\d\d IST: migration", said), said


def test_a_zone_without_a_name_of_its_own_is_said_as_its_distance() -> None:
    at = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    assert when(at, ZoneInfo("America/Sao_Paulo")) == "2026-11-21 23:30 UTC-03:00"
    assert when(None, UTC) == ""
