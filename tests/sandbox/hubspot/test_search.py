"""Search: filters, its limits, and an index that lags behind."""

from __future__ import annotations

import pytest

from .conftest import Portal


def test_the_official_client_searches(crm: Portal) -> None:
    wanted = {"propertyName": "email", "operator": "EQ", "value": "ann@example.com"}
    found = crm.hub.crm.contacts.search_api.do_search({"filterGroups": [{"filters": [wanted]}], "limit": 5})
    assert (found.total, found.results[0].id) == (1, "901")


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ([("hs_object_id", "GT", "901"), ("hs_object_id", "LTE", "903")], 2),
        ([("hs_object_id", "BETWEEN", "901")], 1),
        ([("hs_object_id", "IN", ["901", "905", "7"])], 2),
        ([("firstname", "EQ", "ann"), ("lastname", "EQ", "Example")], 1),
        ([("email", "CONTAINS_TOKEN", "ann*"), ("lastname", "CONTAINS_TOKEN", "example")], 1),
        ([("hs_email_quarantined", "EQ", "true")], 3),
        ([("hs_email_hard_bounce_reason_enum", "HAS_PROPERTY", "")], 5),
        ([("email", "NOT_HAS_PROPERTY", "")], 6),
        ([("associations.company", "EQ", "951"), ("hs_object_id", "EQ", "901")], 1),
    ],
)
def test_filters_find(crm: Portal, filters: list[tuple[str, str, object]], number: int) -> None:
    body = [
        {
            "propertyName": name,
            "operator": operator,
            "values" if isinstance(value, list) else "value": value,
            **({"highValue": value} if operator == "BETWEEN" else {}),
        }
        for name, operator, value in filters
    ]
    found = crm.post("/crm/v3/objects/contacts/search", {"filterGroups": [{"filters": body}]})
    assert found["total"] == number


def test_a_checkbox_property_is_found_by_any_of_its_values(crm: Portal) -> None:
    numbers = set(crm.ids("contacts", ("contact_role", "EQ", "billing")))
    rows = crm.get("/crm/v3/objects/contacts", limit=100, properties="contact_role")["results"]
    values = {row["properties"]["contact_role"] for row in rows if row["id"] in numbers}
    assert values == {"decision_maker;billing", "billing"}


def test_groups_are_alternatives(crm: Portal) -> None:
    groups = [{"filters": [{"propertyName": "hs_object_id", "operator": "EQ", "value": n}]} for n in ("901", "902")]
    assert crm.post("/crm/v3/objects/contacts/search", {"filterGroups": groups})["total"] == 2


@pytest.mark.parametrize("value", ["1793491200000", "2026-11-01T00:00:00Z"])
def test_changes_since_a_time_are_found_by_milliseconds_and_by_iso(crm: Portal, value: str) -> None:
    assert crm.ids("contacts", ("lastmodifieddate", "GTE", value)) == []
    crm.control("touch", {"contacts": ["905", "930"]})
    assert crm.ids("contacts", ("lastmodifieddate", "GTE", value)) == ["905", "930"]
    crm.control("touch", {"companies": ["951"]})
    assert crm.ids("companies", ("hs_lastmodifieddate", "GT", value)) == ["951"]


def test_ids_are_compared_as_numbers_not_as_text(crm: Portal) -> None:
    down = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    found = [int(n) for n in crm.ids("contacts", ("hs_object_id", "GT", "990"), sorts=down)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 1000 > found[-1]


def test_pages_go_by_offset_and_a_search_has_no_rate_headers(crm: Portal) -> None:
    body = {"limit": 150, "sorts": ["hs_object_id"]}
    first = crm.call("POST", "/crm/v3/objects/contacts/search", body)
    assert not [name for name in first.headers if "ratelimit" in name.lower()]
    after = first.json()["paging"]["next"]["after"]
    assert (first.json()["total"], after) == (200, "150")
    rest = crm.post("/crm/v3/objects/contacts/search", body | {"after": after})
    assert len(rest["results"]) == 50
    assert "paging" not in rest


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9900"},
        {"sorts": ["email", "city"]},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "nope", "operator": "HAS_PROPERTY"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "LIKE", "value": "a"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 7}]},
        {"properties": ["x" * 3000]},
    ],
)
def test_what_search_refuses(crm: Portal, body: dict[str, object]) -> None:
    answer = crm.call("POST", "/crm/v3/objects/contacts/search", body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_ten_thousand_rows_are_all_that_a_query_gives(started: object) -> None:
    crm: Portal = started(contacts=10_500)  # type: ignore[operator]
    assert crm.search("contacts", after="9800")["paging"]["next"]["after"] == "10000"
    assert crm.call("POST", "/crm/v3/objects/contacts/search", {"limit": 1, "after": "10000"}).status_code == 400
    last = str(crm.server.world.layout.contact_ids.of(9_999))
    assert crm.search("contacts", ("hs_object_id", "GT", last))["total"] == 500


def test_the_index_lags_behind_the_apis_writes_but_a_get_does_not(crm: Portal) -> None:
    crm.control("settings", {"lag": 10})
    made = crm.post("/crm/v3/objects/contacts", {"properties": {"email": "new@example.com"}}, 201)["id"]
    crm.call("PATCH", "/crm/v3/objects/contacts/901", {"properties": {"city": "Elsewhere"}})
    assert crm.get(f"/crm/v3/objects/contacts/{made}")["id"] == made
    assert crm.ids("contacts", ("email", "EQ", "new@example.com")) == []
    assert crm.ids("contacts", ("city", "EQ", "Elsewhere")) == []
    crm.control("clock", {"advance": 11})
    assert crm.ids("contacts", ("email", "EQ", "new@example.com")) == [made]
    assert crm.ids("contacts", ("city", "EQ", "Elsewhere")) == ["901"]


def test_an_archived_record_leaves_the_index_after_the_lag(crm: Portal) -> None:
    crm.control("settings", {"lag": 10})
    assert crm.call("DELETE", "/crm/v3/objects/contacts/902").status_code == 204
    assert crm.ids("contacts", ("hs_object_id", "EQ", "902")) == ["902"]
    crm.control("clock", {"advance": 11})
    assert crm.ids("contacts", ("hs_object_id", "EQ", "902")) == []


def test_text_in_capitals_is_not_found_by_in_where_the_portal_is_strict(strict: Portal, crm: Portal) -> None:
    wanted = ("firstname", "IN", ["Ann"])
    assert crm.ids("contacts", wanted) == ["901"]
    assert strict.ids("contacts", wanted) == []
    assert strict.ids("contacts", ("firstname", "IN", ["ann"])) == ["901"]
