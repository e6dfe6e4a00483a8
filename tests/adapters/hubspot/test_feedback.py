"""Answers to HubSpot's own surveys as a source of responses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.adapters.hubspot import SPEC
from connector.errors import AuthError, RejectedError
from connector.ports import BadRow, Cursor, RawAnswer

from .portal import PortalWorld


def taken(portal: PortalWorld, cursor: Cursor | None = None) -> tuple[list[Any], Cursor]:
    port = portal.open().responses
    assert port is not None
    rows: list[Any] = []
    last: Cursor = {}
    for page, following in port.responses(cursor):
        rows += page
        last = following
    return rows, last


def submission(portal: PortalWorld, **values: str) -> str:
    given = {"hs_survey_type": "NPS", "hs_value": "8", "hs_survey_name": "quarterly", **values}
    made = portal.control("POST", "edit", {"type": "feedback_submissions", "set": given})
    return str(made["id"])


def test_answers_of_nps_surveys_are_taken_and_no_others(any_portal: PortalWorld) -> None:
    rows, _ = taken(any_portal)
    scores = sorted(int(row.values["score"]) for row in rows if isinstance(row, RawAnswer))
    assert scores == [0, 3, 7, 9, 10]
    ann = next(row for row in rows if row.values["score"] == "9")
    assert ann.values["contact_id"] == "901"
    assert ann.values["comment"] == "Always quick, thank you."
    assert ann.values["connection"] == "hub"
    assert ann.values["external_id"]
    assert ann.values["responded_at"].endswith("+00:00")


def test_the_next_time_only_new_and_changed_ones_come(any_portal: PortalWorld) -> None:
    rows, cursor = taken(any_portal)
    assert rows
    any_portal.control("POST", "clock", {"advance": 3600})
    contact = any_portal.someone()[0]
    new = submission(any_portal, hs_contact_id=contact)
    again, cursor = taken(any_portal, cursor)
    assert [row.values["external_id"] for row in again] == [new]
    assert again[0].values["contact_id"] == contact


def test_it_goes_on_after_any_page(portal: PortalWorld) -> None:
    contact = portal.someone()[0]
    for _ in range(120):
        submission(portal, hs_contact_id=contact)
    port = portal.open().responses
    assert port is not None
    first, cursor = next(iter(port.responses(None)))
    rest, _ = taken(portal, cursor)
    ids = [row.values["external_id"] for row in [*first, *rest]]
    assert len(ids) == len(set(ids)) == 125


def test_a_page_that_is_shorter_than_asked_for_ends_nothing(any_portal: PortalWorld) -> None:
    port = any_portal.open_showing(2).responses
    assert port is not None
    short = [row for page, _ in port.responses(None) for row in page]
    assert short == taken(any_portal)[0] != []


def test_what_is_read_next_is_told_by_the_clock_of_the_portal(any_portal: PortalWorld) -> None:
    given = any_portal.settings()
    ahead = replace(any_portal.context(given), now=lambda: datetime.now(UTC) + timedelta(days=30))
    port = SPEC.open(given, ahead).responses
    assert port is not None
    [*_, (_, cursor)] = port.responses(None)
    any_portal.control("POST", "clock", {"advance": 3600})
    new = submission(any_portal, hs_contact_id=any_portal.someone()[0])
    again, _ = taken(any_portal, cursor)
    assert [row.values["external_id"] for row in again] == [new]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hs_value": "11", "hs_contact_id": "901"}, "no whole number from 0 to 10"),
        ({"hs_value": "", "hs_contact_id": "901"}, "no whole number"),
        ({"hs_content": "secret words"}, "it is nobody's"),
    ],
)
def test_one_that_cannot_be_taken_is_told_with_its_place(
    portal: PortalWorld, values: dict[str, str], words: str
) -> None:
    new = submission(portal, **values)
    [bad] = [row for row in taken(portal)[0] if isinstance(row, BadRow)]
    assert new in bad.place
    assert words in bad.why
    assert "secret" not in bad.why


def test_a_portal_without_surveys_says_what_is_needed(portal: PortalWorld) -> None:
    portal.fault("missing_scopes", path="feedback_submissions", times=None)
    with pytest.raises(RejectedError, match=r"Service Hub Professional.*crm.objects.feedback_submissions.read"):
        taken(portal)
    portal.fault("auth_lost", times=None)
    with pytest.raises(AuthError):
        taken(portal)
