"""POST, PATCH, PUT and DELETE do what the vendor does, and refuse in its words."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Client

TICKET = {"summary": "NPS follow-up", "company": {"id": 5001}, "processNotifications": False}


def ticket(psa: Client, **members: Any) -> Any:
    answer = psa.post("/service/tickets", TICKET | members)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("path", "body", "code", "inner", "field"),
    [
        ("/company/contacts", {"lastName": "x"}, "InvalidObject", "MissingRequiredField", "firstName"),
        ("/company/contacts", {"firstName": ""}, "InvalidObject", "MissingRequiredField", "firstName"),
        ("/company/contacts", {"firstName": "x", "company": {"id": 1}}, "InvalidObject", "NotFound", "company/id"),
        (
            "/company/contacts",
            {"firstName": "x", "userDefinedField1": "y" * 51},
            "InvalidObject",
            "InvalidField",
            "userDefinedField1",
        ),
        ("/company/contacts", {"firstName": "x", "gender": "Huge"}, "InvalidObject", "InvalidField", "gender"),
        ("/company/contacts", {"firstName": "x", "typeIds": [99]}, "InvalidObject", "NotFound", "typeIds"),
        ("/company/contacts", {"firstName": "x", "type": 1}, "ConnectWiseApi", None, None),
        ("/company/contacts", {"firstName": "x", "inactiveFlag": "soon"}, "InvalidPatch", None, None),
        ("/company/companies", {"name": "x"}, "InvalidObject", "MissingRequiredField", "identifier"),
        ("/company/companies", {"name": "x", "identifier": "acme"}, "InvalidObject", "ObjectExists", "identifier"),
        ("/service/tickets", {"summary": "x"}, "InvalidObject", "MissingRequiredField", "company"),
        ("/service/tickets", {"company": {"id": 5001}}, "InvalidObject", "MissingRequiredField", "summary"),
        ("/service/tickets", TICKET | {"board": {"name": "Nowhere"}}, "InvalidObject", "NotFound", "board/id"),
        ("/service/tickets", TICKET | {"status": {"id": 203}}, "InvalidObject", "NotFound", "status/id"),
        ("/service/tickets", TICKET | {"status": {"name": "Gone"}}, "InvalidObject", "NotFound", "status/name"),
        (
            "/service/tickets",
            TICKET | {"owner": {"identifier": "eve"}},
            "InvalidObject",
            "NotFound",
            "owner/identifier",
        ),
        ("/service/tickets", TICKET | {"externalXRef": "x" * 101}, "InvalidObject", "InvalidField", "externalXRef"),
        ("/company/contacts/1001/notes", {}, "InvalidObject", "MissingRequiredField", "text"),
        ("/company/contacts/1001/communications", {"value": "x"}, "InvalidObject", "MissingRequiredField", "type"),
        ("/marketing/groups/7/contacts", {"id": 4}, "InvalidObject", "NotFound", "id"),
        ("/sales/activities", {"name": "x"}, "InvalidObject", "MissingRequiredField", "assignTo"),
    ],
)
def test_what_the_vendor_would_refuse(
    psa: Client, path: str, body: Any, code: str, inner: str | None, field: str | None
) -> None:
    answer = psa.post(path, body)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    if inner is None:
        assert answer.json()["errors"] is None
    else:
        [error] = answer.json()["errors"]
        assert (error["code"], error["field"]) == (inner, field)


def test_the_recorded_answer_to_a_contact_without_first_name(psa: Client) -> None:
    assert psa.post("/company/contacts", {"lastName": "x"}).json() == {
        "code": "InvalidObject",
        "message": "contact object is invalid",
        "errors": [
            {
                "code": "MissingRequiredField",
                "message": "The firstName field is required.",
                "resource": "contact",
                "field": "firstName",
            }
        ],
    }


def test_a_new_contact_has_the_recorded_defaults(psa: Client) -> None:
    body = {
        "firstName": "New",
        "company": {"identifier": "NorthwindExample"},
        "typeIds": [1, 4],
        "communicationItems": [
            {"type": {"id": "1"}, "value": "new@example.com", "defaultFlag": True},
            {"type": {"id": 5}, "value": "newer@example.com", "defaultFlag": True},
        ],
    }
    answer = psa.post("/company/contacts", body)
    assert answer.status_code == 201
    new = answer.json()
    assert new["company"]["name"] == "Northwind Example Ltd"
    assert [t["id"] for t in new["types"]] == [1, 4]
    assert "typeIds" not in new
    assert new["disablePortalLoginFlag"] is True
    # One default for each kind of communication: the newest wins.
    assert [(i["value"], i["defaultFlag"], i["domain"]) for i in new["communicationItems"]] == [
        ("new@example.com", False, "@example.com"),
        ("newer@example.com", True, "@example.com"),
    ]
    assert psa.rows(f"/company/contacts/{new['id']}") == new


@pytest.mark.parametrize("slash", ["", "/"])
def test_patch_paths_with_and_without_a_slash(psa: Client, slash: str) -> None:
    before = psa.rows("/company/contacts/1002")
    patched = psa.patch("/company/contacts/1002", **{f"{slash}title": "Boss"}).json()
    assert patched["title"] == "Boss"
    assert patched["_info"]["lastUpdated"] > before["_info"]["lastUpdated"]
    assert patched["_info"]["updatedBy"] == "npsapi"


def test_a_reference_is_replaced_whole_and_a_part_of_it_changes_nothing(psa: Client) -> None:
    before = psa.rows("/company/contacts/1001")
    answer = psa.patch("/company/contacts/1001", **{"company/identifier": "acme"})
    assert (answer.status_code, answer.json()) == (200, before)
    assert psa.patch("/company/contacts/1001", company={"id": 5002}).json()["company"]["identifier"] == "acme"
    assert "company" not in psa.patch("/company/contacts/1001", company=None).json()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"title": "x"}, "InvalidPatch"),
        ([{"op": "copy", "path": "title"}], "InvalidPatch"),
        ([{"op": "replace", "path": "Title", "value": "x"}], "InvalidPatch"),
        ([{"op": "replace", "path": "types", "value": []}], "InvalidObject"),
        ([{"op": "replace", "path": "communicationItems", "value": "x"}], "InvalidPatch"),
        ([{"op": "replace", "path": "communicationItems/9/value", "value": "x"}], "InvalidPatch"),
        ([{"op": "replace", "path": "firstName", "value": None}], "InvalidObject"),
        ([{"op": "replace", "path": "customFields", "value": [{"id": 41, "value": "many"}]}], "InvalidObject"),
        ([{"op": "replace", "path": "company", "value": {"id": 1}}], "InvalidObject"),
    ],
)
def test_patches_that_are_refused(psa: Client, body: Any, code: str) -> None:
    answer = psa.call("PATCH", "/company/contacts/1001", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_custom_fields_left_out_of_a_patch_are_cleared(psa: Client) -> None:
    psa.patch("/company/contacts/1001", customFields=[{"id": 41, "value": 9}])
    values = {f["caption"]: f["value"] for f in psa.rows("/company/contacts/1001")["customFields"]}
    assert values == {"NPS Score": 9, "NPS Date": None, "NPS Band": None, "NPS Comment": None, "Shoe size": None}
    psa.server.world.reset()
    fields = psa.rows("/company/contacts/1001")["customFields"]
    whole = [f | {"value": 9} if f["caption"] == "NPS Score" else f for f in fields]
    psa.patch("/company/contacts/1001", customFields=whole)
    values = {f["caption"]: f["value"] for f in psa.rows("/company/contacts/1001")["customFields"]}
    assert (values["NPS Score"], values["Shoe size"]) == (9, 37)
    assert psa.control("records")["custom_fields"]["1001"] == {"NPS Score": 9, "Shoe size": 37}


def test_communication_items_by_index_and_by_sub_resource(psa: Client) -> None:
    psa.patch("/company/contacts/1001", **{"/communicationItems/0/value": "ann.new@example.com"})
    rows = psa.rows("/company/contacts/1001/communications")
    assert rows[0]["value"] == "ann.new@example.com"
    added = psa.post("/company/contacts/1001/communications", {"type": {"id": 3}, "value": "+1 555 0199"}).json()
    assert added["communicationType"] == "Fax"
    assert added["contactId"] == 1001
    assert psa.patch(f"/company/contacts/1001/communications/{added['id']}", value="+1 555 0198").status_code == 200
    assert psa.call("DELETE", f"/company/contacts/1001/communications/{added['id']}").status_code == 204
    assert len(psa.rows("/company/contacts/1001")["communicationItems"]) == 2


def test_types_change_through_type_associations(psa: Client) -> None:
    added = psa.post("/company/contacts/1001/typeAssociations", {"type": {"id": 2}, "contact": {"id": 1001}})
    assert added.status_code == 201
    assert [t["id"] for t in psa.rows("/company/contacts/1001")["types"]] == [1, 2]
    assert psa.call("DELETE", f"/company/contacts/1001/typeAssociations/{added.json()['id']}").status_code == 204
    assert [t["id"] for t in psa.rows("/company/contacts/1001")["types"]] == [1]


def test_group_members_come_and_go_by_contact_id(psa: Client) -> None:
    outside = next(
        c["id"]
        for c in psa.rows("/company/contacts", pageSize=1000)
        if psa.get(f"/marketing/groups/7/contacts/{c['id']}").status_code == 404
    )
    assert psa.post("/marketing/groups/7/contacts", {"id": outside}).json()["groupId"] == 7
    assert psa.patch(f"/marketing/groups/7/contacts/{outside}", unsubscribeFlag=True).json()["unsubscribeFlag"]
    assert 7 in [row["group"]["id"] for row in psa.rows(f"/company/contacts/{outside}/groups")]
    assert psa.call("DELETE", f"/marketing/groups/7/contacts/{outside}").status_code == 204
    assert psa.get(f"/marketing/groups/7/contacts/{outside}").status_code == 404


def test_initial_texts_become_notes_and_are_not_echoed(psa: Client) -> None:
    made = ticket(psa, board={"name": "Customer Success"}, initialDescription="hello", initialInternalAnalysis="secret")
    assert not {"initialDescription", "initialInternalAnalysis", "processNotifications"} & made.keys()
    assert made["status"]["name"] == "New"
    notes = psa.rows(f"/service/tickets/{made['id']}/notes")
    assert [(n["text"], n["detailDescriptionFlag"], n["internalAnalysisFlag"]) for n in notes] == [
        ("hello", True, False),
        ("secret", False, True),
    ]
    assert notes[1]["internalFlag"] is True


def test_the_contacts_name_address_and_phone_stand_on_the_ticket(psa: Client) -> None:
    made = ticket(psa, contact={"id": 1001})
    assert made["contactName"] == "Ann Example"
    assert made["contactEmailAddress"] == "ann@example.com"


def test_closing_follows_the_status_set_up_and_not_its_name(psa: Client) -> None:
    number = ticket(psa, board={"id": 20})["id"]
    closed = psa.patch(f"/service/tickets/{number}", status={"name": "Closed"}).json()
    assert (closed["closedFlag"], closed["closedBy"]) == (True, "npsapi")
    opened = psa.patch(f"/service/tickets/{number}", status={"id": 200}).json()
    assert opened["closedFlag"] is False
    assert "closedDate" not in opened


def test_a_status_of_another_board_is_refused_also_on_patch(psa: Client) -> None:
    number = ticket(psa, board={"id": 20})["id"]
    answer = psa.patch(f"/service/tickets/{number}", status={"id": 100})
    assert answer.json()["errors"][0]["message"] == "Service Status not found for Service Board 20"
    moved = psa.patch(f"/service/tickets/{number}", status={"id": 101}, board={"id": 10})
    assert moved.json()["board"]["name"] == "Help Desk"


def test_the_own_key_in_external_x_ref_is_found(psa: Client) -> None:
    number = ticket(psa, externalXRef="nps-k7m2q4")["id"]
    assert [t["id"] for t in psa.rows("/service/tickets", conditions='externalXRef="nps-k7m2q4"')] == [number]


@pytest.mark.parametrize(
    ("members", "mails"),
    [
        ({}, 0),
        ({"processNotifications": True}, 1),
        ({"processNotifications": None}, 1),
        ({"automaticEmailContactFlag": True}, 1),
    ],
)
def test_mails_to_the_contact_are_written_down(psa: Client, members: Any, mails: int) -> None:
    ticket(psa, contact={"id": 1001}, **members)
    assert [m["to"] for m in psa.control("records")["mails"]] == ["ann@example.com"] * mails


def test_mails_about_notes_are_written_down(psa: Client) -> None:
    path = f"/service/tickets/{ticket(psa, contact={'id': 1001})['id']}/notes"
    psa.post(path, {"text": "quiet", "internalAnalysisFlag": True, "processNotifications": False})
    assert psa.control("records")["mails"] == []
    psa.post(path, {"text": "loud", "detailDescriptionFlag": True, "processNotifications": True})
    assert len(psa.control("records")["mails"]) == 1
    posted = [n["processNotifications"] for n in psa.control("records")["ticket_notes"]]
    assert posted == [False, True]


def test_put_replaces_everything(psa: Client) -> None:
    put = psa.call("PUT", "/company/contacts/1001", json={"firstName": "Only"}).json()
    assert put["firstName"] == "Only"
    assert "lastName" not in put
    assert put["communicationItems"] == []
    assert psa.call("PUT", "/company/contacts/1001", json={"lastName": "x"}).status_code == 400


def test_a_contact_in_use_cannot_be_deleted(psa: Client) -> None:
    assert psa.call("DELETE", "/company/contacts/1002").status_code == 204
    assert psa.get("/company/contacts/1002").status_code == 404
    assert psa.count("/company/contacts") == 199
    ticket(psa, contact={"id": 1001})
    assert psa.call("DELETE", "/company/contacts/1001").status_code == 409


def test_callbacks_and_activities_are_kept(psa: Client) -> None:
    hook = {"url": "http://127.0.0.1:9/?recordId=", "objectId": 1, "type": "contact", "level": "owner"}
    made = psa.post("/system/callbacks", hook)
    assert made.status_code == 201
    assert psa.post("/system/callbacks", hook).json()["errors"][0]["code"] == "ObjectExists"
    assert psa.call("DELETE", f"/system/callbacks/{made.json()['id']}").status_code == 204
    made = psa.post(
        "/sales/activities", {"name": "Call Ann", "assignTo": {"identifier": "bob"}, "contact": {"id": 1001}}
    )
    assert made.json()["assignTo"]["name"] == "Bob Bishop"


def test_a_contact_note_is_kept_with_its_author(psa: Client) -> None:
    note = psa.post("/company/contacts/1001/notes", {"text": "NPS 3", "type": {"name": "NPS"}}).json()
    assert (note["contactId"], note["enteredBy"], note["type"]["id"]) == (1001, "npsapi", 3)
    assert [n["text"] for n in psa.control("records")["contact_notes"]] == ["NPS 3"]


def test_a_body_that_is_no_json_or_no_object(psa: Client) -> None:
    url = f"{psa.server.url}/v4_6_release/apis/3.0/company/contacts"
    assert psa.session.post(url, data=b"{nope", timeout=5).status_code == 400
    assert psa.post("/company/contacts", [1]).status_code == 400
