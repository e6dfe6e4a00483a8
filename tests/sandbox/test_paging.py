"""Both ways of paging give each record once, and the Link header leads from page to page."""

from __future__ import annotations

import pytest
import requests

from .conftest import BASE, Client

FORWARD = {"pagination-type": "forward-only"}


def next_link(answer: requests.Response) -> str | None:
    return answer.links.get("next", {}).get("url")


def follow(psa: Client, path: str, headers: dict[str, str] | None, **query: object) -> list[int]:
    answer = psa.get(path, headers=headers, **query)
    ids = [row["id"] for row in answer.json()]
    while url := next_link(answer):
        answer = psa.session.get(url, headers=headers, timeout=20)
        ids += [row["id"] for row in answer.json()]
    return ids


@pytest.mark.parametrize("headers", [None, FORWARD], ids=["navigable", "forward-only"])
@pytest.mark.parametrize("size", [7, 25, 200, 1000])
def test_following_next_gives_each_contact_once(psa: Client, headers: dict[str, str] | None, size: int) -> None:
    ids = follow(psa, "/company/contacts", headers, pageSize=size)
    assert ids == sorted(set(ids))
    assert len(ids) == psa.count("/company/contacts") == 200


def test_ids_have_gaps_and_start_where_promised(psa: Client) -> None:
    contacts = [row["id"] for row in psa.rows("/company/contacts", pageSize=1000, fields="id")]
    companies = [row["id"] for row in psa.rows("/company/companies", pageSize=1000, fields="id")]
    assert contacts[0] == 1001
    assert companies[0] == 5001
    assert contacts[-1] > 1200
    assert companies[-1] > 5050


def test_the_default_page_has_25_rows(psa: Client) -> None:
    assert len(psa.rows("/company/contacts")) == 25


def test_navigable_links_name_first_prev_next_and_last(psa: Client) -> None:
    links = psa.get("/company/contacts", pageSize=50, page=2, orderBy="id asc").links
    assert {rel: link["url"].partition("page=")[2] for rel, link in links.items()} == {
        "first": "1",
        "prev": "1",
        "next": "3",
        "last": "4",
    }
    assert all("orderby=id%20asc" in link["url"] for link in links.values())


def test_a_page_past_the_end_is_empty(psa: Client) -> None:
    answer = psa.get("/company/contacts", pageSize=100, page=9)
    assert answer.json() == []
    assert next_link(answer) is None


def test_forward_only_ignores_page_and_ends_with_an_empty_link(psa: Client) -> None:
    answer = psa.get("/company/contacts", headers=FORWARD, pageSize=1000, page=5)
    assert len(answer.json()) == 200
    assert answer.headers["Link"] == ""


def test_forward_only_continues_after_the_page_id(psa: Client) -> None:
    rows = psa.get("/company/contacts", headers=FORWARD, pageSize=3, pageId=1100).json()
    assert [row["id"] for row in rows] == [1101, 1102, 1103]


def test_query_names_are_read_in_any_case(psa: Client) -> None:
    assert len(psa.rows("/company/contacts", PAGESIZE=3)) == 3
    assert psa.count("/company/contacts", CHILDCONDITIONS="types/id=1") < 200


def test_order_by_sorts_by_any_member(psa: Client) -> None:
    rows = psa.rows("/company/contacts", pageSize=1000, orderBy="lastUpdated desc", fields="id,_info")
    moments = [row["_info"]["lastUpdated"] for row in rows]
    assert moments == sorted(moments, reverse=True)
    names = [row["name"].casefold() for row in psa.rows("/company/companies", pageSize=1000, orderBy="name")]
    assert names == sorted(names)


def test_an_unknown_order_by_is_refused(psa: Client) -> None:
    assert psa.get("/company/contacts", orderBy="shoe").status_code == 400


@pytest.mark.parametrize("page_size", ["x", "1.5"])
def test_a_page_size_that_is_no_number_is_refused(psa: Client, page_size: str) -> None:
    assert psa.get("/company/contacts", pageSize=page_size).status_code == 400


def test_the_versioned_codebase_serves_the_same(psa: Client) -> None:
    url = psa.server.url + BASE.replace("v4_6_release", "v2026_1") + "/company/contacts/count"
    assert psa.session.get(url, timeout=20).json() == {"count": 200}
    assert psa.session.get(url.replace("2026_1", "2020_1"), timeout=20).status_code == 404


def test_search_takes_long_conditions_in_the_body(psa: Client) -> None:
    for name in ("one", "two"):
        psa.post("/service/tickets", {"summary": name, "company": {"id": 5001}, "processNotifications": False})
    rows = psa.call("POST", "/service/tickets/search", json={"conditions": 'summary="two"'}, fields="summary").json()
    assert rows == [{"summary": "two"}]
