"""Create, update, archive, merge and erase, one record at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import MARCH, SEPTEMBER, V3, Portal

TICKET = {"subject": "NPS detractor: Ann Example", "hs_pipeline_stage": "1"}
TO_ANN = {"to": {"id": "901"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 16}]}
TO_ACME = {"to": {"id": "951"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 339}]}
OBJECTS = {V3: "/crm/v3/objects", MARCH: f"/crm/objects/{MARCH}", SEPTEMBER: f"/crm/objects/{SEPTEMBER}"}


def codes(body: Any) -> dict[str, str]:
    """Return the property errors that stand as JSON inside the message, by property."""
    rows = json.loads(body["message"].partition(": ")[2])
    return {row["name"]: row["error"] for row in rows}


@pytest.mark.parametrize("version", OBJECTS)
def test_a_ticket_is_created_with_its_contact_and_company(crm: Portal, version: str) -> None:
    body = {"properties": TICKET | {"nps_response_key": "k1"}, "associations": [TO_ANN, TO_ACME]}
    made = crm.post(f"{OBJECTS[version]}/tickets", body, 201)
    [ticket] = crm.control("records")["tickets"]
    assert ticket["id"] == made["id"]
    assert int(made["id"]) > 2**32
    assert (ticket["properties"]["hs_pipeline"], ticket["properties"]["hs_is_closed"]) == ("0", "false")
    assert ticket["associations"]["contacts"] == {"901": [16]}
    assert "951" in ticket["associations"]["companies"]
    assert crm.get(f"{OBJECTS[version]}/tickets/k1", idProperty="nps_response_key")["id"] == made["id"]


def test_the_official_client_creates_updates_and_archives(crm: Portal) -> None:
    api = crm.hub.crm.tickets.basic_api
    made = api.create({"properties": TICKET, "associations": [TO_ANN]})
    assert api.update(made.id, {"properties": {"hs_pipeline_stage": "4"}}).properties["hs_pipeline_stage"] == "4"
    assert crm.get(f"/crm/v3/objects/tickets/{made.id}", properties="closed_date")["properties"]["closed_date"]
    api.archive(made.id)
    assert crm.call("GET", f"/crm/v3/objects/tickets/{made.id}").status_code == 404
    assert crm.get(f"/crm/v3/objects/tickets/{made.id}", archived="true")["archivedAt"]
    assert crm.get("/crm/v4/objects/contacts/901/associations/tickets")["results"] == []


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"subject": "x"}, {"hs_pipeline_stage": "REQUIRED_FIELD"}),
        (TICKET | {"never_defined": "1"}, {"never_defined": "PROPERTY_DOESNT_EXIST"}),
        (TICKET | {"hs_ticket_priority": "High"}, {"hs_ticket_priority": "INVALID_OPTION"}),
        (TICKET | {"hs_pipeline_stage": "91001"}, {"hs_pipeline_stage": "INVALID_OPTION"}),
        (TICKET | {"hs_pipeline": "77"}, {"hs_pipeline": "INVALID_OPTION"}),
        (TICKET | {"hubspot_owner_id": "901001"}, {"hubspot_owner_id": "INVALID_OWNER_ID"}),
        (TICKET | {"hubspot_owner_id": "64492919"}, {"hubspot_owner_id": "INVALID_OWNER_ID"}),
        (TICKET | {"hs_object_id": "5"}, {"hs_object_id": "READ_ONLY_VALUE"}),
        (TICKET | {"content": "x" * 65_537}, {"content": "INVALID_STRING_LENGTH"}),
    ],
)
def test_a_wrong_ticket_is_a_400_that_names_the_property(
    crm: Portal, properties: dict[str, str], code: dict[str, str]
) -> None:
    answer = crm.call("POST", "/crm/v3/objects/tickets", {"properties": properties})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert codes(answer.json()) == code
    assert crm.control("records")["tickets"] == []


def test_a_wrong_association_leaves_nothing_behind(crm: Portal) -> None:
    for wrong in ({**TO_ANN, "to": {"id": "908"}}, {**TO_ANN, "types": [{"associationTypeId": 5555}]}):
        answer = crm.call("POST", "/crm/v3/objects/tickets", {"properties": TICKET, "associations": [wrong]})
        assert answer.status_code == 400
    assert crm.control("records")["tickets"] == []


def test_a_note_needs_its_time_and_takes_milliseconds_and_iso(crm: Portal) -> None:
    assert crm.call("POST", "/crm/v3/objects/notes", {"properties": {"hs_note_body": "x"}}).status_code == 400
    for when in ("1793577600000", "2026-11-02T00:00:00Z"):
        note = crm.post("/crm/v3/objects/notes", {"properties": {"hs_timestamp": when, "hs_note_body": "x"}}, 201)
        row = crm.get(f"/crm/v3/objects/notes/{note['id']}", properties="hs_timestamp")
        assert row["properties"]["hs_timestamp"] == "2026-11-02T00:00:00.000Z"


def test_an_address_that_is_taken_is_a_409_that_names_who_has_it(crm: Portal) -> None:
    additional = crm.labelled("additional_email")[0]
    row = crm.get(f"/crm/v3/objects/contacts/{additional}", properties="hs_additional_emails")
    second = row["properties"]["hs_additional_emails"].split(";")[0]
    for address, holder in (("ANN@example.com", "901"), (second, additional)):
        answer = crm.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": address}})
        assert (answer.status_code, answer.json()["category"]) == (409, "CONFLICT")
        assert answer.json()["message"] == f"Contact already exists. Existing ID: {holder}"


def test_addresses_are_kept_in_lower_case(crm: Portal) -> None:
    made = crm.post("/crm/v3/objects/contacts", {"properties": {"email": "New.Person@Example.COM"}}, 201)
    assert made["properties"]["email"] == "new.person@example.com"
    crm.call("PATCH", f"/crm/v3/objects/contacts/{made['id']}", {"properties": {"email": "other@example.com"}})
    assert crm.post("/crm/v3/objects/contacts", {"properties": {"email": "new.person@example.com"}}, 201)["id"]


def test_an_empty_value_clears_and_the_change_moves_the_time(crm: Portal) -> None:
    before = crm.get("/crm/v3/objects/contacts/902")["updatedAt"]
    answer = crm.call("PATCH", "/crm/v3/objects/contacts/902", {"properties": {"city": ""}})
    assert answer.json()["updatedAt"] > before
    assert crm.get("/crm/v3/objects/contacts/902", properties="city")["properties"]["city"] is None


def test_a_lifecycle_stage_goes_back_only_after_it_was_cleared(crm: Portal, strict: Portal) -> None:
    back = {"properties": {"lifecyclestage": "lead"}}
    assert crm.call("PATCH", "/crm/v3/objects/contacts/901", back).status_code == 400
    crm.call("PATCH", "/crm/v3/objects/contacts/901", {"properties": {"lifecyclestage": ""}})
    assert crm.call("PATCH", "/crm/v3/objects/contacts/901", back).json()["properties"]["lifecyclestage"] == "lead"
    ignored = strict.call("PATCH", "/crm/v3/objects/contacts/901", back)
    assert ignored.status_code == 200
    assert ignored.json()["properties"]["lifecyclestage"] == "customer"


def test_a_merge_makes_a_new_id_to_which_both_old_ones_lead(crm: Portal) -> None:
    first, second = "901", "904"
    addresses = [crm.get(f"/crm/v3/objects/contacts/{n}")["properties"]["email"] for n in (first, second)]
    api = crm.hub.crm.contacts.basic_api
    made = api.merge({"primaryObjectId": first, "objectIdToMerge": second}).id
    assert made not in (first, second)
    for number in (first, second, made):
        row = crm.get(
            f"/crm/v3/objects/contacts/{number}", properties="email,hs_additional_emails,hs_merged_object_ids"
        )
        assert row["id"] == made
        assert row["properties"]["email"] == addresses[0]
        assert row["properties"]["hs_additional_emails"] == addresses[1]
        assert row["properties"]["hs_merged_object_ids"] == "901;904"
    listed = [row["id"] for row in crm.get("/crm/v3/objects/contacts", limit=100)["results"]]
    assert not {first, second} & set(listed)
    assert api.get_by_id(addresses[1], id_property="email").id == made
    assert crm.get(f"/crm/v4/objects/contacts/{made}/associations/companies")["results"][0]["toObjectId"] == "951"
    assert made in [row["recordId"] for row in crm.get("/crm/v3/lists/7/memberships", limit=250)["results"]]


def test_a_portal_in_the_beta_keeps_the_primary_id(strict: Portal) -> None:
    body = {"primaryObjectId": "901", "objectIdToMerge": "904"}
    assert strict.post("/crm/v3/objects/contacts/merge", body)["id"] == "901"
    assert strict.get("/crm/v3/objects/contacts/904")["id"] == "901"
    assert strict.call("PATCH", "/crm/v3/objects/contacts/904", {"properties": {"city": "x"}}).status_code == 404


def test_a_record_may_be_changed_by_a_unique_property(crm: Portal) -> None:
    for name, status in (("ann@example.com", 200), ("nobody@example.com", 404)):
        path = f"/crm/v3/objects/contacts/{name}?idProperty=email"
        assert crm.call("PATCH", path, {"properties": {"city": "Elsewhere"}}).status_code == status
    assert crm.get("/crm/v3/objects/contacts/901", properties="city")["properties"]["city"] == "Elsewhere"


def test_the_official_client_erases(crm: Portal) -> None:
    crm.hub.crm.contacts.basic_api.purge({"objectId": "ann@example.com", "idProperty": "email"})
    assert crm.call("GET", "/crm/v3/objects/contacts/901").status_code == 404


def test_an_erased_contact_is_gone_for_good_and_may_not_come_back(crm: Portal) -> None:
    answer = crm.call("POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": "902"})
    address = "nobody@example.com"
    crm.call("POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": address, "idProperty": "email"})
    assert answer.status_code == 204
    for archived in ("false", "true"):
        assert crm.call("GET", "/crm/v3/objects/contacts/902", archived=archived).status_code == 404
    again = crm.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": address}})
    assert (again.status_code, codes(again.json())) == (400, {"email": "INVALID_EMAIL"})


def test_the_administrators_rules_are_enforced_from_2026_09_on(crm: Portal) -> None:
    rules = {
        "required": ["hs_ticket_category"],
        "associations": ["contacts"],
        "conditional": [{"if": "hs_ticket_priority", "is": "HIGH", "then": "hubspot_owner_id"}],
    }
    crm.control("settings", {"rules": {"tickets": rules}})
    for version in (V3, MARCH):
        assert crm.call("POST", f"{OBJECTS[version]}/tickets", {"properties": TICKET}).status_code == 201
    path, full = f"{OBJECTS[SEPTEMBER]}/tickets", TICKET | {"hs_ticket_category": "PRODUCT_ISSUE"}
    bare = crm.call("POST", path, {"properties": TICKET, "associations": [TO_ANN]})
    assert codes(bare.json()) == {"hs_ticket_category": "REQUIRED_FIELD"}
    assert crm.call("POST", path, {"properties": full}).json()["subCategory"] == "ASSOCIATION_REQUIRED"
    made = crm.post(path, {"properties": full, "associations": [TO_ANN]}, 201)
    high = crm.call("PATCH", f"{path}/{made['id']}", {"properties": {"hs_ticket_priority": "HIGH"}})
    assert codes(high.json()) == {"hubspot_owner_id": "REQUIRED_FIELD"}


def test_a_strict_portal_wants_the_pipeline_named_and_says_400_to_a_key_that_is_taken(strict: Portal) -> None:
    assert strict.call("POST", "/crm/v3/objects/tickets", {"properties": TICKET}).status_code == 400
    full = TICKET | {"hs_pipeline": "0", "nps_response_key": "k"}
    assert strict.call("POST", "/crm/v3/objects/tickets", {"properties": full}).status_code == 201
    assert strict.call("POST", "/crm/v3/objects/tickets", {"properties": full}).status_code == 400


def test_bare_errors_have_neither_correlation_nor_details(strict: Portal) -> None:
    answer = strict.call("POST", "/crm/v3/objects/tickets", {"properties": {}})
    assert answer.json().keys() == {"status", "message", "category"}
