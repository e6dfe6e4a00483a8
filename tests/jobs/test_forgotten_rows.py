"""Whoever was erased loses everything in an answer, in whichever shape a CRM gives it; everybody else loses nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain import Contact
from connector.jobs import rows
from connector.jobs.forget.erasing import Erasing
from connector.jobs.forget.traces import Traces
from connector.jobs.forgotten import PLACEHOLDER, ForgettingWire
from connector.ports import Answer, Call
from connector.store import forgotten
from connector.store.erase import Stored
from connector.store.forgotten import Forgotten

SECRET = b"s" * 32
BY_ID = forgotten.digest(SECRET, forgotten.CONTACT, "crm/7")
BY_ADDRESS = forgotten.digest(SECRET, forgotten.ADDRESS, "ann@example.com")
ANN = {"given": "Anneliese", "family": "Examplesson", "email": "Ann@example.com"}
BOB = {"given": "Robert", "family": "Otherson", "email": "bob@example.com"}


def of_connectwise(who: dict[str, str], number: str) -> dict[str, Any]:
    return {"id": int(number), "firstName": who["given"], "lastName": who["family"], "email": who["email"]}


def of_hubspot(who: dict[str, str], number: str) -> dict[str, Any]:
    properties = {"firstname": who["given"], "lastname": who["family"], "email": who["email"], "hs_object_id": number}
    return {"id": number, "properties": properties, "archived": False}


def of_salesforce(who: dict[str, str], number: str) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, "Id": number, "FirstName": who["given"], "LastName": who["family"],
            "Name": f"{who['given']} {who['family']}", "Email": who["email"], "AccountId": "001"}  # fmt: skip


ANSWERS: dict[str, Callable[[dict[str, str], dict[str, str]], Any]] = {
    "a list": lambda ann, bob: [of_connectwise(ann, "7"), of_connectwise(bob, "8")],
    "results with properties": lambda ann, bob: {
        "total": 2, "results": [of_hubspot(ann, "7"), of_hubspot(bob, "8")], "paging": {"next": {"after": "8"}},
    },
    "records with attributes": lambda ann, bob: {
        "totalSize": 2, "done": True, "records": [of_salesforce(ann, "7"), of_salesforce(bob, "8")],
    },
    "answers within an answer": lambda ann, bob: {
        "compositeResponse": [
            {"body": {"records": [of_salesforce(ann, "7")]}, "httpStatusCode": 200},
            {"body": {"records": [of_salesforce(bob, "8")]}, "httpStatusCode": 200},
        ]
    },
}  # fmt: skip


class Answering:
    def __init__(self, body: bytes, kind: str = "application/json") -> None:
        self.answer = Answer(status=200, headers={"content-type": kind}, body=body)

    def send(self, call: Call) -> Answer:
        return self.answer


def through(body: bytes, digest: str, kind: str = "application/json") -> bytes:
    wire = ForgettingWire(Answering(body, kind), "crm", Forgotten(SECRET, frozenset({digest})))
    return wire.send(Call(method="GET", path="/x")).body


@pytest.mark.parametrize("digest", [BY_ID, BY_ADDRESS], ids=["by id", "by address"])
@pytest.mark.parametrize("shape", ANSWERS)
def test_the_row_of_whoever_was_erased_is_emptied_and_no_other(shape: str, digest: str) -> None:
    given_body = json.dumps(ANSWERS[shape](ANN, BOB)).encode()
    body = through(given_body, digest)
    assert PLACEHOLDER.encode() in body
    for word in ANN.values():
        assert word.encode() not in body
        assert word.casefold().encode() not in body
    for word in BOB.values():
        assert word.encode() in body, "somebody else lost something"
    assert _shape(json.loads(body)) == _shape(json.loads(given_body))


@pytest.mark.parametrize("shape", ANSWERS)
def test_an_answer_about_others_stays_as_it_is_byte_by_byte(shape: str) -> None:
    body = json.dumps(ANSWERS[shape](BOB, BOB), indent=3).encode()
    other = forgotten.digest(SECRET, forgotten.CONTACT, "crm/9")
    assert through(body, other) is body


@pytest.mark.parametrize("path", ["/crm/v3/owners", "/crm/owners/2026-09", "/v4_6_release/apis/3.0/system/members"])
def test_a_user_who_has_the_number_of_somebody_erased_is_somebody_else(path: str) -> None:
    owner = {"id": "7", "firstName": BOB["given"], "lastName": BOB["family"], "email": BOB["email"]}
    body = json.dumps({"results": [owner]}).encode()
    wire = ForgettingWire(Answering(body), "crm", Forgotten(SECRET, frozenset({BY_ID, BY_ADDRESS})))
    assert wire.send(Call(method="GET", path=path)).body is body
    ann = Contact(connection="crm", id="7", first_name=ANN["given"], last_name=ANN["family"], email=ANN["email"])
    traces = Traces(set())
    traces.add_contact(ann)
    call = {"method": "GET", "path": path, "query": [], "headers": {}, "body": ""}
    frame = {"t": "exchange", "connection": "crm", "call": call, "answer": {"status": 200, "body": body.decode()}}
    kept = Erasing(SECRET, traces, Stored(contacts=[ann])).exchange(frame)
    assert kept["answer"]["body"] == body.decode()
    assert not any(BOB["email"] in address for address in traces.addresses)


@pytest.mark.parametrize("digest", [BY_ID, BY_ADDRESS], ids=["by id", "by address"])
def test_a_table_is_emptied_row_by_row(digest: str) -> None:
    made = io.StringIO()
    writer = csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Id", "FirstName", "LastName", "Email", "SystemModstamp"])
    for number, who in (("7", ANN), ("8", BOB)):
        writer.writerow([number, who["given"], who["family"], who["email"], "2026-11-20T10:00:00.000Z"])
    lines = made.getvalue().encode().splitlines()
    kept = through(made.getvalue().encode(), digest, "text/csv; charset=UTF-8").splitlines()
    assert (kept[0], kept[2]) == (lines[0], lines[2])
    assert b'"7"' in kept[1]
    assert b"2026-11-20T10:00:00.000Z" in kept[1]
    assert not any(word.encode() in kept[1] for word in ANN.values())
    assert through(made.getvalue().encode(), BY_ID[::-1], "text/csv").splitlines() == lines


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                    max_leaves=12))  # fmt: skip
def test_whatever_the_shape_nothing_is_lost_where_nothing_changes(value: Any) -> None:
    assert rows.replaced(value, lambda row: row) is value
    assert rows.replaced(value, dict) == value


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value).__name__
