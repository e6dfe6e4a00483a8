"""Write-backs by hand, and what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.domain import Change, OpenTicket, Receipt, RecordResponse, SetField, WriteBack
from connector.ports import ChangeSink, Outcome

from .org import OrgWorld

AT = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
KEY = "nps-k7m2q4aaaabbbbccccddddeeee"


def back(change: Change, key: str = KEY) -> WriteBack:
    return WriteBack(
        key=key,
        connection="sf",
        change=change,
        response_key="r",
        revision=1,
        rule_id="rule",
        action_id="act",
        not_before=AT,
    )


def ticket(org: OrgWorld, **other: Any) -> OpenTicket:
    contact, company = org.someone()
    base = OpenTicket(company_id=company, contact_id=contact, board="NPS Follow-up", summary="NPS follow-up: Ann")
    return replace(base, **other)


def answer(org: OrgWorld, **other: Any) -> RecordResponse:
    base = RecordResponse(
        contact_id=org.someone()[0],
        responded_at=AT,
        fields={"NPS Score": 3, "NPS Band": "detractor", "NPS Date": AT.isoformat(), "NPS Comment": "Slow."},
        responded_at_field="NPS Date",
        note="NPS: 3 of 10",
    )
    return replace(base, **other)


def value(org: OrgWorld, given: str, **other: Any) -> SetField:
    base = SetField(on="contact", record_id=org.someone()[0], field="NPS Score", value=given, responded_at=AT)
    return replace(base, **other)


def sink(org: OrgWorld, **settings: Any) -> ChangeSink:
    port = org.open(**settings).sink
    assert port is not None
    return port


def result(org: OrgWorld, change: Change, key: str = KEY, **settings: Any) -> object:
    [one] = sink(org, **settings).apply([back(change, key)])
    return one.result


def receipt(org: OrgWorld, change: Change, key: str = KEY, **settings: Any) -> Receipt:
    got = result(org, change, key, **settings)
    assert isinstance(got, Receipt), got
    return got


def by_key(outcomes: list[Outcome]) -> dict[str, object]:
    assert len({outcome.key for outcome in outcomes}) == len(outcomes)
    return {outcome.key: outcome.result for outcome in outcomes}


def written(org: OrgWorld) -> list[list[dict[str, Any]]]:
    """The records of each collection that the last wire carried."""
    calls = [call for call, _ in org.wires[-1].exchanges if call.writes and call.path.startswith("/composite/sobjects")]
    return [json.loads(call.body)["records"] for call in calls]


def until(error: type[Exception], outcomes: Iterator[Outcome]) -> list[Outcome]:
    """What was yielded before it raised, as it must."""
    told: list[Outcome] = []
    with pytest.raises(error):
        _drain(outcomes, told)
    return told


def _drain(outcomes: Iterator[Outcome], told: list[Outcome]) -> None:
    for outcome in outcomes:
        told.append(outcome)  # noqa: PERF402 - what came before an error is kept
