"""Associations: pages by record, defaults, labels, one primary company."""

from __future__ import annotations

import pytest

from connector.sandbox.hubspot.world import World

from .conftest import MARCH, SEPTEMBER, Portal

READ = "/crm/v4/associations/contacts/companies/batch/read"


@pytest.mark.parametrize(
    "path", [READ] + [f"/crm/associations/{v}/contacts/companies/batch/read" for v in (MARCH, SEPTEMBER)]
)
def test_every_version_reads_companies_with_their_labels(crm: Portal, path: str) -> None:
    [found] = crm.post(path, {"inputs": [{"id": "901"}]})["results"]
    assert found["from"] == {"id": "901"}
    assert [(row["toObjectId"], [t["typeId"] for t in row["associationTypes"]]) for row in found["to"]] == [
        ("951", [1, 279])
    ]
    assert found["to"][0]["associationTypes"][0] == {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}


def test_the_official_client_reads_and_both_sides_agree(crm: Portal) -> None:
    api = crm.hub.crm.associations.v4.batch_api
    [acme] = api.get_page("companies", "contacts", {"inputs": [{"id": "951"}]}).results
    people = [row.to_object_id for row in acme.to]
    assert "901" in people
    back = api.get_page("contacts", "companies", {"inputs": [{"id": n} for n in people]}).results
    assert all("951" in [row.to_object_id for row in found.to] for found in back)


@pytest.mark.parametrize("shape", [{}, {"contacts": 500, "companies": 37}, {"contacts": 300, "companies": 1}])
def test_planted_links_are_the_same_from_both_sides(shape: dict[str, int]) -> None:
    world = World(**shape)  # type: ignore[arg-type]
    layout, back = world.layout, {1: 2, 279: 280, 1021: 1022}
    contacts = [layout.contact_ids.of(index) for index in range(layout.contacts)]
    companies = [layout.company_ids.of(index) for index in range(layout.companies)]
    one = {
        (contact, company, tuple(back[t] for t in types))
        for contact in contacts
        for company, types in world.links.of("contacts", contact, "companies").items()
    }
    two = {
        (contact, company, types)
        for company in companies
        for contact, types in world.links.of("companies", company, "contacts").items()
    }
    assert one == two
    assert len(one) >= layout.contacts - 20


def test_more_than_a_hundred_need_another_page_of_that_record(crm: Portal) -> None:
    [consultant] = crm.labelled("consultant")
    inputs = [{"id": "901"}, {"id": consultant}]
    ann, many = crm.post(READ, {"inputs": inputs})["results"]
    assert "paging" not in ann
    after = many["paging"]["next"]["after"]
    [rest] = crm.post(READ, {"inputs": [{"id": consultant, "after": after}]})["results"]
    numbers = [row["toObjectId"] for row in [*many["to"], *rest["to"]]]
    assert (len(many["to"]), len(numbers), len(set(numbers))) == (100, 120, 120)
    assert "paging" not in rest
    primary = [row for row in [*many["to"], *rest["to"]] if row["associationTypes"][0]["typeId"] == 1]
    assert len(primary) == 1


def test_one_records_page_takes_five_hundred(crm: Portal) -> None:
    [talkative] = crm.labelled("talkative")
    api = crm.hub.crm.associations.v4.basic_api
    assert len(api.get_page("contacts", talkative, "notes", limit=500).results) == 130
    assert api.get_page("contacts", talkative, "notes", limit=100).paging.next.after


def test_a_record_without_associations_is_absent_or_named(crm: Portal, strict: Portal) -> None:
    number = crm.labelled("no_company")[0]
    assert crm.post(READ, {"inputs": [{"id": number}]})["results"] == []
    named = strict.post(READ, {"inputs": [{"id": number}, {"id": "901"}]}, status=207)
    assert len(named["results"]) == 1
    assert named["results"][0]["to"][0]["toObjectId"] == 951
    assert named["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_a_thousand_inputs_are_the_most(crm: Portal) -> None:
    assert crm.call("POST", READ, {"inputs": [{"id": "901"}] * 1000}).status_code == 200
    assert crm.call("POST", READ, {"inputs": [{"id": "901"}] * 1001}).status_code == 400


def test_the_portals_own_labels_are_listed_and_planted(crm: Portal) -> None:
    rows = crm.get("/crm/v4/associations/contacts/companies/labels")["results"]
    assert {"category": "USER_DEFINED", "typeId": 1021, "label": "Billing contact"} in rows
    number = crm.labelled("labelled_company")[0]
    [found] = crm.post(READ, {"inputs": [{"id": number}]})["results"]
    assert "Billing contact" in {t["label"] for row in found["to"] for t in row["associationTypes"]}


def test_a_default_association_may_be_made_twice_without_harm(crm: Portal) -> None:
    ticket = crm.post("/crm/v3/objects/tickets", {"properties": {"subject": "x", "hs_pipeline_stage": "1"}}, 201)["id"]
    rows = {"inputs": [{"from": {"id": ticket}, "to": {"id": "901"}}]}
    for _ in range(2):
        made = crm.post("/crm/v4/associations/tickets/contacts/batch/associate/default", rows)
        assert len(made["results"]) == 2
    assert [r["toObjectId"] for r in crm.get(f"/crm/v4/objects/tickets/{ticket}/associations/contacts")["results"]] == [
        "901"
    ]
    crm.put(f"/crm/v4/objects/tickets/{ticket}/associations/default/companies/951")
    assert len(crm.get("/crm/v4/objects/companies/951/associations/tickets")["results"]) == 1
    missing = {"inputs": [{"from": {"id": ticket}, "to": {"id": "908"}}]}
    assert crm.call("POST", "/crm/v4/associations/tickets/contacts/batch/associate/default", missing).status_code == 207


def test_another_company_does_not_take_the_primary_label_unless_it_says_so(crm: Portal) -> None:
    def types() -> dict[str, list[int]]:
        [found] = crm.post(READ, {"inputs": [{"id": "901"}]})["results"]
        return {row["toObjectId"]: [t["typeId"] for t in row["associationTypes"]] for row in found["to"]}

    crm.put("/crm/v4/objects/contacts/901/associations/default/companies/952")
    assert types() == {"951": [1, 279], "952": [279]}
    label = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    crm.put("/crm/v4/objects/contacts/901/associations/companies/952", label)
    assert types() == {"951": [279], "952": [1, 279]}
    row = crm.get("/crm/v3/objects/contacts/901", properties="associatedcompanyid")
    assert row["properties"]["associatedcompanyid"] == "952"
    assert crm.call("DELETE", "/crm/v4/objects/contacts/901/associations/companies/952").status_code == 204
    assert types() == {"951": [279]}


def test_links_move_the_time_of_change_only_where_the_portal_does_so(crm: Portal, strict: Portal) -> None:
    for portal, moves in ((crm, False), (strict, True)):
        before = portal.get("/crm/v3/objects/contacts/901")["updatedAt"]
        portal.put("/crm/v4/objects/contacts/901/associations/default/companies/952")
        assert (portal.get("/crm/v3/objects/contacts/901")["updatedAt"] != before) is moves
