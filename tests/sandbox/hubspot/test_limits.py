"""Signing in, and how often the portal may be asked."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import SEPTEMBER, Portal

CONTACTS = "/crm/v3/objects/contacts"


def as_app(crm: Portal, token: str) -> Any:
    return crm.session.get(f"{crm.server.url}{CONTACTS}", headers={"Authorization": f"Bearer {token}"}, timeout=5)


def refreshed(crm: Portal, refresh: str, path: str = "/oauth/v1/token") -> Any:
    login = crm.server.login
    form = {
        "grant_type": "refresh_token",
        "client_id": login.client_id,
        "client_secret": login.client_secret,
        "refresh_token": refresh,
    }
    return crm.session.post(f"{crm.server.url}{path}", data=form, headers={"Authorization": ""}, timeout=5)


@pytest.mark.parametrize("header", ["", "Bearer wrong", "pat-na1-sandbox"])
def test_a_wrong_token_is_a_401(crm: Portal, header: str) -> None:
    answer = crm.session.get(f"{crm.server.url}{CONTACTS}", headers={"Authorization": header}, timeout=5)
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_the_official_client_refreshes_and_the_token_runs_out(crm: Portal) -> None:
    login = crm.server.login
    got = crm.hub.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=login.client_id,
        client_secret=login.client_secret,
        refresh_token=login.refresh_token,
    )
    assert (got.expires_in, got.refresh_token) == (1800, login.refresh_token)
    answer = as_app(crm, got.access_token)
    assert answer.status_code == 200
    assert answer.headers["X-HubSpot-RateLimit-Max"] == "110"
    assert "X-HubSpot-RateLimit-Daily" not in answer.headers
    crm.control("clock", {"advance": 1801})
    expired = as_app(crm, got.access_token)
    assert (expired.status_code, expired.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_a_rotated_refresh_token_makes_the_old_one_useless(strict: Portal) -> None:
    first = refreshed(strict, strict.server.login.refresh_token, f"/oauth/{SEPTEMBER}/token").json()
    assert first["hub_id"] == 4242
    assert refreshed(strict, strict.server.login.refresh_token).json()["category"] == "BAD_REFRESH_TOKEN"
    assert as_app(strict, refreshed(strict, first["refresh_token"]).json()["access_token"]).status_code == 200


def test_a_rotated_refresh_token_may_leave_the_old_one_good_until_the_app_is_connected_anew(started: Any) -> None:
    crm = started(contacts=5, readings={"refresh_token": "overlaps"})
    first = refreshed(crm, crm.server.login.refresh_token).json()
    again = refreshed(crm, crm.server.login.refresh_token).json()
    assert len({crm.server.login.refresh_token, first["refresh_token"], again["refresh_token"]}) == 3
    anew = crm.control("technician", {"act": "connect"})["refresh_token"]
    assert refreshed(crm, first["refresh_token"]).status_code == 400
    assert refreshed(crm, anew).status_code == 200


def test_a_scope_that_is_missing_is_named(crm: Portal) -> None:
    crm.control("settings", {"missing_scopes": ["tickets", "crm.lists.read"]})
    for path in ("/crm/v3/objects/tickets", "/crm/v3/lists/7"):
        answer = crm.call("GET", path)
        assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    assert answer.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.lists.read"]
    assert crm.call("GET", CONTACTS).status_code == 200


def test_headers_count_the_ten_second_bucket_and_the_day(crm: Portal) -> None:
    one, two = (crm.call("GET", CONTACTS).headers for _ in range(2))
    assert one["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert int(one["X-HubSpot-RateLimit-Max"]) == 190
    assert int(one["X-HubSpot-RateLimit-Daily-Remaining"]) - int(two["X-HubSpot-RateLimit-Daily-Remaining"]) == 1


@pytest.mark.parametrize(
    ("retry_after", "least", "most"), [("seconds", 1, 10), ("milliseconds", 100, 10_000), ("absent", 0, 0)]
)
def test_the_call_after_a_full_bucket_is_a_429(started: Any, retry_after: str, least: int, most: int) -> None:
    crm = started(readings={"rate_limits": "free", "retry_after_on_429": retry_after})
    for _ in range(100):
        assert crm.call("GET", CONTACTS, limit=1).status_code == 200
    answer = crm.call("GET", CONTACTS)
    assert (answer.status_code, answer.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert answer.headers["X-HubSpot-RateLimit-Remaining"] == "0"
    assert least <= int(answer.headers.get("Retry-After", 0)) <= most
    assert crm.call("POST", f"{CONTACTS}/search", {}).status_code == 200


def test_the_sixth_search_of_a_second_is_a_429_without_headers(started: Any) -> None:
    crm = started(contacts=5, readings={"rate_limits": "professional"})
    answers = [crm.call("POST", f"{CONTACTS}/search", {"limit": 1}) for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["policyName"] == "SECONDLY"
    assert not [name for name in refused[0].headers if "ratelimit" in name.lower()]
    assert crm.call("GET", CONTACTS).status_code == 200


def test_the_daily_budget_is_used_up_until_the_portals_midnight(crm: Portal) -> None:
    crm.control("settings", {"daily_limit": 3, "used_today": 2})
    assert crm.call("GET", CONTACTS).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    answer = crm.call("GET", CONTACTS)
    assert (answer.status_code, answer.json()["policyName"]) == (429, "DAILY")
    crm.control("clock", {"advance": 86_400})
    assert crm.call("GET", CONTACTS).status_code == 200
