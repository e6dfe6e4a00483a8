"""Lists, single records and batch reads, by the genuine client where it has the call."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MARCH, SEPTEMBER, Portal


def error(call: Any) -> Any:
    """Return the client's exception of a call that must fail."""
    with pytest.raises(Exception) as caught:
        call()
    assert hasattr(caught.value, "status"), caught.value
    return caught.value


def test_the_official_client_pages_through_all_contacts_in_the_order_of_ids(crm: Portal) -> None:
    api, after, found = crm.hub.crm.contacts.basic_api, None, []
    while True:
        page = api.get_page(limit=60, after=after, archived=False)
        found += [int(row.id) for row in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert len(found) == 200
    assert found == sorted(found)
    assert found[0] == 901


@pytest.mark.parametrize("prefix", ["/crm/v3/objects", f"/crm/objects/{MARCH}", f"/crm/objects/{SEPTEMBER}"])
def test_every_version_serves_the_same_rows(crm: Portal, prefix: str) -> None:
    rows = crm.get(f"{prefix}/contacts", limit=3)["results"]
    assert [row["id"] for row in rows] == ["901", "902", "903"]
    assert rows[0]["properties"]["email"] == "ann@example.com"


def test_values_are_text_unset_ones_null_and_unknown_ones_left_out(crm: Portal) -> None:
    row = crm.get("/crm/v3/objects/contacts/901", properties="email,hs_email_hard_bounce_reason_enum,never_defined")
    assert row["properties"] == {
        "email": "ann@example.com",
        "hs_email_hard_bounce_reason_enum": None,
        "createdate": row["createdAt"],
        "lastmodifieddate": row["updatedAt"],
        "hs_object_id": "901",
    }


def test_properties_are_parted_by_commas_or_repeated(crm: Portal) -> None:
    comma = crm.call("GET", "/crm/v3/objects/contacts?properties=email,city&limit=1").json()
    repeated = crm.call("GET", "/crm/v3/objects/contacts?properties=email&properties=city&limit=1").json()
    assert comma["results"] == repeated["results"]
    assert comma["results"][0]["properties"].keys() >= {"email", "city"}


def test_a_trailing_slash_and_archived_with_a_capital_are_understood(crm: Portal) -> None:
    assert crm.get("/crm/v3/objects/contacts/", archived="False", limit=1)["results"][0]["id"] == "901"
    assert crm.get("/crm/v3/owners/")["results"] == crm.get("/crm/v3/owners")["results"]


def test_a_page_is_ten_rows_unless_asked_and_a_hundred_at_most(crm: Portal) -> None:
    assert len(crm.get("/crm/v3/objects/contacts")["results"]) == 10
    assert crm.call("GET", "/crm/v3/objects/contacts", limit=101).status_code == 400
    assert crm.call("GET", "/crm/v3/objects/contacts", limit=51, propertiesWithHistory="email").status_code == 400


def test_a_contact_is_found_by_its_address_in_any_case_and_by_an_additional_one(crm: Portal) -> None:
    api = crm.hub.crm.contacts.basic_api
    assert api.get_by_id("ANN@Example.com", id_property="email").id == "901"
    number = crm.labelled("additional_email")[0]
    second = crm.get(f"/crm/v3/objects/contacts/{number}", properties="hs_additional_emails")
    address = second["properties"]["hs_additional_emails"].split(";")[0]
    assert api.get_by_id(address, id_property="email").id == number
    assert error(lambda: api.get_by_id("nobody@example.com", id_property="email")).status == 404


def test_archived_contacts_are_in_their_own_list_only(crm: Portal) -> None:
    gone = crm.hub.crm.contacts.basic_api.get_page(archived=True).results
    assert [(row.id, row.archived, row.archived_at is not None) for row in gone] == [
        ("601", True, True),
        ("602", True, True),
        ("603", True, True),
    ]
    assert crm.call("GET", "/crm/v3/objects/contacts/601").status_code == 404
    assert crm.get("/crm/v3/objects/contacts/601", archived="true")["archived"] is True


def test_after_ninety_days_nobody_is_told_of_an_archived_record(crm: Portal) -> None:
    crm.control("clock", {"advance": 91 * 86_400})
    assert crm.get("/crm/v3/objects/contacts", archived="true")["results"] == []


def test_a_merged_away_id_leads_to_the_survivor(crm: Portal) -> None:
    [number] = crm.labelled("merged")
    row = crm.get("/crm/v3/objects/contacts/611", properties="hs_merged_object_ids,hs_calculated_merged_vids")
    assert row["id"] == number
    assert row["properties"]["hs_merged_object_ids"] == "611;612"
    read = crm.post("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": "611"}, {"id": "901"}]})
    assert [row["id"] for row in read["results"]] == [number, "901"]


def test_a_batch_read_names_the_missing_in_a_207(crm: Portal) -> None:
    read = crm.post("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": "901"}, {"id": "908"}]}, status=207)
    assert [row["id"] for row in read["results"]] == ["901"]
    assert (read["numErrors"], read["errors"][0]["category"]) == (1, "OBJECT_NOT_FOUND")
    assert read["errors"][0]["context"] == {"ids": ["908"]}


def test_a_batch_read_goes_by_a_unique_property_and_takes_a_hundred(crm: Portal) -> None:
    body = {"inputs": [{"id": "ann@example.com"}], "idProperty": "email", "properties": ["city"]}
    assert crm.hub.crm.contacts.batch_api.read(body).results[0].id == "901"
    many = {"inputs": [{"id": str(number)} for number in range(901, 1003)]}
    assert crm.call("POST", "/crm/v3/objects/contacts/batch/read", many).status_code == 400
    by_name = {"inputs": [{"id": "Ann"}], "idProperty": "firstname"}
    assert crm.call("POST", "/crm/v3/objects/contacts/batch/read", by_name).status_code == 400


def test_inline_associations_stop_at_a_hundred_and_say_so(crm: Portal) -> None:
    [consultant] = crm.labelled("consultant")
    found = crm.get(f"/crm/v3/objects/contacts/{consultant}", associations="companies")["associations"]["companies"]
    assert len(found["results"]) == 100
    assert found["results"][0]["type"] == "contact_to_company"
    assert found["paging"]["next"]["after"]


def test_a_history_tells_who_changed_a_value(crm: Portal) -> None:
    ticket = crm.post("/crm/v3/objects/tickets", {"properties": {"subject": "x", "hs_pipeline_stage": "1"}}, 201)
    crm.control("technician", {"act": "close", "ticket": ticket["id"], "by": "carol@example.com"})
    body = {"inputs": [{"id": ticket["id"]}], "propertiesWithHistory": ["hs_pipeline_stage"], "properties": []}
    [row] = crm.post("/crm/v3/objects/tickets/batch/read", body)["results"]
    closed, made = row["propertiesWithHistory"]["hs_pipeline_stage"]
    assert (closed["value"], closed["sourceType"], closed["updatedByUserId"]) == ("4", "CRM_UI", 901002)
    assert (made["value"], made["sourceType"]) == ("1", "INTEGRATION")


def test_a_uri_of_more_than_fifteen_thousand_characters_is_a_414(crm: Portal) -> None:
    names = ",".join(f"property_number_{number}" for number in range(900))
    assert crm.call("GET", "/crm/v3/objects/contacts", properties=names).status_code == 414


def test_opaque_cursors_mean_nothing_and_a_made_up_one_is_refused(strict: Portal) -> None:
    page = strict.get("/crm/v3/objects/contacts", limit=100)
    after = page["paging"]["next"]["after"]
    assert not after.isdecimal()
    assert len(strict.get("/crm/v3/objects/contacts", limit=100, after=after)["results"]) == 100
    assert strict.call("GET", "/crm/v3/objects/contacts", after="1001").status_code == 400


def test_times_come_with_and_without_a_fraction(strict: Portal) -> None:
    written = {row["updatedAt"] for row in strict.get("/crm/v3/objects/contacts", limit=100)["results"]}
    assert {"." in text for text in written} == {True, False}


def test_strict_rows_have_members_that_nobody_documented(strict: Portal) -> None:
    assert "recordSourceDetails" in strict.get("/crm/v3/objects/contacts/901")
    assert strict.hub.crm.contacts.basic_api.get_by_id("901").id == "901"


def test_a_primary_company_may_stand_twice_inline(strict: Portal) -> None:
    rows = strict.get("/crm/v3/objects/contacts/901", associations="companies")["associations"]["companies"]["results"]
    assert [row["id"] for row in rows] == ["951", "951"]


def test_answers_to_hubspots_own_surveys_can_be_read_and_not_written(crm: Portal) -> None:
    api = crm.hub.crm.objects.feedback_submissions
    rows = api.basic_api.get_page(properties=["hs_survey_type", "hs_value", "hs_content", "hs_contact_id"]).results
    nps = [row.properties for row in rows if row.properties["hs_survey_type"] == "NPS"]
    assert {"9", "3"} <= {row["hs_value"] for row in nps}
    assert nps[0]["hs_contact_id"] == "901"
    assert crm.call("POST", "/crm/v3/objects/feedback_submissions", {"properties": {}}).status_code == 404


def test_a_path_of_no_version_is_a_404(crm: Portal) -> None:
    for path in ("/crm/v2/objects/contacts", "/crm/objects/2025-01/contacts", "/crm/v4/objects/contacts"):
        assert crm.call("GET", path).status_code == 404
    crm.control("settings", {"ended": ["v3"]})
    assert crm.call("GET", "/crm/v3/objects/contacts").status_code == 404
    assert crm.call("GET", f"/crm/objects/{SEPTEMBER}/contacts").status_code == 200
