"""What became of our tickets."""

from __future__ import annotations

from typing import Any

import pytest

from connector.domain import OpenTicket, Receipt, TicketState, TicketStatus

from .psa import PsaWorld
from .test_sink import back


def opened(psa: PsaWorld, count: int) -> list[Receipt]:
    contact, company = psa.someone()
    change = OpenTicket(company_id=company, contact_id=contact, board="Customer Success", summary="x")
    port = psa.open().sink
    assert port is not None
    outcomes = port.apply([back(change, f"nps-{number}") for number in range(count)])
    return [outcome.result for outcome in outcomes if isinstance(outcome.result, Receipt)]


def states(psa: PsaWorld, receipts: list[Receipt]) -> list[TicketStatus]:
    watch = psa.open().watch
    assert watch is not None
    return list(watch.states(receipts))


def close(psa: PsaWorld, receipt: Receipt, by: str, **other: Any) -> None:
    closed: dict[str, Any] = {
        "status": {"id": 203}, "closedFlag": True, "closedDate": "2026-11-21T09:00:00Z", "closedBy": by,
    }  # fmt: skip
    psa.control("POST", "edit", {"path": f"/service/tickets/{receipt.record_id}", "set": closed | other, "by": by})


def test_each_state_is_told(any_psa: PsaWorld) -> None:
    receipts = opened(any_psa, 6)
    by_person, by_us, by_rule, merged, deleted, still_open = receipts
    close(any_psa, by_person, "alice")
    close(any_psa, by_us, "npsapi")
    close(any_psa, by_rule, "zAdmin")
    close(any_psa, merged, "alice", mergedParentTicket={"id": int(still_open.record_id)})
    any_psa.control("POST", "edit", {"path": f"/service/tickets/{deleted.record_id}", "delete": True})
    told = states(any_psa, receipts)
    assert [status.record_id for status in told] == [receipt.record_id for receipt in receipts]
    assert [status.state for status in told] == [
        TicketState.CLOSED_BY_PERSON,
        TicketState.CLOSED_AUTOMATICALLY,
        TicketState.CLOSED_AUTOMATICALLY,
        TicketState.MERGED,
        TicketState.DELETED,
        TicketState.OPEN,
    ]
    assert (told[0].by, told[0].status) == ("alice", "Closed")
    assert told[3].merged_into == still_open.record_id


def test_all_tickets_are_asked_for_at_once(psa: PsaWorld) -> None:
    receipts = opened(psa, 30)
    states(psa, receipts)
    assert [call.path for call, _ in psa.wires[-1].exchanges] == ["/service/tickets"] * 2
    assert states(psa, [Receipt(key="k", record_id="1", record_type="contact_note")]) == []


@pytest.mark.parametrize("kind", ["empty_list"])
def test_a_list_that_lost_its_rows_deletes_nothing(psa: PsaWorld, kind: str) -> None:
    receipts = opened(psa, 2)
    psa.fault(kind, path="tickets$")
    assert [status.state for status in states(psa, receipts)] == [TicketState.OPEN] * 2


def test_tickets_nobody_may_see_are_not_taken_for_deleted(psa: PsaWorld) -> None:
    gone = Receipt(key="k", record_id="79999", record_type="ticket")
    assert [status.state for status in states(psa, [gone])] == [TicketState.NOT_VISIBLE]
    [real] = opened(psa, 1)
    assert [status.state for status in states(psa, [gone])] == [TicketState.DELETED]
    assert [status.state for status in states(psa, [gone, real])] == [TicketState.DELETED, TicketState.OPEN]
