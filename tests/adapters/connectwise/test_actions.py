"""Tasks, groups, single fields and every option of a ticket, as people find them in the stand-in PSA."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain import AddToGroup, CreateTask, OpenTicket, Receipt, SetField
from connector.errors import ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Superseded

from .psa import PsaWorld
from .test_sink import AT, KEY, back, outcome, posted, receipt, sink, ticket

OWN = "acme"


def task(psa: PsaWorld, **other: Any) -> CreateTask:
    contact, company = psa.someone()
    base = CreateTask(company_id=company, contact_id=contact, summary="Call Ann", text="Gave 3.", owner=("member:bob",))
    return replace(base, **other)


def setting(psa: PsaWorld, **other: Any) -> SetField:
    base = SetField(on="contact", record_id=psa.someone()[0], field="NPS Band", value="detractor", responded_at=AT)
    return replace(base, **other)


def shown(psa: PsaWorld, what: str = "tickets") -> Any:
    [one] = psa.control("GET", "records")[what]
    return one


# ------------------------------------------------------------ tasks
def test_a_task_has_its_owner_its_contact_its_time_and_tells_nobody(any_psa: PsaWorld) -> None:
    got = receipt(any_psa, task(any_psa, due_at=AT, type="task", status="Open"))
    found = shown(any_psa, "activities")
    assert (got.record_type, got.record_id) == ("task", str(found["id"]))
    assert (found["name"], found["notes"]) == ("Call Ann", f"Gave 3. {KEY}")
    assert (found["assignTo"]["identifier"], found["type"]["name"], found["status"]["name"]) == ("bob", "Task", "Open")
    assert (str(found["company"]["id"]), str(found["contact"]["id"])) == any_psa.someone()[::-1]
    assert (found["dateStart"], found["dateEnd"], found["notifyFlag"]) == (AT.strftime("%Y-%m-%dT%H:%M:%SZ"),) * 2 + (
        False,
    )


def test_a_task_for_nobody_is_refused_with_the_reason_of_each_step(psa: PsaWorld) -> None:
    result = outcome(psa, task(psa, company_id="5001", contact_id=None, owner=("member:dave", "member:x"))).result
    assert isinstance(result, RejectedError)
    assert "dave is inactive (member); there is no member x; end owner with a member:<identifier>" in str(result)


def test_tasks_of_a_batch_are_looked_up_at_once(psa: PsaWorld) -> None:
    results = [one.result for one in sink(psa).apply([back(task(psa), f"nps-{number:036d}") for number in range(6)])]
    assert all(isinstance(result, Receipt) for result in results)
    looks = [call for call, _ in psa.wires[-1].exchanges if call.path == "/sales/activities" and not call.writes]
    assert len(looks) == 1


def test_a_company_whose_activities_cannot_be_read_keeps_its_task_back_and_stops_no_other(psa: PsaWorld) -> None:
    company = psa.someone()[1]
    bad = {"name": "x", "company": {"id": int(company)}, "notes": {"no": "text"}}
    psa.control("POST", "edit", {"path": "/sales/activities", "set": bad})
    batch = [back(task(psa), "nps-bad"), back(task(psa, contact_id=None, company_id="5001"), "nps-good")]
    batch.append(back(ticket(psa), "nps-ticket"))
    results = {one.key: one.result for one in sink(psa).apply(batch)}
    assert isinstance(results["nps-bad"], ContractError)
    assert isinstance(results["nps-good"], Receipt)
    assert isinstance(results["nps-ticket"], Receipt)


def test_a_task_that_cannot_be_looked_up_is_not_made_and_stops_no_other(psa: PsaWorld) -> None:
    batch = [back(task(psa, company_id="1 or 1=1"), "nps-bad"), back(task(psa), "nps-good")]
    results = {one.key: one.result for one in sink(psa).apply(batch)}
    assert isinstance(results["nps-bad"], RejectedError)
    assert isinstance(results["nps-good"], Receipt)
    assert shown(psa, "activities")["notes"].endswith("nps-good")


@pytest.mark.parametrize(
    ("wrong", "words"), [({"type": "Tsk"}, 'did you mean "Task"'), ({"status": "x"}, "no task st")]
)
def test_a_task_of_an_unknown_kind_is_refused(psa: PsaWorld, wrong: dict[str, Any], words: str) -> None:
    result = outcome(psa, task(psa, **wrong)).result
    assert isinstance(result, RejectedError)
    assert words in str(result)


# ------------------------------------------------------------ groups
def test_a_contact_who_opted_out_of_a_group_stays_opted_out(any_psa: PsaWorld) -> None:
    contact = any_psa.someone()[0]
    any_psa.edit(f"/marketing/groups/7/contacts/{contact}", unsubscribeFlag=True, note="by phone")
    got = receipt(any_psa, AddToGroup(contact_id=contact, group="nps 2026"))
    assert (got.already_there, got.before) == (True, {"member": True})
    assert not [call for call, _ in any_psa.wires[-1].exchanges if call.writes]


def test_an_inactive_group_takes_nobody(psa: PsaWorld) -> None:
    result = outcome(psa, AddToGroup(contact_id=psa.someone()[0], group="Old List")).result
    assert isinstance(result, RejectedError)
    assert 'no marketing group "Old List"' in str(result)


def test_a_contact_that_is_gone_is_refused_in_the_vendors_words(psa: PsaWorld) -> None:
    result = outcome(psa, AddToGroup(contact_id="999999", group="NPS 2026")).result
    assert isinstance(result, RejectedError)
    assert "Record 999999 not found" in str(result)


# ------------------------------------------------------------ single fields
def test_a_field_of_the_company_is_set_and_its_other_fields_survive(any_psa: PsaWorld) -> None:
    company = any_psa.someone()[1]
    any_psa.edit(f"/company/companies/{company}", customFields=[{"id": 52, "value": "2026-01-01T00:00:00Z"}])
    got = receipt(any_psa, setting(any_psa, on="company", record_id=company, field="nps status", value="at risk"))
    assert (got.record_type, got.before) == ("company", {"NPS Status": None})
    assert any_psa.control("GET", "records")["company_fields"][company] == {
        "NPS Status": "at risk",
        "NPS Status Date": "2026-01-01T00:00:00Z",
    }


def test_a_field_that_is_not_there_is_refused_with_the_way_to_get_it(psa: PsaWorld) -> None:
    for change in (setting(psa, field="NPS Wave"), setting(psa, responded_at_field="NPS Wave")):
        result = outcome(psa, change).result
        assert isinstance(result, RejectedError)
        assert 'contacts have no custom field "NPS Wave"' in str(result)
        assert "connector setup psa" in str(result)
        assert sink(psa).find([back(change)]) == {}
    assert not [call for call, _ in psa.wires[-1].exchanges if call.writes]


def test_a_value_that_the_field_cannot_hold_is_refused(psa: PsaWorld) -> None:
    result = outcome(psa, setting(psa, field="NPS Score", value="many")).result
    assert isinstance(result, RejectedError)
    assert 'custom field "NPS Score" is of type Number' in str(result)


def test_a_dropped_connection_is_found_to_have_set_the_field(any_psa: PsaWorld) -> None:
    any_psa.fault("drop_after_write", method="PATCH")
    change = setting(any_psa)
    assert isinstance(outcome(any_psa, change).result, OutcomeUnknownError)
    there = sink(any_psa).find([back(change)])[KEY]
    assert isinstance(there, Receipt)
    assert (there.already_there, there.before) == (True, None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.integers(0, 9), min_size=2, max_size=5))
def test_whatever_the_order_the_newest_answer_stands(psa: PsaWorld, days: list[int]) -> None:
    psa.control("POST", "reset")
    port = sink(psa)
    for number, day in enumerate(days):
        change = setting(psa, value=f"day {day}", responded_at=AT + timedelta(days=day), responded_at_field="NPS Date")
        [one] = port.apply([back(change, f"nps-{number}")])
        newer_before = any(earlier > day for earlier in days[:number])
        assert isinstance(one.result, Superseded) == newer_before
    assert psa.field(psa.someone()[0], "NPS Band") == f"day {max(days)}"


# ------------------------------------------------------------ tickets: every option
FULL = {
    "type": "Incident", "subtype": "detractor", "item": "Follow-up", "team": "Customer Success Team", "source": "NPS",
    "location": "Branch Office", "severity": "High", "impact": "Low",
}  # fmt: skip


def test_a_ticket_has_every_option_by_its_name(any_psa: PsaWorld) -> None:
    receipt(any_psa, ticket(any_psa, company_id="5001", contact_id="1001", agreement="managed services", **FULL))
    found = shown(any_psa)
    names = {key: found[key]["name"] for key in ("type", "subType", "item", "team", "source", "location", "agreement")}
    assert names == {
        "type": "Incident", "subType": "Detractor", "item": "Follow-up", "team": "Customer Success Team",
        "source": "NPS", "location": "Branch Office", "agreement": "Managed Services",
    }  # fmt: skip
    assert (found["severity"], found["impact"]) == ("High", "Low")


def test_an_option_of_the_action_wins_over_that_of_the_connection(psa: PsaWorld) -> None:
    receipt(psa, ticket(psa, type="Request"), ticket_source="Email")
    found = shown(psa)
    assert (found["type"]["name"], found["source"]["name"]) == ("Request", "Email")


def test_a_company_without_the_agreement_gets_its_ticket_all_the_same(psa: PsaWorld) -> None:
    receipt(psa, ticket(psa, agreement="No such"))
    assert "agreement" not in shown(psa)


@pytest.mark.parametrize("option", sorted({*FULL} - {"severity", "impact"}))
def test_an_option_that_is_not_there_is_refused_by_its_name(psa: PsaWorld, option: str) -> None:
    result = outcome(psa, ticket(psa, **{option: "No such"})).result
    assert isinstance(result, RejectedError)
    assert f'{option} "No such" in the PSA' in str(result)


def test_what_the_board_demands_is_named_with_the_key_that_sets_it() -> None:
    with PsaWorld({"ticket_mandatory_fields": "many"}) as psa:
        result = outcome(psa, ticket(psa), ticket_type="").result
        assert isinstance(result, RejectedError)
        said = str(result)
        assert "subType: The subType field is required." in said
        assert "rule rule, act: " in said
        assert (
            'board "Customer Success" demands type: write type: … (Customer Feedback, Incident, Request) under' in said
        )
        assert "or connections.psa.ticket_type for all" in said
        assert 'demands item: write item: … (Follow-up) under open_ticket; board "Cust' in said
        assert "demands location: write location: … under open_ticket" in said
        receipt(psa, ticket(psa, **FULL))


def own_id(psa: PsaWorld) -> int:
    companies = psa._server.world.tables["companies"]
    return next(n for n in companies.ids(0) if (companies.row(0, n) or {})["identifier"].casefold() == OWN)


def test_a_ticket_at_our_own_company_names_the_contact_in_text_only(any_psa: PsaWorld) -> None:
    company = any_psa.someone()[1]
    any_psa.edit(f"/company/companies/{company}", territoryManager={"id": 103})
    change = ticket(
        any_psa,
        own_company=True,
        contact_id=None,
        contact_name="Ann Example",
        contact_email="ann@example.com",
        contact_phone="1" * 21,
        owner=("territory_manager",),
    )
    first = receipt(any_psa, change)
    found = shown(any_psa)
    assert found["company"]["id"] == own_id(any_psa) != int(company)
    assert found.get("contact") is None
    assert (found["contactName"], found["contactEmailAddress"]) == ("Ann Example", "ann@example.com")
    assert not found.get("contactPhoneNumber"), "half a number would be a wrong one"
    assert found["owner"]["identifier"] == "carol", "the manager of the customer, not of our own company"
    again = receipt(any_psa, change)
    assert (again.record_id, again.already_there) == (first.record_id, True)
    there = sink(any_psa).find([back(change)])[KEY]
    assert isinstance(there, Receipt)
    assert any_psa.control("GET", "records")["mails"] == []


def test_a_ticket_of_our_own_needs_no_company_of_the_customer(any_psa: PsaWorld) -> None:
    change = OpenTicket(
        company_id="", contact_id=None, board="Customer Success", summary="x", own_company=True,
        owner=("account_manager", "member:bob"),
    )  # fmt: skip
    receipt(any_psa, change)
    assert shown(any_psa)["owner"]["identifier"] == "bob"


def test_our_own_company_that_is_not_there_rejects_this_ticket_only(psa: PsaWorld) -> None:
    batch = [back(ticket(psa, own_company=True, contact_id=None), "nps-own"), back(ticket(psa), "nps-theirs")]
    results = {one.key: one.result for one in sink(psa, own_company='x" or id > 0').apply(batch)}
    assert isinstance(results["nps-own"], RejectedError)
    assert "connections.psa.own_company" in str(results["nps-own"])
    assert isinstance(results["nps-theirs"], Receipt)
    asked = [dict(call.query).get("conditions", "") for call, _ in psa.wires[-1].exchanges]
    assert not [condition for condition in asked if "id > 0" in condition]


def test_owners_that_left_are_skipped_for_the_next_of_the_chain(psa: PsaWorld) -> None:
    company = psa.someone()[1]
    psa.edit(f"/company/companies/{company}", territoryManager={"id": 104})
    receipt(psa, ticket(psa, owner=("territory_manager", "member:alice")))
    assert shown(psa)["owner"]["identifier"] == "alice"
    assert posted(psa, "/tickets")[0]["owner"] == {"id": 102}
