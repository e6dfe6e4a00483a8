"""Contacts, accounts and members of payloads on disk; what the user may not see stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connector.adapters.salesforce import SalesforceSettings
from connector.adapters.salesforce.columns import Columns, account_columns, contact_columns
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.records import company_of, contact_of, member_of, moment, own_name, survivors
from connector.adapters.salesforce.wire_types import QueryPage, WireContact, WireDescribe, WireField, WireMember
from connector.domain import Contact

from .fixtures import raw, read

APP = {"domain": "acme", "consumer_key": "k", "consumer_secret": "s"}
FULL: dict[str, Any] = {
    "contact_type_field": "contact_roles__c",
    "opt_out_fields": ["HasOptedOutOfEmail", "NPS_Opt_Out__c"],
    "other_email_fields": ["Secondary_Email__c"],
    "contact_inactive_field": "Inactive__c",
}


def columns(describe: str = "contact_describe", **settings: Any) -> Columns[WireContact]:
    given = SalesforceSettings.model_validate(APP | settings)
    return contact_columns(given, Described(read(describe, WireDescribe)))


def contacts(found: Columns[WireContact]) -> list[Contact]:
    page = msgspec.json.decode(raw("contact_page"), type=QueryPage[found.row], strict=False)  # type: ignore[name-defined]
    return [contact_of("crm", row, found) for row in page.records]


def test_a_contact_is_read_with_what_the_settings_name() -> None:
    ann, bob, private = contacts(columns(**FULL))
    assert ann == Contact(
        connection="crm",
        id="0035g00000000G8AAI",
        first_name="Ann",
        last_name="Example",
        title="Owner",
        email="ann@example.com",
        other_emails=("ann.example@example.org",),
        phone="+1 555 0100",
        company_id="0015g00000000G8AAI",
        type_ids=("Sponsor", "Technical"),
        opted_out=False,
        updated_at=datetime(2024, 9, 24, 3, 26, 7, tzinfo=UTC),
        created_at=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    assert (bob.opted_out, bob.first_name, bob.company_id, bob.type_ids) == (True, "", None, ())
    assert bob.undeliverable == "bounced on 2026-10-01: 550 5.1.1 no such user"
    assert (private.company_id, private.email, private.undeliverable) == (None, "", "")


def test_a_bounce_moves_no_sign_of_life() -> None:
    _, bob, _ = contacts(columns(**FULL))
    assert bob.updated_at == datetime(2024, 9, 24, 3, 26, 7, tzinfo=UTC)


def test_only_what_is_there_is_asked_for_as_the_org_writes_it() -> None:
    found = columns(**FULL, company_type_field="Type")
    assert found.hidden == ()
    assert "Contact_Roles__c" in found.fields
    assert "MasterRecordId" in found.selected(deleted=True)
    assert not {"MasterRecordId", "IsDeleted"} & set(found.selected(deleted=False))
    assert {"IsDeleted", "HasOptedOutOfEmail", "NPS_Opt_Out__c", "IsEmailBounced"} <= found.flags
    assert "Email" not in found.flags


@pytest.mark.parametrize(
    ("fields", "consents"),
    [
        (["HasOptedOutOfEmail"], [None, None, None]),
        (["NPS_Opt_Out__c"], [False, True, False]),
        (["NPS_Opt_Out__c", "HasOptedOutOfEmail"], [None, True, None]),
    ],
)
def test_an_opt_out_that_is_hidden_is_unknown_and_not_no(fields: list[str], consents: list[bool | None]) -> None:
    found = columns("contact_describe_without_the_opt_out", opt_out_fields=fields)
    assert [contact.opted_out for contact in contacts(found)] == consents
    assert ("HasOptedOutOfEmail" in found.hidden) == ("HasOptedOutOfEmail" in fields)
    assert "HasOptedOutOfEmail" not in found.fields


def test_a_field_that_is_no_checkbox_says_nothing_of_consent() -> None:
    found = columns(opt_out_fields=["Title"])
    assert [contact.opted_out for contact in contacts(found)] == [None, None, None]
    assert found.hidden == ("Title",)


def test_a_box_that_tells_the_type_too_is_still_a_box() -> None:
    found = columns(contact_type_field="NPS_Opt_Out__c", opt_out_fields=["NPS_Opt_Out__c"])
    assert [contact.opted_out for contact in contacts(found)] == [False, True, False]
    assert [contact.type_ids for contact in contacts(found)] == [("false",), ("true",), ("false",)]
    assert "NPS_Opt_Out__c" in found.flags


def test_without_record_types_nothing_is_hidden_and_nobody_has_a_type() -> None:
    found = columns("contact_describe_without_the_opt_out")
    assert "RecordTypeId" not in (*found.hidden, *found.fields)
    assert all(contact.type_ids == () for contact in contacts(found))


def test_bounces_of_which_only_the_date_is_seen_count() -> None:
    describe = read("contact_describe", WireDescribe)
    describe.fields = [each for each in describe.fields if each.name not in ("IsEmailBounced", "EmailBouncedReason")]
    found = contact_columns(SalesforceSettings.model_validate(APP), Described(describe))
    row = found.row(id="1", email_bounced_date="2026-10-01T08:00:00.000+0000")
    assert contact_of("crm", row, found).undeliverable == "bounced on 2026-10-01"
    assert (
        contact_of("crm", found.row(id="1", is_email_bounced=False, email_bounced_date="x"), found).undeliverable == ""
    )


@pytest.mark.parametrize(
    ("field", "value", "inactive"),
    [
        ("Active__c", "Yes", True),
        ("Active__c", "No", False),
        ("!Active__c", "Yes", False),
        ("!Active__c", "No", True),
        ("!Active__c", False, True),
        ("!Active__c", None, False),
        ("Active__c", True, True),
        ("", "Yes", False),
    ],
)
def test_a_box_says_who_is_inactive(field: str, value: Any, inactive: bool) -> None:
    names = ("Id", "Name", "Type", "SystemModstamp", "Active__c")
    described = Described(WireDescribe(name="Account", fields=[WireField(name=name) for name in names]))
    given = SalesforceSettings.model_validate(APP | {"company_inactive_field": field})
    found = account_columns(given, described)
    page = msgspec.json.decode(
        msgspec.json.encode({"records": [{"Id": "001", "Type": "Prospect", "Active__c": value}]}),
        type=QueryPage[found.row],  # type: ignore[name-defined]
    )
    company = company_of("crm", page.records[0], found, own="")
    assert (company.inactive, company.type_ids, company.own, company.opted_out) == (
        inactive,
        ("Prospect",),
        False,
        None,
    )


@pytest.mark.parametrize("written", ["Acme Ltd", " acme ltd", "0015g00000000G8", "0015g00000000G8AAI"])
def test_our_own_company_is_known_by_name_or_id(written: str) -> None:
    described = Described(WireDescribe(name="Account", fields=[WireField(name=name) for name in ("Id", "Name")]))
    found = account_columns(SalesforceSettings.model_validate(APP), described)
    row = found.row(id="0015g00000000G8AAI", name="Acme Ltd")
    assert company_of("crm", row, found, own=own_name(written)).own
    assert not company_of("crm", row, found, own=own_name("Other")).own
    assert not company_of("crm", found.row(id="1"), found, own=own_name("")).own


@pytest.mark.parametrize(("status", "out"), [("Sent", False), ("opted out ", True), (None, False)])
def test_a_member_may_have_opted_out_of_the_campaign(status: str | None, out: bool) -> None:
    row = WireMember(id="1", campaign_id="701", contact_id="003", status=status)
    assert member_of("crm", row, opted_out=frozenset({"opted out"})).opted_out is out


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("2024-09-24T03:26:07.000+0000", datetime(2024, 9, 24, 3, 26, 7, tzinfo=UTC)),
        ("2024-09-24T03:26:07.000Z", datetime(2024, 9, 24, 3, 26, 7, tzinfo=UTC)),
        ("2024-09-24T03:26:07", datetime(2024, 9, 24, 3, 26, 7, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_times_of_rest_and_bulk_are_the_same(text: str | None, read_as: datetime | None) -> None:
    assert moment(text) == read_as


def test_chains_of_merges_end_at_the_survivor() -> None:
    assert survivors({"a": "b", "b": "c", "x": "y"}) == {"a": "c", "b": "c", "x": "y"}
    assert survivors({"a": "b", "b": "a"}) == {"a": "b", "b": "a"} or survivors({"a": "b", "b": "a"}) == {}
