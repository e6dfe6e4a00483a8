"""Cases, comments, tasks and campaign members as people find them in the stand-in org."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.domain import AddNote, AddToGroup, CreateTask, EffectClass, Notify, OpenTicket, Receipt, UpdateTicket
from connector.errors import (
    AuthError,
    ConfigError,
    ContractError,
    FuseError,
    OutcomeUnknownError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from connector.ports import Superseded
from connector.sandbox.salesforce.tenant import ALICE, BOB, SUCCESS_QUEUE, UNASSIGNED_QUEUE, queue_id, user_id

from .org import OrgWorld
from .writing import AT, KEY, back, by_key, receipt, result, sink, ticket, until, written


# ---------------------------------------------------------------- cases
def test_a_case_is_complete_and_confidential(any_org: OrgWorld) -> None:
    given = ticket(
        any_org,
        summary="NPS follow-up: Ann Example",
        discussion="Following up on our survey.",
        internal='Ann gave 3 of 10.\n"Nobody calls <b>back</b>."',
        priority="high",
        status="working",
        type="feedback",
        source="email",
        due_at=AT,
        owner=("member:bob",),
    )
    got = receipt(any_org, given)
    [shown] = any_org.records()["Case"]
    assert (got.record_id, got.record_type) == (shown["Id"], "ticket")
    assert got.link.endswith(shown["Id"])
    contact, company = any_org.someone()
    assert (shown["ContactId"], shown["AccountId"], shown["OwnerId"]) == (contact, company, user_id(BOB))
    assert (shown["Priority"], shown["Status"], shown["Type"], shown["Origin"]) == (
        "High",
        "Working",
        "Feedback",
        "Email",
    )
    assert (shown["Subject"], shown["Description"]) == ("NPS follow-up: Ann Example", "Following up on our survey.")
    assert shown["NPS_Key__c"] == KEY
    [comment] = any_org.records()["CaseComment"]
    assert (comment["ParentId"], comment["IsPublished"]) == (shown["Id"], False)
    assert comment["CommentBody"] == (
        f'Ann gave 3 of 10.\n"Nobody calls ‹b›back‹/b›."\nDue Fri 20 Nov 2026 16:20 UTC\n{KEY}'
    )


def test_the_orgs_assignment_rules_leave_our_owner_alone_unless_the_settings_say_otherwise(org: OrgWorld) -> None:
    receipt(org, ticket(org, owner=("account_manager", "member:alice")), "nps-1")
    receipt(org, ticket(org, owner=("member:alice",)), "nps-2", auto_assign=True)
    owners = {case["NPS_Key__c"]: case["OwnerId"] for case in org.records()["Case"]}
    assert owners["nps-1"].startswith("005")
    assert owners["nps-2"] == queue_id(UNASSIGNED_QUEUE)


OWNERS = [
    ((), queue_id(SUCCESS_QUEUE)),
    (("member:dora",), queue_id(SUCCESS_QUEUE)),
    (("member:alice",), user_id(ALICE)),
]


@pytest.mark.parametrize(("owner", "expected"), OWNERS)
def test_the_queue_gets_what_nobody_of_the_chain_can_be_given(
    org: OrgWorld, owner: tuple[str, ...], expected: str
) -> None:
    receipt(org, ticket(org, team="customer success", owner=owner))
    assert org.records()["Case"][0]["OwnerId"] == expected


UNKNOWN_NAMES = [
    ({"board": "NPS Folow-up"}, "record type .* is not there; there are: NPS Follow-up, Support"),
    ({"board": "Retired"}, "record type .* is not there"),
    ({"status": "Nw"}, "ticket status 'Nw' is not there; there are: Closed, Escalated, New"),
    ({"priority": "Urgent"}, "ticket priority 'Urgent' is not there; there are: High, Low, Medium"),
    ({"source": "Pigeon"}, "ticket origin 'Pigeon' is not there"),
    ({"team": "Lead Queue"}, "queue .* is not there; there are: Customer Success, Unassigned Cases"),
    ({"company_id": "17"}, "'17' is no Salesforce id"),
    ({"company_id": "003000000000001"}, "is no Salesforce id"),
    ({"contact_id": "0' OR Name != '"}, "is no Salesforce id"),
]


@pytest.mark.parametrize(("other", "says"), UNKNOWN_NAMES)
def test_what_the_org_does_not_have_is_refused_with_what_it_has(
    org: OrgWorld, other: dict[str, Any], says: str
) -> None:
    good = back(ticket(org), "nps-good")
    found = by_key(list(sink(org).apply([back(ticket(org, **other)), good])))
    refused = found[KEY]
    assert isinstance(refused, RejectedError)
    assert re.search(says, str(refused))
    assert isinstance(found["nps-good"], Receipt)
    assert len(org.records()["Case"]) == 1


def test_a_thousand_tickets_are_five_creates_and_look_ups() -> None:
    with OrgWorld(contacts=1100) as org:
        people = org.people(1000)
        batch = [
            back(ticket(org, contact_id=contact, company_id=company, owner=("account_manager",)), f"nps-{place:04d}")
            for place, (contact, company) in enumerate(people)
        ]
        port = sink(org)
        outcomes = [each for start in range(0, 1000, 200) for each in port.apply(batch[start : start + 200])]
        assert all(isinstance(outcome.result, Receipt) for outcome in outcomes)
        calls = org.wires[-1].calls
        assert len(outcomes) == len(org.records()["Case"]) == 1000
        assert calls.count("POST /composite/sobjects") == 5
        # Of each batch: which are there already, whose accounts. Once: what a Case is.
        assert calls.count("GET /query") == 10
        assert len(calls) == 16
        again = by_key(list(port.apply(batch[:200])))
        assert all(isinstance(each, Receipt) and each.already_there for each in again.values())


def test_rows_of_one_account_stand_together_in_their_order(org: OrgWorld) -> None:
    people = org.people(60)
    batch = [back(ticket(org, contact_id=c, company_id=a), f"nps-{n:03d}") for n, (c, a) in enumerate(people)]
    batch += [back(ticket(org, contact_id=c, company_id=a), f"nps-b{n:03d}") for n, (c, a) in enumerate(people)]
    list(sink(org).apply(batch))
    [records] = written(org)
    accounts = [record["AccountId"] for record in records]
    assert accounts == sorted(accounts)
    keys = {account: [r["NPS_Key__c"] for r in records if r["AccountId"] == account] for account in accounts}
    order = [write_back.key for write_back in batch]
    assert all(found == sorted(found, key=order.index) for found in keys.values())


def test_without_a_field_for_our_key_no_case_is_opened(org: OrgWorld) -> None:
    org.permit(hide=["Case.NPS_Key__c"])
    refused = result(org, ticket(org))
    assert isinstance(refused, RejectedError)
    assert "docs/salesforce" in str(refused)
    assert org.records()["Case"] == []


def test_a_case_whose_key_was_written_in_the_meantime_is_found_not_doubled(org: OrgWorld) -> None:
    first = receipt(org, ticket(org))
    org.fault("empty_list", path="/query")  # the look-up sees nothing, as it does before the other one commits
    again = receipt(org, ticket(org))
    assert (again.record_id, again.already_there) == (first.record_id, True)
    assert len(org.records()["Case"]) == 1


def test_a_case_that_a_person_changed_is_left_as_it_is(org: OrgWorld) -> None:
    got = receipt(org, ticket(org))
    org.technician("set", got.record_id, values={"Subject": "Called her, all is well", "Status": "Working"})
    assert receipt(org, ticket(org)).already_there
    assert org.summary(got.record_id) == "Called her, all is well"


def test_a_case_under_our_key_of_another_account_is_not_ours(org: OrgWorld) -> None:
    org.move_ticket(receipt(org, ticket(org)).record_id)
    foreign = result(org, ticket(org))
    assert isinstance(foreign, ContractError)
    assert "who moved or copied it" in str(foreign)


def test_a_case_stays_ours_when_its_contact_was_merged_into_another(org: OrgWorld) -> None:
    got = receipt(org, ticket(org))
    contact, _ = org.someone()
    org.technician("merge", contact, into=next(c for c, _ in org.people(20) if c != contact))
    assert receipt(org, ticket(org)).record_id == got.record_id


def test_a_case_without_a_contact_of_an_own_account_names_the_person_in_its_words(org: OrgWorld) -> None:
    own = sorted(org.company_ids())[1]
    change = ticket(
        org,
        own_company=True,
        contact_id=None,
        contact_name="Ann Example",
        contact_email="ann@example.com",
        internal="3",
    )
    receipt(org, change, "nps-own", own_company=own)
    receipt(org, change, "nps-alone")
    cases = {case["NPS_Key__c"]: case for case in org.records()["Case"]}
    assert (cases["nps-own"]["AccountId"], cases["nps-own"].get("ContactId")) == (own, None)
    assert cases["nps-alone"].get("AccountId") is None
    assert cases["nps-own"].get("SuppliedEmail") is None
    assert "Ann Example · ann@example.com" in org.records()["CaseComment"][0]["CommentBody"]


def test_an_org_without_internal_comments_gets_the_words_as_the_description(org: OrgWorld) -> None:
    org.permit(hide=["Case.Comments"])
    receipt(org, ticket(org, discussion="Following up.", internal="gave 3"))
    [case] = org.records()["Case"]
    assert case["Description"] == f"Following up.\n\ngave 3\n{KEY}"


def test_texts_are_cut_to_the_lengths_that_the_org_has(org: OrgWorld) -> None:
    long = "Ann Example of a Very Long Company Name \N{GRINNING FACE} " * 400
    got = receipt(org, ticket(org, summary=long, internal=long, discussion=long * 3))
    receipt(org, AddNote(on="ticket", contact_id=None, text=long, parent_id=got.record_id), "nps-note")
    [case] = org.records()["Case"]
    assert len(case["Subject"].encode("utf-16-le")) // 2 <= 255
    assert case["Subject"].endswith("…")
    assert "characters in all)" in case["Description"]
    for comment in org.records()["CaseComment"]:
        assert len(comment["CommentBody"].encode()) <= 4000
        assert re.search(rf"\(cut; [\d,]+ characters in all\)\n({KEY}|nps-note)$", comment["CommentBody"])


# ---------------------------------------------------------------- what goes wrong
def test_a_locked_row_alone_is_sent_again_after_a_growing_wait(org: OrgWorld) -> None:
    org.fault("lock_row", path="composite/sobjects", rows=[1, 3], times=2)
    org.fault("lock_row", path="composite/sobjects", rows=[0], times=1)
    batch = [back(ticket(org, summary=f"{n}"), f"nps-{n}") for n in range(5)]
    outcomes = by_key(list(sink(org).apply(batch)))
    assert all(isinstance(each, Receipt) for each in outcomes.values())
    assert [[record["NPS_Key__c"] for record in records] for records in written(org)] == [
        ["nps-0", "nps-1", "nps-2", "nps-3", "nps-4"], ["nps-1", "nps-3"], ["nps-3"], ["nps-3"],
    ]  # fmt: skip
    assert len(org.records()["Case"]) == 5
    assert len(org.sleeps) == 3
    assert org.sleeps[0] < org.sleeps[1]


def test_a_row_that_stays_locked_is_looked_up_later_and_the_others_are_done(org: OrgWorld) -> None:
    org.fault("lock_row", path="composite/sobjects", rows=[1], times=1)
    org.fault("lock_row", path="composite/sobjects", rows=[0], times=None)
    batch = [back(ticket(org), f"nps-{n}") for n in range(3)]
    outcomes = by_key(list(sink(org).apply(batch)))
    assert isinstance(outcomes["nps-1"], OutcomeUnknownError)
    assert "UNABLE_TO_LOCK_ROW" in str(outcomes["nps-1"])
    assert [type(outcomes[key]) for key in ("nps-0", "nps-2")] == [Receipt, Receipt]
    assert sink(org).find(batch).keys() == {"nps-0", "nps-2"}


def test_a_locked_row_whose_next_request_is_throttled_waits_in_the_outbox(org: OrgWorld) -> None:
    org.fault("lock_row", path="composite/sobjects", rows=[1])
    org.fault("429", method="POST", path="composite/sobjects")
    outcomes = until(ThrottledError, sink(org).apply([back(ticket(org), f"nps-{n}") for n in range(3)]))
    assert {each.key: type(each.result) for each in outcomes} == {"nps-0": Receipt, "nps-2": Receipt}


def test_a_bad_row_rejects_only_itself_with_the_vendors_words(org: OrgWorld) -> None:
    org.fault("row_error", path="composite/sobjects", rows=[1])
    outcomes = by_key(list(sink(org).apply([back(ticket(org), f"nps-{n}") for n in range(3)])))
    refused = outcomes["nps-1"]
    assert isinstance(refused, RejectedError)
    assert refused.code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert "The tenant's rule says no" in str(refused)
    assert "exempt the connector's user" in str(refused)
    assert [type(outcomes[key]) for key in ("nps-0", "nps-2")] == [Receipt, Receipt]


def test_a_lost_answer_leaves_every_row_of_the_request_unknown_until_found(org: OrgWorld) -> None:
    org.fault("drop_after_write", path="composite/sobjects")
    batch = [back(ticket(org), f"nps-{n}") for n in range(3)]
    outcomes = list(sink(org).apply(batch))
    assert all(isinstance(outcome.result, OutcomeUnknownError) for outcome in outcomes)
    found = sink(org).find(batch)
    assert all(isinstance(found[write_back.key], Receipt) for write_back in batch)
    assert len(org.records()["Case"]) == 3


REFUSALS = [
    ("429", ThrottledError),
    ("420", ThrottledError),
    ("concurrent_limit", ThrottledError),
    ("daily_limit", FuseError),
    ("api_disabled", AuthError),
]


@pytest.mark.parametrize(("fault", "raises"), REFUSALS)
def test_what_is_sent_while_the_org_refuses_all_has_no_outcome(
    org: OrgWorld, fault: str, raises: type[Exception]
) -> None:
    org.fault(fault, method="POST", path="composite/sobjects")
    outcomes = until(raises, sink(org).apply([back(ticket(org), f"nps-{n}") for n in range(3)]))
    assert outcomes == []
    assert org.records()["Case"] == []


@pytest.mark.parametrize("again", [0, 1, 2])
def test_a_look_up_that_the_org_gives_up_refuses_no_write_back(org: OrgWorld, again: int) -> None:
    note = AddNote(on="contact", contact_id=org.someone()[0], text="Asked.")
    batch = [back(ticket(org), "nps-ticket"), back(note, "nps-note")]
    org.fault("query_timeout", path="query", skip=again)
    outcomes = until(UnavailableError, sink(org).apply(batch))
    assert all(isinstance(each.result, Receipt) for each in outcomes)
    org.fault("query_timeout", path="query")
    with pytest.raises(UnavailableError, match="QUERY_TIMEOUT"):
        sink(org).find(batch)
    assert {type(each.result) for each in sink(org).apply(batch)} == {Receipt}
    assert len(org.records()["Case"]) == 1


def test_a_bug_leaves_the_rows_in_hand_unknown(org: OrgWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    from connector.adapters.salesforce import collections

    def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(collections, "_result", bug)
    outcomes = until(
        ZeroDivisionError,
        sink(org).apply([back(ticket(org)), back(AddToGroup(contact_id=org.someone()[0], group="x"))]),
    )
    assert [(each.key, type(each.result)) for each in outcomes] == [(KEY, OutcomeUnknownError)]


def test_a_demanded_field_is_told_in_the_words_of_the_rule(org: OrgWorld) -> None:
    with OrgWorld({"case_validation": "origin_required"}, ticket_source="") as strict:
        refused = result(strict, ticket(strict))
        assert isinstance(refused, RejectedError)
        assert "Every case needs an origin." in str(refused)
        assert isinstance(result(strict, ticket(strict, source="NPS")), Receipt)


def test_kinds_that_are_not_served_are_refused(org: OrgWorld) -> None:
    assert isinstance(result(org, Notify(subject="s", text="t")), RejectedError)
    with pytest.raises(ConfigError, match="does not serve notify"):
        sink(org).effect_class("notify")
    assert sink(org).effect_class("open_ticket") is EffectClass.KEYED


# ---------------------------------------------------------------- comments
def test_a_comment_is_published_only_if_the_rule_says_so(org: OrgWorld) -> None:
    opened = receipt(org, ticket(org, internal="x"))
    for internal in (True, False):
        note = AddNote(on="ticket", contact_id=None, text="more", internal=internal, parent_id=opened.record_id)
        receipt(org, note, f"nps-note-{internal}".lower())
    shown = {row["CommentBody"]: row["IsPublished"] for row in org.records()["CaseComment"]}
    assert shown == {f"x\n{KEY}": False, "more\nnps-note-true": False, "more\nnps-note-false": True}


def test_a_comment_on_a_deleted_case_says_that_it_is_gone(org: OrgWorld) -> None:
    opened = receipt(org, ticket(org))
    for act in ("delete", "purge"):
        org.technician(act, opened.record_id)
        note = AddNote(on="ticket", contact_id=None, text="more", parent_id=opened.record_id)
        refused = result(org, note, f"nps-{act}")
        assert isinstance(refused, RejectedError)
        assert refused.status == 404


def test_a_comment_without_a_case_is_refused_and_was_never_there(org: OrgWorld) -> None:
    note = back(AddNote(on="ticket", contact_id=org.someone()[0], text="x"))
    assert sink(org).find([note]) == {}
    refused = result(org, note.change)
    assert isinstance(refused, RejectedError)
    assert refused.code == "NoParent"


# ---------------------------------------------------------------- tasks
def task(org: OrgWorld, **other: Any) -> CreateTask:
    contact, company = org.someone()
    base = CreateTask(company_id=company, contact_id=contact, summary="Call Ann", text="gave 3", owner=("member:bob",))
    return replace(base, **other)


def test_a_task_stands_with_its_owner_day_and_key(any_org: OrgWorld) -> None:
    got = receipt(any_org, task(any_org, due_at=AT, status="waiting on someone else"))
    contact, company = any_org.someone()
    [shown] = any_org.records()["Task"]
    assert (shown["WhoId"], shown["WhatId"], shown["OwnerId"]) == (contact, company, user_id(BOB))
    assert (shown["Subject"], shown["ActivityDate"], shown["Status"]) == (
        "Call Ann",
        "2026-11-20",
        "Waiting on someone else",
    )
    assert shown["Description"] == f"gave 3\nDue Fri 20 Nov 2026 16:20 UTC\n{KEY}"
    assert shown["NPS_Key__c"] == KEY
    assert got.record_id == shown["Id"]


@pytest.mark.parametrize("hidden", [[], ["Task.NPS_Key__c"]])
def test_tasks_and_notes_are_found_by_key_or_by_their_text(org: OrgWorld, hidden: list[str]) -> None:
    org.permit(hide=hidden)
    contact, _ = org.someone()
    batch = [back(task(org), "nps-t"), back(AddNote(on="contact", contact_id=contact, text="NPS: 3 of 10"), "nps-n")]
    first = by_key(list(sink(org).apply(batch)))
    again = by_key(list(sink(org).apply(batch)))
    for key in ("nps-t", "nps-n"):
        one, other = first[key], again[key]
        assert isinstance(one, Receipt)
        assert isinstance(other, Receipt)
        assert (one.record_id, one.already_there, other.already_there) == (other.record_id, False, True)
    assert len(org.records()["Task"]) == 2


def test_a_note_on_a_contact_is_a_task_that_is_done(org: OrgWorld) -> None:
    contact, _ = org.someone()
    got = receipt(org, AddNote(on="contact", contact_id=contact, text="NPS: 3 of 10\nSlow."))
    [shown] = org.records()["Task"]
    assert got.record_type == "contact_note"
    assert (shown["WhoId"], shown["Status"], shown["IsClosed"]) == (contact, "Completed", True)
    assert (shown["Subject"], shown["Description"]) == ("NPS: 3 of 10 / Slow.", f"NPS: 3 of 10\nSlow.\n{KEY}")


def test_a_task_that_nobody_can_be_given_says_why(org: OrgWorld) -> None:
    refused = result(org, task(org, owner=("territory_manager", "member:dora")))
    assert isinstance(refused, RejectedError)
    assert "territory manager" in str(refused)
    assert "inactive" in str(refused)
    assert org.records()["Task"] == []


def test_a_task_under_our_key_of_another_account_is_not_ours(org: OrgWorld) -> None:
    got = receipt(org, task(org))
    other = next(each for each in sorted(org.company_ids()) if each != org.someone()[1])
    org.technician("set", got.record_id, values={"WhatId": other, "WhoId": None})
    assert isinstance(result(org, task(org)), ContractError)


# ---------------------------------------------------------------- changed answers
def test_a_changed_answer_changes_subject_and_priority_in_their_order(org: OrgWorld) -> None:
    opened = receipt(org, ticket(org))
    _, company = org.someone()
    changes = [
        UpdateTicket(company_id=company, summary=f"changed {n}", priority="High", ticket_id=opened.record_id)
        for n in (1, 2)
    ]
    outcomes = by_key(list(sink(org).apply([back(change, f"nps-u{n}") for n, change in enumerate(changes)])))
    assert all(isinstance(each, Receipt) for each in outcomes.values())
    assert (org.summary(opened.record_id), org.case(opened.record_id)["Priority"]) == ("changed 2", "High")
    unchanged = receipt(org, changes[1], "nps-u1")
    assert unchanged.already_there


def test_a_changed_answer_leaves_a_deleted_case_and_one_of_another_account(org: OrgWorld) -> None:
    _, company = org.someone()
    gone, moved = receipt(org, ticket(org), "nps-1"), receipt(org, ticket(org), "nps-2")
    org.technician("delete", gone.record_id)
    org.move_ticket(moved.record_id)
    assert isinstance(result(org, UpdateTicket(company_id=company, summary="x", ticket_id=gone.record_id)), Superseded)
    change = UpdateTicket(company_id=company, summary="x", ticket_id=moved.record_id)
    assert isinstance(result(org, change), ContractError)


# ---------------------------------------------------------------- campaigns
def test_a_new_member_has_the_status_of_the_settings(org: OrgWorld) -> None:
    contact, _ = org.someone()
    receipt(org, AddToGroup(contact_id=contact, group="nps 2026"), campaign_status="responded")
    [row] = org.records()["CampaignMember"]
    assert (row["ContactId"], row["Status"], row["HasResponded"], row["NPS_Key__c"]) == (
        contact,
        "Responded",
        True,
        KEY,
    )


MEMBERS = [
    ("Sent", "responded", "Responded", False),
    ("Responded", "Sent", "Responded", True),
    ("Opted Out", "Responded", "Opted Out", True),
    ("Sent", "", "Sent", True),
]


@pytest.mark.parametrize(("was", "configured", "stands", "already_there"), MEMBERS)
def test_a_member_responds_and_is_never_put_back(
    org: OrgWorld, was: str, configured: str, stands: str, already_there: bool
) -> None:
    contact, _ = org.someone()
    org.technician("join", contact, status=was)
    write_back = back(AddToGroup(contact_id=contact, group="NPS 2026"))
    port = sink(org, campaign_status=configured)
    assert (KEY in port.find([write_back])) == already_there
    got = receipt(org, write_back.change, campaign_status=configured)
    assert got.already_there == already_there
    assert got.before == ({"member": True} if already_there else {"member": True, "status": was})
    [row] = org.records()["CampaignMember"]
    assert row["Status"] == stands
    assert KEY in port.find([write_back])


def test_a_status_that_the_campaign_lacks_is_refused_with_those_it_has(org: OrgWorld) -> None:
    contact, _ = org.someone()
    refused = result(org, AddToGroup(contact_id=contact, group="NPS 2026"), campaign_status="Answered")
    assert isinstance(refused, RejectedError)
    assert "Sent, Responded, Opted Out" in str(refused)
    assert not org.is_member(contact)


def test_a_contact_asked_twice_at_once_is_added_once(org: OrgWorld) -> None:
    contact, _ = org.someone()
    batch = [back(AddToGroup(contact_id=contact, group="NPS 2026"), f"nps-{n}") for n in range(2)]
    outcomes = by_key(list(sink(org).apply(batch)))
    befores = [each.before for each in outcomes.values() if isinstance(each, Receipt)]
    assert befores == [{"member": False}, {"member": True}]
    assert len(org.records()["CampaignMember"]) == 1


@pytest.mark.parametrize("group", ["NPS 2026' OR Name != '", "NPS%", "", "\\"])
def test_a_hostile_name_of_a_campaign_is_only_a_name(org: OrgWorld, group: str) -> None:
    refused = result(org, AddToGroup(contact_id=org.someone()[0], group=group))
    assert isinstance(refused, RejectedError)
    assert "no campaign is called" in str(refused)


def test_a_batch_of_everything_costs_few_calls(org: OrgWorld) -> None:
    people = org.people(40)
    opened = receipt(org, ticket(org), "nps-parent")
    batch = []
    for n, (contact, company) in enumerate(people):
        batch += [
            back(OpenTicket(company_id=company, contact_id=contact, board="", summary="x"), f"nps-t{n}"),
            back(CreateTask(company_id=company, contact_id=contact, summary="x", owner=("member:bob",)), f"nps-k{n}"),
            back(AddNote(on="ticket", contact_id=contact, text="x", parent_id=opened.record_id), f"nps-n{n}"),
            back(AddToGroup(contact_id=contact, group="Autumn Webinar"), f"nps-g{n}"),
        ]
    outcomes = by_key(list(sink(org).apply(batch)))
    assert all(isinstance(each, Receipt) for each in outcomes.values())
    assert len(outcomes) == 160
    assert len(org.wires[-1].calls) < 20


def test_two_looks_a_grace_apart_are_later_than_a_request_may_run_on(org: OrgWorld) -> None:
    assert 2 * timedelta(seconds=sink(org).grace()) >= timedelta(minutes=10)
