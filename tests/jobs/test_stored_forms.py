"""Records of earlier versions stay readable, and replay without a difference, when fields are added."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connector.domain import OpenTicket, Receipt, WriteBack
from connector.jobs.stored_forms import StoredWriteBack, from_stored, lean, to_stored

AT = datetime(2026, 11, 20, tzinfo=UTC)
OF_THE_FIRST_VERSION: dict[str, Any] = {
    "company_id": "7", "contact_id": "11", "board": "B", "summary": "s", "discussion": "", "internal": "",
    "priority": "", "status": "", "owner": ["account_manager"], "due_at": None, "bill_time": "DoNotBill",
}  # fmt: skip


def stored(change: dict[str, Any]) -> StoredWriteBack:
    return StoredWriteBack(
        key="nps-a", connection="psa", kind="open_ticket", change=change, response_key="r", revision=1, rule_id="a",
        action_id="open_ticket", not_before=AT, depends_on=None, state="waiting",  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_ticket_of_the_first_version_is_read_and_stands_again_as_it_stood() -> None:
    read = from_stored(stored(OF_THE_FIRST_VERSION))
    assert isinstance(read.change, OpenTicket)
    assert msgspec.json.encode(to_stored(read).change) == msgspec.json.encode(OF_THE_FIRST_VERSION)


def test_a_receipt_says_what_was_overwritten_only_where_something_was() -> None:
    plain = Receipt(key="k", record_id="1", record_type="ticket")
    assert lean(plain) == {"key": "k", "record_id": "1", "record_type": "ticket", "link": "", "already_there": False}
    assert lean(Receipt(key="k", record_id="1", record_type="group", before={"member": False}))["before"] == {
        "member": False
    }
    assert msgspec.convert(lean(plain), Receipt) == plain


@pytest.mark.parametrize("name", [field.name for field in fields(OpenTicket) if field.metadata.get("added")])
def test_an_added_field_is_kept_where_it_says_something(name: str) -> None:
    given: Any = True if name == "own_company" else "x"
    change = OpenTicket(company_id="7", contact_id=None, board="B", summary="s", **{name: given})
    write_back = WriteBack(
        key="k",
        connection="psa",
        change=change,
        response_key="r",
        revision=1,
        rule_id="a",
        action_id="b",
        not_before=AT,
    )
    assert to_stored(write_back).change[name] == given
    assert from_stored(to_stored(write_back)) == write_back
