"""Planned misfortunes, seen by the genuine client or on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import urllib3
from hubspot.crm.contacts.exceptions import ApiException  # type: ignore[import-untyped]

from .conftest import Portal
from .test_writing import TICKET

CONTACTS = "/crm/v3/objects/contacts"


def test_the_official_client_meets_a_429_with_its_policy(crm: Portal) -> None:
    crm.fault(kind="429", policy="SECONDLY", path="contacts")
    with pytest.raises(ApiException) as caught:
        crm.hub.crm.contacts.basic_api.get_page()
    assert caught.value.status == 429
    assert json.loads(caught.value.body)["policyName"] == "SECONDLY"
    assert crm.call("GET", CONTACTS).status_code == 200


@pytest.mark.parametrize("policy", ["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"])
def test_every_policy_can_strike(crm: Portal, policy: str) -> None:
    crm.fault(kind="429", policy=policy)
    assert crm.call("GET", CONTACTS).json()["policyName"] == policy


@pytest.mark.parametrize(
    ("kind", "status", "is_json"),
    [
        ("414", 414, False),
        ("423", 423, True),
        ("477", 477, True),
        ("500", 500, True),
        ("502", 502, False),
        ("503html", 503, False),
        ("504", 504, False),
        ("521", 521, False),
        ("522", 522, False),
        ("523", 523, False),
        ("524", 524, False),
        ("530", 530, False),
        ("auth_lost", 401, True),
        ("token_expired", 401, True),
        ("missing_scopes", 403, True),
    ],
)
def test_a_status_strikes_once_and_only_where_planned(crm: Portal, kind: str, status: int, is_json: bool) -> None:
    crm.fault(kind=kind, method="GET", path="/contacts$", skip=1)
    codes = [crm.call("GET", CONTACTS) for _ in range(3)]
    assert [answer.status_code for answer in codes] == [200, status, 200]
    assert codes[1].headers["Content-Type"].startswith("application/json") is is_json
    assert (codes[1].headers.get("Retry-After") is not None) is (kind == "477")


@pytest.mark.parametrize("kind", ["reset", "drop_after_write", "late_write"])
def test_a_dropped_connection_reaches_the_official_client_as_a_protocol_error(crm: Portal, kind: str) -> None:
    crm.fault(kind=kind, method="POST", path="tickets", seconds=30)
    with pytest.raises(urllib3.exceptions.HTTPError):
        crm.hub.crm.tickets.basic_api.create({"properties": TICKET})
    assert len(crm.control("records")["tickets"]) == (1 if kind == "drop_after_write" else 0)
    crm.control("clock", {"advance": 31})
    assert len(crm.control("records")["tickets"]) == (0 if kind == "reset" else 1)


def test_a_gateway_may_time_out_after_the_work_is_done(crm: Portal) -> None:
    crm.fault(kind="504_after_write", path="tickets")
    assert crm.call("POST", "/crm/v3/objects/tickets", {"properties": TICKET}).status_code == 504
    assert len(crm.control("records")["tickets"]) == 1


def test_faults_of_writes_spare_what_only_asks(crm: Portal) -> None:
    crm.fault(kind="drop_after_write")
    assert crm.call("POST", f"{CONTACTS}/batch/read", {"inputs": [{"id": "901"}]}).status_code == 200
    assert crm.call("POST", f"{CONTACTS}/search", {}).status_code == 200
    with pytest.raises(requests.ConnectionError):
        crm.call("PATCH", f"{CONTACTS}/901", {"properties": {"city": "x"}})


def test_an_answer_may_break_off_in_the_middle(crm: Portal) -> None:
    crm.fault(kind="truncate")
    with pytest.raises(requests.exceptions.RequestException):
        crm.call("GET", CONTACTS)


def test_an_answer_may_be_slow(crm: Portal) -> None:
    crm.fault(kind="slow", seconds=0.2)
    assert crm.call("GET", CONTACTS).elapsed.total_seconds() >= 0.2


@pytest.mark.parametrize(("kind", "rows"), [("empty_list", 0), ("duplicate_row", 11), ("missing_row", 9)])
def test_a_list_may_lie(crm: Portal, kind: str, rows: int) -> None:
    crm.fault(kind=kind)
    page = crm.get(CONTACTS)
    assert len(page["results"]) == rows
    assert ("paging" in page) is bool(rows)


def test_rows_may_bear_unknown_members(crm: Portal) -> None:
    crm.fault(kind="unknown_fields")
    assert "neverDocumented" in crm.get(CONTACTS)["results"][0]


def test_an_unknown_fault_is_refused_with_the_known_ones(crm: Portal) -> None:
    answer: Any = crm.call("POST", "/control/faults", [{"kind": "earthquake"}])
    assert answer.status_code == 400
    assert "drop_after_write" in answer.json()["message"]
