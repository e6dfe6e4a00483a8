"""The levers, the readings, the page for people, and the stand-in as a process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest
import requests

from connector.sandbox.salesforce.readings import READINGS, Readings
from tests.processes import line, started

from .conftest import ANN, Org


def test_a_snapshot_is_returned_to_and_faults_are_forgotten(org: Org) -> None:
    org.sf.NPS_Response__c.create({"Response_Key__c": "k-1", "Score__c": 1})
    name = org.control("snapshot", {})["id"]
    org.sf.Contact.update(ANN, {"Title": "Changed"})
    org.sf.NPS_Response__c.create({"Response_Key__c": "k-2", "Score__c": 2})
    org.fault(kind="500", times=None)
    org.control("restore", {"id": name})
    assert org.sf.Contact.get(ANN)["Title"] != "Changed"
    assert [row["Response_Key__c"] for row in org.rows("SELECT Response_Key__c FROM NPS_Response__c")] == ["k-1"]
    assert org.patch("sobjects/NPS_Response__c/Response_Key__c/k-2", {"Score__c": 3}).status_code == 201
    org.control("reset", {})
    assert org.count("SELECT COUNT() FROM NPS_Response__c") == 0


def test_served_counts_rows_and_calls(org: Org) -> None:
    assert org.control("served")["contacts"] == []
    org.rows("SELECT Id FROM Contact LIMIT 3")
    served = org.control("served")
    assert (len(served["contacts"]), served["companies"]) == (3, [])
    assert (served["calls_by"], served["logins"]) == ({"login": 1, "query Contact": 1}, 1)
    org.control("served/reset", {})
    assert org.control("served")["contacts"] == []


def test_touched_records_are_found_by_their_stamp(org: Org) -> None:
    before = org.control("clock", {"advance": 10})["written"].replace("+0000", "Z")
    assert org.control("touch", {"contacts": 5, "companies": 2}) == {"contacts": 5, "companies": 2}
    assert org.count(f"SELECT COUNT() FROM Contact WHERE SystemModstamp >= {before}") == 5
    assert org.count(f"SELECT COUNT() FROM Account WHERE SystemModstamp >= {before}") == 2


def test_records_show_what_was_written(org: Org) -> None:
    org.sf.Case.create({"Subject": "x", "NPS_Survey_Key__c": "k-1"})
    org.sf.Contact.update(ANN, {"NPS_Score__c": 3})
    records = org.control("records")
    assert [case["NPS_Survey_Key__c"] for case in records["Case"]] == ["k-1"]
    assert records["Contact"][ANN]["NPS_Score__c"] == 3.0


def test_the_log_holds_every_request(org: Org) -> None:
    org.sf.query("SELECT Id FROM Organization")
    assert [entry["path"] for entry in org.control("log")] == ["/services/oauth2/token", "/services/data/v60.0/query/"]


@pytest.mark.parametrize(
    ("lever", "body"),
    [
        ("faults", {"kind": "nothing"}),
        ("technician", {"act": "fly", "id": ANN}),
        ("touch", {"cases": 1}),
        ("expire", {"how": "sometimes"}),
        ("limits", {"form": "round"}),
        ("duplicate_rule", {"object": "Contact", "action": "maybe"}),
        ("edit", {"object": "Nothing"}),
    ],
)
def test_a_lever_says_what_it_does_not_know(org: Org, lever: str, body: dict[str, object]) -> None:
    assert org.session.post(f"{org.server.url}/control/{lever}", json=body).status_code == 400


def test_readings_are_lenient_strict_or_single() -> None:
    assert all(Readings("strict")[name] == reading.strict for name, reading in READINGS.items())
    mixed = Readings({"*": "strict", "text_equals": "ignores_case"})
    assert (mixed["text_equals"], mixed["opt_out_field"]) == ("ignores_case", "hidden")
    with pytest.raises(ValueError, match="no reading"):
        Readings({"nothing": "x"})
    with pytest.raises(ValueError, match="is one of"):
        Readings({"text_equals": "x"})


def test_a_strict_org_still_serves_everyone(start: Callable[..., Org]) -> None:
    org = start(contacts=2500, readings="strict")
    assert len({row["Id"] for row in org.rows("SELECT Id FROM Contact")}) == 2500
    names = {field["name"] for field in org.sf.Contact.describe()["fields"]}
    assert names & {"HasOptedOutOfEmail", "RecordTypeId"} == set()


def test_people_see_an_escaped_page(org: Org) -> None:
    org.sf.Case.create({"Subject": "<script>alert(1)</script>"})
    page = requests.get(org.server.url, timeout=10).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_the_process_prints_its_address_and_keys_first() -> None:
    with started([sys.executable, "-m", "connector.sandbox.salesforce", "--contacts", "10"]) as process:
        ready = json.loads(line(process))
        answer = requests.post(
            f"{ready['url']}/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(ready["consumer_key"], ready["consumer_secret"]),
            timeout=10,
        )
        assert answer.json()["instance_url"] == ready["url"]
        assert ready["private_key"].startswith("-----BEGIN PRIVATE KEY-----")


def test_latency_is_the_whole_time_of_an_answer(start: Callable[..., Org]) -> None:
    org = start(latency=0.1)
    org.get("")
    assert 0.1 <= org.get("query", q="SELECT Id FROM Contact").elapsed.total_seconds() < 0.2
