"""Properties and groups, pipelines, owners, schemas, account, communication preferences."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import SEPTEMBER, Portal

SCORE = {"name": "survey_score", "label": "Survey score", "type": "number", "fieldType": "number", "groupName": "nps"}


@pytest.fixture
def grouped(crm: Portal) -> Portal:
    crm.post("/crm/v3/properties/contacts/groups", {"name": "nps", "label": "NPS"}, 201)
    crm.post("/crm/v3/properties/tickets/groups", {"name": "nps", "label": "NPS"}, 201)
    return crm


def test_the_official_client_makes_a_group_and_a_property_and_writes_it(crm: Portal) -> None:
    crm.hub.crm.properties.groups_api.create("contacts", {"name": "nps", "label": "NPS", "displayOrder": -1})
    made = crm.hub.crm.properties.core_api.create("contacts", SCORE)
    assert (made.name, made.group_name, made.hubspot_defined) == ("survey_score", "nps", False)
    crm.call("PATCH", "/crm/v3/objects/contacts/901", {"properties": {"survey_score": 9}})
    row = crm.get("/crm/v3/objects/contacts/901", properties="survey_score")
    assert row["properties"]["survey_score"] == "9"
    assert crm.control("records")["properties"]["contacts"] == ["survey_score"]


def test_a_custom_property_can_be_told_from_hubspots_own(crm: Portal) -> None:
    rows = {row["name"]: row for row in crm.get(f"/crm/properties/{SEPTEMBER}/contacts")["results"]}
    assert rows["lifecyclestage"]["hubspotDefined"] is True
    assert {"value": "268435456", "label": "Churned"}.items() <= rows["lifecyclestage"]["options"][-1].items()
    assert rows["contact_role"]["fieldType"] == "checkbox"
    assert rows["hs_email_optout"]["modificationMetadata"]["readOnlyValue"] is True


def test_what_exists_is_a_conflict(grouped: Portal, strict: Portal) -> None:
    grouped.post("/crm/v3/properties/contacts", SCORE, 201)
    assert grouped.call("POST", "/crm/v3/properties/contacts", SCORE).status_code == 409
    assert grouped.call("POST", "/crm/v3/properties/contacts/groups", {"name": "nps", "label": "x"}).status_code == 409
    taken = SCORE | {"name": "city", "groupName": "contactinformation"}
    assert strict.call("POST", "/crm/v3/properties/contacts", taken).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"fieldType": "textarea"},
        {"type": "enumeration", "fieldType": "select"},
        {"groupName": "elsewhere"},
        {"name": "hs_mine"},
        {"name": "Not A Name"},
        {"label": ""},
        {"type": "string", "fieldType": "textarea", "hasUniqueValue": True},
    ],
)
def test_a_wrong_property_is_refused(grouped: Portal, wrong: dict[str, Any]) -> None:
    assert grouped.call("POST", "/crm/v3/properties/contacts", SCORE | wrong).status_code == 400


def test_ten_unique_properties_are_the_most(grouped: Portal) -> None:
    row = SCORE | {"type": "string", "fieldType": "text", "hasUniqueValue": True}
    made = [grouped.call("POST", "/crm/v3/properties/tickets", row | {"name": f"u{n}"}).status_code for n in range(10)]
    assert made == [201] * 9 + [400]  # nps_response_key is one already


def test_many_properties_are_made_at_once_and_each_has_an_outcome(grouped: Portal) -> None:
    rows = [SCORE, SCORE | {"name": "city"}]
    answer = grouped.post("/crm/v3/properties/contacts/batch/create", {"inputs": rows}, status=207)
    assert ([row["name"] for row in answer["results"]], answer["numErrors"]) == (["survey_score"], 1)


def test_a_bare_portal_has_none_of_our_properties(started: Any) -> None:
    bare = started(readings={"tenant_fields": "bare"})
    assert bare.call("GET", "/crm/v3/properties/tickets/nps_response_key").status_code == 404
    assert bare.control("records")["properties"]["tickets"] == []
    answer = bare.call("PATCH", "/crm/v3/objects/contacts/901", {"properties": {"nps_score": "3"}})
    assert "PROPERTY_DOESNT_EXIST" in answer.json()["message"]


def test_pipelines_name_their_stages_and_which_of_them_are_closed(crm: Portal) -> None:
    rows = crm.hub.crm.pipelines.pipelines_api.get_all("tickets").results
    found = {row.label: [(s.id, s.label, s.metadata["ticketState"]) for s in row.stages] for row in rows}
    assert found["Customer Success"] == [
        ("91001", "New", "OPEN"),
        ("91002", "In progress", "OPEN"),
        ("91003", "Closed", "CLOSED"),
    ]
    assert found["Support Pipeline"][0] == ("1", "New", "OPEN")
    options = crm.get("/crm/v3/properties/tickets/hs_pipeline_stage")["options"]
    assert len(options) == 7


def test_owners_who_have_left_are_listed_apart(crm: Portal) -> None:
    api = crm.hub.crm.owners.owners_api
    there = {row.email: row.id for row in api.get_page().results}
    assert there["bob@example.com"] == "64492917"
    assert "dave@example.com" not in there
    [gone] = api.get_page(archived=True).results
    assert (gone.email, gone.archived, gone.user_id) == ("dave@example.com", True, None)
    assert api.get_page(email="BOB@example.com").results[0].id == "64492917"
    assert crm.get("/crm/v3/owners/901001", idProperty="userId")["id"] == "64492917"
    crm.control("technician", {"act": "owner_leaves", "owner": 64492917})
    assert crm.call("GET", "/crm/v3/owners/64492917").status_code == 404


def test_owners_are_paged(crm: Portal) -> None:
    first = crm.get("/crm/v3/owners", limit=2)
    rest = crm.get("/crm/v3/owners", limit=2, after=first["paging"]["next"]["after"])
    assert len(first["results"] + rest["results"]) == 3
    assert "paging" not in rest


def test_the_custom_objects_schema(crm: Portal) -> None:
    found = crm.hub.crm.schemas.core_api.get_all().results[0]
    assert (found.name, found.object_type_id) == ("nps_response", "2-7700001")
    assert crm.get("/crm-object-schemas/v3/schemas/p4242_nps_response")["requiredProperties"] == ["nps_response_key"]


def test_the_account_tells_its_zone_and_the_calls_of_its_day(crm: Portal, strict: Portal) -> None:
    assert crm.get("/account-info/v3/details")["timeZone"] == "US/Eastern"
    crm.control("settings", {"used_today": 500, "daily_limit": 1000})
    usage = crm.get("/account-info/v3/api-usage/daily/private-apps")["results"][0]
    assert (usage["usageLimit"], usage["currentUsage"]) == (1000, 501)
    assert strict.call("GET", "/account-info/v3/details").json()["category"] == "MISSING_SCOPES"


def test_preferences_know_who_opted_out_of_all_mail(crm: Portal) -> None:
    number = crm.labelled("opted_out")[0]
    address = crm.get(f"/crm/v3/objects/contacts/{number}")["properties"]["email"]
    for path in ("/communication-preferences/v4", f"/communication-preferences/{SEPTEMBER}"):
        rows = crm.get(f"{path}/statuses/{address}", channel="EMAIL")["results"]
        assert {row["status"] for row in rows} == {"UNSUBSCRIBED"}
    ann = crm.hub.communication_preferences.status_api.get_email_status("ann@example.com").subscription_statuses
    assert len(ann) == 2


def test_unsubscribing_shows_on_the_contact_and_cannot_be_taken_back(crm: Portal) -> None:
    crm.post("/communication-preferences/v4/statuses/ann@example.com/unsubscribe-all", {})
    row = crm.get("/crm/v3/objects/contacts/901", properties="hs_email_optout")
    assert row["properties"]["hs_email_optout"] == "true"
    body = {"emailAddress": "ann@example.com", "subscriptionId": "7001"}
    assert crm.call("POST", "/communication-preferences/v3/subscribe", body).status_code == 400
