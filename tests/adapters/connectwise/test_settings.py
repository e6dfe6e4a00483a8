"""Where the API is, by what admins write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connector.adapters.connectwise import ConnectWiseSettings

LOGIN = {"company": "Acme", "public_key": "pub", "private_key": "priv", "client_id": "guid"}


def settings(**given: Any) -> ConnectWiseSettings:
    return ConnectWiseSettings.model_validate(LOGIN | {"site": "na.myconnectwise.net"} | given)


ROOTS = [
    ({"site": "na.myconnectwise.net"}, "https://api-na.myconnectwise.net/v4_6_release/apis/3.0"),
    ({"site": "https://API-na.myconnectwise.net/"}, "https://api-na.myconnectwise.net/v4_6_release/apis/3.0"),
    ({"site": "staging.connectwisedev.com"}, "https://api-staging.connectwisedev.com/v4_6_release/apis/3.0"),
    ({"site": "psa.example.com"}, "https://psa.example.com/v4_6_release/apis/3.0"),
    ({"site": "psa.example.com:8443"}, "https://psa.example.com:8443/v4_6_release/apis/3.0"),
    ({"codebase": "v2025_1/"}, "https://api-na.myconnectwise.net/v2025_1/apis/3.0"),
    ({"site": "", "base_url": "http://127.0.0.1:4120/"}, "http://127.0.0.1:4120/v4_6_release/apis/3.0"),
    ({"base_url": "http://127.0.0.1:4120/x/apis/3.0"}, "http://127.0.0.1:4120/x/apis/3.0"),
    ({"site": "", "base_url": "http://sandbox:4120"}, "http://sandbox:4120/v4_6_release/apis/3.0"),
]


@pytest.mark.parametrize(("given", "root"), ROOTS)
def test_the_address_of_the_api(given: dict[str, Any], root: str) -> None:
    assert settings(**given).api_root == root


def test_a_tenant_is_the_same_however_its_site_is_written() -> None:
    assert settings().tenant == settings(site="https://api-NA.myconnectwise.net/").tenant == "na.myconnectwise.net/acme"


MISTAKES = [
    ({"site": ""}, "site is missing"),
    ({"site": "na myconnectwise"}, "no host name"),
    ({"base_url": "http://psa.example.com"}, "unencrypted"),
    ({"base_url": "https://user:pw@psa.example.com"}, "write for example"),
    ({"company": "a+b"}, "company"),
    ({"page_size": 5000}, "page_size"),
    ({"overlap": "1 business day"}, "working time"),
    ({"overlap": "soon"}, "no length of time"),
    ({"api_version": "latest"}, "api_version"),
    ({"max_calls_per_minute": 0}, "max_calls_per_minute"),
    ({"privat_key": "x"}, "privat_key"),
    ({"site": "http://psa.example.com"}, "use base_url"),
    ({"site": "localhost:8420"}, "use base_url"),
    ({"site": "https://127.0.0.1:8420"}, "use base_url"),
]


@pytest.mark.parametrize(("given", "words"), MISTAKES)
def test_mistakes_are_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**given)


def test_secrets_do_not_show() -> None:
    shown = repr(settings(private_key="hunter2", public_key="hunter2", client_id="hunter2"))
    assert "hunter2" not in shown


def test_every_setting_is_described() -> None:
    assert all(field.description for field in ConnectWiseSettings.model_fields.values())


def test_a_link_opens_the_record_where_people_sign_in() -> None:
    link = settings().link("ServiceFv", "70001")
    assert link.startswith("https://na.myconnectwise.net/v4_6_release/")
    assert link.endswith("companyName=Acme&recordType=ServiceFv&recid=70001")


def test_spans() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert settings(overlap="1 hour").read_from(noon) == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert settings().full_pull_due(datetime(2026, 11, 13, 12, tzinfo=UTC), now=noon)
    assert not settings().full_pull_due(datetime(2026, 11, 13, 12, 0, 1, tzinfo=UTC), now=noon)
