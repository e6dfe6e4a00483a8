"""What stands before the effects of a delivery: room for each owner, a look at a ticket of ours, a person's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from connector.domain import AddNote, Notify, OpenTicket
from connector.jobs import forget, once, runner
from connector.rules import fuses, going_live
from connector.rules.fuses import Limits
from connector.rules.wording import moment_of
from connector.sandbox.connectwise import Server
from connector.store import fuses as stored
from connector.store import holds
from tests.jobs.desk import assert_replays, control, foreign_ticket, tickets
from tests.jobs.test_collect import Desk, opened
from tests.settings import TICKET

__all__ = ["opened"]
BOB = TICKET | {"owner": ["member:bob"], "group": "none"}
CAROL = TICKET | {"owner": ["member:carol"], "group": "none"}
RULES = [
    {"id": "bobs", "when": {"score": {"at_most": 3}}, "then": [{"open_ticket": BOB}]},
    {"id": "carols", "when": {"score": [4, 5, 6]}, "then": [{"open_ticket": CAROL}]},
]
Opened = Callable[..., Desk]


def deliver(desk: Desk) -> once.Step:
    desk.clock.move(minutes=20)
    return once.perform(desk.runtime, "deliver", "psa")


def answers(desk: Desk, *scores: int) -> None:
    desk.collect(*({"external_id": f"s{n}", "score": score} for n, score in enumerate(scores)))


def owners(sandbox: Server) -> list[str]:
    return sorted(ticket["owner"]["identifier"] for ticket in tickets(sandbox))


# ------------------------------------------------------------ room for each owner
def test_an_owner_gets_no_more_than_his_share_and_the_others_theirs(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_owner": 2})
    answers(desk, 0, 1, 2, 3, 4, 5)
    step = deliver(desk)
    assert step.outcome == "stopped"
    assert "2 tickets wait (limits.tickets_per_owner: 2 for bob)" in step.why
    assert "connector outbox release --confirm 2" in step.why
    assert owners(sandbox) == ["bob", "bob", "carol", "carol"]
    calls = len(control(sandbox, "log"))
    assert deliver(desk).outcome == "stopped"
    assert (
        len(control(sandbox, "log")) - calls == 2
    )  # the read-back, a list and its end; nobody is asked for the owner again
    desk.clock.move(hours=25)
    assert deliver(desk).outcome == "done"
    assert owners(sandbox) == ["bob"] * 4 + ["carol"] * 2
    assert_replays(desk.runtime)


def test_the_share_of_the_day_and_of_the_owner_hold_together(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_owner": 1, "tickets_per_day": 2})
    answers(desk, 0, 1, 4, 5)
    step = deliver(desk)
    assert owners(sandbox) == ["bob", "carol"]
    assert "2 tickets wait" in step.why


@pytest.mark.parametrize(
    "limits", [{"tickets_per_day": 2}, {"tickets_per_owner": 2}], ids=["of the day", "of the owner"]
)
def test_an_erasure_gives_no_room(opened: Opened, sandbox: Server, limits: dict[str, int]) -> None:
    desk = opened(rules=RULES, limits=limits)
    people = [address for _, address in desk.others()[:4]]
    desk.collect(*({"external_id": f"s{n}", "email": each, "score": 1} for n, each in enumerate(people)))
    assert deliver(desk).outcome == "stopped"
    assert owners(sandbox) == ["bob", "bob"]
    found = [forget.find(desk.runtime, each) for each in people]
    for person in (each for each in found if each.in_crm):
        made = forget.forget(desk.runtime, person)
        assert len(made.tickets_opened) == 1
        assert "bob" not in str(made)
    assert deliver(desk).outcome == "stopped"
    assert owners(sandbox) == ["bob", "bob"]
    desk.clock.move(hours=25)
    deliver(desk)
    assert owners(sandbox) == ["bob"] * 4


def test_a_ticket_that_was_found_there_takes_room_too(opened: Opened, sandbox: Server) -> None:
    """As after a copy of the database came back: what it forgot was opened today all the same."""
    desk = opened(rules=RULES, limits={"tickets_per_day": 2})
    answers(desk, 0, 1, 2, 3)
    deliver(desk)
    with desk.runtime.store.write() as tx:
        tx.execute(text("delete from receipt"))
        tx.execute(text("update write_back set state = 'waiting' where state = 'applied'"))
    deliver(desk)
    with desk.runtime.store.read() as tx:
        assert tx.execute(text("select count(*) from receipt where already_there")).scalar_one() == 2
    assert deliver(desk).outcome == "stopped"
    assert owners(sandbox) == ["bob", "bob"]


def test_what_a_person_lets_go_passes_the_fuses_once(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_owner": 1, "tickets_per_day": 2})
    answers(desk, 0, 1, 2, 4)
    deliver(desk)
    with desk.runtime.store.write() as tx:
        kept = fuses.held(tx, "psa", Limits(per_day=2, per_owner=1), now=desk.clock(), rehearsal=False)
        assert len(kept.keys) == 2
        stored.let_go(tx, kept.keys, now=desk.clock())
    assert deliver(desk).outcome == "done"
    assert owners(sandbox) == ["bob", "bob", "bob", "carol"]
    desk.collect({"external_id": "late", "score": 0})
    assert deliver(desk).outcome == "stopped"


def test_a_ticket_of_unknown_outcome_counts_for_its_owner(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_owner": 1})
    answers(desk, 0, 1)
    control(sandbox, "faults", {"kind": "drop_after_write", "method": "POST", "path": "tickets$"})
    deliver(desk)
    assert owners(sandbox) == ["bob"]
    once.perform(desk.runtime, "deliver", "psa")  # within the grace: it is not looked up yet
    assert owners(sandbox) == ["bob"]
    assert_replays(desk.runtime)


def test_where_the_owner_cannot_be_asked_for_nothing_is_lost(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    answers(desk, 0)
    for _ in range(10):
        control(sandbox, "faults", {"kind": "503html", "method": "GET", "path": "members"})
    assert deliver(desk).outcome == "deferred"
    control(sandbox, "reset", {})
    assert [e.write_back.state.value for e in desk.entries("s0")] == ["waiting"]


# ------------------------------------------------------------ read-back
def test_a_delivery_looks_at_its_newest_ticket_first(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    answers(desk, 0)
    deliver(desk)
    before = len(control(sandbox, "log"))
    deliver(desk)
    assert len(control(sandbox, "log")) == before  # nothing is due: nothing is asked
    desk.collect({"external_id": "late", "score": 4})
    deliver(desk)
    first = control(sandbox, "log")[before]
    assert (first["method"], first["path"].endswith("/service/tickets")) == ("GET", True)
    assert_replays(desk.runtime)


def test_a_right_that_was_lost_holds_the_connection_before_anything_is_sent(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    answers(desk, 0)
    deliver(desk)
    [ticket] = tickets(sandbox)
    desk.collect({"external_id": "late", "score": 4})
    control(sandbox, "permit", {"tickets": "hidden"})
    step = deliver(desk)
    assert (step.outcome, runner.EXIT[step.outcome]) == ("held", 3)
    assert f"ticket {ticket['id']}" in step.why
    assert "connector resume psa" in step.why
    control(sandbox, "permit", {"tickets": "seen"})
    assert len(tickets(sandbox)) == 1
    assert [e.write_back.state.value for e in desk.entries("late")] == ["waiting"]
    with desk.runtime.store.write() as tx:
        assert holds.lift(tx, "connection", "psa", "auth")
    assert deliver(desk).outcome == "done"
    assert owners(sandbox) == ["bob", "carol"]


def test_a_deleted_ticket_is_no_lost_right(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    answers(desk, 0)
    deliver(desk)
    foreign_ticket(sandbox)
    [ticket] = tickets(sandbox)
    control(sandbox, "edit", {"path": f"/service/tickets/{ticket['id']}", "delete": True})
    desk.collect({"external_id": "late", "score": 4})
    assert deliver(desk).outcome == "done"
    assert owners(sandbox) == ["carol"]


# ------------------------------------------------------------ a person's word
@pytest.mark.parametrize("mode", ["preview", "rehearsal"])
def test_what_was_written_down_before_mode_live_waits_for_a_person(opened: Opened, sandbox: Server, mode: str) -> None:
    rehearsal: dict[str, Any] = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    desk = opened(mode=mode, rules=RULES, rehearsal=rehearsal)
    answers(desk, 0, 1)
    desk.runtime.store.close()
    desk = opened(rules=RULES, rehearsal=rehearsal)
    desk.collect({"external_id": "live", "score": 4})
    step = deliver(desk)
    assert (step.outcome, runner.EXIT[step.outcome]) == ("stopped", 4)
    assert "2 write-backs of preview or rehearsal time would leave now" in step.why
    assert owners(sandbox) == ["carol"], "what was written down in mode live goes meanwhile"
    with desk.runtime.store.write() as tx:
        assert stored.confirm(tx, now=desk.clock()) == 2
    assert deliver(desk).outcome == "done"
    assert len(tickets(sandbox)) == 3
    assert_replays(desk.runtime)


def test_what_waited_for_mode_live_is_due_from_the_word_that_let_it_go(opened: Opened, sandbox: Server) -> None:
    words = {"add_note": {"on": "ticket", "text": "by {{ due_at }}"}}
    rules = [
        {
            "id": "d",
            "when": {"band": "detractor"},
            "then": [{"open_ticket": CAROL | {"internal": "by {{ due_at }}"}}, words],
        }
    ]
    follow_up = {"escalate_to": ["lead@example.com"], "remind": "off"}
    desk = opened(mode="preview", rules=rules, follow_up=follow_up)
    desk.collect({"score": 3})
    [then] = [e.write_back.change for e in desk.entries() if isinstance(e.write_back.change, OpenTicket)]
    desk.runtime.store.close()
    desk = opened(rules=rules, follow_up=follow_up)
    desk.clock.move(days=14)
    assert deliver(desk).outcome == "stopped"
    psa = desk.runtime.config.connections["psa"]
    assert psa.calendar is not None
    now = desk.clock()
    with desk.runtime.store.write() as tx:
        assert going_live.confirm(tx, {"psa": psa.calendar}, now=now) == 2
    [ticket] = [e.write_back.change for e in desk.entries() if isinstance(e.write_back.change, OpenTicket)]
    assert then.due_at is not None
    assert ticket.due_at is not None
    assert then.due_at < now < ticket.due_at
    assert ticket.internal == f"by {moment_of(ticket.due_at.astimezone(ZoneInfo('Europe/Berlin')))}"
    assert [e.write_back.change.text for e in desk.entries() if isinstance(e.write_back.change, AddNote)] == [
        ticket.internal
    ]
    assert deliver(desk).outcome == "done"
    assert once.perform(desk.runtime, "watch", "psa").attempt.counts.get("escalated", 0) == 0  # type: ignore[union-attr]
    assert [e for e in desk.entries() if isinstance(e.write_back.change, Notify)] == []
    assert_replays(desk.runtime)


def test_what_is_not_due_yet_of_preview_time_stops_nothing_and_is_asked_for_in_its_turn(
    opened: Opened, sandbox: Server
) -> None:
    desk = opened(mode="preview", rules=RULES, answers={"settle": "2 hours"})
    answers(desk, 0)
    desk.runtime.store.close()
    desk = opened(rules=RULES, answers={"settle": "5 minutes"})
    desk.collect(*({"external_id": f"live{score}", "score": score} for score in (3, 4)))
    assert deliver(desk).outcome == "done"
    assert owners(sandbox) == ["bob", "carol"]
    desk.runtime.store.close()
    desk = opened(mode="preview", rules=RULES, answers={"settle": "3 hours"})
    desk.collect({"external_id": "later", "score": 5})
    desk.runtime.store.close()
    desk = opened(rules=RULES)
    desk.clock.move(hours=2)
    step = deliver(desk)
    assert step.outcome == "stopped"
    assert "1 write-back of preview or rehearsal time would leave now (1 more is due later" in step.why
    assert "--confirm 1 " in step.why
    with desk.runtime.store.write() as tx:
        assert stored.confirm(tx, now=desk.clock()) == 1
    assert deliver(desk).outcome == "done"
    assert owners(sandbox) == ["bob", "bob", "carol"]
    desk.clock.move(hours=1)
    assert deliver(desk).outcome == "stopped"
    assert_replays(desk.runtime)


def test_who_begins_live_is_asked_nothing(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    answers(desk, 0)
    assert deliver(desk).outcome == "done"
    assert [e.write_back.state.value for e in desk.entries("s0") if isinstance(e.write_back.change, OpenTicket)] == [
        "applied"
    ]
    assert len(tickets(sandbox)) == 1
