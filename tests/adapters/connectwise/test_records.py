"""The vendor's records as contacts and companies of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connector.adapters.connectwise.records import company_of, contact_of, member_company_of, moment
from connector.adapters.connectwise.wire_types import WireCompany, WireContact, WireMembership
from connector.domain import Company, Contact

from .fixtures import read


def contact(name: str) -> Contact:
    return contact_of("psa", read(name, WireContact))


def company(name: str, *, own: str = "acme") -> Company:
    row = read(name, WireCompany)
    return company_of("psa", row, inactive_statuses={"1": False, "2": True}, own=own)


def test_the_flagged_address_and_phone_win_and_the_others_are_kept() -> None:
    assert contact("contact_whose_second_address_is_the_default") == Contact(
        connection="psa",
        id="26604",
        first_name="Ann",
        last_name="Example",
        title="Managing Director",
        email="Ann@Example.com",
        other_emails=("office@example.com",),
        phone="15550100 x22",
        company_id="250",
        type_ids=("4", "9"),
        inactive=False,
        opted_out=False,
        updated_at=datetime(2026, 11, 19, 8, 30, 5, tzinfo=UTC),
        created_at=datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC),
    )


def test_what_is_left_out_is_unknown_or_empty() -> None:
    assert contact("contact_with_nothing_but_a_first_name") == Contact(connection="psa", id="57960", first_name="Ann")


def test_nulls_and_text_are_read_like_values() -> None:
    read_ = contact("contact_with_explicit_nulls_and_flags_as_text")
    assert (read_.id, read_.inactive, read_.opted_out) == ("57961", True, True)
    assert (read_.email, read_.other_emails, read_.company_id, read_.type_ids) == ("ann@example.com", (), None, ())


def test_unknown_fields_and_values_are_passed_over() -> None:
    read_ = contact("contact_with_unknown_fields_and_an_unknown_communication_type")
    assert (read_.email, read_.phone, read_.type_ids) == ("ann@example.com", "", ("4",))
    assert read_.updated_at is None
    assert read_.created_at == datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_a_company_is_inactive_by_its_status() -> None:
    read_ = company("company_unsubscribed_and_of_an_inactive_status")
    assert (read_.inactive, read_.opted_out, read_.default_contact_id, read_.own) == (True, True, "26604", False)
    assert (read_.name, read_.type_ids) == ("Acme Ltd", ("1",))


def test_the_own_company_is_known_by_its_identifier_in_any_case() -> None:
    read_ = company("company_with_nothing_but_an_identifier")
    assert read_.own
    assert (read_.name, read_.opted_out, read_.deleted, read_.inactive) == ("ACME", None, False, False)


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        ({"id": 250, "allContactsFlag": True, "unsubscribeFlag": False}, (True, False, False)),
        ({"id": 250, "defaultContactFlag": True, "unsubscribeFlag": True}, (False, True, True)),
        ({"id": 250}, (False, False, None)),
    ],
)
def test_a_company_in_a_group_stands_for_its_contacts(row: dict[str, Any], flags: tuple[bool, bool, bool]) -> None:
    member = member_company_of("psa", "7", msgspec.convert(row, WireMembership))
    assert (member.all_contacts, member.default_contact, member.opted_out) == flags
    assert (member.group_id, member.company_id, member.contact_id) == ("7", "250", None)


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_none(text: str | None) -> None:
    assert moment(text) is None
