"""From rules and facts to write-backs."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from connector.domain import AddNote, Facet, Notify, OpenTicket, RecordResponse
from connector.rules.business_time import CalendarSettings
from connector.rules.evaluate import Evaluation, Skipped, evaluate
from connector.rules.facts import Facts
from connector.rules.keys import write_back_key

from .builders import ANN, FACTS, FRIDAY, RESPONSE, answered, rule, rules

NOW = FRIDAY + timedelta(minutes=1)
BERLIN = CalendarSettings(zone="Europe/Berlin", holidays="DE-BE")
TICKET = {
    "open_ticket": {
        "board": "Customer Success",
        "priority": "High",
        "owner": ["account_manager", "member:bob"],
        "due": "1 business day",
    }
}
NOTE = {"add_note": {"on": "ticket", "text": "{{ response.score }} of 10, due {{ due_at }}"}}
MAIL = {"notify": {"via": "mail", "to": ["team@example.com"]}}
NOBODY = replace(FACTS, contact=None, company=None, response=replace(RESPONSE, contact_id=None, company_id=None))


def run(*then: Any, facts: Facts = FACTS, **rest: Any) -> Evaluation:
    return evaluate([rule(*then, when={"band": "detractor"})], facts, now=NOW, calendar=BERLIN, **rest)


def test_a_detractor_gives_an_entry_on_the_contact_and_a_ticket() -> None:
    record, ticket = run("record_response", TICKET).write_backs
    assert record.change == RecordResponse(
        contact_id="11",
        responded_at=FRIDAY,
        fields={
            "NPS Score": 3,
            "NPS Band": "detractor",
            "NPS Date": "2026-11-20T15:20:00+00:00",
            "NPS Comment": "Tickets take days and nobody calls back.",
        },
        responded_at_field="NPS Date",
        note="NPS 3 of 10 (detractor) on Fri 20 Nov 2026 (campaign quarterly, wave 2026-11).\n"
        '"Tickets take days and nobody calls back."',
    )
    assert ticket.change == OpenTicket(
        company_id="7",
        contact_id="11",
        board="Customer Success",
        summary="NPS follow-up: Ann Example",
        discussion="Follow-up with Ann Example.",
        internal="Ann Example, Decision Maker at Acme Ltd, gave 3 of 10 on Fri 20 Nov 2026 "
        "(campaign quarterly, wave 2026-11).\n"
        "ann@example.com · +1 555 0100\n"
        '"Tickets take days and nobody calls back."\n'
        "Before: 8 in August, 9 in May. Acme Ltd: 3 of 5 asked have answered, 1 promoter, 2 detractors.\n"
        "Please call within 1 business day. Close this ticket when it is done.",
        priority="High",
        owner=("account_manager", "member:bob"),
        due_at=datetime(2026, 11, 23, 15, 20, tzinfo=UTC),
        bill_time="DoNotBill",
    )
    assert {(one.connection, one.response_key, one.revision, one.rule_id) for one in (record, ticket)} == {
        ("psa", RESPONSE.key, 1, "call-back")
    }
    assert ticket.key == write_back_key(RESPONSE.key, "call-back", "open_ticket")


def test_a_rule_that_does_not_hold_gives_its_verdict_and_no_write_back() -> None:
    found = run("record_response", facts=answered(score=9))
    assert not found.write_backs
    assert not found.skipped
    assert [(match.rule_id, match.verdict.holds, match.verdict.why) for match in found.matches] == [
        ("call-back", False, "band is detractor — no: promoter (score 9)")
    ]


def test_names_of_segments_are_followed_by_id() -> None:
    (one,) = rules({"id": "a", "when": {"contact_type": "Once Called So"}, "then": ["notify"]})
    assert not evaluate([one], FACTS, now=NOW).write_backs
    known = {Facet.CONTACT_TYPE: {"Once Called So": "3"}}
    assert evaluate([one], FACTS, now=NOW, names=known).write_backs


def test_a_note_on_the_ticket_waits_for_the_ticket_of_its_rule() -> None:
    second = {"open_ticket": {"board": "Other", "due": "2 days"}}
    early, ticket, note, other, late = run(NOTE, TICKET, NOTE, second, NOTE).write_backs
    assert (early.depends_on, note.depends_on, late.depends_on) == (ticket.key, ticket.key, other.key)
    assert isinstance(note.change, AddNote)
    assert note.change.text == "3 of 10, due Mon 23 Nov 16:20"
    assert note.change.parent_id is None
    assert isinstance(late.change, AddNote)
    assert late.change.text == "3 of 10, due Sun 22 Nov 16:20"
    assert ticket.depends_on is other.depends_on is None


def test_a_message_goes_by_its_own_connection_on_one_line_of_subject() -> None:
    odd = {"notify": {"via": "mail", "to": ["team@example.com"], "subject": "{{ response.comment }}\nBcc: x"}}
    log, mail, headers = run("notify", MAIL, odd, facts=answered(comment="a\nb")).write_backs
    assert (log.connection, mail.connection) == ("log", "mail")
    assert isinstance(mail.change, Notify)
    assert mail.change.to == ("team@example.com",)
    assert mail.change.subject == "NPS 3 of 10 from Ann Example (Acme Ltd)"
    assert isinstance(headers.change, Notify)
    assert headers.change.subject == "a b Bcc: x"


@pytest.mark.parametrize(
    ("facts", "made", "skipped"),
    [
        (NOBODY, ["notify"], ["record_response", "open_ticket", "add_note", "add_note-2"]),
        (replace(NOBODY, response=replace(RESPONSE, contact_id=None)), ["open_ticket", "add_note", "notify"],
         ["record_response", "add_note-2"]),
        (replace(NOBODY, contact=structs.replace(ANN, company_id=None)), ["record_response", "add_note-2", "notify"],
         ["open_ticket", "add_note"]),
    ],
)  # fmt: skip
def test_what_there_is_nothing_to_act_on_for_is_skipped_by_name(
    facts: Facts, made: list[str], skipped: list[str]
) -> None:
    found = run("record_response", TICKET, NOTE, "add_note", MAIL, facts=facts)
    assert [one.action_id for one in found.write_backs] == made
    assert [one.action_id for one in found.skipped] == skipped


def test_a_skipped_action_says_why() -> None:
    assert run("record_response", TICKET, facts=NOBODY).skipped == (
        Skipped(rule_id="call-back", action_id="record_response", why="the response matched no contact"),
        Skipped(
            rule_id="call-back",
            action_id="open_ticket",
            why="the response belongs to no company, and a ticket needs one",
        ),
    )


def test_write_backs_settle_after_the_receipt_and_never_start_in_the_past() -> None:
    assert {one.not_before for one in run("notify", TICKET).write_backs} == {FRIDAY + timedelta(minutes=15)}
    (one,) = run("notify", settle=timedelta(0)).write_backs
    assert one.not_before == NOW
    (again,) = evaluate([rule("notify")], FACTS, now=FRIDAY + timedelta(days=3)).write_backs
    assert again.not_before == FRIDAY + timedelta(days=3)


def test_the_due_date_counts_from_the_receipt() -> None:
    (late,) = run(TICKET, facts=answered(responded_at=FRIDAY - timedelta(days=30))).write_backs
    assert isinstance(late.change, OpenTicket)
    assert late.change.due_at == datetime(2026, 11, 23, 15, 20, tzinfo=UTC)


def test_a_changed_answer_finds_its_ticket_and_is_otherwise_written_anew() -> None:
    then = ("record_response", TICKET, NOTE, MAIL)
    first, second = run(*then), run(*then, facts=answered(revision=2, score=1))
    same = {
        one.action_id: one.key == other.key for one, other in zip(first.write_backs, second.write_backs, strict=True)
    }
    assert same == {"record_response": False, "open_ticket": True, "add_note": False, "notify": False}
    assert second.write_backs[2].depends_on == first.write_backs[1].key


def test_fields_can_be_left_out_and_an_answer_without_words_clears_the_field() -> None:
    action = {"record_response": {"fields": {"band": None, "responded_at": None}, "note": ""}}
    (one,) = run(action, facts=answered(comment=" ")).write_backs
    assert one.change == RecordResponse(
        contact_id="11", responded_at=FRIDAY, fields={"NPS Score": 3, "NPS Comment": None}
    )


def test_without_a_calendar_the_zone_of_the_facts_counts() -> None:
    (one,) = evaluate([rule(TICKET)], replace(FACTS, timezone="America/New_York"), now=NOW).write_backs
    assert isinstance(one.change, OpenTicket)
    assert str(one.change.due_at) == "2026-11-23 10:20:00-05:00"


def test_ten_megabytes_of_comment_are_evaluated_quickly() -> None:
    facts = answered(comment="{{ 7*7 }}\n" * 1_000_000)
    started = time.perf_counter()
    found = evaluate(
        [rule("record_response", TICKET, MAIL, when={"comment": {"contains": ["refund", "49"]}}), rule(TICKET)],
        facts,
        now=NOW,
    )
    assert time.perf_counter() - started < 2
    assert [match.verdict.holds for match in found.matches] == [False, True]


@given(st.text(max_size=60), st.integers(0, 10), st.integers(1, 3))
def test_the_same_input_gives_the_same_output(comment: str, score: int, revision: int) -> None:
    written = rules(
        {"id": "a", "when": {"score": {"below": 7}}, "then": ["record_response", TICKET, NOTE]},
        {"id": "b", "then": ["notify", "add_note"]},
    )
    facts = answered(comment=comment, score=score, revision=revision)
    found = evaluate(written, facts, now=NOW)
    assert found == evaluate(written, facts, now=NOW)
    keys = [one.key for one in found.write_backs]
    assert len(set(keys)) == len(keys)
    assert len(keys) + len(found.skipped) == sum(
        len(one.then) for one, match in zip(written, found.matches, strict=True) if match.verdict.holds
    )
