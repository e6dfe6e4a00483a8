"""The levers: snapshots, clock, touch, edits, what was served, and the truth behind the data."""

from __future__ import annotations

import collections
import contextlib
import itertools
import time
from typing import Any

from connector.sandbox.connectwise import dirt
from connector.sandbox.connectwise.world import World

from .conftest import Client

TICKET = {"summary": "NPS follow-up", "company": {"id": 5001}, "contact": {"id": 1001}}


def everything(psa: Client) -> Any:
    return (
        psa.control("records"),
        psa.control("served"),
        psa.control("log"),
        psa.rows("/company/contacts", pageSize=1000),
    )


def test_restore_goes_back_in_every_respect(psa: Client) -> None:
    psa.post("/service/tickets", TICKET)
    snapshot = psa.control("snapshot", {})
    records, served, log = psa.control("records"), psa.control("served"), psa.control("log")
    contacts = psa.rows("/company/contacts", pageSize=1000)
    psa.post("/service/tickets", TICKET | {"summary": "second"})
    psa.patch("/company/contacts/1001", title="Boss")
    psa.control("clock", {"advance": 5000})
    psa.control("touch", {"contacts": 50})
    psa.fault(kind="503html", times=None, path="/company/companies")
    psa.control("restore", snapshot)
    assert psa.control("records") == records
    assert psa.control("served") == served
    assert psa.control("log") == log
    assert psa.control("faults") == []
    assert psa.control("clock")["offset"] == 0
    assert psa.rows("/company/contacts", pageSize=1000) == contacts


def test_a_filter_asked_before_a_restore_is_answered_afresh_after_it(psa: Client) -> None:
    snapshot = psa.control("snapshot", {})
    for title, expected in (("one", [1001]), ("two", [])):
        psa.patch("/company/contacts/1001", title=title)
        assert [r["id"] for r in psa.rows("/company/contacts", conditions='title="one"')] == expected
        psa.control("restore", snapshot)
        assert psa.rows("/company/contacts", conditions='title="one"') == []


def test_a_snapshot_holds_a_pending_late_write(psa: Client) -> None:
    psa.server.world.state.late.clear()
    psa.fault(kind="late_write", method="POST", seconds=60)
    with contextlib.suppress(OSError):
        psa.post("/service/tickets", TICKET)
    snapshot = psa.control("snapshot", {})
    for _ in range(2):
        psa.control("clock", {"advance": 61})
        assert len(psa.control("records")["tickets"]) == 1
        psa.control("restore", snapshot)
        assert psa.control("records")["tickets"] == []


def test_snapshot_and_restore_take_less_than_five_milliseconds() -> None:
    world = World()
    name = world.snapshot()
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        world.snapshot()
        world.restore(name)
        best = min(best, time.perf_counter() - began)
    assert best < 0.005


def test_ids_stay_in_order_over_creations_restores_and_deletions(psa: Client) -> None:
    def numbers() -> list[int]:
        return [row["id"] for row in psa.rows("/service/tickets", pageSize=1000, fields="id")]

    made = [psa.post("/service/tickets", TICKET).json()["id"] for _ in range(3)]
    assert numbers() == made
    snapshot = psa.control("snapshot", {})
    more = [psa.post("/service/tickets", TICKET).json()["id"] for _ in range(2)]
    assert numbers() == made + more
    psa.call("DELETE", f"/service/tickets/{made[1]}")
    assert numbers() == [made[0], made[2], *more]
    psa.control("restore", snapshot)
    assert numbers() == made
    again = psa.post("/service/tickets", TICKET).json()["id"]
    assert numbers() == [*made, again]
    psa.control("restore", snapshot)
    assert numbers() == made


def test_a_defect_of_the_stand_in_is_shown_and_not_hidden(psa: Client) -> None:
    psa.control("edit", {"path": "/company/contacts/1001", "set": {"communicationItems": None}})
    psa.server.world.tables["contacts"].put(0, 1001, {"id": 1001, "types": 5})
    answer = psa.get("/company/contacts/1001")
    assert (answer.status_code, answer.json()["code"]) == (500, "SandboxDefect")


def test_reset_goes_back_to_the_first_day(psa: Client) -> None:
    first = psa.rows("/company/contacts", pageSize=1000)
    psa.post("/service/tickets", TICKET)
    psa.patch("/company/contacts/1001", title="Boss")
    psa.control("reset", {})
    assert psa.control("records")["tickets"] == []
    assert psa.rows("/company/contacts", pageSize=1000) == first


def test_touch_spreads_over_all_records_and_changes_nothing_else(psa: Client) -> None:
    before = psa.rows("/company/contacts", pageSize=1000)
    since = psa.control("clock")["written"]
    assert psa.control("touch", {"contacts": 20, "companies": [5001]}) == {"contacts": 20, "companies": 1}
    changed = psa.rows("/company/contacts", pageSize=1000, conditions=f"lastUpdated >= [{since}]")
    assert len(changed) == 20
    assert changed[-1]["id"] - changed[0]["id"] > 180
    after = psa.rows("/company/contacts", pageSize=1000)
    strip = [{k: v for k, v in row.items() if k != "_info"} for row in before]
    assert [{k: v for k, v in row.items() if k != "_info"} for row in after] == strip
    assert psa.count("/company/companies", conditions=f"lastUpdated >= [{since}]") == 1


def test_edits_need_no_validation_and_can_create_and_delete(psa: Client) -> None:
    edited = psa.control(
        "edit",
        {"path": "/company/contacts/1002", "set": {"firstName": "<script>", "email": "a@b", "company": {"id": 5002}}},
    )
    assert edited["firstName"] == "<script>"
    assert edited["company"]["identifier"] == "acme"
    assert edited["_info"]["updatedBy"] == "alice"
    made = psa.control("edit", {"path": "/company/contacts", "set": {"firstName": "Made"}})
    assert psa.rows(f"/company/contacts/{made['id']}")["firstName"] == "Made"
    psa.control("edit", {"path": "/company/contacts/1003", "delete": True})
    assert psa.get("/company/contacts/1003").status_code == 404
    member = psa.rows("/marketing/groups/7/contacts")[0]["id"]
    psa.control("edit", {"path": f"/marketing/groups/7/contacts/{member}", "delete": True})
    psa.control("edit", {"path": "/marketing/groups/9/contacts/1003", "set": {}})
    assert psa.get(f"/marketing/groups/7/contacts/{member}").status_code == 404
    assert psa.rows("/marketing/groups/9/contacts/1003")["unsubscribeFlag"] is False


def test_a_renamed_firm_shows_in_every_reference(psa: Client) -> None:
    assert psa.rows("/company/contacts/1001")["company"]["name"] == "Northwind Example Ltd"
    psa.patch("/company/companies/5001", name="Northwind Renamed")
    assert psa.rows("/company/contacts/1001")["company"]["name"] == "Northwind Renamed"
    assert psa.rows("/company/contacts", conditions='company/name="Northwind Renamed"')[0]["id"] == 1001


def test_served_names_who_was_shown_in_lists_and_by_id(psa: Client) -> None:
    psa.rows("/company/contacts", pageSize=2)
    psa.rows("/company/contacts/1005", fields="id")
    psa.rows("/company/companies/5002")
    psa.count("/company/contacts")
    served = psa.control("served")
    assert (served["contacts"], served["companies"], served["calls"]) == ([1001, 1002, 1005], [5002], 4)
    psa.control("served/reset", {})
    assert psa.control("served")["calls"] == 0


def test_control_calls_and_pages_are_not_counted(psa: Client) -> None:
    psa.control("truth")
    psa.session.get(f"{psa.server.url}/contacts", timeout=5)
    assert psa.control("served")["calls"] == 0


def test_every_label_is_planted_and_every_plant_is_labelled(psa: Client) -> None:
    truth = psa.control("truth")
    counted = collections.Counter(label for person in truth["contacts"].values() for label in person["labels"])
    assert set(counted) == set(dirt.LABELS)
    planted = collections.Counter(slot.label for slot in dirt.SLOTS if slot.label != "healthy")
    for label, count in planted.items():
        assert counted[label] == count, label
    assert len(truth["contacts"]) == 200


def test_healthy_people_have_no_other_label_than_belonging(psa: Client) -> None:
    people = psa.control("truth")["contacts"]
    healthy = [p for p in people.values() if "healthy" in p["labels"]]
    assert len(healthy) > 50
    assert all(set(p["labels"]) - {"healthy"} <= dirt.BELONGING for p in healthy)
    assert len({p["email"] for p in healthy}) == len(healthy)


def test_duplicates_repeat_the_contact_before_them(psa: Client) -> None:
    people = psa.control("truth")["contacts"]
    numbers = sorted(people, key=int)
    kinds = {"duplicate_in_company", "duplicate_by_case", "duplicate_by_plus", "duplicate_by_space"}
    for before, number in itertools.pairwise(numbers):
        labels = set(people[number]["labels"])
        one, two = people[before], people[number]
        if labels & kinds:
            assert one["company"] == two["company"]
            assert two["email"].strip().lower().replace("+crm", "") == one["email"]
        if "duplicate_across_companies" in labels:
            assert one["email"] == two["email"]
            assert one["company"] != two["company"]
        if "replaced" in labels:
            assert one["company"] == two["company"]
            assert one["email"] != two["email"]


def test_a_large_world_starts_at_once_and_tells_no_truth(started: Any) -> None:
    began = time.perf_counter()
    client = started(contacts=300_000)
    assert time.perf_counter() - began < 5
    assert client.count("/company/contacts") == 300_000
    answer = client.session.get(f"{client.server.url}/control/truth", timeout=5)
    assert answer.status_code == 400


def test_latency_holds_every_api_answer_back(started: Any) -> None:
    client = started(latency=0.05)
    assert client.get("/company/contacts/count").elapsed.total_seconds() >= 0.05
