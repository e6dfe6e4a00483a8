"""What admins write for a portal."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connector.adapters.hubspot import HubSpotSettings

OAUTH = {"access_token": "", "client_id": "id", "client_secret": "secret", "refresh_token": "refresh"}


def settings(**given: Any) -> HubSpotSettings:
    return HubSpotSettings.model_validate({"access_token": "pat-na1-x"} | given)


MISTAKES = [
    ({"access_token": ""}, "write access_token, or all of"),
    (OAUTH | {"refresh_token": ""}, "write access_token, or all of"),
    (OAUTH | {"access_token": "pat"}, "not both"),
    ({"base_url": "http://crm.example.com"}, "unencrypted"),
    ({"base_url": "https://user:pw@crm.example.com"}, "write for example"),
    ({"api_version": "v2"}, "api_version"),
    ({"contact_type": "Lifecycle Stage"}, "contact_type"),
    ({"portal": "acme"}, "portal"),
    ({"page_size": 101}, "page_size"),
    ({"calls_per_10_seconds": 300}, "calls_per_10_seconds"),
    ({"overlap": "1 business day"}, "working time"),
    ({"company_from": "guess"}, "company_from"),
    ({"acces_token": "x"}, "acces_token"),
]


@pytest.mark.parametrize(("given", "words"), MISTAKES)
def test_mistakes_are_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**given)


def test_secrets_do_not_show() -> None:
    shown = repr(settings(access_token="hunter2")) + repr(settings(**OAUTH | {"client_secret": "hunter2"}))
    assert "hunter2" not in shown
    assert "hunter2" not in settings(access_token="hunter2").tenant


def test_every_setting_is_described() -> None:
    assert all(field.description for field in HubSpotSettings.model_fields.values())


def test_a_tenant_is_the_portal_or_else_the_credentials() -> None:
    assert settings(portal="4242").tenant == settings(access_token="pat-other", portal="4242").tenant
    assert settings().tenant != settings(access_token="pat-other").tenant


def test_a_link_needs_the_portal() -> None:
    assert settings(portal="4242").link("0-5", "77") == "https://app.hubspot.com/contacts/4242/record/0-5/77"
    assert settings().link("0-5", "77") == ""


def test_the_api_is_in_the_cloud_unless_a_test_server_is_named() -> None:
    assert settings().api_root == "https://api.hubapi.com"
    assert settings(base_url="http://127.0.0.1:4130/").api_root == "http://127.0.0.1:4130"
