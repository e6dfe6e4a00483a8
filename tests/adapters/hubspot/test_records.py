"""The vendor's records into nouns: what is unset, what is missing, what nobody defined."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connector.adapters.hubspot import HubSpotSettings
from connector.adapters.hubspot.records import Companies, Contacts, moment
from connector.domain import Contact

from .fixtures import raw

EVERYTHING = "contacts_with_everything_and_with_nothing"


def settings(**more: Any) -> HubSpotSettings:
    return HubSpotSettings.model_validate({"access_token": "pat-x"} | more)


def contacts(body: bytes, **more: Any) -> list[Contact]:
    known = Contacts(settings(**more), "hub")
    page = msgspec.json.decode(body, type=known.page, strict=False)
    return [known.contact(row) for row in page.results]


def contact(properties: dict[str, str | None], **more: Any) -> Contact:
    return contacts(msgspec.json.encode({"results": [{"id": "1", "properties": properties}]}), **more)[0]


def test_a_contact_with_everything() -> None:
    assert contacts(raw(EVERYTHING))[0] == Contact(
        connection="hub",
        id="501",
        first_name="Ann",
        last_name="Example",
        title="Owner",
        email="ann@example.com",
        other_emails=("ann@home.example.org", "a.example@example.com"),
        phone="+1 555 0100",
        company_id="9001",
        type_ids=("customer",),
        opted_out=False,
        updated_at=datetime(2026, 11, 1, 10, 0, 0, 123000, tzinfo=UTC),
        created_at=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def test_a_contact_with_nothing_has_unknown_consent() -> None:
    nothing = contacts(raw(EVERYTHING))[1]
    assert (nothing.email, nothing.company_id, nothing.type_ids, nothing.opted_out) == ("", None, (), None)
    assert nothing.created_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert nothing.updated_at == datetime(2026, 11, 1, 10, 0, 0, 123000, tzinfo=UTC)


def test_values_nobody_defined_are_taken_as_they_are() -> None:
    odd = contacts(raw(EVERYTHING))[2]
    assert odd.type_ids == ("a value nobody defined", "two")
    assert (odd.company_id, odd.created_at, odd.opted_out) == (None, None, False)


def test_merged_ids_lead_to_the_survivor() -> None:
    known = Contacts(settings(), "hub")
    rows = msgspec.json.decode(raw(EVERYTHING), type=known.page, strict=False).results
    assert known.merged(rows) == {"411": "501", "412": "501", "413": "501"}


CONSENT = [
    ({"hs_email_optout": "true"}, "", True),
    ({"hs_email_optout": "false"}, "", False),
    ({"hs_email_optout": None}, "", False),
    ({}, "", None),
    ({"hs_email_optout": "false", "hs_email_optout_7001": "true"}, "7001", True),
    ({"hs_email_optout": "true", "hs_email_optout_7001": None}, "7001", True),
    ({"hs_email_optout": None, "hs_email_optout_7001": None}, "7001", False),
    ({"hs_email_optout": "false"}, "7001", None),
    ({"hs_email_optout_7001": "true"}, "7001", True),
]


@pytest.mark.parametrize(("properties", "subscription", "opted_out"), CONSENT)
def test_consent_is_three_valued(properties: dict[str, str | None], subscription: str, opted_out: bool | None) -> None:
    assert contact(properties, subscription=subscription).opted_out is opted_out


EVIDENCE = [
    ({"hs_email_hard_bounce_reason_enum": "UNKNOWN_USER"}, "hard bounce: UNKNOWN_USER"),
    ({"hs_email_hard_bounce_reason": "550 no such\r\nuser"}, "hard bounce: 550 no such user"),
    ({"hs_email_quarantined": "true"}, "quarantined"),
    ({"hs_email_quarantined": "true", "hs_email_quarantined_reason": "OTHER"}, "quarantined: OTHER"),
    ({"hs_email_bad_address": "true"}, "bad address"),
    ({"hs_email_bad_address": "false", "hs_email_quarantined": None}, ""),
]


@pytest.mark.parametrize(("properties", "why"), EVIDENCE)
def test_what_hubspot_knows_of_an_address(properties: dict[str, str | None], why: str) -> None:
    assert contact(properties).undeliverable == why


def test_the_contact_type_may_be_any_property_also_one_that_is_read_anyway() -> None:
    assert contact({"jobtitle": "Owner;Boss"}, contact_type="jobtitle").type_ids == ("Owner", "Boss")
    assert contact({"contact_role": "decision_maker"}, contact_type="contact_role").type_ids == ("decision_maker",)
    assert Contacts(settings(contact_type="jobtitle"), "hub").properties.count("jobtitle") == 1


@pytest.mark.parametrize("own", ["ACME.example.com", "9001"])
def test_the_own_company_is_known_by_domain_or_id(own: str) -> None:
    known = Companies(settings(own_company=own), "hub")
    body = {
        "results": [
            {"id": "9001", "properties": {"name": "Acme Ltd", "domain": "acme.example.com", "type": "PROSPECT"}},
            {"id": "9002", "properties": {"domain": "other.example.com"}},
        ]
    }
    first, second = (
        known.company(row)
        for row in msgspec.json.decode(msgspec.json.encode(body), type=known.page, strict=False).results
    )
    assert (first.own, first.name, first.identifier, first.type_ids) == (
        True,
        "Acme Ltd",
        "acme.example.com",
        ("PROSPECT",),
    )
    assert (second.own, second.name) == (False, "other.example.com")


@pytest.mark.parametrize("value", ["", None, "yesterday", "99999999999999999999", -(10**30)])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert moment(value) is None
