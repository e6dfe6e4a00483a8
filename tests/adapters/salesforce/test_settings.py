"""What an admin may write, and what is refused with the reason."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from connector.adapters.salesforce import SalesforceSettings

APP = {"domain": "acme.my.salesforce.com", "consumer_key": "key", "consumer_secret": "secret"}
JWT = {"domain": "acme", "consumer_key": "key", "username": "nps@example.com", "private_key": "pem"}


def settings(**given: Any) -> SalesforceSettings:
    return SalesforceSettings.model_validate(APP | given)


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("acme", "acme.my"),
        ("acme.my", "acme.my"),
        ("acme.my.salesforce.com", "acme.my"),
        ("https://acme.my.salesforce.com/", "acme.my"),
        ("https://acme.lightning.force.com/lightning/page/home", "acme.my"),
        ("ACME--uat.sandbox.my.salesforce.com", "acme--uat.sandbox.my"),
        ("https://acme--uat.sandbox.lightning.force.com", "acme--uat.sandbox.my"),
        ("acme-dev-ed.develop.my.salesforce.com", "acme-dev-ed.develop.my"),
    ],
)
def test_a_my_domain_is_understood_as_it_stands_in_the_browser(written: str, understood: str) -> None:
    assert settings(domain=written).domain == understood


@pytest.mark.parametrize("written", ["", "http://127.0.0.1:8440", "acme.my.salesforce.mil", "a b", "acme.force.com"])
def test_what_is_no_my_domain_is_refused(written: str) -> None:
    with pytest.raises(ValidationError, match=r"no My Domain|test server"):
        settings(domain=written)


@pytest.mark.parametrize("name", ["password", "security_token", "organization_id"])
def test_settings_of_the_soap_login_are_refused_by_name_with_the_reason(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name}: signing in with a name and a password") as caught:
        settings(**{name: "hunter2", "username": "nps@example.com"})
    assert "summer 2027" in str(caught.value)


@pytest.mark.parametrize("shared", ["login.salesforce.com", "test", "https://test.salesforce.com"])
def test_the_shared_login_hosts_take_no_client_credentials(shared: str) -> None:
    with pytest.raises(ValidationError, match="takes no client credentials; write your My Domain"):
        settings(domain=shared)


@pytest.mark.parametrize(
    ("domain", "audience"),
    [("login", "login"), ("test", "test"), ("acme", "login"), ("acme--uat.sandbox.my", "test")],
)
def test_a_jwt_is_for_the_shared_host_of_its_kind(domain: str, audience: str) -> None:
    given = SalesforceSettings.model_validate(JWT | {"domain": domain})
    assert (given.jwt, given.audience) == (True, audience)


@pytest.mark.parametrize(
    "given",
    [
        {"consumer_secret": None},
        {"consumer_secret": None, "username": "nps@example.com"},
        {"username": "nps@example.com", "private_key": "pem"},
    ],
)
def test_one_flow_is_written_whole(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="consumer_secret"):
        settings(**given)


def test_old_versions_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"60\.0 or later"):
        settings(api_version="59.0")
    with pytest.raises(ValidationError):
        settings(api_version="v64.0")


@pytest.mark.parametrize("name", ["Email) FROM User --", "a b", "1st", ""])
def test_what_is_no_field_name_never_becomes_one(name: str) -> None:
    with pytest.raises(ValidationError):
        settings(opt_out_fields=[name])
    if name:
        with pytest.raises(ValidationError):
            settings(company_inactive_field=name)


def test_tenants_are_told_apart_by_domain_or_on_shared_hosts_by_user() -> None:
    assert settings().tenant == "acme.my.salesforce.com"
    shared = SalesforceSettings.model_validate(JWT | {"domain": "login"})
    assert shared.tenant == "login.salesforce.com/nps@example.com"


def test_links_open_a_record_in_the_browser() -> None:
    assert settings().link("5005g00000000G8AAI") == "https://acme.my.salesforce.com/5005g00000000G8AAI"
    assert SalesforceSettings.model_validate(JWT | {"domain": "login"}).link("500") == ""


def test_secrets_are_not_shown() -> None:
    shown = repr(SalesforceSettings.model_validate(JWT | {"private_key": "hush"})) + repr(settings())
    assert "hush" not in shown
    assert "secret'" not in shown.replace("consumer_secret'", "")


def test_the_vendors_client_is_not_loaded_by_naming_the_adapter() -> None:
    code = "import sys, connector.adapters.salesforce; sys.exit('simple_salesforce' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_tokens_travel_encrypted_but_to_this_machine() -> None:
    assert settings(base_url="http://127.0.0.1:8440/").base_url == "http://127.0.0.1:8440"
    with pytest.raises(ValidationError, match="unencrypted"):
        settings(base_url="http://example.com")
