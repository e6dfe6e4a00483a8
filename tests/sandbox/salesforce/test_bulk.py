"""Bulk API 2.0 query jobs, with the client package's own bulk2 module."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceOperationError, SalesforceRefusedRequest

from .conftest import ANN, Org


def job(org: Org, soql: str, operation: str = "query") -> dict[str, Any]:
    made: dict[str, Any] = org.post("jobs/query", {"operation": operation, "query": soql}).json()
    return made


def test_the_client_package_reads_all_pages_of_a_job(start: Callable[..., Org]) -> None:
    org = start(contacts=450)
    pages = list(org.sf.bulk2.Contact.query("SELECT Id, Account.Name FROM Contact", max_records=200, wait=0))
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert len(pages) == 3
    assert len({row["Id"] for row in rows}) == 450
    assert rows[0] == {"Id": ANN, "Account.Name": "Acme Ltd"}


def test_the_results_say_null_at_the_end(org: Org) -> None:
    made = job(org, "SELECT Id FROM Contact")
    assert org.get(f"jobs/query/{made['id']}").json()["state"] == "JobComplete"
    first = org.get(f"jobs/query/{made['id']}/results", maxRecords="150")
    assert first.headers["Sforce-NumberOfRecords"] == "150"
    last = org.get(f"jobs/query/{made['id']}/results", maxRecords="150", locator=first.headers["Sforce-Locator"])
    assert (last.headers["Sforce-Locator"], last.headers["Sforce-NumberOfRecords"]) == ("null", "50")
    again = org.get(f"jobs/query/{made['id']}/results", maxRecords="150")
    assert again.content == first.content


def test_a_created_job_looks_as_captured(org: Org) -> None:
    captured = Path(__file__).parents[4] / "shared" / "specs" / "salesforce" / "bulk2_query_job.json"
    if not captured.exists():
        pytest.skip("the captured answer is not on this machine")
    assert job(org, "SELECT Id FROM Contact").keys() == json.loads(captured.read_text())["body"].keys()


def test_nulls_booleans_times_and_hostile_text_in_csv(org: Org) -> None:
    org.control("edit", {"id": ANN, "set": {"LastName": 'a,"b"\nc', "Title": None}})
    made = job(org, f"SELECT Title, LastName, IsDeleted, SystemModstamp FROM Contact WHERE Id = '{ANN}'")
    org.get(f"jobs/query/{made['id']}")
    answer = org.get(f"jobs/query/{made['id']}/results")
    [row] = csv.DictReader(io.StringIO(answer.content.decode(), newline=""))
    assert (row["Title"], row["LastName"], row["IsDeleted"]) == ("", 'a,"b"\nc', "false")
    assert row["SystemModstamp"].endswith(".000Z")


def test_results_before_the_end_and_of_another_version_are_refused(start: Callable[..., Org]) -> None:
    org = start(readings={"bulk_job_states": "in_progress_first"})
    made = job(org, "SELECT Id FROM Contact")
    early = org.get(f"jobs/query/{made['id']}/results")
    assert (early.status_code, early.json()[0]["errorCode"]) == (400, "JOB_NOT_COMPLETE")
    states = [org.get(f"jobs/query/{made['id']}").json()["state"] for _ in range(3)]
    assert states == ["InProgress", "InProgress", "JobComplete"]
    assert org.get(f"jobs/query/{made['id']}/results", version="61.0").status_code == 409


def test_a_job_can_fail_be_aborted_and_be_deleted(org: Org) -> None:
    org.fault(kind="job_failed")
    with pytest.raises(SalesforceOperationError, match="Query timed out"):
        list(org.sf.bulk2.Contact.query("SELECT Id FROM Contact", wait=0))
    made = job(org, "SELECT Id FROM Contact")
    assert org.patch(f"jobs/query/{made['id']}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert org.call("DELETE", f"jobs/query/{made['id']}").status_code == 204
    assert org.get(f"jobs/query/{made['id']}").status_code == 404


def test_query_all_in_bulk_shows_what_is_deleted(org: Org) -> None:
    org.act("delete", ANN)
    counts = {}
    for operation in ("query", "queryAll"):
        made = job(org, "SELECT Id, IsDeleted FROM Contact", operation)
        org.get(f"jobs/query/{made['id']}")
        counts[operation] = org.get(f"jobs/query/{made['id']}/results").headers["Sforce-NumberOfRecords"]
    assert counts == {"query": "199", "queryAll": "200"}


@pytest.mark.parametrize("soql", ["SELECT COUNT() FROM Contact", "SELECT Id, MailingAddress FROM Contact"])
def test_what_bulk_cannot_select_is_refused(org: Org, soql: str) -> None:
    answer = org.post("jobs/query", {"operation": "query", "query": soql})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")


def test_a_user_without_the_right_creates_no_jobs(start: Callable[..., Org]) -> None:
    org = start(readings={"bulk_query": "forbidden"})
    with pytest.raises(SalesforceRefusedRequest):
        list(org.sf.bulk2.Contact.query("SELECT Id FROM Contact", wait=0))


def test_a_job_can_find_nothing_as_after_a_lost_permission(org: Org) -> None:
    org.fault(kind="empty_list")
    [page] = org.sf.bulk2.Contact.query("SELECT Id FROM Contact", wait=0)
    assert list(csv.reader(io.StringIO(page))) == [["Id"]]
