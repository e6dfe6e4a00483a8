"""What the tests of answers and their tickets share: levers of the stand-in PSA, and what they left there."""

from __future__ import annotations

from typing import Any

import requests

from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import contacts
from tests.jobs.story import records


def control(sandbox: Server, lever: str, body: Any = None) -> Any:
    method = "GET" if body is None else "POST"
    answer = requests.request(method, f"{sandbox.url}/control/{lever}", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tickets(sandbox: Server) -> list[dict[str, Any]]:
    """Ours: those with a key."""
    return [ticket for ticket in control(sandbox, "records")["tickets"] if ticket.get("externalXRef")]


def notes(sandbox: Server, ticket: dict[str, Any]) -> list[str]:
    """The internal notes on a ticket, in order."""
    return [
        note["text"]
        for note in control(sandbox, "records")["ticket_notes"]
        if note["ticketId"] == ticket["id"] and note["internalAnalysisFlag"]
    ]


def close(sandbox: Server, ticket: dict[str, Any], by: str = "alice") -> None:
    closed = {"closedFlag": True, "closedDate": "2026-11-21T09:00:00Z", "closedBy": by}
    control(sandbox, "edit", {"path": f"/service/tickets/{ticket['id']}", "set": closed, "by": by})


def foreign_ticket(sandbox: Server) -> None:
    """A ticket of somebody else, so that a key which sees none of ours is known to see tickets."""
    company = sandbox.world.tables["companies"].ids(0)[0]
    row = {"summary": "printer", "company": {"id": company}, "board": {"id": 10}, "status": {"id": 100}}
    control(sandbox, "edit", {"path": "/service/tickets", "set": row})


def colleagues(runtime: Runtime, count: int) -> list[str]:
    """Addresses of people of one company, each of which nobody else has."""
    with runtime.store.read() as tx:
        stored = [contacts.contact(tx, "psa", contact_id) for contact_id in contacts.ids(tx, "psa")]
    found = [row.contact() for row in stored if row is not None and row.address_kind == "personal"]
    addresses = [contact.email.casefold() for contact in found]
    by_company: dict[str, list[str]] = {}
    for contact in found:
        if contact.company_id and addresses.count(contact.email.casefold()) == 1:
            by_company.setdefault(contact.company_id, []).append(contact.email)
    return next(people[:count] for people in by_company.values() if len(people) >= count)


def assert_replays(runtime: Runtime) -> None:
    """Every record on disk, replayed, shows no difference."""
    for path in records(runtime):
        report = replay(Recorded.load(path))
        assert report.same, (path, report.differences)
