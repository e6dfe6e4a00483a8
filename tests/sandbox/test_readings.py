"""Each open question about the vendor can be answered either way, and the answer changes what the server does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

import connector.sandbox.connectwise as package
from connector.sandbox.connectwise.readings import READINGS, Readings

from .conftest import BASE, Client

FORWARD = {"pagination-type": "forward-only"}
TICKET = {"summary": "NPS follow-up", "company": {"id": 5001}, "processNotifications": False}


def status(answer: Any) -> int:
    return int(answer.status_code)


def ticket(psa: Client, **members: Any) -> Any:
    return psa.post("/service/tickets", TICKET | members)


def note(psa: Client, **members: Any) -> Any:
    number = ticket(psa, contact={"id": 1001}, type={"id": 100}, automaticEmailContactFlag=False).json()["id"]
    return psa.post(f"/service/tickets/{number}/notes", {"text": "x", **members})


def unsigned(psa: Client, path: str, **headers: str) -> Any:
    return requests.get(f"{psa.server.url}{BASE}{path}", headers=headers, timeout=5)


def rate(psa: Client) -> int:
    now = psa.server.world.now()
    psa.server.world.state.recent.extend([now] * 1000)
    return status(psa.get("/company/contacts/count"))


def last_link(psa: Client) -> str:
    link = psa.get("/company/contacts", headers=FORWARD, pageSize=1000).headers.get("Link")
    return "absent" if link is None else "next" if "next" in link else "empty"


def moved_by_type(psa: Client) -> bool:
    before = psa.rows("/company/contacts/1001")["_info"]
    psa.post("/company/contacts/1001/typeAssociations", {"type": {"id": 2}, "contact": {"id": 1001}})
    return bool(psa.rows("/company/contacts/1001")["_info"] != before)


NEW_FIELD = {
    "podId": 1, "caption": "NPS Wave", "sequenceNumber": 9, "screenId": "ct300", "fieldTypeIdentifier": "Text",
}  # fmt: skip


def twice_a_member(psa: Client) -> int:
    body = {"id": 1003, "groupId": 11}
    psa.post("/marketing/groups/11/contacts", body)
    return status(psa.post("/marketing/groups/11/contacts", body))


def two_addresses(psa: Client) -> bool:
    """Ask for a contact with one element of each term, on different elements."""
    child = 'communicationItems/value="ann@example.com" and communicationItems/communicationType="Phone"'
    return psa.count("/company/contacts", childConditions=child) == 1


def bracketed(psa: Client) -> bool:
    psa.control("edit", {"path": "/company/contacts/1001", "set": {"title": "a[b]c"}})
    return psa.count("/company/contacts", conditions='title like "a[b]c"') == 1


def quoted(psa: Client) -> int:
    psa.control("edit", {"path": "/company/contacts/1001", "set": {"title": 'the "boss"'}})
    return status(psa.get("/company/contacts", conditions='title="the \\"boss\\""'))


def brought_by_default(psa: Client) -> bool:
    rows = psa.rows("/marketing/groups/7/companies", pageSize=1000)
    firms = [row["id"] for row in rows if row["defaultContactFlag"] and not row["allContactsFlag"]]
    people = psa.control("truth")["contacts"].values()
    return any("group_member_by_company" in p["labels"] for p in people if p["company"] in firms)


def in_use(psa: Client) -> int:
    ticket(psa, contact={"id": 1001}, type={"id": 100})
    return status(psa.call("DELETE", "/company/contacts/1001"))


def legacy(psa: Client) -> int:
    [number] = [n for n, p in psa.control("truth")["contacts"].items() if "legacy_bad" in p["labels"]]
    return status(psa.patch(f"/company/contacts/{number}", title="Boss"))


def outsider(psa: Client, **members: Any) -> int:
    member = {row["id"] for row in psa.rows("/marketing/groups/7/contacts", pageSize=1000)}
    everybody = psa.rows("/company/contacts", pageSize=1000, fields="id", orderBy="id")
    number = next(row["id"] for row in everybody if row["id"] not in member)
    return status(psa.post("/marketing/groups/7/contacts", {"id": number, **members}))


def shoe(psa: Client) -> object:
    return psa.rows("/company/contacts/1001")["customFields"][4]["value"]


def mails_after(psa: Client, act: Callable[[Client], Any]) -> int:
    assert status(act(psa)) == 201
    return len(psa.control("records")["mails"])


EMAIL = {"type": {"id": 1}, "value": "ann@example.com", "defaultFlag": True}
HOOK = {"url": "http://127.0.0.1:9/", "objectId": 1, "type": "contact", "level": "type"}
# reading -> (what to do, what comes of it when lenient, when strict)
CASES: dict[str, tuple[Callable[[Client], object], object, object]] = {
    "missing_client_id": (
        lambda p: status(unsigned(p, "/company/contacts", Authorization=p.server.login.authorization)),
        401,
        403,
    ),
    "bad_credentials": (lambda p: status(unsigned(p, "/company/contacts")), 401, 404),
    "system_info_unauthenticated": (lambda p: status(unsigned(p, "/system/info")), 200, 401),
    "is_cloud_form": (
        lambda p: requests.get(f"{p.server.url}/login/companyinfo/acme", timeout=5).json()["IsCloud"],
        True,
        "True",
    ),
    "rate_limit": (rate, 200, 429),
    "page_size_over_1000": (lambda p: status(p.get("/company/contacts", pageSize=1001)), 200, 400),
    "order_by_with_forward_only": (
        lambda p: status(p.get("/company/contacts", headers=FORWARD, orderBy="firstName")),
        200,
        400,
    ),
    "forward_only_served": (
        lambda p: "pageId" in p.get("/company/contacts", headers=FORWARD).headers["Link"],
        True,
        False,
    ),
    "forward_only_last_link": (last_link, "empty", "next"),
    "link_on_single_page": (lambda p: "Link" in p.get("/company/contacts", pageSize=1000).headers, True, False),
    "unordered_listing": (
        lambda p: (lambda ids: ids == sorted(ids))([r["id"] for r in p.rows("/company/contacts", pageSize=1000)]),
        True,
        False,
    ),
    "unknown_projection_field": (lambda p: status(p.get("/company/contacts", fields="id,shoe")), 200, 400),
    "null_properties": (lambda p: "nickName" in p.rows("/company/contacts/1001"), False, True),
    "condition_times": (
        lambda p: p.count("/company/contacts", conditions="lastUpdated >= [2020-01-01T00:00:00Z]") > 0,
        True,
        False,
    ),
    "unfilterable_flags": (lambda p: status(p.get("/company/contacts", conditions="defaultFlag=true")), 200, 400),
    "external_xref_filter": (lambda p: status(p.get("/service/tickets", conditions='externalXRef="x"')), 200, 400),
    "in_child_conditions": (lambda p: status(p.get("/company/contacts", childConditions="types/id in (1)")), 200, 400),
    "child_terms_same_element": (two_addresses, False, True),
    "quote_escape": (quoted, 200, 400),
    "brackets_in_like": (bracketed, True, False),
    "string_case": (lambda p: p.count("/company/contacts", conditions='lastName="EXAMPLE"') > 0, True, False),
    "null_not_equal": (lambda p: p.count("/company/contacts", conditions='nickName != "x"') > 0, True, False),
    "member_rows": (lambda p: "officeEmail" in p.rows("/system/members")[0], True, False),
    "number_field_value": (shoe, 37, "37"),
    "default_contact_flag": (brought_by_default, True, False),
    "contacts_default_parameter": (lambda p: status(p.get("/company/contacts/default", companyId=5001)), 200, 400),
    "summary_over_100": (lambda p: status(ticket(p, summary="x" * 101)), 201, 400),
    "ticket_text_newlines": (
        lambda p: note(p, text="a\nb", internalAnalysisFlag=True, processNotifications=False).json()["text"],
        "a\nb",
        "a b",
    ),
    "ticket_mandatory_fields": (lambda p: status(ticket(p)), 201, 400),
    "ticket_contact_elsewhere": (lambda p: status(ticket(p, company={"id": 5002}, contact={"id": 1001})), 201, 400),
    "note_sections": (
        lambda p: status(note(p, internalAnalysisFlag=True, detailDescriptionFlag=True)),
        201,
        400,
    ),
    "note_mails_by_default": (lambda p: mails_after(p, lambda q: note(q, internalAnalysisFlag=True)), 0, 1),
    "automatic_email_default": (lambda p: mails_after(p, lambda q: ticket(q, contact={"id": 1001})), 0, 1),
    "patch_revalidates": (legacy, 200, 400),
    "type_association_touches_contact": (moved_by_type, True, False),
    "membership_post_by_id": (outsider, 201, 400),
    "membership_post_again": (twice_a_member, 201, 400),
    "custom_field_creation": (lambda p: status(p.post("/system/userDefinedFields", NEW_FIELD)), 201, 403),
    "duplicate_contact": (
        lambda p: status(p.post("/company/contacts", {"firstName": "A", "communicationItems": [EMAIL]})),
        201,
        400,
    ),
    "delete_in_use": (in_use, 409, 400),
    "callback_levels": (lambda p: status(p.post("/system/callbacks", HOOK)), 201, 400),
}


@pytest.mark.parametrize("name", READINGS)
def test_each_reading_changes_what_the_server_does(started: Callable[..., Client], name: str) -> None:
    act, lenient, strict = CASES[name]
    assert act(started(readings={name: READINGS[name].lenient})) == lenient
    assert act(started(readings={name: READINGS[name].strict})) == strict


def test_a_last_page_without_any_link(started: Callable[..., Client]) -> None:
    assert last_link(started(readings={"forward_only_last_link": "absent"})) == "absent"


def test_until_empty_page_ends(started: Callable[..., Client]) -> None:
    psa = started(readings={"forward_only_last_link": "until_empty_page"})
    url: str | None = f"{psa.server.url}{BASE}/company/contacts?pageSize=90"
    ids: list[int] = []
    pages = 0
    while url is not None:
        pages += 1
        answer = psa.session.get(url, headers=FORWARD, timeout=5)
        ids += [row["id"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert (len(ids), pages) == (200, 4)


def test_what_strict_refuses_can_be_written_the_strict_way(started: Callable[..., Client]) -> None:
    psa = started(readings="strict")
    given = {"type": {"name": "Request"}, "contact": {"id": 1001}, "automaticEmailContactFlag": False}
    number = ticket(psa, **given).json()["id"]
    quiet = {"text": "x", "internalAnalysisFlag": True, "processNotifications": False}
    assert status(psa.post(f"/service/tickets/{number}/notes", quiet)) == 201
    assert outsider(psa, groupId=7) == 201
    body = {"firstName": "Ann", "communicationItems": [EMAIL], "ignoreDuplicates": True}
    assert status(psa.post("/company/contacts", body)) == 201
    assert psa.control("records")["mails"] == []


@pytest.mark.parametrize("name", READINGS)
def test_each_reading_is_described_and_consulted(name: str) -> None:
    reading = READINGS[name]
    assert reading.lenient != reading.strict
    assert len(reading.sentence) > 20
    assert re.match(r"\d", reading.fact)
    folder = Path(package.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "readings.py")
    assert f'["{name}"]' in code


def test_readings_are_chosen_by_name() -> None:
    assert set(Readings("strict").values()) == {r.strict for r in READINGS.values()}
    mixed = Readings({"*": "strict", "summary_over_100": "truncate"})
    assert (mixed["summary_over_100"], mixed["note_sections"]) == ("truncate", "exactly_one")
    for wrong in ("loose", {"shoe": "x"}, {"summary_over_100": "x"}):
        with pytest.raises(ValueError, match="readings"):
            Readings(wrong)


def test_the_readings_in_force_are_told(started: Callable[..., Client]) -> None:
    assert started(readings="strict").control("readings") == {n: r.strict for n, r in READINGS.items()}
