"""One ticket for a company: a colleague's answer within five business days joins the ticket that is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from connector.domain import JoinTicket, Notify, OpenTicket
from connector.jobs import once
from connector.rules import manual
from connector.sandbox.connectwise import Server
from connector.store import contacts, follow_ups, outbox
from tests.jobs.desk import assert_replays, close, colleagues, control, foreign_ticket, notes, tickets
from tests.jobs.test_collect import Desk, opened
from tests.settings import TICKET

__all__ = ["opened"]
RULES = [
    {
        "id": "call-back",
        "when": {"band": "detractor"},
        "then": [{"open_ticket": TICKET}, {"add_note": {"on": "ticket", "text": "Wave of {{ contact.name }}."}}],
    }
]
Opened = Callable[..., Desk]


def answer(desk: Desk, *people: str, **row: object) -> None:
    """One detractor each, in their order; one named twice answers twice."""
    for number, email in enumerate(people):
        external_id = f"{people[:number].count(email) or ''}{email}"
        desk.collect(
            {"external_id": external_id, "email": email, "score": number % 5, "comment": f"says {email}"} | row
        )


def row_of(desk: Desk, external_id: str) -> outbox.Entry:
    """The ticket of an answer, or what it became."""
    return next(e for e in desk.entries(external_id) if isinstance(e.write_back.change, OpenTicket | JoinTicket))


def test_a_colleagues_answer_becomes_a_note_on_the_open_ticket(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    answer(desk, two)
    for _ in range(2):
        desk.deliver()
    [ticket] = tickets(sandbox)
    said = notes(sandbox, ticket)
    assert len(said) == 4  # the ticket's own, the colleague's, and a note of the rule for each
    [joined] = [text for text in said if text.startswith("Another answer from the same company")]
    assert f'"says {two}"' in joined
    assert row_of(desk, two).receipt is not None
    assert_replays(desk.runtime)


def test_answers_of_one_file_share_one_ticket(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    people = colleagues(desk.runtime, 2)
    desk.collect(*({"external_id": email, "email": email, "score": 2} for email in people))
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert len(notes(sandbox, ticket)) == 4
    assert_replays(desk.runtime)


def test_whose_answer_still_needs_the_call_is_said_on_the_ticket_in_the_list_and_to_whom_it_is_late(
    opened: Opened, sandbox: Server
) -> None:
    desk = opened(rules=RULES, follow_up={"escalate_to": ["lead@example.com"], "remind": "off"})
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    answer(desk, two, score=3)
    desk.deliver()
    once.perform(desk.runtime, "watch", "psa")
    with desk.runtime.store.read() as tx:
        name = next(s.contact().name for s in map(partial(contacts.contact, tx, "psa"), contacts.ids(tx, "psa"))
                    if s is not None and s.contact().email == two)  # fmt: skip
    desk.collect({"external_id": one, "email": one, "score": 10, "comment": "all is well now"})
    desk.deliver()
    [ticket] = tickets(sandbox)
    [changed] = [text for text in notes(sandbox, ticket) if text.startswith("The answer was changed")]
    assert f"{name}'s answer (3) still needs the call." in changed
    assert "No rule asks" not in changed
    desk.clock.move(days=7)
    once.perform(desk.runtime, "watch", "psa")
    with desk.runtime.store.read() as tx:
        [listed] = follow_ups.listed(tx)
        [told] = [e.write_back.change for e in outbox.listed(tx) if isinstance(e.write_back.change, Notify)]
    assert (listed.score, listed.joined_by) == (3, name)
    assert f"that of {name}, who joined this ticket" in told.text
    desk.collect({"external_id": two, "email": two, "score": 9, "responded_at": desk.at(-50)}, run_rules=True)
    desk.deliver()
    assert any("No rule asks" in text for text in notes(sandbox, ticket)), "nobody is left"
    assert_replays(desk.runtime)


def test_group_none_opens_a_ticket_for_each(opened: Opened, sandbox: Server) -> None:
    rule = RULES[0] | {"then": [{"open_ticket": TICKET | {"group": "none"}}]}
    desk = opened(rules=[rule])
    answer(desk, *colleagues(desk.runtime, 2))
    desk.deliver()
    assert len(tickets(sandbox)) == 2


def test_another_rule_opens_its_own(opened: Opened, sandbox: Server) -> None:
    worst = {"id": "worst", "when": {"score": 0}, "then": [{"open_ticket": TICKET}]}
    desk = opened(rules=[*RULES, worst])
    answer(desk, *colleagues(desk.runtime, 2))
    desk.deliver()
    assert len(tickets(sandbox)) == 2


@pytest.mark.parametrize(("days", "count"), [(4, 1), (10, 2)])
def test_after_five_business_days_it_is_another_matter(opened: Opened, sandbox: Server, days: int, count: int) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    desk.clock.move(days=days)
    answer(desk, two, responded_at=desk.clock())
    desk.deliver()
    assert len(tickets(sandbox)) == count


def test_a_ticket_known_to_be_closed_is_not_joined(opened: Opened, sandbox: Server) -> None:
    from connector.jobs import once

    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    close(sandbox, tickets(sandbox)[0])
    once.perform(desk.runtime, "watch", "psa")
    answer(desk, two)
    desk.deliver()
    assert len(tickets(sandbox)) == 2


def test_a_ticket_closed_meanwhile_has_the_note_all_the_same(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    answer(desk, two)
    close(sandbox, tickets(sandbox)[0])
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert len(notes(sandbox, ticket)) == 4


def test_where_the_ticket_was_given_up_the_colleague_gets_one_and_the_others_join_it(
    opened: Opened, sandbox: Server
) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one, two, two)
    with desk.runtime.store.write() as tx:
        key = row_of(desk, one).write_back.key
        manual.settle(tx, key, to="discarded", why="settled by hand: no", now=desk.clock())
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["externalXRef"] == row_of(desk, two).write_back.key
    assert isinstance(row_of(desk, f"1{two}").write_back.change, JoinTicket)
    assert len(notes(sandbox, ticket)) == 4
    assert_replays(desk.runtime)


def test_where_the_ticket_is_deleted_the_colleague_gets_one(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    answer(desk, two)
    foreign_ticket(sandbox)
    [old] = tickets(sandbox)
    control(sandbox, "edit", {"path": f"/service/tickets/{old['id']}", "delete": True})
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["externalXRef"] == row_of(desk, two).write_back.key
    assert any(text.startswith("Wave of") for text in notes(sandbox, ticket))
    assert {e.write_back.state.value for e in desk.entries(two)} == {"applied"}
    assert_replays(desk.runtime)


def test_a_changed_answer_that_joined_is_noted_on_the_shared_ticket(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one, two)
    desk.deliver()
    desk.collect({"external_id": two, "email": two, "score": 0, "comment": "even worse"})
    desk.deliver()
    [ticket] = tickets(sandbox)
    [changed] = [text for text in notes(sandbox, ticket) if text.startswith("The answer was changed")]
    assert "even worse" in changed
    assert_replays(desk.runtime)


def test_a_lost_answer_of_the_note_is_looked_up(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    answer(desk, two)
    control(sandbox, "faults", {"kind": "drop_after_write", "method": "POST", "path": "notes$"})
    for _ in range(3):
        desk.deliver()
    [ticket] = tickets(sandbox)
    assert len(notes(sandbox, ticket)) == 4
    assert {e.write_back.state.value for e in desk.entries(two)} == {"applied"}


def test_rehearsed_colleagues_share_the_rehearsal_ticket(opened: Opened, sandbox: Server) -> None:
    rehearsal = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    desk = opened(mode="rehearsal", rehearsal=rehearsal, rules=RULES)
    answer(desk, *colleagues(desk.runtime, 2))
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["company"]["identifier"] == "acme"
    assert len(notes(sandbox, ticket)) == 4


def test_what_joined_before_the_rehearsal_is_rehearsed_as_a_ticket_of_its_own(opened: Opened, sandbox: Server) -> None:
    rehearsal = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    desk = opened(mode="preview", rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.runtime.store.close()
    desk = opened(mode="rehearsal", rehearsal=rehearsal, rules=RULES)
    answer(desk, two)
    desk.deliver()
    [ticket] = tickets(sandbox)
    assert ticket["company"]["identifier"] == "acme"
    assert len(notes(sandbox, ticket)) == 2


def test_a_ticket_is_asked_for_as_long_as_one_of_those_on_it_is_unhappy(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES)
    one, two = colleagues(desk.runtime, 2)
    answer(desk, one)
    desk.deliver()
    answer(desk, two)
    desk.deliver()
    for who, still in ((one, True), (two, False)):
        answer(desk, who, score=10)
        with desk.runtime.store.read() as tx:
            [ours] = follow_ups.tickets(tx, "psa", rehearsal=False)
        assert ours.asked is still
