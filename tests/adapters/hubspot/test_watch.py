"""What became of our tickets."""

from __future__ import annotations

from typing import Any

import pytest

from connector.adapters.hubspot.touches import by_person, last_by_person, set_last
from connector.adapters.hubspot.written_types import WireRecord, WireValue
from connector.domain import OpenTicket, Receipt, TicketState, TicketStatus, UpdateTicket
from connector.errors import AuthError, RejectedError

from .portal import PortalWorld
from .test_sink import AT, back, receipt, sink, ticket

GONE = Receipt(key="k", record_id="90000079999", record_type="ticket")


def opened(portal: PortalWorld, count: int, **other: Any) -> list[Receipt]:
    contact, company = portal.someone()
    change = OpenTicket(company_id=company, contact_id=contact, board="Customer Success", summary="x", **other)
    outcomes = sink(portal).apply([back(change, f"nps-{number}") for number in range(count)])
    return [outcome.result for outcome in outcomes if isinstance(outcome.result, Receipt)]


def states(portal: PortalWorld, receipts: list[Receipt]) -> list[TicketStatus]:
    watch = portal.open().watch
    assert watch is not None
    return list(watch.states(receipts))


def test_each_state_is_told(any_portal: PortalWorld) -> None:
    receipts = opened(any_portal, 5)
    by_person, merged, deleted, still_open, by_us = receipts
    any_portal.technician("close", ticket=by_person.record_id)
    any_portal.technician("merge", ticket=merged.record_id, into=still_open.record_id)
    any_portal.technician("delete", ticket=deleted.record_id)
    any_portal.api(
        "PATCH", f"/crm/v3/objects/tickets/{by_us.record_id}", {"properties": {"hs_pipeline_stage": "91003"}}
    )
    told = states(any_portal, receipts)
    assert [status.record_id for status in told] == [receipt.record_id for receipt in receipts]
    assert [status.state for status in told][:3] == [
        TicketState.CLOSED_BY_PERSON,
        TicketState.MERGED,
        TicketState.DELETED,
    ]
    assert told[3].state in (TicketState.OPEN, TicketState.MERGED), "a merge may make a new record of both"
    assert told[4].state is TicketState.CLOSED_AUTOMATICALLY
    assert (told[0].status, told[0].board, told[0].key) == ("Closed", "Customer Success", "nps-0")
    assert told[0].closed_at is not None
    assert told[0].company_id == any_portal.someone()[1]
    parent = told[1].merged_into
    assert parent is not None
    assert parent == (told[3].merged_into or still_open.record_id)
    [end] = states(any_portal, [Receipt(key="", record_id=parent, record_type="ticket")])
    assert end.state is TicketState.OPEN


def test_what_a_workflow_closes_was_not_followed_up(any_portal: PortalWorld) -> None:
    [first] = opened(any_portal, 1)
    any_portal.technician("close", ticket=first.record_id, by="workflow")
    [told] = states(any_portal, [first])
    assert told.state is TicketState.CLOSED_AUTOMATICALLY


def test_the_owner_is_told_with_his_address_until_he_leaves(portal: PortalWorld) -> None:
    [first] = opened(portal, 1, owner=("member:carol@example.com",))
    [told] = states(portal, [first])
    assert (told.owner, told.owner_mail) == ("carol@example.com", "carol@example.com")
    assert told.opened_at is not None
    portal.technician("owner_leaves", owner=64492918)
    [told] = states(portal, [first])
    assert (told.owner, told.owner_mail) == ("carol@example.com", "")


def test_what_a_program_does_is_no_touch(any_portal: PortalWorld) -> None:
    [first] = opened(any_portal, 1)
    company = any_portal.someone()[1]
    receipt(any_portal, UpdateTicket(company_id=company, summary="changed", ticket_id=first.record_id), "nps-u")
    [told] = states(any_portal, [first])
    assert told.touched_at is None
    any_portal.technician("touch", ticket=first.record_id)
    [told] = states(any_portal, [first])
    assert told.touched_at is not None
    assert told.status == "In progress"


@pytest.mark.parametrize(
    ("source", "user", "person"),
    [
        ("CRM_UI", 901001, True),
        ("CRM_UI_BULK_ACTION", None, True),
        ("MOBILE_IOS", 901001, True),
        ("SOMETHING_NEW", 901001, True),
        ("SOMETHING_NEW", None, False),
        ("INTEGRATION", 901001, False),
        ("API", None, False),
        ("AUTOMATION_PLATFORM", 901001, False),
        ("WORKFLOWS", 901001, False),
        ("AIRTABLE_SYNC", 901001, True),
    ],
)
def test_a_person_is_told_from_a_program_by_what_set_the_value(source: str, user: int | None, person: bool) -> None:
    ticket_ = WireRecord(id="1")
    assert by_person(WireValue(value="4", source_type=source, updated_by_user_id=user), ticket_) is person


def test_without_a_history_who_changed_it_last_decides() -> None:
    assert by_person(None, WireRecord(id="1", properties={"hs_updated_by_user_id": "901001"}))
    assert not by_person(None, WireRecord(id="1", properties={"hs_updated_by_user_id": None}))
    touched = WireRecord(
        id="1", properties={"hs_updated_by_user_id": "7", "hs_lastmodifieddate": "2026-11-20T16:20:00Z"}
    )
    assert last_by_person(touched, ["content"]) == AT
    logged = WireRecord(id="1", properties={"notes_last_contacted": "1795191600000"}, properties_with_history={})
    assert last_by_person(logged, ["content"]) == AT
    assert set_last(logged, "content") is None


def test_a_stage_that_was_taken_away_closes_what_has_a_closing_date(any_portal: PortalWorld) -> None:
    closed, still_open = opened(any_portal, 2)
    any_portal.technician("close", ticket=closed.record_id)
    any_portal.technician("close_stage", stage="91003")
    any_portal.technician("close_stage", stage="91001")
    told = states(any_portal, [closed, still_open])
    assert [each.state for each in told] == [TicketState.CLOSED_BY_PERSON, TicketState.OPEN]
    assert told[0].status == "91003"


def test_all_tickets_are_asked_for_in_few_calls(portal: PortalWorld) -> None:
    receipts = opened(portal, 120)
    assert len(states(portal, receipts)) == 120
    asked = [call.path.split("/")[-3:] for call, _ in portal.wires[-1].exchanges]
    assert asked.count(["tickets", "batch", "read"]) == 3, "with their history, 50 at a time"
    assert len(asked) <= 6
    assert states(portal, [Receipt(key="k", record_id="1", record_type="contact_note")]) == []


def test_an_answer_that_lost_its_rows_deletes_nothing(any_portal: PortalWorld) -> None:
    receipts = opened(any_portal, 2)
    any_portal.fault("empty_list", path="tickets/batch/read$")
    assert [status.state for status in states(any_portal, receipts)] == [TicketState.OPEN] * 2


def test_an_id_of_another_system_is_that_of_no_ticket(portal: PortalWorld) -> None:
    [real] = opened(portal, 1)
    stranger = Receipt(key="k", record_id="INC-7", record_type="ticket")
    assert [each.state for each in states(portal, [stranger, real])] == [TicketState.DELETED, TicketState.OPEN]


def test_tickets_nobody_may_see_are_not_taken_for_deleted(portal: PortalWorld) -> None:
    [real] = opened(portal, 1)
    assert [each.state for each in states(portal, [GONE, real])] == [TicketState.DELETED, TicketState.OPEN]
    portal.control("POST", "settings", {"missing_scopes": ["tickets"]})
    assert [each.state for each in states(portal, [GONE, real])] == [TicketState.NOT_VISIBLE] * 2
    watch = portal.open().watch
    assert watch is not None
    with pytest.raises(RejectedError, match="not visible"):
        list(watch.ours("nps-"))


def test_a_lost_token_says_nothing_of_the_tickets(portal: PortalWorld) -> None:
    receipts = opened(portal, 1)
    portal.fault("auth_lost", times=None)
    with pytest.raises(AuthError):
        states(portal, receipts)


def test_a_page_that_is_shorter_than_asked_for_ends_nothing(portal: PortalWorld) -> None:
    opened(portal, 5)
    portal.later()
    watch = portal.open_showing(2).watch
    assert watch is not None
    assert [status.key for status in watch.ours("nps-")] == [f"nps-{number}" for number in range(5)]


def test_every_ticket_of_ours_is_listed_closed_ones_too(portal: PortalWorld) -> None:
    receipts = opened(portal, 3)
    receipt(portal, ticket(portal), "other-1")
    portal.technician("close", ticket=receipts[1].record_id)
    watch = portal.open().watch
    assert watch is not None
    found = {status.key: status.state for status in watch.ours("nps-")}
    assert found == {
        "nps-0": TicketState.OPEN,
        "nps-1": TicketState.CLOSED_BY_PERSON,
        "nps-2": TicketState.OPEN,
    }
