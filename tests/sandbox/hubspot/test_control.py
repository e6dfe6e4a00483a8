"""The levers: snapshots, clock, touch, edits, what people do, and the truth behind the data."""

from __future__ import annotations

import collections
import time
from typing import Any

from connector.sandbox.hubspot import dirt
from connector.sandbox.hubspot.world import World

from .conftest import Portal
from .test_writing import TICKET, TO_ANN


def made(crm: Portal, key: str = "k1") -> str:
    body = {"properties": TICKET | {"nps_response_key": key}, "associations": [TO_ANN]}
    return str(crm.post("/crm/v3/objects/tickets", body, 201)["id"])


def everything(crm: Portal) -> Any:
    contacts = crm.get("/crm/v3/objects/contacts", limit=100, associations="tickets,companies")
    searched = crm.ids("contacts", ("city", "EQ", "Elsewhere"))
    return crm.control("records"), contacts, searched, crm.get("/crm/v3/lists/7/memberships", limit=250)


def test_restore_goes_back_in_every_respect(crm: Portal) -> None:
    made(crm)
    before = everything(crm)
    snapshot = crm.control("snapshot", {})
    made(crm, "k2")
    crm.call("PATCH", "/crm/v3/objects/contacts/902", {"properties": {"city": "Elsewhere"}})
    crm.put("/crm/v3/lists/7/memberships/remove", ["901"])
    crm.post("/crm/v3/objects/contacts/merge", {"primaryObjectId": "905", "objectIdToMerge": "906"})
    crm.control("clock", {"advance": 5000})
    crm.fault(kind="500", times=None, path="companies")
    assert everything(crm) != before
    crm.control("restore", snapshot)
    assert everything(crm) == before
    assert crm.control("faults") == []
    assert crm.control("clock")["offset"] == 0


def test_ids_found_stay_right_over_creations_refused_batches_and_restores(crm: Portal) -> None:
    first = made(crm, "a")
    snapshot = crm.control("snapshot", {})
    second = made(crm, "b")
    assert crm.ids("tickets") == [first, second]
    bad = [{"properties": TICKET}, {"properties": TICKET | {"hs_ticket_priority": "nope"}}]
    assert crm.call("POST", "/crm/v3/objects/tickets/batch/create", {"inputs": bad}).status_code == 400
    assert crm.ids("tickets") == [first, second]
    assert [row["id"] for row in crm.get("/crm/v3/objects/tickets")["results"]] == [first, second]
    crm.control("restore", snapshot)
    assert crm.ids("tickets") == [first]
    assert made(crm, "b") == second


def test_snapshots_take_less_than_five_milliseconds() -> None:
    world = World()
    name = world.snapshot()
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        world.snapshot()
        world.restore(name)
        best = min(best, time.perf_counter() - began)
    assert best < 0.005


def test_touch_spreads_evenly_and_changes_nothing_else(crm: Portal) -> None:
    before = crm.get("/crm/v3/objects/contacts/901", properties="email,city,lifecyclestage")
    assert crm.control("touch", {"contacts": 20, "companies": ["951"]}) == {"contacts": 20, "companies": 1}
    changed = [int(n) for n in crm.ids("contacts", ("lastmodifieddate", "GTE", "1793491200000"))]
    assert len(changed) == 20
    assert changed[-1] - changed[0] > 180
    after = crm.get("/crm/v3/objects/contacts/901", properties="email,city,lifecyclestage")
    assert after["updatedAt"] > before["updatedAt"]
    assert after["properties"]["city"] == before["properties"]["city"]


def test_edits_need_no_validation_and_can_make_archive_and_erase(crm: Portal) -> None:
    edited = crm.control("edit", {"id": "902", "set": {"email": "not an address", "firstname": "<script>"}})
    assert edited["properties"]["email"] == "not an address"
    new = crm.control("edit", {"type": "companies", "set": {"name": "Made Ltd"}})
    assert crm.get(f"/crm/v3/objects/companies/{new['id']}")["properties"]["name"] == "Made Ltd"
    crm.control("edit", {"id": "903", "delete": True})
    crm.control("edit", {"id": "904", "erase": True})
    assert crm.get("/crm/v3/objects/contacts/903", archived="true")["archived"] is True
    assert crm.call("GET", "/crm/v3/objects/contacts/904", archived="true").status_code == 404


def test_served_names_who_was_shown_and_calls_are_counted_by_operation(crm: Portal) -> None:
    crm.get("/crm/v3/objects/contacts", limit=2)
    crm.get("/crm/v3/objects/contacts/905")
    crm.post("/crm/v3/objects/companies/batch/read", {"inputs": [{"id": "951"}]})
    crm.ids("contacts", ("hs_object_id", "EQ", "906"))
    served = crm.control("served")
    assert (served["contacts"], served["companies"], served["calls"]) == ([901, 902, 905, 906], [951], 4)
    assert crm.control("calls") == {
        "GET objects/contacts": 1,
        "GET objects/contacts/{id}": 1,
        "POST objects/companies/batch/read": 1,
        "POST objects/contacts/search": 1,
    }
    crm.control("served/reset", {})
    assert crm.control("served")["calls"] == 0
    assert [row["status"] for row in crm.control("log")] == [200] * 4


def test_people_close_reopen_merge_move_and_delete_tickets(crm: Portal) -> None:
    one, two = made(crm, "a"), made(crm, "b")

    def stage(number: str) -> str:
        row = crm.get(f"/crm/v3/objects/tickets/{number}", properties="hs_pipeline_stage")
        return str(row["properties"]["hs_pipeline_stage"])

    for act, expected in (("close", "4"), ("reopen", "1"), ("touch", "2"), ("auto_close", "4")):
        crm.control("technician", {"act": act, "ticket": one})
        assert stage(one) == expected
    history = crm.get(f"/crm/v3/objects/tickets/{one}", propertiesWithHistory="hs_pipeline_stage")
    changes = history["propertiesWithHistory"]["hs_pipeline_stage"]
    assert changes[0]["sourceType"] == "AUTOMATION_PLATFORM"
    crm.control("technician", {"act": "move", "ticket": one, "pipeline": "5566778"})
    crm.control("technician", {"act": "assign", "ticket": one, "owner": "64492918"})
    assert stage(one) == "91001"
    survivor = crm.control("technician", {"act": "merge", "ticket": one, "into": two})["id"]
    assert crm.get(f"/crm/v3/objects/tickets/{one}")["id"] == survivor
    crm.control("technician", {"act": "delete", "ticket": survivor})
    assert crm.call("GET", f"/crm/v3/objects/tickets/{two}").status_code == 404
    assert crm.get(f"/crm/v3/objects/tickets/{survivor}", archived="true")["archived"] is True


def test_people_archive_restore_merge_and_erase_contacts_and_change_lists(crm: Portal) -> None:
    crm.control("technician", {"act": "archive", "id": "902"})
    assert crm.call("GET", "/crm/v3/objects/contacts/902").status_code == 404
    crm.control("technician", {"act": "restore", "id": "902"})
    assert crm.get("/crm/v3/objects/contacts/902")["archived"] is False
    crm.control("technician", {"act": "merge_records", "id": "903", "into": "902"})
    assert crm.get("/crm/v3/objects/contacts/902")["id"] == crm.get("/crm/v3/objects/contacts/903")["id"]
    crm.control("technician", {"act": "erase", "id": "905"})
    assert crm.call("GET", "/crm/v3/objects/contacts/905").status_code == 404
    crm.control("technician", {"act": "leave", "list": 7, "ids": ["901"]})
    crm.control("technician", {"act": "set", "id": "901", "properties": {"hs_email_optout": "true"}})
    assert crm.ids("contacts", ("hs_email_optout", "EQ", "true"), ("hs_object_id", "EQ", "901")) == ["901"]
    assert crm.control("records")["list_members"] == [{"list": "7", "record": "901", "member": False}]


def test_a_stage_can_be_renamed_and_taken_away(crm: Portal) -> None:
    crm.control("technician", {"act": "rename_stage", "stage": "1", "label": "Fresh"})
    assert crm.get("/crm/v3/pipelines/tickets/0/stages")["results"][0]["label"] == "Fresh"
    crm.control("technician", {"act": "close_stage", "stage": "1"})
    assert crm.call("POST", "/crm/v3/objects/tickets", {"properties": TICKET}).status_code == 400


def test_unknown_levers_acts_and_records_are_refused(crm: Portal) -> None:
    assert crm.call("GET", "/control/nothing").status_code == 404
    assert crm.call("POST", "/control/technician", {"act": "sing"}).status_code == 400
    assert crm.call("POST", "/control/technician", {"act": "close", "ticket": "5"}).status_code == 404
    assert crm.call("POST", "/control/edit", {"id": "5", "set": {}}).status_code == 404


def test_every_label_is_planted_and_every_plant_is_labelled(crm: Portal) -> None:
    truth = crm.control("truth")
    counted = collections.Counter(label for person in truth["contacts"].values() for label in person["labels"])
    assert set(counted) == set(dirt.LABELS)
    planted = collections.Counter(slot.label for slot in dirt.SLOTS if slot.label != "healthy")
    for label, count in planted.items():
        assert counted[label] == count + (2 if label == "several_companies" else 0), label
    assert truth["archived"] == ["601", "602", "603"]


def test_the_evidence_stands_in_the_properties(crm: Portal) -> None:
    names = {
        "opted_out": "hs_email_optout",
        "hard_bounce": "hs_email_hard_bounce_reason_enum",
        "quarantined": "hs_email_quarantined",
        "bad_address": "hs_email_bad_address",
        "additional_email": "hs_additional_emails",
    }
    for label, name in names.items():
        for number in crm.labelled(label):
            value = crm.get(f"/crm/v3/objects/contacts/{number}", properties=name)["properties"][name]
            assert value not in (None, "", "false"), (label, number)


def test_addresses_are_unique_over_the_whole_portal(started: Any) -> None:
    world = started(contacts=2000).server.world
    people = [world.contacts.human(index).email for index in range(2000)]
    people += [a for index in range(2000) for a in world.contacts.additional(index).split(";")]
    given = [address.lower() for address in people if address]
    assert len(given) == len(set(given))


def test_a_large_world_starts_at_once_and_tells_no_truth(started: Any) -> None:
    began = time.perf_counter()
    crm = started(contacts=300_000)
    assert time.perf_counter() - began < 5
    assert crm.search("contacts", limit=1)["total"] == 300_000
    assert crm.call("GET", "/control/truth").status_code == 400


def test_latency_is_the_whole_time_of_an_answer(started: Any) -> None:
    crm = started(latency=0.05)
    assert 0.05 <= crm.call("GET", "/crm/v3/objects/contacts").elapsed.total_seconds() < 0.5


def test_a_defect_of_the_stand_in_is_shown_and_not_hidden(crm: Portal) -> None:
    crm.server.world.state.pipelines = [{"id": "0"}]
    answer = crm.call("GET", "/crm/v3/pipelines/tickets")
    assert (answer.status_code, answer.json()["category"]) == (500, "SANDBOX_DEFECT")


def test_the_page_for_people_escapes_what_others_wrote(crm: Portal) -> None:
    crm.post("/crm/v3/objects/tickets", {"properties": TICKET | {"subject": "<script>alert(1)</script>"}}, 201)
    page = crm.call("GET", "/")
    assert page.status_code == 200
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text
    assert crm.call("GET", "/elsewhere").status_code == 404
