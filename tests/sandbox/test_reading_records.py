"""What a record looks like: references, `_info`, custom fields, projections, opt-outs."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.sandbox.connectwise import Server

from .conftest import BASE, Client


def test_ann_example_is_there_at_any_size_and_seed(started: Any) -> None:
    for settings in (
        {"contacts": 1},
        {"contacts": 37, "seed": 99},
        {"contacts": 900, "companies": 8, "group_members": 1},
    ):
        client = started(**settings)
        ann = client.rows("/company/contacts/1001")
        assert (ann["firstName"], ann["lastName"]) == ("Ann", "Example")
        assert ann["company"]["name"] == "Northwind Example Ltd"
        assert [t["name"] for t in ann["types"]] == ["Decision Maker"]
        assert [i["value"] for i in ann["communicationItems"] if i["communicationType"] == "Email"] == [
            "ann@example.com"
        ]
        assert 1001 in [row["id"] for row in client.rows("/marketing/groups/7/contacts", pageSize=1000)]
        firm = client.rows(f"/company/companies/{ann['company']['id']}")
        assert [t["name"] for t in firm["types"]] == ["Managed Client"]
        assert not firm["deletedFlag"]
        assert client.control("truth")["contacts"]["1001"]["labels"][-1] == "healthy" or client.control("truth")[
            "contacts"
        ]["1001"]["labels"] == ["group_member", "healthy"]


def test_the_same_seed_gives_the_same_people(started: Any) -> None:
    one, two, other = started(seed=3), started(seed=3), started(seed=4)
    everybody = one.rows("/company/contacts", pageSize=1000)
    assert everybody == two.rows("/company/contacts", pageSize=1000)
    assert everybody != other.rows("/company/contacts", pageSize=1000)


def test_unset_members_are_left_out_and_unset_custom_fields_are_null(psa: Client) -> None:
    ann = psa.rows("/company/contacts/1002")
    assert None not in ann.values()
    assert [(f["caption"], f["type"]) for f in ann["customFields"]] == [
        ("NPS Score", "Number"),
        ("NPS Date", "Text"),
        ("NPS Band", "Text"),
        ("NPS Comment", "TextArea"),
        ("Shoe size", "Number"),
    ]
    assert {f["value"] for f in ann["customFields"]} == {None}
    assert "email" not in ann


def test_info_holds_moments_people_and_links(psa: Client) -> None:
    info = psa.rows("/company/contacts/1001")["_info"]
    assert info["lastUpdated"].endswith("Z")
    assert len(info["lastUpdated"]) == 20
    assert {"updatedBy", "dateEntered", "enteredBy", "notes_href"} <= info.keys()


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("id", {"id": 1001}),
        ("id,firstName", {"id": 1001, "firstName": "Ann"}),
        ("ID,company/identifier", {"id": 1001, "company": {"identifier": "NorthwindExample"}}),
        ("types/name", {"types": [{"name": "Decision Maker"}]}),
        ("id,shoe", {"id": 1001}),
    ],
)
def test_fields_cut_the_record_down(psa: Client, fields: str, shown: Any) -> None:
    assert psa.rows("/company/contacts/1001", fields=fields) == shown
    assert psa.rows("/company/contacts", fields=fields, conditions="id=1001") == [shown]


def test_info_is_dropped_unless_it_is_listed(psa: Client) -> None:
    assert "_info" not in psa.rows("/company/contacts/1001", fields="id,firstName")
    assert "lastUpdated" in psa.rows("/company/contacts/1001", fields="id,_info")["_info"]


def test_opt_outs_stand_at_contact_company_and_group_level(psa: Client) -> None:
    truth = psa.control("truth")["contacts"]
    contacts = {str(c["id"]): c for c in psa.rows("/company/contacts", pageSize=1000)}
    firms = {c["id"]: c for c in psa.rows("/company/companies", pageSize=1000)}
    members = {str(m["id"]): m for m in psa.rows("/marketing/groups/7/contacts", pageSize=1000)}
    for number, contact in contacts.items():
        labels = truth[number]["labels"]
        assert contact["unsubscribeFlag"] is ("unsubscribed_contact" in labels)
        firm = firms[contact["company"]["id"]] if "company" in contact else {"unsubscribeFlag": False}
        assert firm["unsubscribeFlag"] is ("unsubscribed_company" in labels)
        assert members.get(number, {"unsubscribeFlag": False})["unsubscribeFlag"] is ("unsubscribed_group" in labels)
    rows = psa.rows("/marketing/groups/7/companies", pageSize=1000)
    assert any(row["unsubscribeFlag"] for row in rows)
    assert any(row["allContactsFlag"] for row in rows)
    assert any(row["defaultContactFlag"] for row in rows)


def test_set_up_tables_are_as_described(psa: Client) -> None:
    def names(path: str, name: str = "name") -> list[str]:
        return [row[name] for row in psa.rows(path, pageSize=1000)]

    assert names("/company/contacts/types", "description") == [
        "Decision Maker",
        "Owner",
        "End User",
        "Billing",
        "Technical",
    ]
    assert "Managed Client" in names("/company/companies/types")
    assert names("/marketing/groups") == ["NPS 2026", "Newsletter", "Old List"]
    assert names("/service/boards") == ["Help Desk", "Customer Success", "Old Projects"]
    assert set(names("/service/priorities")) == {"Low", "Medium", "High", "Critical"}
    assert {"bob", "alice", "carol", "dave"} <= set(names("/system/members", "identifier"))
    [dave] = psa.rows("/system/members", conditions='identifier="dave"')
    assert dave["inactiveFlag"] is True
    statuses = {row["name"]: row["closedStatus"] for row in psa.rows("/service/boards/20/statuses")}
    assert statuses == {"New": False, "In Progress": False, "Waiting Customer": False, "Closed": True}
    assert psa.rows("/service/boards/30")["inactiveFlag"] is True
    [own] = psa.rows("/company/companies", conditions='identifier="acme"')
    assert own["types"][0]["name"] == "Own Company"


def test_most_firms_have_an_account_manager_in_their_team(psa: Client) -> None:
    firms = [row["id"] for row in psa.rows("/company/companies", pageSize=1000)]
    teams = [psa.rows(f"/company/companies/{number}/teams") for number in firms]
    managed = [team for team in teams if any(row["accountManagerFlag"] for row in team)]
    assert len(firms) / 2 < len(managed) < len(firms)
    assert teams[0][0]["member"]["identifier"] == "bob"


def test_a_wrong_key_a_missing_client_id_and_plain_info(psa: Client) -> None:
    server: Server = psa.server
    url = f"{server.url}{BASE}/company/contacts/count"
    good = {"Authorization": server.login.authorization, "clientId": server.login.client_id}
    assert requests.get(url, headers=good, timeout=5).status_code == 200
    assert requests.get(url, headers={"clientId": server.login.client_id}, timeout=5).status_code == 401
    assert requests.get(url, headers={"Authorization": server.login.authorization}, timeout=5).status_code == 401
    info = requests.get(f"{server.url}/login/companyinfo/acme", timeout=5).json()
    assert info["Codebase"] == "v2026_1/"
    assert requests.get(f"{server.url}/login/companyinfo/nobody", timeout=5).json() is None


def test_answers_carry_the_vendors_headers(psa: Client) -> None:
    headers = psa.get("/system/info").headers
    assert headers["x-cw-request-id"]
    assert headers["api-current-version"] == "2026.1"


def test_unknown_paths_records_and_verbs(psa: Client) -> None:
    assert psa.get("/company/nothing").json()["message"] == "The endpoint does not exist."
    missing = psa.get("/company/contacts/57919")
    assert (missing.status_code, missing.json()) == (404, {"code": "NotFound", "message": "Contact 57919 not found"})
    assert psa.get("/company/contacts/57919/notes").status_code == 404
    assert psa.call("DELETE", "/service/boards/10").status_code == 405
    assert psa.post("/company/contacts/1001", {}).status_code == 405


def test_the_default_contact_of_a_firm(psa: Client) -> None:
    assert psa.rows("/company/contacts/default", companyId=5001)["id"] == 1001
    assert psa.get("/company/contacts/default").status_code == 400
