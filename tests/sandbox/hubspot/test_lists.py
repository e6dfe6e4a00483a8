"""Lists and who is in them."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MARCH, Portal


def members(crm: Portal, number: int, path: str = "/crm/v3/lists") -> list[str]:
    found: list[str] = []
    after = None
    while True:
        query: dict[str, Any] = {"limit": 50} | ({"after": after} if after else {})
        page = crm.get(f"{path}/{number}/memberships", **query)
        found += [row["recordId"] for row in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after")
        if after is None:
            return found


def test_the_official_client_searches_lists(crm: Portal) -> None:
    found = crm.hub.crm.lists.lists_api.do_search({"query": "nps", "additionalProperties": ["hs_list_size"]})
    [row] = found.lists
    assert (row.list_id, row.name, row.processing_type) == ("7", "NPS 2026", "MANUAL")
    assert row.additional_properties["hs_list_size"] == "80"


def test_lists_are_paged_by_offset_and_kept_apart_by_type(crm: Portal) -> None:
    body = {"objectTypeId": "0-1", "count": 2, "query": ""}
    first = crm.post("/crm/v3/lists/search", body)
    assert (first["hasMore"], first["offset"], first["total"]) == (True, 2, 5)
    rest = crm.post(f"/crm/lists/{MARCH}/search", body | {"offset": 2, "count": 500})
    assert [row["listId"] for row in first["lists"] + rest["lists"]] == ["7", "8", "9", "11", "12"]
    assert rest["hasMore"] is False


def test_a_list_is_found_by_id_and_by_name(crm: Portal) -> None:
    assert crm.get("/crm/v3/lists/8")["list"]["processingType"] == "DYNAMIC"
    assert crm.get("/crm/v3/lists/object-type-id/0-1/name/NPS%202026")["list"]["listId"] == "7"
    assert len(crm.get("/crm/v3/lists/", listIds="7,9")["lists"]) == 2
    assert crm.call("GET", "/crm/v3/lists/99").status_code == 404
    assert crm.get("/crm/v3/lists/12")["list"]["processingStatus"] == "PROCESSING"


@pytest.mark.parametrize("path", ["/crm/v3/lists", f"/crm/lists/{MARCH}"])
def test_members_come_in_the_order_of_ids_and_of_joining(crm: Portal, path: str) -> None:
    found = [int(number) for number in members(crm, 7, path)]
    assert (len(found), found[0]) == (80, 901)
    assert found == sorted(found)
    joined = crm.get(f"{path}/7/memberships/join-order", limit=250)["results"]
    assert sorted(int(row["recordId"]) for row in joined) == found
    times = [row["membershipTimestamp"] for row in joined]
    assert times == sorted(times)


def test_an_active_list_follows_its_filter_and_refuses_members(crm: Portal) -> None:
    customers = {n for n, person in crm.control("truth")["contacts"].items() if person["stage"] == "customer"}
    assert set(members(crm, 8)) == customers
    crm.control("edit", {"id": "901", "set": {"lifecyclestage": "evangelist"}})
    assert set(members(crm, 8)) == customers - {"901"}
    answer = crm.call("PUT", "/crm/v3/lists/8/memberships/add", ["902"])
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_joining_and_leaving_says_what_was_done_and_does_not_touch_the_contact(crm: Portal) -> None:
    outside = sorted(set(crm.control("truth")["contacts"]) - set(members(crm, 7)))[0]
    before = crm.get(f"/crm/v3/objects/contacts/{outside}")["updatedAt"]
    answer = crm.hub.crm.lists.memberships_api.add("7", [outside, "901", "908"])
    assert (answer.records_ids_added, answer.record_ids_missing) == ([outside], ["908"])
    again = crm.put("/crm/v3/lists/7/memberships/add", [outside])
    assert again["recordsIdsAdded"] == []
    assert outside in members(crm, 7)
    body = {"recordIdsToAdd": [], "recordIdsToRemove": [outside]}
    assert crm.put("/crm/v3/lists/7/memberships/add-and-remove", body)["recordIdsRemoved"] == [outside]
    assert outside not in members(crm, 7)
    assert crm.get(f"/crm/v3/objects/contacts/{outside}")["updatedAt"] == before
    assert crm.put("/crm/v3/lists/9/memberships/remove", [members(crm, 9)[0]])["recordIdsRemoved"]


def test_an_archived_contact_leaves_every_list(crm: Portal) -> None:
    crm.control("technician", {"act": "archive", "id": "901"})
    assert "901" not in members(crm, 7)
    assert crm.get("/crm/v3/lists/7")["list"]["size"] == 79


def test_the_lists_of_a_record(crm: Portal) -> None:
    rows = crm.get("/crm/v3/lists/records/0-1/901/memberships")["results"]
    assert {"7", "8"} <= {row["listId"] for row in rows}
    body = {"inputs": [{"objectTypeId": "0-1", "recordId": "901"}]}
    [found] = crm.post("/crm/v3/lists/records/memberships/batch/read", body)["results"]
    assert found["listIds"] == [row["listId"] for row in rows]


def test_lists_are_made_and_deleted_and_names_are_unique(crm: Portal) -> None:
    body = {"name": "Promoters", "objectTypeId": "0-1", "processingType": "MANUAL"}
    number = crm.post("/crm/v3/lists", body)["list"]["listId"]
    assert crm.call("POST", "/crm/v3/lists", body).status_code == 409
    assert members(crm, int(number)) == []
    assert crm.call("DELETE", f"/crm/v3/lists/{number}").status_code == 204
    assert crm.call("GET", f"/crm/v3/lists/{number}").status_code == 404


def test_a_cursor_of_another_making_is_refused(crm: Portal) -> None:
    assert crm.call("GET", "/crm/v3/lists/7/memberships", after="901").status_code == 400
