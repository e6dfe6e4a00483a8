"""Tickets, notes, tasks and properties as people find them in the stand-in portal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.adapters.hubspot import SPEC
from connector.adapters.hubspot.custom_object import CustomObject
from connector.adapters.hubspot.tasks import Tasks
from connector.domain import (
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    Notify,
    OpenTicket,
    Receipt,
    RecordResponse,
    SetField,
    UpdateTicket,
    WriteBack,
)
from connector.errors import (
    AuthError,
    ConfigError,
    LeaseLostError,
    OutcomeUnknownError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from connector.ports import ChangeSink, Outcome, Superseded
from tests.vaults import NoVault

from .portal import PortalWorld

AT = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
KEY = "nps-k7m2q4aaaabbbbccccddddeeee"


def back(change: Change, key: str = KEY) -> WriteBack:
    return WriteBack(
        key=key,
        connection="hub",
        change=change,
        response_key="r",
        revision=1,
        rule_id="rule",
        action_id="act",
        not_before=AT,
    )


def ticket(portal: PortalWorld, **other: Any) -> OpenTicket:
    contact, company = portal.someone()
    base = OpenTicket(company_id=company, contact_id=contact, board="Customer Success", summary="NPS follow-up: Ann")
    return replace(base, **other)


def tickets(portal: PortalWorld, count: int) -> list[WriteBack]:
    change = ticket(portal)
    return [back(change, f"nps-{number}") for number in range(count)]


def sink(portal: PortalWorld, **settings: Any) -> ChangeSink:
    port = portal.open(**settings).sink
    assert port is not None
    return port


def result(portal: PortalWorld, change: Change, key: str = KEY, **settings: Any) -> Any:
    [one] = sink(portal, **settings).apply([back(change, key)])
    return one.result


def receipt(portal: PortalWorld, change: Change, key: str = KEY, **settings: Any) -> Receipt:
    got = result(portal, change, key, **settings)
    assert isinstance(got, Receipt), got
    return got


def recorded(portal: PortalWorld, **other: Any) -> RecordResponse:
    base = RecordResponse(
        contact_id=portal.someone()[0],
        responded_at=AT,
        fields={"NPS Score": 3},
        responded_at_field="NPS Date",
        note="3 of 10",
    )
    return replace(base, **other)


def made(portal: PortalWorld, kind: str) -> list[dict[str, Any]]:
    """What was created of a kind, as it stands."""
    found: list[dict[str, Any]] = portal.control("GET", "records")[kind]
    return found


def calls(portal: PortalWorld) -> Counter[str]:
    """By what they do, those of the last opened."""
    return Counter("/".join(call.path.split("/")[-3:]) for call, _ in portal.wires[-1].exchanges)


def drained(outcomes: Iterator[Outcome], error: type[Exception]) -> list[Outcome]:
    """The outcomes until it raises, which it must."""
    found: list[Outcome] = []
    try:
        for outcome in outcomes:
            found.append(outcome)  # noqa: PERF402 - what came before the error is wanted
    except error:
        return found
    pytest.fail(f"no {error.__name__} was raised")


# ---------------------------------------------------------------- tickets
def test_a_ticket_is_complete(any_portal: PortalWorld) -> None:
    given = ticket(
        any_portal,
        summary="NPS follow-up: Ann Example",
        discussion="Following up on our survey.",
        internal='Ann gave 3 of 10.\n"Nobody calls <b>back</b>."',
        priority="high",
        status="in progress",
        type="Billing issue",
        source="Email",
        due_at=AT,
        owner=("member:bob@example.com",),
        contact_name="Ann Example",
        contact_phone="+1 555 0100",
    )
    got = receipt(any_portal, given)
    [shown] = made(any_portal, "tickets")
    assert got.record_id == shown["id"]
    assert got.link.endswith(f"/contacts/4242/record/0-5/{shown['id']}")
    values = shown["properties"]
    assert values["subject"] == "NPS follow-up: Ann Example"
    assert values["content"] == (
        'Ann gave 3 of 10.\n"Nobody calls <b>back</b>."\n\nFollowing up on our survey.\n\n'
        "Contact: Ann Example, +1 555 0100\n\nDue Fri 20 Nov 2026, 16:20 UTC."
    )
    assert (values["hs_pipeline"], values["hs_pipeline_stage"]) == ("5566778", "91002")
    assert (values["hs_ticket_priority"], values["hs_ticket_category"]) == ("HIGH", "BILLING_ISSUE")
    assert (values["source_type"], values["hubspot_owner_id"]) == ("EMAIL", "64492917")
    assert values["nps_response_key"] == KEY
    contact, company = any_portal.someone()
    assert set(shown["associations"]["contacts"]) == {contact}
    assert set(shown["associations"]["companies"]) == {company}


def test_without_a_board_it_is_opened_in_the_first_pipeline(portal: PortalWorld) -> None:
    receipt(portal, ticket(portal, board=""))
    [shown] = made(portal, "tickets")
    assert (shown["properties"]["hs_pipeline"], shown["properties"]["hs_pipeline_stage"]) == ("0", "1")


def test_a_ticket_at_the_own_company_names_the_customer_in_its_text_only(portal: PortalWorld) -> None:
    own = sorted(portal.company_ids())[-1]
    given = ticket(
        portal, own_company=True, contact_id=None, contact_email="ann@example.com", owner=("account_manager",)
    )
    receipt(portal, given, own_company=own)
    [shown] = made(portal, "tickets")
    assert "Contact: ann@example.com" in shown["properties"]["content"]
    assert set(shown["associations"].get("companies", {})) == {own}
    assert not shown["associations"].get("contacts")


UNKNOWN_NAMES = [
    ({"board": "Customer Sucess"}, 'no pipeline "Customer Sucess".* did you mean "Customer Success"'),
    ({"status": "Nw"}, 'no stage of pipeline "Customer Success" "Nw".* did you mean "New"'),
    ({"priority": "zzz"}, "property \"Priority\" .*cannot hold 'zzz' .*Low, Medium, High"),
    ({"company_id": "1 or 1=1"}, "no HubSpot record id"),
    ({"contact_id": "x"}, "no HubSpot record id"),
]


@pytest.mark.parametrize(("wrong", "words"), UNKNOWN_NAMES)
def test_a_name_that_is_not_there_rejects_this_ticket_only(
    portal: PortalWorld, wrong: dict[str, Any], words: str
) -> None:
    outcomes = list(sink(portal).apply([back(ticket(portal, **wrong)), back(ticket(portal), "nps-good")]))
    assert [each.key for each in outcomes] == [KEY, "nps-good"]
    assert isinstance(outcomes[1].result, Receipt)
    assert isinstance(outcomes[0].result, RejectedError)
    with pytest.raises(RejectedError, match=words):
        raise outcomes[0].result


def test_a_thousand_tickets_are_ten_creates_and_ten_look_ups(portal: PortalWorld) -> None:
    change = ticket(portal, owner=("account_manager",))
    write_backs = [back(change, f"nps-{number}") for number in range(1000)]
    outcomes = list(sink(portal).apply(write_backs))
    assert [each.key for each in outcomes] == [each.key for each in write_backs]
    assert all(isinstance(each.result, Receipt) and not each.result.already_there for each in outcomes)
    said = calls(portal)
    assert said.pop("tickets/batch/create") == 10
    assert said.pop("tickets/batch/read") == 10
    assert sum(said.values()) <= 5, said  # pipelines, properties, owners and the company's
    assert len(made(portal, "tickets")) == 1000


@pytest.mark.parametrize("batch_errors", ["by_trace", "whole"])
def test_one_bad_row_fails_alone(batch_errors: str) -> None:
    with PortalWorld({"batch_errors": batch_errors}) as portal:
        write_backs = tickets(portal, 30)
        write_backs[17] = back(ticket(portal, contact_id="999999999"), "nps-17")
        outcomes = {each.key: each.result for each in sink(portal).apply(write_backs)}
        assert len(outcomes) == 30
        assert isinstance(outcomes.pop("nps-17"), RejectedError)
        assert all(isinstance(each, Receipt) for each in outcomes.values())
        assert sorted(each["properties"]["nps_response_key"] for each in made(portal, "tickets")) == sorted(outcomes)
        creates = calls(portal)["tickets/batch/create"]
        assert creates == 1 if batch_errors == "by_trace" else 1 < creates < 15


def test_the_portals_own_rules_are_told_in_its_words() -> None:
    with PortalWorld("strict", version="2026-09") as portal:
        portal.control("POST", "settings", {"rules": {"tickets": {"required": ["hs_ticket_category"]}}})
        refused = result(portal, ticket(portal))
        assert isinstance(refused, RejectedError)
        assert "hs_ticket_category" in str(refused)
        assert isinstance(result(portal, ticket(portal, type="Billing issue")), Receipt)


def test_a_lost_answer_leaves_every_ticket_of_the_batch_unknown_until_it_is_found(any_portal: PortalWorld) -> None:
    any_portal.fault("drop_after_write", path="tickets/batch/create$")
    write_backs = tickets(any_portal, 5)
    outcomes = list(sink(any_portal).apply(write_backs))
    assert [type(each.result) for each in outcomes] == [OutcomeUnknownError] * 5
    found = sink(any_portal).find(write_backs)
    assert sorted(found) == [each.key for each in write_backs]
    assert all(isinstance(each, Receipt) and each.already_there for each in found.values())
    again = [each.result for each in sink(any_portal).apply(write_backs)]
    assert all(isinstance(each, Receipt) and each.already_there for each in again)
    assert len(made(any_portal, "tickets")) == 5


def test_a_write_that_takes_effect_later_is_found_after_the_grace(portal: PortalWorld) -> None:
    port = sink(portal)
    portal.fault("late_write", path="tickets/batch/create$", seconds=port.grace() - 1)
    write_backs = tickets(portal, 3)
    assert all(isinstance(each.result, OutcomeUnknownError) for each in port.apply(write_backs))
    assert port.find(write_backs) == {}
    portal.control("POST", "clock", {"advance": port.grace()})
    assert len(port.find(write_backs)) == 3


def test_a_gateways_page_after_a_write_leaves_it_unknown(portal: PortalWorld) -> None:
    portal.fault("504_after_write", path="tickets/batch/create$")
    assert isinstance(result(portal, ticket(portal)), OutcomeUnknownError)
    assert len(made(portal, "tickets")) == 1


def test_what_a_look_up_missed_is_refused_by_the_unique_key_and_found_then(any_portal: PortalWorld) -> None:
    first = receipt(any_portal, ticket(any_portal))
    any_portal.fault("empty_list", path="tickets/batch/read$")
    again = receipt(any_portal, ticket(any_portal))
    assert (again.record_id, again.already_there) == (first.record_id, True)
    assert len(made(any_portal, "tickets")) == 1


def test_what_was_not_sent_when_it_was_throttled_has_no_outcome(portal: PortalWorld) -> None:
    portal.fault("429", path="tickets/batch/create$", skip=1, seconds=30)
    found = drained(sink(portal).apply(tickets(portal, 150)), ThrottledError)
    assert [each.key for each in found] == [f"nps-{number}" for number in range(100)]
    assert len(made(portal, "tickets")) == 100


def test_a_locked_record_is_tried_again_later(portal: PortalWorld) -> None:
    portal.fault("423", path="contacts/batch/update$")
    with pytest.raises(ThrottledError) as caught:
        list(sink(portal).apply([back(recorded(portal))]))
    assert caught.value.retry_after >= 2


def test_without_the_key_property_no_ticket_is_opened() -> None:
    with PortalWorld({"tenant_fields": "bare"}) as portal:
        refused = result(portal, ticket(portal))
        assert isinstance(refused, RejectedError)
        assert 'no property "nps_response_key"' in str(refused)
        assert "connector setup hub creates it" in str(refused)
        assert made(portal, "tickets") == []


def test_a_key_property_whose_values_are_not_unique_will_not_do(portal: PortalWorld) -> None:
    refused = result(portal, ticket(portal), ticket_key="content")
    assert isinstance(refused, RejectedError)
    assert "are not unique" in str(refused)


def test_a_changed_answer_changes_subject_and_priority(any_portal: PortalWorld) -> None:
    opened = receipt(any_portal, ticket(any_portal))
    change = UpdateTicket(
        company_id=any_portal.someone()[1], summary="NPS: now 9", priority="low", ticket_id=opened.record_id
    )
    assert receipt(any_portal, change, "nps-u").record_type == "ticket_update"
    [shown] = made(any_portal, "tickets")
    assert (shown["properties"]["subject"], shown["properties"]["hs_ticket_priority"]) == ("NPS: now 9", "LOW")
    assert receipt(any_portal, change, "nps-u").already_there
    any_portal.technician("delete", ticket=opened.record_id)
    left = result(any_portal, change, "nps-u")
    assert isinstance(left, Superseded)
    assert "deleted" in left.why


# ---------------------------------------------------------------- notes and tasks
def test_what_people_wrote_is_no_mark_up_in_a_note(portal: PortalWorld) -> None:
    text = 'Ann wrote: <img src=x onerror=alert(1)> & "more"\nsecond {{ contact.email }}'
    receipt(portal, AddNote(on="contact", contact_id=portal.someone()[0], text=text))
    [note] = made(portal, "notes")
    assert note["properties"]["hs_note_body"] == (
        f"Ann wrote: &lt;img src=x onerror=alert(1)&gt; &amp; &quot;more&quot;<br>second ❴❴ contact.email ❵❵<br>{KEY}"
    )
    assert set(note["associations"]["contacts"]) == {portal.someone()[0]}


def test_a_long_note_is_cut_and_says_so(portal: PortalWorld) -> None:
    receipt(portal, AddNote(on="contact", contact_id=portal.someone()[0], text="<" * 200_000))
    [note] = made(portal, "notes")
    assert len(note["properties"]["hs_note_body"]) <= 65_536
    assert "200,000 characters in all" in note["properties"]["hs_note_body"]
    assert receipt(portal, AddNote(on="contact", contact_id=portal.someone()[0], text="x")).already_there


def test_a_note_among_more_than_a_hundred_is_found(any_portal: PortalWorld) -> None:
    note = AddNote(on="contact", contact_id=any_portal.someone()[0], text="one more")
    list(sink(any_portal).apply([back(replace(note, text="chat"), f"nps-chat-{number}") for number in range(120)]))
    first = receipt(any_portal, note)
    assert receipt(any_portal, note).record_id == first.record_id
    assert len(made(any_portal, "notes")) == 121


def test_a_note_on_a_ticket_that_is_deleted_says_that_it_is_not_there(any_portal: PortalWorld) -> None:
    gone = receipt(any_portal, ticket(any_portal), "nps-gone").record_id
    there = receipt(any_portal, ticket(any_portal), "nps-there").record_id
    any_portal.technician("delete", ticket=gone)
    notes = [
        back(AddNote(on="ticket", contact_id="901", parent_id=on, text="x"), f"nps-{number}")
        for number, on in enumerate([gone, there, gone])
    ]
    results = {each.key: each.result for each in sink(any_portal).apply(notes)}
    for key in ("nps-0", "nps-2"):
        refused = results[key]
        assert isinstance(refused, RejectedError)
        assert refused.status == 404
        assert "deleted" in str(refused)
    assert isinstance(results["nps-1"], Receipt)
    assert calls(any_portal)[f"2026-03/tickets/{gone}"] <= 2, "once for each request that was refused"


def test_a_note_that_is_refused_for_itself_does_not_say_that_the_ticket_is_gone() -> None:
    with PortalWorld(version="2026-09") as portal:
        on = receipt(portal, ticket(portal)).record_id
        portal.control("POST", "settings", {"rules": {"notes": {"required": ["hs_attachment_ids"]}}})
        refused = result(portal, AddNote(on="ticket", contact_id="901", parent_id=on, text="x"), "nps-note")
        assert isinstance(refused, RejectedError)
        assert refused.status == 400


def test_where_nobody_says_whether_the_ticket_is_there_the_notes_wait(portal: PortalWorld) -> None:
    gone = receipt(portal, ticket(portal), "nps-gone").record_id
    there = receipt(portal, ticket(portal), "nps-there").record_id
    portal.technician("delete", ticket=gone)
    notes = [back(AddNote(on="ticket", contact_id="901", parent_id=on, text="x"), f"nps-{on}") for on in (gone, there)]
    portal.fault("503html", path=f"tickets/{gone}$", times=None)
    told = drained(sink(portal).apply(notes), UnavailableError)
    assert [(each.key, type(each.result)) for each in told] == [(f"nps-{there}", Receipt)]


def test_many_notes_travel_together(portal: PortalWorld) -> None:
    people = sorted(portal.contact_ids())[:40]
    notes = [back(AddNote(on="contact", contact_id=each, text="x"), f"nps-{each}") for each in people]
    outcomes = list(sink(portal).apply(notes))
    assert all(isinstance(each.result, Receipt) for each in outcomes)
    said = calls(portal)
    assert said["notes/batch/create"] == 1
    assert said["contacts/batch/read"] == 1, "whether those without a note were merged"
    assert said.total() <= 6, said


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (AddNote(on="ticket", contact_id="901", text="x"), "no ticket to write the note on"),
        (AddNote(on="company", contact_id="901", text="x"), "goes on a contact or a ticket"),
        (AddNote(on="contact", contact_id="901 or", text="x"), "no HubSpot record id"),
    ],
)
def test_a_note_without_a_place_is_refused(portal: PortalWorld, note: AddNote, words: str) -> None:
    with pytest.raises(RejectedError, match=words):
        raise result(portal, note)


def test_a_task_is_whose_and_due_when_it_should_be(any_portal: PortalWorld) -> None:
    contact, company = any_portal.someone()
    change = CreateTask(
        company_id=company,
        contact_id=contact,
        summary="Call Ann",
        text="gave 3 <of> 10",
        owner=("member:bob@example.com",),
        type="Call",
        due_at=AT,
    )
    got = receipt(any_portal, change)
    [task] = made(any_portal, "tasks")
    values = task["properties"]
    assert (got.record_type, values["hs_task_subject"]) == ("task", "Call Ann")
    assert values["hs_task_body"] == f"gave 3 &lt;of&gt; 10<br>{KEY}"
    assert (values["hs_task_type"], values["hs_task_status"]) == ("CALL", "NOT_STARTED")
    assert values["hs_timestamp"].startswith("2026-11-20T16:20:00")
    assert values["hubspot_owner_id"] == "64492917"
    assert (set(task["associations"]["contacts"]), set(task["associations"]["companies"])) == ({contact}, {company})


def test_a_task_that_nobody_can_be_given_is_refused_with_the_reasons(portal: PortalWorld) -> None:
    contact, company = portal.someone()
    change = CreateTask(
        company_id=company, contact_id=contact, summary="x", owner=("member:dave@example.com", "member:nobody")
    )
    with pytest.raises(
        RejectedError, match=r"nobody can be given the task: dave.* inactive.*; there is no member nobody"
    ):
        raise result(portal, change)


@pytest.mark.parametrize("owner", ["member:bob@example.com", "account_manager"])
def test_a_token_that_ran_out_while_owners_are_read_refuses_no_task(any_portal: PortalWorld, owner: str) -> None:
    """A right that is missing (403) is done without; credentials that are not good any more (401) are no answer."""
    task = back(CreateTask(company_id=any_portal.someone()[1], contact_id=None, summary="x", owner=(owner,)))
    any_portal.fault("token_expired", path="/owners")
    assert drained(sink(any_portal).apply([task]), AuthError) == []
    assert made(any_portal, "tasks") == []


def test_a_task_without_a_contact_is_found_by_its_company(portal: PortalWorld) -> None:
    change = CreateTask(company_id=portal.someone()[1], contact_id=None, summary="x", owner=("member:bob@example.com",))
    first = receipt(portal, change)
    assert receipt(portal, change).record_id == first.record_id
    assert len(made(portal, "tasks")) == 1


# ---------------------------------------------------------------- properties
def test_the_answers_of_many_travel_together(portal: PortalWorld) -> None:
    people = sorted(portal.contact_ids())
    answers = [back(recorded(portal, contact_id=each), f"nps-{each}") for each in people]
    outcomes = list(sink(portal).apply(answers))
    assert all(isinstance(each.result, Receipt) for each in outcomes), outcomes
    said = calls(portal)
    assert (said["contacts/batch/update"], said["notes/batch/create"]) == (1, 1)
    assert sum(said.values()) <= 8, said
    assert {portal.field(each, "NPS Score") for each in people} == {3}


def test_two_values_for_one_contact_keep_their_order(portal: PortalWorld) -> None:
    contact = portal.someone()[0]
    values = [
        SetField(
            on="contact",
            record_id=contact,
            field="NPS Score",
            value=str(score),
            responded_at=AT + timedelta(hours=score),
            responded_at_field="NPS Date",
        )
        for score in (4, 7, 2)
    ]
    others = [back(recorded(portal, contact_id=each), f"nps-{each}") for each in sorted(portal.contact_ids())[:3]]
    batch = [back(values[0], "nps-a"), *others, back(values[1], "nps-b"), back(values[2], "nps-c")]
    outcomes = {each.key: each.result for each in sink(portal).apply(batch)}
    assert isinstance(outcomes["nps-b"], Receipt)
    assert outcomes["nps-b"].before == {"NPS Score": 4, "NPS Date": "2026-11-20T20:20:00Z"}
    assert isinstance(outcomes["nps-c"], Superseded), "it was given before the one in front of it"
    assert portal.field(contact, "NPS Score") == 7


def test_a_label_or_an_internal_name_will_do(portal: PortalWorld) -> None:
    contact = portal.someone()[0]
    for name, value in (("nps score", "4"), ("nps_score", "5")):
        receipt(portal, SetField(on="contact", record_id=contact, field=name, value=value, responded_at=AT))
        assert portal.field(contact, "NPS Score") == int(value)


def test_a_label_that_two_properties_have_is_not_guessed(portal: PortalWorld) -> None:
    for name in ("mood_1", "mood_2"):
        body = {"name": name, "label": "Mood", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
        portal.api("POST", "/crm/v3/properties/contacts", body)
    change = SetField(on="contact", record_id=portal.someone()[0], field="Mood", value="x", responded_at=AT)
    with pytest.raises(RejectedError, match=r"2 properties .*internal name.*\(mood_1, mood_2\)"):
        raise result(portal, change)
    receipt(portal, replace(change, field="mood_2"))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("NPS Score", "many", "of type number, which cannot hold 'many'"),
        ("Lifecycle Stage", "Beste", r"cannot hold 'Beste' \(it has Subscriber, Lead"),
        ("No such field", "x", 'have no property "No such field".*connector setup hub'),
        ("Unsubscribed from all email", "true", "have no property .* that can be set"),
    ],
)
def test_a_value_that_cannot_stand_there_is_refused(portal: PortalWorld, field: str, value: str, words: str) -> None:
    change = SetField(on="contact", record_id=portal.someone()[0], field=field, value=value, responded_at=AT)
    with pytest.raises(RejectedError, match=words):
        raise result(portal, change)


def test_an_option_is_chosen_by_its_label_and_an_empty_value_clears(any_portal: PortalWorld) -> None:
    change = SetField(on="company", record_id=any_portal.someone()[1], field="type", value="Reseller", responded_at=AT)
    receipt(any_portal, change)
    row = any_portal.api("GET", f"/crm/v3/objects/companies/{change.record_id}?properties=type")
    assert row["properties"]["type"] == "RESELLER"
    receipt(any_portal, replace(change, value=""), "nps-clear")
    row = any_portal.api("GET", f"/crm/v3/objects/companies/{change.record_id}?properties=type")
    assert not row["properties"]["type"]


def test_an_answer_of_a_contact_that_was_merged_reaches_the_one_that_survives(any_portal: PortalWorld) -> None:
    old, other = sorted(any_portal.contact_ids())[:2]
    any_portal.technician("merge_records", type="contacts", id=old, into=other)
    got = receipt(any_portal, recorded(any_portal, contact_id=old))
    assert got.record_type == "contact_note"
    row = any_portal.api("GET", f"/crm/v3/objects/contacts/{old}?properties=nps_score")
    assert row["properties"]["nps_score"] == "3"


def test_what_is_for_a_contact_that_was_merged_goes_to_the_one_that_survives(any_portal: PortalWorld) -> None:
    old, other = sorted(any_portal.contact_ids())[:2]
    company = any_portal.someone()[1]
    any_portal.technician("merge_records", type="contacts", id=old, into=other)
    survivor = any_portal.api("GET", f"/crm/v3/objects/contacts/{old}")["id"]
    task = CreateTask(company_id=company, contact_id=old, summary="x", owner=("member:bob@example.com",))
    batch = [
        back(ticket(any_portal, contact_id=old), "nps-t"),
        back(ticket(any_portal, contact_id="999999999"), "nps-nobody"),
        back(AddNote(on="contact", contact_id=old, text="x"), "nps-n"),
        back(task, "nps-k"),
    ]
    outcomes = {each.key: each.result for each in sink(any_portal).apply(batch)}
    assert isinstance(outcomes.pop("nps-nobody"), RejectedError)
    assert all(isinstance(each, Receipt) for each in outcomes.values()), outcomes
    for kind in ("tickets", "notes", "tasks"):
        [record] = made(any_portal, kind)
        assert set(record["associations"]["contacts"]) == {survivor}


def test_a_ticket_of_a_contact_that_was_merged_since_is_still_its(any_portal: PortalWorld) -> None:
    old, other = sorted(any_portal.contact_ids())[:2]
    change = ticket(any_portal, contact_id=old, company_id="")
    first = receipt(any_portal, change)
    any_portal.technician("merge_records", type="contacts", id=old, into=other)
    again = receipt(any_portal, change)
    assert (again.record_id, again.already_there) == (first.record_id, True)


def test_an_answer_of_a_contact_that_is_gone_is_refused_alone(portal: PortalWorld) -> None:
    gone, there = sorted(portal.contact_ids())[:2]
    portal.technician("archive", type="contacts", id=gone)
    batch = [back(recorded(portal, contact_id=each), f"nps-{each}") for each in (gone, there)]
    outcomes = {each.key: each.result for each in sink(portal).apply(batch)}
    assert isinstance(outcomes[f"nps-{gone}"], RejectedError)
    assert isinstance(outcomes[f"nps-{there}"], Receipt)


def test_fields_without_their_note_are_of_unknown_outcome_and_completed_later(any_portal: PortalWorld) -> None:
    any_portal.fault("429", path="notes/batch/create$", seconds=30)
    write_back = back(recorded(any_portal))
    [half] = drained(sink(any_portal).apply([write_back]), ThrottledError)
    assert isinstance(half.result, OutcomeUnknownError)
    assert sink(any_portal).find([write_back]) == {}
    assert isinstance(result(any_portal, recorded(any_portal)), Receipt)
    assert any_portal.count_with_key(KEY) == 1


def test_each_hundred_answers_are_whole_before_the_next_are_begun() -> None:
    with PortalWorld(contacts=160) as portal:
        portal.fault("429", path="contacts/batch/update$", skip=1, seconds=30)
        answers = [back(recorded(portal, contact_id=each), f"nps-{each}") for each in sorted(portal.contact_ids())]
        found = drained(sink(portal).apply(answers), ThrottledError)
        assert [each.key for each in found] == [each.key for each in answers[:100]]
        assert all(isinstance(each.result, Receipt) and each.result.before for each in found)
        assert len(made(portal, "notes")) == 100


# ---------------------------------------------------------------- lists
def test_an_active_list_is_hubspots_own(portal: PortalWorld) -> None:
    with pytest.raises(RejectedError, match=r"is an active one.*static list"):
        raise result(portal, AddToGroup(contact_id=portal.someone()[0], group="Customers"))


def test_many_join_a_list_in_one_call(portal: PortalWorld) -> None:
    people = sorted(portal.contact_ids())
    joins = [back(AddToGroup(contact_id=each, group="empty list"), f"nps-{each}") for each in people]
    outcomes = list(sink(portal).apply(joins))
    assert all(isinstance(each.result, Receipt) and each.result.before == {"member": False} for each in outcomes)
    said = calls(portal)
    assert said.total() <= 8, said
    again = [each.result for each in sink(portal).apply(joins)]
    assert all(isinstance(each, Receipt) and each.already_there and each.before == {"member": False} for each in again)


def test_a_contact_that_is_marked_and_not_added_has_an_unknown_outcome(any_portal: PortalWorld) -> None:
    """Its row must not count as untried: the contact was changed, and by us."""
    people = sorted(any_portal.contact_ids())[:3]
    joins = [back(AddToGroup(contact_id=each, group="Empty list"), f"nps-{each}") for each in people]
    any_portal.fault("423", path="memberships/add$")
    half = drained(sink(any_portal).apply(joins), ThrottledError)
    assert [(each.key, type(each.result)) for each in half] == [(each.key, OutcomeUnknownError) for each in joins]
    assert sink(any_portal).find(joins) == {}  # so they are done again
    any_portal.fault("423", path="memberships/add$")
    assert drained(sink(any_portal).apply(joins), ThrottledError) == [], "the marks stood there: nothing was changed"
    results = [each.result for each in sink(any_portal).apply(joins)]
    assert all(isinstance(each, Receipt) and each.before == {"member": False} for each in results)


def test_without_a_place_for_marks_nobody_knows_who_was_there() -> None:
    with PortalWorld({"tenant_fields": "bare"}) as portal:
        change = AddToGroup(contact_id=portal.someone()[0], group="Empty list")
        assert receipt(portal, change).before == {"member": False}
        assert receipt(portal, change).before is None


# ---------------------------------------------------------------- a custom object
def test_an_answer_is_a_record_of_the_custom_object_too(any_portal: PortalWorld) -> None:
    settings = {"response_object": "2-7700001"}
    change = recorded(any_portal, fields={"NPS Score": 3, "score": 3, "comment": "Nobody calls"})
    receipt(any_portal, change, **settings)
    [record] = made(any_portal, "nps_response")
    assert record["properties"]["nps_response_key"] == KEY
    assert (record["properties"]["score"], record["properties"]["comment"]) == ("3", "Nobody calls")
    assert set(record["associations"]["contacts"]) == {any_portal.someone()[0]}
    assert receipt(any_portal, change, **settings).already_there
    assert len(made(any_portal, "nps_response")) == 1
    assert len(made(any_portal, "notes")) == 1


@pytest.mark.parametrize(
    "settings", [{"response_object": "2-999"}, {"response_object": "0-1", "response_key": "phone"}]
)
def test_a_custom_object_that_will_not_do_is_said_before_anything_is_written(
    portal: PortalWorld, settings: dict[str, str]
) -> None:
    assert isinstance(result(portal, recorded(portal), **settings), RejectedError)
    assert not any(call.writes for call in portal.calls)


def test_the_custom_object_is_found_without_a_note_once_it_is_the_contacts(portal: PortalWorld) -> None:
    settings = {"response_object": "2-7700001"}
    change = recorded(portal, note="")
    portal.fault("drop_after_write", path="batch/upsert$")
    assert isinstance(result(portal, change, **settings), OutcomeUnknownError)
    assert len(made(portal, "nps_response")) == 1
    assert sink(portal, **settings).find([back(change)]) == {}, "it is nobody's yet"
    assert receipt(portal, change, **settings).record_type == "contact"
    assert isinstance(sink(portal, **settings).find([back(change)])[KEY], Receipt)
    [record] = made(portal, "nps_response")
    assert set(record["associations"]["contacts"]) == {change.contact_id}


def test_the_custom_object_of_a_contact_merged_since_is_found(any_portal: PortalWorld) -> None:
    settings = {"response_object": "2-7700001"}
    old, other = sorted(any_portal.contact_ids())[:2]
    change = recorded(any_portal, contact_id=old, note="")
    receipt(any_portal, change, **settings)
    any_portal.technician("merge_records", type="contacts", id=old, into=other)
    assert isinstance(sink(any_portal, **settings).find([back(change)])[KEY], Receipt)


@pytest.mark.parametrize("note", ["", "3 of 10"])
def test_a_record_that_cannot_be_associated_is_refused_and_the_others_are_not(
    portal: PortalWorld, monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    settings = {"response_object": "2-7700001"}
    first, second, third = sorted(portal.contact_ids())[:3]
    write_backs = [
        back(recorded(portal, contact_id=contact, note=note), f"nps-{contact}") for contact in (first, second, third)
    ]
    put = CustomObject.put

    def while_one_is_archived(self: CustomObject, changes: Any) -> Any:
        portal.technician("archive", type="contacts", id=second)
        return put(self, changes)

    monkeypatch.setattr(CustomObject, "put", while_one_is_archived)
    results = {each.key: each.result for each in sink(portal, **settings).apply(write_backs)}
    assert isinstance(results[f"nps-{second}"], RejectedError)
    assert isinstance(results[f"nps-{first}"], Receipt)
    assert isinstance(results[f"nps-{third}"], Receipt)
    assert set(sink(portal, **settings).find(write_backs)) == {f"nps-{first}", f"nps-{third}"}


# ---------------------------------------------------------------- the whole
def test_a_kind_it_does_not_serve_is_said_before_it_is_tried(portal: PortalWorld) -> None:
    with pytest.raises(ConfigError, match="does not serve notify"):
        sink(portal).effect_class("notify")
    refused = result(portal, Notify(subject="x", text="y"))
    assert isinstance(refused, RejectedError)


def test_lost_credentials_end_it_before_anything_is_done(portal: PortalWorld) -> None:
    portal.fault("auth_lost", times=None)
    assert drained(sink(portal).apply(tickets(portal, 3)), AuthError) == []


def test_a_lost_lease_stops_before_the_next_request(portal: PortalWorld) -> None:
    settings, write_backs = portal.settings(), tickets(portal, 150)
    left = 1

    def guard() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise LeaseLostError("somebody else holds it")

    context = portal.context(settings)
    wire = SPEC.wire(settings, guard, NoVault())
    try:
        port = SPEC.open(settings, replace(context, wire=wire)).sink
        assert port is not None
        assert len(drained(port.apply(write_backs), LeaseLostError)) == 100
    finally:
        wire.close()  # type: ignore[attr-defined]
    assert len(made(portal, "tickets")) == 100


def test_a_bug_leaves_what_was_in_hand_unknown(portal: PortalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tasks, "create", lambda *_: 1 / 0)
    company = portal.someone()[1]
    task = CreateTask(company_id=company, contact_id=None, summary="x", owner=("member:bob@example.com",))
    batch = [back(ticket(portal), "nps-1"), back(task, "nps-2"), back(recorded(portal), "nps-3")]
    outcomes = drained(sink(portal).apply(batch), ZeroDivisionError)
    assert [(each.key, type(each.result)) for each in outcomes] == [("nps-1", Receipt), ("nps-2", OutcomeUnknownError)]


def test_every_write_says_what_it_is_about_without_credentials(portal: PortalWorld) -> None:
    receipt(portal, ticket(portal))
    [body] = [json.loads(call.body) for call in portal.calls if call.path.endswith("tickets/batch/create")]
    assert [each["objectWriteTraceId"] for each in body["inputs"]] == [KEY]
    assert not any("pat-" in str(call) for call in portal.calls)
    assert {call.path for call in portal.calls if call.writes} == {
        call.path for call in portal.calls if call.path.endswith("tickets/batch/create")
    }
