"""Tokens: how they are given, checked and taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

from .conftest import VERSION, Org, session_for


def test_client_credentials_sign_in_at_the_my_domain(org: Org) -> None:
    assert org.sf.query("SELECT Id FROM Organization")["totalSize"] == 1
    assert org.sf.sf_instance == f"127.0.0.1:{org.server.port}"


def test_client_credentials_are_refused_at_the_central_login_host(org: Org) -> None:
    login = org.server.login
    answer = org.session.post(
        "https://login.salesforce.com/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(login.consumer_key, login.consumer_secret),
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "request not supported on this domain"}


def test_a_wrong_secret_is_refused_with_an_object(org: Org) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
        Salesforce(
            consumer_key=org.server.login.consumer_key, consumer_secret="x", domain="acme.my", session=org.session
        )


def test_a_jwt_signed_with_the_private_key_signs_in(org: Org) -> None:
    login = org.server.login
    client = Salesforce(
        username=login.username,
        consumer_key=login.consumer_key,
        privatekey=login.private_key,
        version=VERSION,
        session=org.session,
    )
    assert client.query("SELECT Id FROM Organization")["totalSize"] == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"username": "somebody@example.com"}, "user hasn't approved this consumer"),
        ({"consumer_key": "another"}, "client identifier invalid"),
    ],
)
@pytest.mark.filterwarnings("ignore:\\s*If your connected app policy")
def test_a_jwt_with_a_wrong_claim_is_refused(org: Org, change: dict[str, str], says: str) -> None:
    login = org.server.login
    given: dict[str, Any] = {
        "username": login.username,
        "consumer_key": login.consumer_key,
        "privatekey": login.private_key,
    } | change
    with pytest.raises(SalesforceAuthenticationFailed, match=says):
        Salesforce(**given, session=org.session)


def test_a_jwt_of_another_key_is_refused(org: Org, start: Callable[..., Org]) -> None:
    login = org.server.login
    stranger = start().server.login.private_key
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
        Salesforce(username=login.username, consumer_key=login.consumer_key, privatekey=stranger, session=org.session)


def test_the_password_grant_is_blocked_where_the_org_says_so(start: Callable[..., Org]) -> None:
    org = start(readings={"password_grant": "blocked"})
    login = org.server.login
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid_grant"):
        Salesforce(
            username=login.username,
            password=login.password,
            consumer_key=login.consumer_key,
            consumer_secret=login.consumer_secret,
            session=org.session,
        )


@pytest.mark.parametrize(("version", "says"), [("59.0", "disabled by default"), ("65.0", "not available in API")])
def test_soap_login_is_refused_with_a_fault(org: Org, version: str, says: str) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match=f"INVALID_OPERATION.*{says}"):
        Salesforce(username="u@example.com", password="p", security_token="t", version=version, session=org.session)


def test_a_session_that_expires_once_is_renewed_by_one_login(org: Org) -> None:
    assert org.sf.query("SELECT Id FROM Organization")["totalSize"] == 1
    org.control("expire", {"how": "once"})
    assert org.sf.query("SELECT Id FROM Organization")["totalSize"] == 1
    assert org.control("served")["logins"] == 2


def test_sessions_that_always_expire_are_never_good_and_logins_are_counted(org: Org) -> None:
    org.control("expire", {"how": "always"})
    with pytest.raises(SalesforceExpiredSession):
        org.sf.query("SELECT Id FROM Organization")
    # One login of ours, and four more by the package before it gives up (facts 0.3).
    assert org.control("served")["logins"] == 5
    org.control("expire", {"how": "never"})
    assert org.client().query("SELECT Id FROM Organization")["totalSize"] == 1


def test_a_session_ends_two_hours_after_its_last_use(org: Org) -> None:
    client = Salesforce(
        instance_url=org.server.url, session_id=org.sf.session_id, version=VERSION, session=session_for(org.server)
    )
    org.control("clock", {"advance": 7000})
    client.query("SELECT Id FROM Organization")
    org.control("clock", {"advance": 7000})
    client.query("SELECT Id FROM Organization")
    org.control("clock", {"advance": 7300})
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT Id FROM Organization")


def test_a_request_without_a_token_is_a_401_with_an_array(org: Org) -> None:
    answer = org.session.get(f"{org.server.url}/services/data/v60.0/limits")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_the_user_of_a_token_can_be_asked_for(org: Org) -> None:
    answer = org.session.get(
        f"{org.server.url}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {org.sf.session_id}"}
    )
    assert answer.json()["preferred_username"] == org.server.login.username


@pytest.mark.parametrize(("version", "status"), [("30.0", 410), ("99.0", 404), ("60.0", 200)])
def test_a_retired_version_is_gone_and_one_to_come_unknown(org: Org, version: str, status: int) -> None:
    assert org.get("", version=version).status_code == status
