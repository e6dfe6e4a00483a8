"""Tasks, groups, fields and the options of tickets: what an admin may write, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.domain import AddToGroup, CreateTask, OpenTicket, SetField
from connector.rules.evaluate import Evaluation, evaluate
from connector.rules.facts import Facts
from connector.rules.names import Reference, referenced_names

from .builders import FACTS, FRIDAY, RESPONSE, answered, mistakes, rule, rules

NOW = FRIDAY + timedelta(minutes=1)
BOARD = {"board": "Customer Success"}
NOBODY = replace(FACTS, contact=None, company=None, response=replace(RESPONSE, contact_id=None, company_id=None))


def run(*then: Any, facts: Facts = FACTS) -> Evaluation:
    return evaluate([rule(*then)], facts, now=NOW)


def one(*then: Any, facts: Facts = FACTS) -> Any:
    [write_back] = run(*then, facts=facts).write_backs
    return write_back.change


# ------------------------------------------------------------ tasks, groups, fields
def test_a_task_has_a_due_time_of_its_own_beside_the_tickets() -> None:
    ticket, task = run(
        {"open_ticket": BOARD | {"due": "1 day"}}, {"create_task": {"due": "3 days", "text": "{{ due }}"}}
    ).write_backs
    assert isinstance(task.change, CreateTask)
    assert (task.change.text, task.change.due_at) == ("3 days", FRIDAY + timedelta(days=3))
    assert (task.change.company_id, task.change.contact_id, task.change.owner) == ("7", "11", ("account_manager",))
    assert task.change.summary == "NPS follow-up: Ann Example"
    assert isinstance(ticket.change, OpenTicket)
    assert ticket.change.due_at == FRIDAY + timedelta(days=1)


def test_a_group_and_a_field_are_filled_in() -> None:
    assert one({"add_to_group": {"group": "Promoters"}}) == AddToGroup(contact_id="11", group="Promoters")
    assert one(
        {"set_field": {"field": "Mood", "value": "{{ response.band|title }}", "responded_at": "Asked"}}
    ) == SetField(
        on="contact", record_id="11", field="Mood", value="Detractor", responded_at=FRIDAY, responded_at_field="Asked"
    )
    firm = one({"set_field": {"on": "company", "field": "Mood", "value": "{{ before }}"}})
    assert (firm.on, firm.record_id, firm.value) == ("company", "7", "8 in August, 9 in May")


def test_a_corrected_answer_finds_its_task_again_and_sets_its_field_anew() -> None:
    then = ("create_task", {"set_field": {"field": "Mood", "value": "x"}}, {"add_to_group": {"group": "g"}})
    first = [write_back.key for write_back in run(*then).write_backs]
    second = [write_back.key for write_back in run(*then, facts=answered(revision=2)).write_backs]
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, False, False]


def test_what_has_nothing_to_act_on_is_left_out_with_the_reason() -> None:
    then = (
        "create_task",
        {"add_to_group": {"group": "g"}},
        {"set_field": {"field": "Mood", "value": "x"}},
        {"set_field": {"on": "company", "field": "Mood", "value": "x"}},
        {"open_ticket": BOARD},
        {"open_ticket": BOARD | {"company": "own"}},
    )
    found = run(*then, facts=NOBODY)
    assert {skipped.action_id: skipped.why for skipped in found.skipped} == {
        "create_task": "the response belongs to no company, and a task needs one",
        "add_to_group": "the response matched no contact",
        "set_field": "the response matched no contact",
        "set_field-2": "the response belongs to no company",
        "open_ticket": "the response belongs to no company, and a ticket needs one",
    }
    [at_our_own] = found.write_backs
    assert isinstance(at_our_own.change, OpenTicket)
    assert (at_our_own.change.company_id, at_our_own.change.own_company) == ("", True)


# ------------------------------------------------------------ tickets
def test_every_option_of_a_ticket_reaches_it() -> None:
    written = {
        "type": "Incident", "subtype": "Detractor", "item": "Call", "team": "T1", "source": "NPS", "location": "Main",
        "agreement": "Gold", "severity": "High", "impact": "Low", "bill_time": "NoCharge",
    }  # fmt: skip
    ticket = one({"open_ticket": BOARD | written})
    assert {name: getattr(ticket, name) for name in written} == written


@pytest.mark.parametrize(
    ("option", "own", "contact_id", "named"),
    [
        ({}, False, "11", False),
        ({"company": "customer", "contact": "text"}, False, None, True),
        ({"contact": "none"}, False, None, False),
        ({"company": "own"}, True, None, True),
        ({"company": "own", "contact": "none"}, True, None, False),
        ({"confidential": True}, True, None, False),
        ({"confidential": True, "company": "own", "contact": "none"}, True, None, False),
    ],
)
def test_where_a_ticket_is_opened_and_how_it_names_the_contact(
    option: dict[str, Any], own: bool, contact_id: str | None, named: bool
) -> None:
    ticket = one({"open_ticket": BOARD | option})
    assert (ticket.own_company, ticket.contact_id) == (own, contact_id)
    said = (ticket.contact_name, ticket.contact_email, ticket.contact_phone)
    assert said == (("Ann Example", "ann@example.com", "+1 555 0100") if named else ("", "", ""))
    assert ticket.company_id == "7", "whose managers are meant"


def test_a_contact_nobody_knows_is_named_by_the_address_of_the_answer() -> None:
    ticket = one({"open_ticket": BOARD | {"company": "own"}}, facts=NOBODY)
    assert (ticket.contact_name, ticket.contact_email) == ("", "ann@example.com")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"company": "own", "contact": "linked"}, "write contact: text, or none"),
        ({"confidential": True, "company": "customer"}, "leave company out"),
        ({"confidential": True, "contact": "text"}, "leave contact out"),
        ({"confidential": True, "summary": "{{ response.score }} of 10"}, "summary: response.score may not"),
        ({"confidential": True, "discussion": "{% if before %}x{% endif %}"}, "discussion: before may not"),
        ({"confidential": True, "discussion": "{{ response.comment|lower }}"}, "write it in internal"),
        ({"severity": "Huge"}, "'Low', 'Medium' or 'High'"),
    ],
)
def test_options_that_do_not_go_together_are_mistakes(option: dict[str, Any], words: str) -> None:
    ((place, message),) = mistakes({"id": "a", "then": [{"open_ticket": BOARD | option}]})
    assert place[:4] == (0, "then", 0, "open_ticket")
    assert words in message


def test_a_note_on_a_confidential_ticket_is_internal() -> None:
    ticket = {"open_ticket": BOARD | {"confidential": True}}
    ((place, message),) = mistakes({"id": "a", "then": [ticket, {"add_note": {"on": "ticket", "internal": False}}]})
    assert place == (0, "then", 1, "add_note", "internal")
    assert "leave internal out" in message
    assert not mistakes(
        {"id": "a", "then": [ticket, {"add_note": {"on": "ticket"}}, {"add_note": {"internal": False}}]}
    )


@pytest.mark.parametrize(
    ("action", "place", "words"),
    [
        ({"add_to_group": {}}, ("add_to_group", "group"), "required"),
        ({"set_field": {"field": "x"}}, ("set_field", "value"), "required"),
        ({"set_field": {"field": "x", "value": "{{ respnse.score }}"}}, ("set_field", "value"), "did you mean"),
        ({"set_field": {"field": "x", "value": "y", "responded_at": " X"}}, ("set_field",), "two values"),
        ({"set_field": {"field": "x", "value": "y", "on": "ticket"}}, ("set_field", "on"), "'contact' or 'company'"),
        ({"create_task": {"owner": "bob"}}, ("create_task", "owner"), "member:<identifier>"),
        ({"create_task": {"due": "0 days"}}, ("create_task", "due"), "between 1 minute and 1 year"),
    ],
)
def test_a_mistake_in_an_action_is_said_where_it_stands(action: Any, place: tuple[str, ...], words: str) -> None:
    ((found, message),) = mistakes({"id": "a", "then": ["notify", action]})
    assert found == (0, "then", 1, *place)
    assert words in message


def test_the_names_they_use_are_listed_with_their_places() -> None:
    written = {
        "id": "a",
        "then": [
            {
                "open_ticket": BOARD
                | {"type": "T", "subtype": "S", "item": "I", "team": "M", "source": "N", "location": "L"}
            },
            {"create_task": {"type": "Call", "status": "Open", "owner": ["account_manager", "member:bob"]}},
            {"add_to_group": {"group": "Promoters"}},
        ],
    }
    then = ("rules", 0, "then")
    under = {"type": "T", "subtype": "S", "item": "I", "team": "M"}
    assert referenced_names(rules(written))[1:] == [
        *(
            Reference(kind=kind, name=name, path=(*then, 0, "open_ticket", kind), within="Customer Success")
            for kind, name in under.items()
        ),
        Reference(kind="source", name="N", path=(*then, 0, "open_ticket", "source")),
        Reference(kind="location", name="L", path=(*then, 0, "open_ticket", "location")),
        Reference(kind="task_type", name="Call", path=(*then, 1, "create_task", "type")),
        Reference(kind="task_status", name="Open", path=(*then, 1, "create_task", "status")),
        Reference(kind="member", name="bob", path=(*then, 1, "create_task", "owner", 1)),
        Reference(kind="marketing_group", name="Promoters", path=(*then, 2, "add_to_group", "group")),
    ]
