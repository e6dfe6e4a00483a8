"""The daily allotment and the misfortunes of the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceRefusedRequest

from .conftest import ANN, Org


def test_each_answer_tells_what_was_used(org: Org) -> None:
    org.sf.query("SELECT Id FROM Organization")
    assert org.get("limits").headers["Sforce-Limit-Info"] == "api-usage=20/100000"
    assert org.sf.limits()["DailyApiRequests"] == {"Max": 100000, "Remaining": 99979}
    # The client package reads the short form.
    assert org.sf.api_usage["api-usage"].used == 21


@pytest.mark.parametrize(
    ("form", "parts"),
    [
        ("short", ["api-usage"]),
        ("bursts", ["api-usage", "api-bursts"]),
        ("per_app", ["api-usage", "per-app-api-usage"]),
        ("long", ["api-usage", "api-bursts", "per-app-api-usage"]),
    ],
)
def test_the_usage_comes_in_short_and_long_forms(org: Org, form: str, parts: list[str]) -> None:
    org.control("limits", {"form": form})
    told = org.get("").headers["Sforce-Limit-Info"]
    assert [part.partition("=")[0] for part in told.split("; ")] == parts


def test_errors_tell_the_usage_too_and_none_may_be_told(org: Org) -> None:
    assert "api-usage" in org.get("query", q="nonsense").headers["Sforce-Limit-Info"]
    org.control("limits", {"form": "none"})
    assert "Sforce-Limit-Info" not in org.get("").headers


def test_a_used_up_day_is_refused_until_the_window_frees(org: Org) -> None:
    org.control("limits", {"max": 50, "used": 0})
    for _ in range(50):
        assert org.get("").status_code == 200
    with pytest.raises(SalesforceRefusedRequest, match="TotalRequests Limit exceeded"):
        org.sf.query("SELECT Id FROM Organization")
    org.control("clock", {"advance": 25 * 3600})
    assert org.client().query("SELECT Id FROM Organization")["totalSize"] == 1


def test_daily_and_concurrent_exhaustion_differ_by_their_message(org: Org) -> None:
    said: list[Any] = []
    for kind in ("daily_limit", "concurrent_limit"):
        org.fault(kind=kind, path="/query")
        with pytest.raises(SalesforceRefusedRequest) as caught:
            org.sf.query("SELECT Id FROM Organization")
        content: Any = caught.value.content
        said.append(content[0])
    assert {error["errorCode"] for error in said} == {"REQUEST_LIMIT_EXCEEDED"}
    assert [error["message"].split()[0] for error in said] == ["TotalRequests", "ConcurrentRequests"]


def test_the_limits_may_be_forbidden(start: Callable[..., Org]) -> None:
    org = start(readings={"limits_endpoint": "forbidden"})
    assert org.get("limits").json()[0]["errorCode"] == "INSUFFICIENT_ACCESS"


@pytest.mark.parametrize(
    ("kind", "status", "html"),
    [
        ("503html", 503, True),
        ("420", 420, True),
        ("502", 502, True),
        ("503", 503, False),
        ("500", 500, False),
        ("429", 429, False),
    ],
)
def test_trouble_at_the_edge_is_html_and_trouble_within_is_json(org: Org, kind: str, status: int, html: bool) -> None:
    org.fault(kind=kind, path="/query")
    with pytest.raises(SalesforceGeneralError) as caught:
        org.sf.query("SELECT Id FROM Organization")
    assert caught.value.status == status
    assert isinstance(caught.value.content, str) is html
    assert org.sf.query("SELECT Id FROM Organization")["totalSize"] == 1


def test_a_lost_session_and_a_disabled_api(org: Org) -> None:
    org.fault(kind="auth_lost", path="/query")
    assert org.sf.query("SELECT Id FROM Organization")["totalSize"] == 1
    org.fault(kind="api_disabled", path="/query")
    with pytest.raises(SalesforceRefusedRequest, match="API_DISABLED_FOR_ORG"):
        org.sf.query("SELECT Id FROM Organization")


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_a_connection_can_break(org: Org, kind: str) -> None:
    org.fault(kind=kind, path="/query")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        org.get("query", q="SELECT Id FROM Contact")


def test_an_answer_can_be_lost_after_the_write(org: Org) -> None:
    org.fault(kind="drop_after_write")
    with pytest.raises(requests.ConnectionError):
        org.post("sobjects/Case", {"Subject": "x"})
    assert org.count("SELECT COUNT() FROM Case") == 1


def test_a_write_can_come_late(org: Org) -> None:
    org.fault(kind="late_write", seconds=60)
    with pytest.raises(requests.ConnectionError):
        org.post("sobjects/Case", {"Subject": "x"})
    assert org.count("SELECT COUNT() FROM Case") == 0
    org.control("clock", {"advance": 61})
    assert org.count("SELECT COUNT() FROM Case") == 1


def test_a_slow_answer_is_slow(org: Org) -> None:
    assert org.sf
    org.fault(kind="slow", seconds=0.2)
    assert org.get("").elapsed.total_seconds() >= 0.2


def test_a_fault_waits_its_turn_and_lasts_as_long_as_asked(org: Org) -> None:
    org.fault(kind="500", path="/sobjects/Contact", skip=1, times=2)
    assert [org.get(f"sobjects/Contact/{ANN}").status_code for _ in range(4)] == [200, 500, 500, 200]
