"""What a technician sees, and that nothing written by a stranger runs in his browser."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
import requests

from connector.sandbox import names

from .conftest import Client


class Seen(HTMLParser):
    """Collects what a browser would make of a page: tags, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def page(psa: Client, path: str) -> requests.Response:
    answer = requests.get(psa.server.url + path, timeout=5)
    assert answer.status_code == 200, path
    return answer


def ticket(psa: Client, **members: Any) -> int:
    body = {"summary": "NPS follow-up", "company": {"id": 5001}, "contact": {"id": 1001}, **members}
    return int(psa.post("/service/tickets", body).json()["id"])


@pytest.mark.parametrize(("kind", "place"), [("ServiceFv", "tickets"), ("ContactFv", "contacts")])
def test_the_link_to_a_record_leads_to_its_page(psa: Client, kind: str, place: str) -> None:
    number = ticket(psa) if place == "tickets" else 1001
    router = "/v4_6_release/services/system_io/router/openrecord.rails"
    opened = page(psa, f"{router}?companyName=acme&recordType={kind}&recid={number}")
    assert opened.url == f"{psa.server.url}/{place}/{number}"


def test_a_ticket_shows_what_a_technician_needs(psa: Client) -> None:
    number = ticket(
        psa,
        board={"name": "Customer Success"},
        owner={"identifier": "bob"},
        priority={"name": "High"},
        requiredDate="2026-11-23T16:20:00Z",
        initialDescription="for everybody",
        initialInternalAnalysis="for the team",
    )
    seen = Seen(page(psa, f"/tickets/{number}").text).text
    for word in ("Customer Success", "High", "2026-11-23T16:20:00Z", "Bob Bishop", "Ann Example", "ann@example.com"):
        assert word in seen
    internal = seen.index("INTERNAL")
    assert seen.index("for everybody") < internal < seen.index("for the team")


@pytest.mark.parametrize("path", ["/", "/companies", "/contacts", "/contacts?page=4", "/contacts/1001", "/tickets"])
def test_pages_run_no_script_and_say_so(psa: Client, path: str) -> None:
    answer = page(psa, path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    seen = Seen(answer.text)
    assert not seen.tags & {"script", "img", "iframe"}
    assert not {name for name in seen.attributes if name.startswith("on") or name == "style"}


@pytest.mark.parametrize("hostile", names.HOSTILE, ids=[h[2] for h in names.HOSTILE])
def test_hostile_text_is_shown_and_not_obeyed(psa: Client, hostile: tuple[str, str, str]) -> None:
    first, last, _ = hostile
    number = ticket(psa, summary="x", initialInternalAnalysis=last)
    row: dict[str, Any] = {"firstName": first, "lastName": last, "title": last}
    psa.control("edit", {"path": "/company/contacts/1001", "set": row})
    psa.control("edit", {"path": f"/service/tickets/{number}", "set": {"summary": first, "externalXRef": last}})
    for path in (f"/tickets/{number}", "/tickets", "/contacts/1001", "/contacts"):
        seen = Seen(page(psa, path).text)
        assert not seen.tags & {"script", "img", "b"}
        assert " ".join(first.split()) in " ".join(seen.text.split())
        assert "49" not in first
        if "7*7" in first:
            assert "{{7*7}}" in seen.text


def test_long_lists_are_paged(psa: Client) -> None:
    first, last = page(psa, "/contacts").text, page(psa, "/contacts?page=999").text
    assert "Page 1 of 4" in first
    assert "Page 4 of 4" in last
    assert first.count("<tr>") == 51


def test_a_person_closes_merges_and_deletes_tickets(psa: Client) -> None:
    one, two, three = (ticket(psa) for _ in range(3))
    act = f"{psa.server.url}/tickets"
    assert requests.post(f"{act}/{one}/close", data={"by": "carol"}, timeout=5).status_code == 200
    closed = psa.rows(f"/service/tickets/{one}")
    assert (closed["closedFlag"], closed["closedBy"], closed["_info"]["updatedBy"]) == (True, "carol", "carol")
    assert requests.post(f"{act}/{two}/merge", data={"by": "bob", "into": str(three)}, timeout=5).status_code == 200
    merged = psa.rows(f"/service/tickets/{two}")
    assert (merged["mergedParentTicket"]["id"], merged["closedFlag"]) == (three, True)
    assert psa.rows(f"/service/tickets/{three}")["hasMergedChildTicketFlag"] is True
    assert requests.post(f"{act}/{three}/delete", data={"by": "bob"}, timeout=5).status_code == 200
    assert psa.get(f"/service/tickets/{three}").status_code == 404
    assert requests.post(f"{act}/{three}/close", data={"by": "bob"}, timeout=5).status_code == 404


@pytest.mark.parametrize("path", ["/nothing", "/tickets/1", "/contacts/1", "/tickets/x", "/contacts/1/2"])
def test_what_is_not_there(psa: Client, path: str) -> None:
    assert requests.get(psa.server.url + path, timeout=5).status_code == 404
