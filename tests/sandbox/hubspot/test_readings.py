"""Open questions about the real server, answered the easy and the hard way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from connector.sandbox.hubspot.readings import READINGS

from .conftest import Portal
from .test_writing import TICKET

Start = Callable[..., Portal]
COMPANIES = "/crm/v4/associations/contacts/companies/batch/read"


def test_every_reading_is_tried_by_a_test() -> None:
    words = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    # Those that the strict portal of the other files tries, without naming them.
    by_strict = {
        "cursor", "timestamps", "extra_fields", "inline_associations", "to_object_id", "no_associations", "batch_order",
        "search_in_values", "merge_id", "write_to_merged_id", "ticket_pipeline", "unique_conflict", "error_bodies",
        "lifecycle_backwards", "link_touches_record", "existing_property", "account_info", "refresh_token",
        "batch_errors",
    }  # fmt: skip
    assert {name for name in READINGS if name not in by_strict and f'"{name}"' not in words} == set()


def test_every_reading_says_what_is_open() -> None:
    for name, reading in READINGS.items():
        assert reading.sentence.endswith("."), name
        assert len(set(reading.values)) >= (1 if reading.others else 2), name


def test_two_ids_of_one_merged_record_are_answered_twice_or_once(started: Start) -> None:
    for answer, rows in (("each", 2), ("once", 1)):
        crm = started(readings={"batch_read_merged": answer})
        body = {"inputs": [{"id": "611"}, {"id": "612"}]}
        assert len(crm.post("/crm/v3/objects/contacts/batch/read", body)["results"]) == rows


def test_what_is_associated_with_a_merged_away_id(started: Start) -> None:
    for answer, told in (("resolves", "old"), ("none", None), ("survivor", "new")):
        crm = started(contacts=5, readings={"associations_of_merged": answer})
        [old, primary] = crm.ids("contacts")[:2]
        links = [{"to": {"id": old}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}]}]
        crm.post("/crm/v3/objects/notes", {"properties": {"hs_timestamp": "1793577600000"}, "associations": links}, 201)
        new = crm.post("/crm/v3/objects/contacts/merge", {"primaryObjectId": primary, "objectIdToMerge": old})["id"]
        rows = crm.post("/crm/v4/associations/contacts/notes/batch/read", {"inputs": [{"id": old}]})["results"]
        assert [row["from"]["id"] for row in rows] == ([{"old": old, "new": new}[told]] if told else [])


def test_how_many_filters_a_search_may_have(started: Start) -> None:
    group = {"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 5}
    for answer, status in (("25", 200), ("18", 400)):
        crm = started(contacts=5, readings={"search_filters": answer})
        body = {"filterGroups": [group] * 4}
        assert crm.call("POST", "/crm/v3/objects/contacts/search", body).status_code == status


def test_the_search_index_may_lag_from_the_first_day(started: Start) -> None:
    for answer, found in (("none", 1), ("10s", 0), ("30s", 0)):
        crm = started(contacts=5, readings={"search_lag": answer})
        crm.post("/crm/v3/objects/tickets", {"properties": TICKET}, 201)
        assert crm.search("tickets")["total"] == found


def test_upserting_contacts_by_address(started: Start) -> None:
    row = {"id": "ann@example.com", "idProperty": "email", "properties": {"city": "Elsewhere"}}
    for answer, status in (("accepted", 200), ("refused", 400)):
        crm = started(readings={"upsert_by_email": answer})
        assert crm.call("POST", "/crm/v3/objects/contacts/batch/upsert", {"inputs": [row]}).status_code == status


def test_unique_properties_on_notes(started: Start) -> None:
    made = {"name": "nps_key", "label": "Key", "type": "string", "fieldType": "text", "groupName": "noteinformation"}
    note = {"id": "k", "idProperty": "nps_key", "properties": {"hs_timestamp": "1793577600000"}}
    for answer, status in (("accepted", (201, 200)), ("refused", (400, 400))):
        crm = started(readings={"unique_on_activities": answer})
        property_status = crm.call("POST", "/crm/v3/properties/notes", made | {"hasUniqueValue": True}).status_code
        upsert_status = crm.call("POST", "/crm/v3/objects/notes/batch/upsert", {"inputs": [note]}).status_code
        assert (property_status, upsert_status) == status


def test_the_first_company_of_a_contact_may_become_its_primary_one(started: Start) -> None:
    for answer, types in (("primary", [1, 279]), ("unlabelled", [279])):
        crm = started(readings={"first_company": answer})
        number = crm.labelled("no_company")[0]
        crm.put(f"/crm/v4/objects/contacts/{number}/associations/default/companies/951")
        [found] = crm.post(COMPANIES, {"inputs": [{"id": number}]})["results"]
        assert [row["typeId"] for row in found["to"][0]["associationTypes"]] == types


def test_the_property_of_the_primary_company_may_be_missing(started: Start) -> None:
    for answer, value in (("there", {"associatedcompanyid": "951"}), ("absent", {})):
        crm = started(readings={"primary_company_property": answer})
        row: Any = crm.get("/crm/v3/objects/contacts/901", properties="associatedcompanyid")
        assert {name: text for name, text in row["properties"].items() if name == "associatedcompanyid"} == value
