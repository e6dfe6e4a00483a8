"""What technicians do to tickets, and what a key sees that lost a right."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Client

TICKET = {"summary": "NPS follow-up", "company": {"id": 5001}, "board": {"id": 20}}


def act(psa: Client, deed: str, ticket: int, **more: Any) -> Any:
    return psa.control("technician", {"act": deed, "ticket": ticket, **more})


@pytest.fixture
def ticket(psa: Client) -> int:
    return int(psa.post("/service/tickets", TICKET).json()["id"])


def seen(psa: Client, ticket: int) -> Any:
    return psa.get(f"/service/tickets/{ticket}").json()


def test_a_technician_closes_and_a_rule_closes_under_the_system_account(psa: Client, ticket: int) -> None:
    act(psa, "close", ticket, by="alice")
    assert (seen(psa, ticket)["closedFlag"], seen(psa, ticket)["closedBy"]) == (True, "alice")
    act(psa, "reopen", ticket)
    assert seen(psa, ticket)["closedFlag"] is False
    assert "closedBy" not in seen(psa, ticket)
    act(psa, "auto_close", ticket)
    assert seen(psa, ticket)["closedBy"] == "zadmin"


def test_moved_touched_assigned_merged_deleted(psa: Client, ticket: int) -> None:
    other = int(psa.post("/service/tickets", TICKET).json()["id"])
    act(psa, "touch", ticket, by="carol")
    assert seen(psa, ticket)["_info"]["updatedBy"] == "carol"
    act(psa, "move", ticket, board=10)
    assert seen(psa, ticket)["board"]["id"] == 10
    act(psa, "move", ticket, company=5002)
    assert seen(psa, ticket)["company"]["id"] == 5002
    act(psa, "assign", ticket, owner="dave")
    assert seen(psa, ticket)["owner"]["identifier"] == "dave"
    act(psa, "merge", ticket, into=other)
    assert seen(psa, ticket)["mergedParentTicket"]["id"] == other
    act(psa, "delete", other)
    assert psa.get(f"/service/tickets/{other}").status_code == 404


def test_a_right_that_was_taken_away(psa: Client, ticket: int) -> None:
    elsewhere = int(psa.post("/service/tickets", TICKET | {"board": {"id": 10}}).json()["id"])
    psa.control("permit", {"tickets": "refused"})
    assert psa.get("/service/tickets").status_code == 403
    assert psa.get("/company/contacts/count").status_code == 200
    psa.control("permit", {"tickets": "hidden", "board": 20})
    assert [row["id"] for row in psa.rows("/service/tickets")] == [elsewhere]
    assert psa.get("/service/tickets/count").json() == {"count": 1}
    assert psa.get(f"/service/tickets/{ticket}").status_code == 404
    assert psa.get(f"/service/tickets/{ticket}/notes").status_code == 404
    psa.control("permit", {"tickets": "seen"})
    assert {row["id"] for row in psa.rows("/service/tickets")} == {ticket, elsewhere}
