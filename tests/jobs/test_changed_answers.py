"""A changed answer and the ticket that left already: head and note while it is open, only the note when closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.domain import AddNote, UpdateTicket, WriteBackState
from connector.jobs import once
from connector.sandbox.connectwise import Server
from connector.store import fuses
from tests.jobs.desk import assert_replays, close, control, foreign_ticket, notes, tickets
from tests.jobs.test_collect import Desk, opened, states, waiting
from tests.settings import TICKET

__all__ = ["opened"]
RULES = [
    {
        "id": "call-back",
        "when": {"band": "detractor"},
        "then": [{"open_ticket": TICKET | {"summary": "{{ response.score }} of 10: {{ contact.name }}"}}],
    }
]
Opened = Callable[..., Desk]


@pytest.fixture
def desk(opened: Opened) -> Desk:
    """One detractor, whose ticket is open."""
    desk = opened(rules=RULES)
    desk.collect({"score": 3, "comment": "slow"})
    desk.deliver()
    return desk


def kinds(desk: Desk) -> dict[str, str]:
    return {e.write_back.kind: e.write_back.state.value for e in desk.entries()}


def test_a_changed_answer_changes_the_open_ticket_and_is_noted_once(desk: Desk, sandbox: Server) -> None:
    desk.collect({"score": 1, "comment": "worse"})
    for _ in range(2):
        desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["summary"] == "1 of 10: Ann Example"
    assert ticket["processNotifications"] is False
    first, second = notes(sandbox, ticket)
    assert "gave 3 of 10" in first
    assert second.startswith("The answer was changed: 3 → 1. Ann Example")
    assert "gave 1 of 10" in second
    assert '"worse"' in second
    assert kinds(desk) == {"open_ticket": "applied", "update_ticket": "applied", "add_note": "applied"}
    assert_replays(desk.runtime)


def test_a_changed_answer_waits_for_the_settling_time_and_the_last_one_counts(desk: Desk, sandbox: Server) -> None:
    desk.collect({"score": 1})
    desk.collect({"score": 2})
    assert len(waiting(desk.entries())) == 2
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["summary"] == "2 of 10: Ann Example"
    assert len(notes(sandbox, ticket)) == 2


def test_each_revision_has_its_note(desk: Desk, sandbox: Server) -> None:
    for score in (1, 2):
        desk.collect({"score": score})
        desk.deliver()
    [ticket] = tickets(sandbox)
    assert ["gave 1 of 10" in text for text in notes(sandbox, ticket)] == [False, True, False]
    assert len({text.split()[-1] for text in notes(sandbox, ticket)}) == 3  # three keys


def test_on_a_closed_ticket_there_is_only_the_note(desk: Desk, sandbox: Server) -> None:
    close(sandbox, tickets(sandbox)[0])
    desk.collect({"score": 1})
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["summary"] == "3 of 10: Ann Example"
    assert ticket["closedFlag"] is True
    assert len(notes(sandbox, ticket)) == 2
    assert kinds(desk) == {"open_ticket": "applied", "update_ticket": "superseded", "add_note": "applied"}
    assert_replays(desk.runtime)


def test_where_no_rule_asks_any_more_the_note_says_so_and_nothing_is_closed(desk: Desk, sandbox: Server) -> None:
    desk.collect({"score": 3, "comment": "still slow"})
    desk.deliver()
    assert notes(sandbox, tickets(sandbox)[0])[-1].startswith("The answer was changed. Ann Example")  # no score was
    desk.collect({"score": 10, "comment": "all is well"})
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["summary"] == "3 of 10: Ann Example"
    assert not ticket.get("closedFlag")
    said = notes(sandbox, ticket)[-1]
    assert said.startswith("The answer was changed: 3 → 10. Ann Example")
    assert "No rule asks for this ticket any more" in said
    assert_replays(desk.runtime)


def test_a_ticket_that_has_not_left_takes_the_new_words_itself(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    desk.collect({"score": 3})
    desk.collect({"score": 1})
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["summary"] == "1 of 10: Ann Example"
    assert kinds(desk) == {"open_ticket": "applied"}


def test_the_same_answer_again_adds_nothing(desk: Desk) -> None:
    desk.collect({"score": 1})
    desk.deliver()
    before = desk.entries()
    desk.collect({"score": 1}, run_rules=True)
    assert [e.write_back.key for e in desk.entries()] == [e.write_back.key for e in before]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_a_lost_answer_is_looked_up_and_nothing_is_done_twice(desk: Desk, sandbox: Server, method: str) -> None:
    desk.collect({"score": 1})
    control(sandbox, "faults", {"kind": "drop_after_write", "method": method, "path": "tickets/"})
    desk.deliver()
    assert "unknown" in kinds(desk).values()
    for _ in range(2):
        desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["summary"] == "1 of 10: Ann Example"
    assert len(notes(sandbox, ticket)) == 2
    assert set(kinds(desk).values()) == {"applied"}
    assert_replays(desk.runtime)


def test_a_technicians_own_edit_is_overwritten_only_by_a_newer_answer(desk: Desk, sandbox: Server) -> None:
    [ticket] = tickets(sandbox)
    control(sandbox, "edit", {"path": f"/service/tickets/{ticket['id']}", "set": {"summary": "mine"}})
    desk.deliver()
    assert tickets(sandbox)[0]["summary"] == "mine"
    desk.collect({"score": 1})
    desk.deliver()
    assert tickets(sandbox)[0]["summary"] == "1 of 10: Ann Example"


def test_a_deleted_ticket_is_not_made_again(desk: Desk, sandbox: Server) -> None:
    foreign_ticket(sandbox)
    [ticket] = tickets(sandbox)
    control(sandbox, "edit", {"path": f"/service/tickets/{ticket['id']}", "delete": True})
    desk.collect({"score": 1})
    desk.deliver()
    assert tickets(sandbox) == []
    assert kinds(desk) == {"open_ticket": "applied", "update_ticket": "superseded", "add_note": "superseded"}
    assert any("deleted in the CRM" in e.error for e in desk.entries()), "nobody is asked to do what cannot be done"
    assert_replays(desk.runtime)


def test_a_ticket_merged_into_another_companys_keeps_that_ones_summary(desk: Desk, sandbox: Server) -> None:
    [ticket] = tickets(sandbox)
    company = next(n for n in sandbox.world.tables["companies"].ids(0) if n != ticket["company"]["id"])
    row = {"summary": "theirs", "company": {"id": company}, "board": {"id": 10}, "status": {"id": 100}}
    parent = control(sandbox, "edit", {"path": "/service/tickets", "set": row})["id"]
    control(sandbox, "technician", {"act": "merge", "ticket": ticket["id"], "into": parent})
    once.perform(desk.runtime, "watch", "psa")
    desk.collect({"score": 1})
    desk.deliver()
    desk.deliver()
    assert kinds(desk) == {"open_ticket": "applied", "update_ticket": "superseded", "add_note": "applied"}
    [why] = [e.error for e in desk.entries() if isinstance(e.write_back.change, UpdateTicket)]
    assert f"merged into ticket {parent}" in why
    assert_replays(desk.runtime)


def test_the_older_change_never_lands_after_the_newer(desk: Desk, sandbox: Server) -> None:
    desk.collect({"score": 1})
    control(sandbox, "faults", {"kind": "reset", "method": "PATCH", "path": "tickets/"})
    desk.clock.move(minutes=20)
    once.perform(desk.runtime, "deliver", "psa")
    desk.collect({"score": 2})
    for _ in range(4):
        desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["summary"] == "2 of 10: Ann Example"
    updates = [e for e in desk.entries() if isinstance(e.write_back.change, UpdateTicket)]
    assert [e.write_back.state for e in sorted(updates, key=lambda e: e.write_back.revision)][-1:] == [
        WriteBackState.APPLIED
    ]


def test_a_rehearsed_ticket_is_changed_on_the_test_company_only(opened: Opened, sandbox: Server) -> None:
    rehearsal = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    desk = opened(mode="rehearsal", rehearsal=rehearsal, rules=RULES)
    for score in (3, 1):
        desk.collect({"score": score})
        desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["company"]["identifier"] == "acme"
    assert ticket["summary"] == "[Rehearsal] 1 of 10: Ann Example"
    assert len(notes(sandbox, ticket)) == 2
    live: list[Any] = [e for e in desk.entries() if not e.rehearsal]
    assert states(live, "open_ticket") == ["waiting"]  # it takes the new words itself
    assert not [e for e in live if isinstance(e.write_back.change, UpdateTicket | AddNote)]
    assert_replays(desk.runtime)


def test_what_a_changed_answer_adds_in_preview_leaves_only_after_a_person_has_confirmed_it(
    opened: Opened, sandbox: Server
) -> None:
    live = opened(rules=RULES)
    live.collect({"score": 3})
    live.deliver()
    opened(rules=RULES, mode="preview").collect({"score": 1, "responded_at": live.at(-60)})
    assert len(waiting(live.entries())) == 2
    live.deliver()
    assert tickets(sandbox)[0]["summary"] == "3 of 10: Ann Example"
    with live.runtime.store.write() as tx:
        assert fuses.confirm(tx, now=live.clock()) == 2
    live.deliver()
    assert tickets(sandbox)[0]["summary"] == "1 of 10: Ann Example"
