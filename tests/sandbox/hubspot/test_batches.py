"""Batch create, update, upsert and archive."""

from __future__ import annotations

from typing import Any

from .conftest import Portal
from .test_writing import TICKET, TO_ANN


def ticket(key: str, trace: str = "", **more: str) -> dict[str, Any]:
    row: dict[str, Any] = {"properties": TICKET | {"nps_response_key": key} | more, "associations": [TO_ANN]}
    return row | ({"objectWriteTraceId": trace} if trace else {})


def written(crm: Portal) -> list[str]:
    return [row["properties"]["nps_response_key"] for row in crm.control("records")["tickets"]]


def test_the_official_client_creates_a_batch(crm: Portal) -> None:
    made = crm.hub.crm.tickets.batch_api.create({"inputs": [ticket("a"), ticket("b")]})
    assert [row.properties["nps_response_key"] for row in made.results] == ["a", "b"]
    assert written(crm) == ["a", "b"]


def test_without_trace_ids_one_bad_row_fails_all(crm: Portal) -> None:
    rows = [ticket("a"), ticket("b", hs_ticket_priority="nope"), ticket("c")]
    assert crm.call("POST", "/crm/v3/objects/tickets/batch/create", {"inputs": rows}).status_code == 400
    taken = [ticket("x"), ticket("x")]
    assert crm.call("POST", "/crm/v3/objects/tickets/batch/create", {"inputs": taken}).status_code == 409
    same = [ticket("a", "t1"), ticket("b", "t1", hs_ticket_priority="nope")]
    assert crm.call("POST", "/crm/v3/objects/tickets/batch/create", {"inputs": same}).status_code == 400
    assert written(crm) == []


def test_with_trace_ids_each_row_has_its_own_outcome(crm: Portal) -> None:
    rows = [ticket("a", "t1"), ticket("b", "t2", hs_ticket_priority="nope"), ticket("a", "t3"), ticket("c", "t4")]
    answer = crm.post("/crm/v3/objects/tickets/batch/create", {"inputs": rows}, status=207)
    assert [row["objectWriteTraceId"] for row in answer["results"]] == ["t1", "t4"]
    assert answer["numErrors"] == 2
    assert [(e["category"], e["context"]) for e in answer["errors"]] == [
        ("VALIDATION_ERROR", {"objectWriteTraceId": ["t2"]}),
        ("CONFLICT", {"objectWriteTraceId": ["t3"]}),
    ]
    assert written(crm) == ["a", "c"]


def test_a_portal_may_fail_the_whole_batch_all_the_same(strict: Portal) -> None:
    rows = [ticket("a", "t1", hs_pipeline="0"), ticket("b", "t2", hs_ticket_priority="nope")]
    assert strict.call("POST", "/crm/v3/objects/tickets/batch/create", {"inputs": rows}).status_code == 400
    assert written(strict) == []


def test_a_batch_update_names_the_missing_and_writes_the_others(crm: Portal) -> None:
    rows = [{"id": "901", "properties": {"nps_score": "9"}}, {"id": "908", "properties": {"nps_score": "1"}}]
    answer = crm.post("/crm/v3/objects/contacts/batch/update", {"inputs": rows}, status=207)
    assert [row["id"] for row in answer["results"]] == ["901"]
    assert answer["errors"][0]["context"] == {"ids": ["908"]}
    assert crm.get("/crm/v3/objects/contacts/901", properties="nps_score")["properties"]["nps_score"] == "9"


def test_one_record_twice_in_a_batch_is_refused(crm: Portal) -> None:
    rows = [{"id": "901", "properties": {"nps_score": n}} for n in ("9", "1")]
    assert crm.call("POST", "/crm/v3/objects/contacts/batch/update", {"inputs": rows}).status_code == 400


def test_an_upsert_says_what_is_new_and_repeating_it_changes_nothing(crm: Portal) -> None:
    rows = [{"id": "k1", "idProperty": "nps_response_key", "properties": TICKET, "objectWriteTraceId": "t"}]
    api = crm.hub.crm.tickets.batch_api
    first, second = api.upsert({"inputs": rows}).results[0], api.upsert({"inputs": rows}).results[0]
    assert (first.new, second.new, first.id == second.id) == (True, False, True)
    assert first.object_write_trace_id == "t"
    assert written(crm) == ["k1"]


def test_an_upsert_needs_a_unique_property(crm: Portal) -> None:
    rows = [{"id": "x", "idProperty": "subject", "properties": TICKET}]
    assert crm.call("POST", "/crm/v3/objects/tickets/batch/upsert", {"inputs": rows}).status_code == 400


def test_the_custom_object_is_upserted_by_its_key_under_all_its_names(crm: Portal) -> None:
    for name in ("nps_response", "2-7700001", "p4242_nps_response"):
        rows = [{"id": "r1", "idProperty": "nps_response_key", "properties": {"score": "3", "band": "detractor"}}]
        answer = crm.post(f"/crm/v3/objects/{name}/batch/upsert", {"inputs": rows})
        assert answer["results"][0]["new"] is (name == "nps_response")
    assert len(crm.control("records")["nps_response"]) == 1


def test_a_hundred_is_the_most_and_none_is_too_few(crm: Portal) -> None:
    for count in (0, 101):
        rows = [ticket(str(place)) for place in range(count)]
        assert crm.call("POST", "/crm/v3/objects/tickets/batch/create", {"inputs": rows}).status_code == 400


def test_a_batch_archives(crm: Portal) -> None:
    crm.hub.crm.contacts.batch_api.archive({"inputs": [{"id": "902"}, {"id": "908"}]})
    assert "902" in [row["id"] for row in crm.get("/crm/v3/objects/contacts", archived="true")["results"]]


def test_results_may_come_in_another_order(strict: Portal) -> None:
    rows = [ticket("a", "t1", hs_pipeline="0"), ticket("b", "t2", hs_pipeline="0")]
    answer = strict.post("/crm/v3/objects/tickets/batch/create", {"inputs": rows}, status=201)
    assert [row["objectWriteTraceId"] for row in answer["results"]] == ["t2", "t1"]
