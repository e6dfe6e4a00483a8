"""Answers as people find them: in fields, as records of their own, as notes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.responses import response_field
from connector.adapters.salesforce.wire_types import WireDescribe, WireField
from connector.domain import Receipt
from connector.errors import ContractError, OutcomeUnknownError, RejectedError, ThrottledError
from connector.ports import Superseded

from .org import OrgWorld
from .writing import AT, KEY, answer, back, by_key, receipt, result, sink, until, value, written


def test_an_answer_stands_in_fields_and_as_a_record(any_org: OrgWorld) -> None:
    got = receipt(any_org, answer(any_org))
    contact, company = any_org.someone()
    fields = any_org.records()["Contact"][contact]
    assert (fields["NPS_Score__c"], fields["NPS_Date__c"], fields["NPS_Comment__c"]) == (
        3, "2026-11-20T16:20:00.000+0000", "Slow.",
    )  # fmt: skip
    [row] = any_org.records()["NPS_Response__c"]
    assert (got.record_id, got.record_type) == (row["Id"], "response")
    assert got.before == {"NPS Score": None, "NPS Date": None, "NPS Comment": None}
    assert row["Response_Key__c"] == KEY
    assert (row["Contact__c"], row["Account__c"]) == (contact, company)
    assert (row["Score__c"], row["Category__c"], row["Comment__c"]) == (3, "Detractor", "Slow.")
    assert (row["Responded_At__c"], row["Note__c"]) == ("2026-11-20T16:20:00.000+0000", "NPS: 3 of 10")
    assert any_org.records()["Task"] == []


@pytest.mark.parametrize("how", ["hidden", "readonly", "not_named"])
def test_an_org_without_the_object_gets_the_answer_as_a_note(org: OrgWorld, how: str) -> None:
    settings: dict[str, Any] = {"response_object": ""} if how == "not_named" else {}
    if how == "hidden":
        org.permit(hide=["NPS_Response__c"])
    if how == "readonly":
        org.permit(readonly=["NPS_Response__c"])
    got = receipt(org, answer(org), **settings)
    assert got.record_type == "contact_note"
    assert got.before is not None
    [note] = org.records()["Task"]
    assert (note["Id"], note["Description"]) == (got.record_id, f"NPS: 3 of 10\n{KEY}")
    assert receipt(org, answer(org), **settings).already_there


def test_the_fields_of_an_admins_object_go_by_its_own_names(org: OrgWorld) -> None:
    fields = {"My Score": "Legacy_Code__c", "note": "Survey__c"}
    receipt(org, answer(org, fields={"My Score": 3}), response_fields=fields)
    [row] = org.records()["NPS_Response__c"]
    assert (row["Legacy_Code__c"], row["Survey__c"], row.get("Score__c")) == ("3", "NPS: 3 of 10", None)


def test_an_object_without_an_external_id_is_refused_before_anything_is_written(org: OrgWorld) -> None:
    refused = result(org, answer(org), response_key="Survey__c")
    assert isinstance(refused, RejectedError)
    assert "has no external id Survey__c" in str(refused)
    assert org.records()["Contact"] == {}


def test_what_the_record_cannot_hold_is_refused_before_the_fields_are_set(org: OrgWorld) -> None:
    change = answer(org, fields={"NPS Score": 3, "Category": "Furious"})
    refused = result(org, change)
    assert isinstance(refused, RejectedError)
    assert "cannot hold 'Furious'" in str(refused)
    assert org.records()["Contact"] == {}


def test_what_a_person_changed_on_a_record_or_its_contact_stays(org: OrgWorld) -> None:
    got = receipt(org, answer(org))
    contact, _ = org.someone()
    org.technician("set", got.record_id, values={"Comment__c": "They called again."})
    org.technician("set", contact, values={"NPS_Comment__c": "see case"})
    assert receipt(org, answer(org)).already_there
    assert org.records()["NPS_Response__c"][0]["Comment__c"] == "They called again."
    assert org.field(contact, "NPS Comment") == "see case"


def test_a_record_under_our_key_of_another_contact_is_not_ours(org: OrgWorld) -> None:
    got = receipt(org, answer(org))
    other = next(c for c, _ in org.people(20) if c != org.someone()[0])
    org.technician("set", got.record_id, values={"Contact__c": other})
    assert isinstance(result(org, answer(org)), ContractError)


def test_fields_set_without_their_record_are_of_unknown_outcome(org: OrgWorld) -> None:
    org.fault("429", method="PATCH", path="NPS_Response__c")
    outcomes = until(ThrottledError, sink(org).apply([back(answer(org))]))
    assert [(each.key, type(each.result)) for each in outcomes] == [(KEY, OutcomeUnknownError)]
    assert sink(org).find([back(answer(org))]) == {}  # so it is done again, from the beginning
    again = receipt(org, answer(org))
    assert (again.already_there, len(org.records()["NPS_Response__c"])) == (False, 1)


def test_an_answer_whose_fields_stood_already_is_put_back_when_its_record_is_throttled(org: OrgWorld) -> None:
    receipt(org, answer(org))
    org.fault("429", method="PATCH", path="NPS_Response__c")
    outcomes = until(ThrottledError, sink(org).apply([back(answer(org), "nps-other")]))
    assert outcomes == []


def test_two_changes_of_one_contact_keep_their_order(org: OrgWorld) -> None:
    batch = [back(value(org, given), f"nps-{n}") for n, given in enumerate(("7", "9", "4"))]
    outcomes = by_key(list(sink(org).apply(batch)))
    befores = [each.before for each in outcomes.values() if isinstance(each, Receipt)]
    assert befores == [{"NPS Score": None}, {"NPS Score": 7}, {"NPS Score": 9}]
    assert org.field(org.someone()[0], "NPS Score") == 4


def test_many_answers_are_one_request_for_fields_and_one_for_records(org: OrgWorld) -> None:
    batch = [back(answer(org, contact_id=contact), f"nps-{n:03d}") for n, (contact, _) in enumerate(org.people(150))]
    outcomes = by_key(list(sink(org).apply(batch)))
    assert all(isinstance(each, Receipt) for each in outcomes.values())
    assert [len(records) for records in written(org)] == [150, 150]
    assert len(org.records()["NPS_Response__c"]) == 150


def test_values_of_contacts_and_accounts_are_written_apart(org: OrgWorld) -> None:
    contact, company = org.someone()
    batch = [
        back(value(org, "7"), "nps-c"),
        back(value(org, "Detractor", on="company", record_id=company, field="NPS Status"), "nps-a"),
    ]
    assert all(isinstance(each.result, Receipt) for each in sink(org).apply(batch))
    assert (org.field(contact, "NPS Score"), org.field(company, "NPS Status")) == (7, "Detractor")


BAD_VALUES = [
    ("NPS Score", "many", "cannot hold 'many'"),
    ("NPS_Score__c", "nan", "cannot hold 'nan'"),
    ("NPS Date", "soon", "cannot hold 'soon'"),
    ("NPS Category", "Angry", "cannot hold 'Angry'"),
    ("NPS Opt Out", "perhaps", "cannot hold 'perhaps'"),
    ("No Such Field", "x", "contacts have no field"),
    ("IsDeleted", "true", "contacts have no field"),
]


@pytest.mark.parametrize(("field", "given", "says"), BAD_VALUES)
def test_a_value_that_a_field_cannot_hold_rejects_only_itself(org: OrgWorld, field: str, given: str, says: str) -> None:
    outcomes = by_key(
        list(
            sink(org).apply([back(value(org, given, field=field)), back(value(org, "7", field="nps score"), "nps-ok")])
        )
    )
    assert isinstance(outcomes[KEY], RejectedError)
    assert says in str(outcomes[KEY])
    assert isinstance(outcomes["nps-ok"], Receipt)


def test_a_look_up_tells_of_the_others_though_one_value_is_bad(org: OrgWorld) -> None:
    contact, company = org.someone()
    receipt(org, value(org, "7"), "nps-ok")
    told = answer(org, contact_id=next(c for c, _ in org.people(20) if c != contact))
    receipt(org, told, "nps-told")
    batch = [
        back(value(org, "many"), "nps-bad"),
        back(value(org, "7"), "nps-ok"),
        back(told, "nps-told"),
        back(value(org, "Detractor", on="company", record_id=company, field="NPS Status"), "nps-account"),
    ]
    found = sink(org).find(batch)
    assert {key: type(each) for key, each in found.items()} == {
        "nps-bad": RejectedError, "nps-ok": Receipt, "nps-told": Receipt,
    }  # fmt: skip
    found = sink(org, response_key="Survey__c").find(batch)
    assert {key: type(each) for key, each in found.items()} == {
        "nps-bad": RejectedError, "nps-ok": Receipt, "nps-told": RejectedError,
    }  # fmt: skip
    org.permit(hide=["Account"])
    found = sink(org).find(batch)
    assert (type(found["nps-account"]), type(found["nps-ok"])) == (RejectedError, Receipt)


@pytest.mark.parametrize("given", ["1e1000000", "1e19", "-1e400"])
def test_a_number_that_no_field_holds_is_refused_in_no_time(org: OrgWorld, given: str) -> None:
    refused = result(org, value(org, given))
    assert isinstance(refused, RejectedError)
    assert refused.code == "BadValue"


def test_where_the_usual_field_of_an_answer_is_hidden_the_one_with_the_label_takes_it(org: OrgWorld) -> None:
    described = Described(
        WireDescribe(name="NPS_Response__c", fields=[WireField(name="Points__c", label="NPS Score"),
                                                     WireField(name="Person__c", label="Contact")])
    )  # fmt: skip
    found = {
        caption: response_field(described, org.settings(), caption) for caption in ("NPS score", "contact", "note")
    }
    assert {caption: field.name if field else None for caption, field in found.items()} == {
        "NPS score": "Points__c", "contact": "Person__c", "note": None,
    }  # fmt: skip
    hidden = org.settings(response_fields={"NPS Score": "Nowhere__c"})
    assert response_field(described, hidden, "NPS Score") is None


GOOD_VALUES = [
    ("NPS Category", "detractor", "Detractor"),
    ("NPS Opt Out", "yes", True),
    ("NPS Date", "2026-11-20", "2026-11-20T00:00:00.000+0000"),
    ("Description", "two\nlines <b>", "two\nlines ‹b›"),
    ("Department", "two\nlines", "two / lines"),
    ("Title", "x" * 300, "x" * 127 + "…"),
    ("NPS Score", "", None),
]


@pytest.mark.parametrize(("field", "given", "stands"), GOOD_VALUES)
def test_a_value_is_written_as_its_field_takes_it(org: OrgWorld, field: str, given: str, stands: object) -> None:
    receipt(org, value(org, "9"), "nps-before")
    first = receipt(org, value(org, given, field=field))
    assert not first.already_there
    assert org.field(org.someone()[0], field) == stands
    assert receipt(org, value(org, given, field=field)).already_there


def test_a_record_that_is_gone_is_told_as_gone(org: OrgWorld) -> None:
    contact, _ = org.someone()
    org.technician("delete", contact)
    for change in (answer(org), value(org, "7")):
        refused = result(org, change)
        assert isinstance(refused, RejectedError)
        assert refused.status == 404
        assert sink(org).find([back(change)]) == {}


def test_a_duplicate_rule_that_alerts_is_passed_and_one_that_blocks_is_told(org: OrgWorld) -> None:
    receipt(org, answer(org))
    other = answer(org, fields={"NPS Score": 3})
    org.control("POST", "duplicate_rule", {"object": "NPS_Response__c", "action": "alert"})
    assert isinstance(result(org, other, "nps-alert"), Receipt)
    org.control("POST", "duplicate_rule", {"object": "NPS_Response__c", "action": "block"})
    refused = result(org, other, "nps-block")
    assert isinstance(refused, RejectedError)
    assert refused.code == "DUPLICATES_DETECTED"
    assert "a duplicate rule blocks it" in str(refused)


def test_an_older_answer_is_superseded_and_leaves_no_record(org: OrgWorld) -> None:
    receipt(org, answer(org), "nps-newer")
    older = result(org, answer(org, responded_at=AT - timedelta(days=1), fields={"NPS Score": 9}))
    assert isinstance(older, Superseded)
    assert [row["Response_Key__c"] for row in org.records()["NPS_Response__c"]] == ["nps-newer"]
