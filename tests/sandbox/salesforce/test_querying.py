"""The query resource, describe, and what the user may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest
from simple_salesforce.format import format_soql

from .conftest import ANN, Org


def refused(org: Org, soql: str) -> str:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        org.sf.query(soql)
    content: Any = caught.value.content
    return str(content[0]["errorCode"])


def test_pages_of_two_thousand_give_each_row_once(start: Callable[..., Org]) -> None:
    org = start(contacts=4100)
    first = org.sf.query("SELECT Id FROM Contact ORDER BY SystemModstamp, Id")
    assert (first["totalSize"], first["done"], len(first["records"])) == (4100, False, 2000)
    rows = org.rows("SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id")
    assert len({row["Id"] for row in rows}) == 4100
    keys = [(row["SystemModstamp"], row["Id"]) for row in rows]
    assert keys == sorted(keys)


@pytest.mark.parametrize(("asked", "given"), [("batchSize=200", 200), ("batchSize=10", 200), ("batchSize=9000", 900)])
def test_batch_size_is_held_between_200_and_2000(start: Callable[..., Org], asked: str, given: int) -> None:
    org = start(contacts=900)
    page = org.get("query", q="SELECT Id FROM Contact", headers={"Sforce-Query-Options": asked}).json()
    assert len(page["records"]) == given


def test_the_server_may_return_fewer_rows_than_asked(start: Callable[..., Org]) -> None:
    org = start(contacts=2500, readings={"page_rows": "sometimes_fewer"})
    first = org.sf.query("SELECT Id FROM Contact")
    assert len(first["records"]) < 2000
    assert len({row["Id"] for row in org.rows("SELECT Id FROM Contact")}) == 2500


def test_two_long_texts_make_pages_of_200(start: Callable[..., Org]) -> None:
    org = start(contacts=500)
    assert len(org.sf.query("SELECT Id, Description, NPS_Comment__c FROM Contact")["records"]) == 200


def test_a_locator_ends_after_two_days(start: Callable[..., Org]) -> None:
    org = start(contacts=2500)
    more = org.sf.query("SELECT Id FROM Contact")["nextRecordsUrl"]
    org.control("clock", {"advance": 3 * 86400})
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
        org.client().query_more(more, identifier_is_url=True)


def test_parents_come_as_nested_records_or_null(org: Org) -> None:
    ann = org.one(f"SELECT Account.Name, Account.Owner.Alias, RecordType.DeveloperName FROM Contact WHERE Id = '{ANN}'")
    assert (ann["Account"]["Name"], ann["Account"]["Owner"]["Alias"]) == ("Acme Ltd", "alice")
    assert ann["RecordType"]["DeveloperName"] == "Business_Contact"
    private = org.rows("SELECT Account.Name FROM Contact WHERE AccountId = null")
    assert private
    assert all(row["Account"] is None for row in private)


CONDITIONS = [
    ("Account.Type = 'customer - direct'", lambda r: r["Account"] and r["Account"]["Type"] == "Customer - Direct"),
    ("Account.Type IN ('Prospect','Vendor')", lambda r: (r["Account"] or {}).get("Type") in ("Prospect", "Vendor")),
    ("Contact_Type__c NOT IN ('Owner')", lambda r: r["Contact_Type__c"] != "Owner"),
    ("Contact_Type__c != null", lambda r: r["Contact_Type__c"] is not None),
    ("IsEmailBounced = true", lambda r: r["IsEmailBounced"]),
    ("Email LIKE 'a%@%.com'", lambda r: (r["Email"] or "").lower().startswith("a") and r["Email"].endswith(".com")),
    ("Email = null OR IsEmailBounced = true", lambda r: r["Email"] is None or r["IsEmailBounced"]),
    ("NOT (Email = null OR IsEmailBounced = true)", lambda r: r["Email"] is not None and not r["IsEmailBounced"]),
    (
        "SystemModstamp >= 2025-06-01T00:00:00Z AND SystemModstamp < 2026-01-01T00:00:00+00:00",
        lambda r: "2025-06" <= r["SystemModstamp"] < "2026",
    ),
    ("Contact_Roles__c INCLUDES ('Billing')", lambda r: "Billing" in (r["Contact_Roles__c"] or "")),
    (f"Id > '{ANN}'", lambda r: r["Id"] > ANN),
    (f"Id IN ('{ANN}', '{ANN[:15]}')", lambda r: r["Id"] == ANN),
]


@pytest.mark.parametrize(("where", "holds"), CONDITIONS, ids=[where for where, _ in CONDITIONS])
@pytest.mark.parametrize("changed", [False, True], ids=["planted", "all_changed"])
def test_conditions_choose_what_they_say(org: Org, where: str, holds: Callable[[Any], Any], changed: bool) -> None:
    if changed:
        for row in org.rows("SELECT Id FROM Contact"):
            org.control("edit", {"id": row["Id"], "set": {}, "touch": False})
    fields = "Id, Email, IsEmailBounced, Account.Type, Contact_Type__c, Contact_Roles__c, SystemModstamp"
    everyone = org.rows(f"SELECT {fields} FROM Contact ORDER BY Id")
    chosen = org.rows(f"SELECT {fields} FROM Contact WHERE {where} ORDER BY Id")
    assert chosen
    assert chosen == [row for row in everyone if holds(row)]
    assert org.count(f"SELECT COUNT() FROM Contact WHERE {where}") == len(chosen)


def test_members_are_found_by_semi_join_and_by_campaign(org: Org) -> None:
    campaign = org.one("SELECT Id, NumberOfContacts FROM Campaign WHERE Name = 'NPS 2026'")
    members = org.rows(
        f"SELECT ContactId, Status FROM CampaignMember WHERE CampaignId = '{campaign['Id']}' AND ContactId != null"
    )
    assert len(members) == campaign["NumberOfContacts"] == 80
    assert {row["Status"] for row in members} == {"Sent", "Responded", "Opted Out"}
    joined = org.rows(
        "SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM CampaignMember "
        f"WHERE CampaignId = '{campaign['Id']}')"
    )
    assert {row["Id"] for row in joined} == {row["ContactId"] for row in members}
    assert org.count("SELECT COUNT() FROM CampaignMember WHERE LeadId != null") == 3


def test_groups_tell_the_values_in_use_and_how_often(org: Org) -> None:
    everyone = [row["Contact_Type__c"] for row in org.rows("SELECT Contact_Type__c FROM Contact")]
    soql = "SELECT Contact_Type__c, COUNT(Id) n FROM Contact WHERE Contact_Type__c != null GROUP BY Contact_Type__c"
    groups = {row["Contact_Type__c"]: row["n"] for row in org.rows(soql)}
    assert groups == {value: everyone.count(value) for value in set(everyone) - {None}}
    assert org.one("SELECT COUNT(Email) FROM Contact")["expr0"] == org.count(
        "SELECT COUNT() FROM Contact WHERE Email != null"
    )
    assert refused(org, "SELECT Id FROM Contact GROUP BY Title") == "MALFORMED_QUERY"
    assert refused(org, "SELECT Description FROM Contact GROUP BY Description") == "MALFORMED_QUERY"


def test_order_limit_and_nulls(org: Org) -> None:
    names = [row["LastName"] for row in org.rows("SELECT LastName FROM Contact ORDER BY LastName DESC, Id LIMIT 5")]
    everyone = [row["LastName"] for row in org.rows("SELECT LastName FROM Contact")]
    assert names == sorted(everyone, key=str.lower, reverse=True)[:5]
    first = org.rows("SELECT Email FROM Contact ORDER BY Email, Id LIMIT 1")
    last = org.rows("SELECT Email FROM Contact ORDER BY Email NULLS LAST LIMIT 1")
    assert (first[0]["Email"], last[0]["Email"] is None) == (None, False)


def test_quotes_and_wildcards_in_values_are_only_text(org: Org) -> None:
    org.control("edit", {"id": ANN, "set": {"LastName": "O'100%\\_x"}})
    assert org.count(format_soql("SELECT COUNT() FROM Contact WHERE LastName = {}", "O'100%\\_x")) == 1
    assert org.count(format_soql("SELECT COUNT() FROM Contact WHERE LastName LIKE '{:like}%'", "O'100%\\_")) == 1
    assert org.count("SELECT COUNT() FROM Contact WHERE LastName LIKE 'O\\'100\\_%'") == 0


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nothing__c FROM Contact", "INVALID_FIELD"),
        ("SELECT RecordTypeId FROM Account", "INVALID_FIELD"),
        ("SELECT Company.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE Id IN ()", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'a\\x'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'a' AND Email = 'b' OR Email = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Description LIKE 'x%'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE AccountId = 'x y'", "INVALID_ID_FIELD"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(org: Org, soql: str, code: str) -> None:
    assert refused(org, soql) == code


def test_a_hidden_field_is_missing_from_describe_and_from_queries(org: Org) -> None:
    names = {field["name"] for field in org.sf.Contact.describe()["fields"]}
    org.control("permit", {"hide": ["Contact.HasOptedOutOfEmail", "Task"]})
    assert names - {field["name"] for field in org.sf.Contact.describe()["fields"]} == {"HasOptedOutOfEmail"}
    assert refused(org, "SELECT HasOptedOutOfEmail FROM Contact") == "INVALID_FIELD"
    assert refused(org, f"SELECT Id FROM Contact WHERE HasOptedOutOfEmail = true AND Id = '{ANN}'") == "INVALID_FIELD"
    assert refused(org, "SELECT Id FROM Task") == "INVALID_TYPE"
    assert "Task" not in {found["name"] for found in org.sf.describe()["sobjects"]}
    org.control("permit", {"show": ["Contact.HasOptedOutOfEmail", "Task"]})
    assert org.count("SELECT COUNT() FROM Task") == 0


def test_describe_tells_types_lengths_and_picklists(org: Org) -> None:
    fields = {field["name"]: field for field in org.sf.Contact.describe()["fields"]}
    assert (fields["Email"]["type"], fields["Email"]["length"]) == ("email", 80)
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    kinds = fields["Contact_Type__c"]["picklistValues"]
    assert [value["value"] for value in kinds if value["active"]][:2] == ["Decision Maker", "Owner"]
    assert [value["value"] for value in kinds if not value["active"]] == ["Legacy"]
    key = {field["name"]: field for field in org.sf.NPS_Response__c.describe()["fields"]}["Response_Key__c"]
    assert (key["externalId"], key["unique"], key["label"]) == (True, True, "Response Key")


def test_a_describe_that_has_not_changed_is_a_304(org: Org) -> None:
    first = org.get("sobjects/Contact/describe")
    again = org.get("sobjects/Contact/describe", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert again.status_code == 304
    org.control("permit", {"hide": ["Contact.Title"]})
    again = org.get("sobjects/Contact/describe", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert again.status_code == 200


@pytest.mark.parametrize(("reading", "status"), [("414", 414), ("431", 431)])
def test_a_uri_of_more_than_16384_bytes_is_refused(start: Callable[..., Org], reading: str, status: int) -> None:
    org = start(readings={"uri_too_long": reading})
    ids = ",".join(f"'{ANN}'" for _ in range(200))
    assert org.count(f"SELECT COUNT() FROM Contact WHERE Id IN ({ids})") == 1
    with pytest.raises(SalesforceGeneralError) as caught:
        org.sf.query(f"SELECT Id FROM Contact WHERE Id IN ({ids},{ids},{ids},{ids})")
    assert caught.value.status == status


@pytest.mark.parametrize("kind", ["query_timeout", "query_too_complicated"])
def test_a_query_that_takes_too_long_says_so_once(org: Org, kind: str) -> None:
    org.fault(kind=kind)
    assert refused(org, "SELECT Id FROM Contact") == kind.upper()
    assert org.count("SELECT COUNT() FROM Contact") == 200


def test_a_wide_query_can_time_out_where_a_narrow_one_does_not(org: Org) -> None:
    org.fault(kind="query_timeout", over=50, times=None)
    assert refused(org, "SELECT Id FROM Contact") == "QUERY_TIMEOUT"
    assert len(org.rows("SELECT Id FROM Contact LIMIT 50")) == 50


def test_a_fault_can_name_the_object_of_a_query(org: Org) -> None:
    org.fault(kind="empty_list", path="FROM Contact", times=None)
    assert org.rows("SELECT Id FROM Contact") == []
    assert len(org.rows("SELECT Id FROM Account")) == 50


def test_a_record_that_is_not_shared_is_not_there(org: Org) -> None:
    org.control("permit", {"unshare": [ANN]})
    assert org.count("SELECT COUNT() FROM Contact") == 199
    assert org.get(f"sobjects/Contact/{ANN}").status_code == 404
    org.control("permit", {"share": [ANN]})
    assert org.get(f"sobjects/Contact/{ANN}").status_code == 200


@pytest.mark.parametrize(("kind", "rows"), [("empty_list", 0), ("duplicate_row", 201), ("missing_row", 199)])
def test_a_page_can_be_spoiled(org: Org, kind: str, rows: int) -> None:
    org.fault(kind=kind)
    assert len(org.sf.query("SELECT Id FROM Contact")["records"]) == rows


def test_records_purged_between_two_pages_are_left_out(start: Callable[..., Org]) -> None:
    org = start(contacts=2500)
    first = org.sf.query("SELECT Id FROM Contact ORDER BY Id")
    last = "0035g00000000uRAAQ"
    assert org.count(f"SELECT COUNT() FROM Contact WHERE Id = '{last}'") == 1
    org.act("purge", last)
    rest = org.sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)["records"]
    assert len(rest) == 499
    assert last not in {row["Id"] for row in rest}


def test_a_bad_locator_can_be_planned(start: Callable[..., Org]) -> None:
    org = start(contacts=2500)
    org.fault(kind="bad_locator")
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
        org.rows("SELECT Id FROM Contact")
    assert len(org.rows("SELECT Id FROM Contact")) == 2500


def test_several_describes_fit_into_one_batch(org: Org) -> None:
    answer = org.post(
        "composite/batch",
        {"batchRequests": [{"method": "GET", "url": f"v60.0/sobjects/{name}/describe"} for name in ("Case", "Task")]},
    ).json()
    assert [result["result"]["name"] for result in answer["results"]] == ["Case", "Task"]
