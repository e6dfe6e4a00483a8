"""Each reading changes what the stand-in answers: the same question, asked of a lenient and of a strict org."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.sandbox.salesforce.readings import READINGS

from .conftest import ANN, Org

KEY = "sobjects/NPS_Response__c/Response_Key__c"
Probe = Callable[[Org], Any]


def fields(org: Org) -> set[str]:
    return {field["name"] for field in org.sf.Contact.describe()["fields"]}


def password_grant(org: Org) -> int:
    login = org.server.login
    form = {"grant_type": "password", "username": login.username, "password": login.password}
    form |= {"client_id": login.consumer_key, "client_secret": login.consumer_secret}
    return org.session.post(f"{org.server.url}/services/oauth2/token", data=form).status_code


def instance_url(org: Org) -> bool:
    login = org.server.login
    form = {"grant_type": "client_credentials", "client_id": login.consumer_key, "client_secret": login.consumer_secret}
    answer = org.session.post(f"{org.server.url}/services/oauth2/token", data=form).json()
    return str(answer["instance_url"]).endswith("/")


def locator(org: Org) -> str:
    return str(org.sf.query("SELECT Id FROM Contact")["nextRecordsUrl"]).rpartition("/")[2][:3]


def bad_locator(org: Org) -> int:
    return org.get("query/0r85g000000000AAA-2000").status_code


def too_long(org: Org) -> int:
    return org.get("query", q="SELECT Id FROM Contact WHERE Email = '" + "x" * 17_000 + "'").status_code


def job_state(org: Org) -> str:
    job = org.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"}).json()
    return str(org.get(f"jobs/query/{job['id']}").json()["state"])


def second_upsert(org: Org) -> int:
    return [org.patch(f"{KEY}/k-1", {"Score__c": 1}).status_code for _ in range(2)][1]


def several_matches(org: Org) -> int:
    for _ in range(2):
        org.sf.NPS_Response__c.create({"Legacy_Code__c": "old"})
    return len(org.patch("sobjects/NPS_Response__c/Legacy_Code__c/old", {"Score__c": 9}).json())


def case_account(org: Org) -> bool:
    made = org.sf.Case.create({"ContactId": ANN, "Origin": "NPS"})["id"]
    return org.sf.Case.get(made)["AccountId"] is not None


def duplicate(org: Org) -> bool:
    org.control("duplicate_rule", {"object": "Contact", "action": "block"})
    row = {"attributes": {"type": "Contact"}, "LastName": "x", "Email": "ann@example.com"}
    return "duplicateResult" in org.post("composite/sobjects", {"records": [row]}).json()[0]["errors"][0]


def key_race(org: Org) -> int:
    org.server._api.writer.latency = 60.0
    return [org.patch(f"{KEY}/k-1", {"Score__c": 1}).status_code for _ in range(2)][1]


def account_rows(org: Org) -> int:
    org.server._api.writer.latency = 60.0
    body = {"Subject": "x", "AccountId": "0015g00000000G8AAI", "Origin": "NPS"}
    return [org.post("sobjects/Case", body).status_code for _ in range(2)][1]


def member_status(org: Org) -> int:
    member = org.one("SELECT Id FROM CampaignMember LIMIT 1")["Id"]
    return org.patch(f"sobjects/CampaignMember/{member}", {"Status": "Nothing"}).status_code


def queries_in_composite(org: Org) -> int:
    sub = {"method": "GET", "url": "/services/data/v60.0/query?q=SELECT+Id+FROM+Organization"}
    parts = [sub | {"referenceId": f"r{n}"} for n in range(6)]
    return org.post("composite", {"compositeRequest": parts}).status_code


PROBES: dict[str, tuple[Probe, Any, Any]] = {
    "password_grant": (password_grant, 200, 400),
    "token_instance_url": (instance_url, False, True),
    "page_rows": (lambda org: len(org.sf.query("SELECT Id FROM Contact")["records"]), 2000, 1334),
    "uri_too_long": (too_long, 414, 431),
    "bad_locator_status": (bad_locator, 400, 404),
    "locator_prefix": (locator, "0r8", "01g"),
    "record_types_on_contact": (lambda org: "RecordTypeId" in fields(org), True, False),
    "opt_out_field": (lambda org: "HasOptedOutOfEmail" in fields(org), True, False),
    "text_equals": (lambda org: org.count("SELECT Id FROM Contact WHERE Email = 'ANN@example.com'"), 1, 0),
    "limits_endpoint": (lambda org: org.get("limits").status_code, 200, 403),
    "limit_info": (lambda org: org.get("").headers["Sforce-Limit-Info"].count(";"), 0, 2),
    "bulk_query": (
        lambda org: org.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM Task"}).status_code,
        200,
        403,
    ),
    "bulk_job_states": (job_state, "JobComplete", "InProgress"),
    "upsert_status": (second_upsert, 200, 204),
    "several_matches_body": (several_matches, 2, 0),
    "update_only_miss": (lambda org: org.patch(f"{KEY}/k", {"Score__c": 1}, updateOnly="true").status_code, 404, 400),
    "external_id_in_body": (lambda org: org.patch(f"{KEY}/k", {"Response_Key__c": "k"}).status_code, 400, 201),
    "case_account_from_contact": (case_account, True, False),
    "is_email_bounced_writable": (
        lambda org: org.patch(f"sobjects/Contact/{ANN}", {"IsEmailBounced": False}).status_code,
        400,
        204,
    ),
    "collections_duplicate": (duplicate, True, False),
    "new_key_race": (key_race, 200, 400),
    "rows_of_one_account": (account_rows, 201, 400),
    "case_validation": (lambda org: org.post("sobjects/Case", {"Subject": "x"}).status_code, 201, 400),
    "unknown_member_status": (member_status, 400, 204),
    "composite_queries": (queries_in_composite, 200, 400),
}


def test_every_reading_has_a_probe() -> None:
    assert PROBES.keys() == READINGS.keys()


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_changes_the_answer(start: Callable[..., Org], name: str) -> None:
    probe, lenient, strict = PROBES[name]
    seen = [probe(start(contacts=2100, readings={name: answer})) for answer in READINGS[name].values]
    assert seen == [lenient, strict]
