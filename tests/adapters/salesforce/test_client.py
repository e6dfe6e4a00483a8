"""The client: pages are followed to their end, and what would lose rows is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.adapters.salesforce import SalesforceSettings
from connector.adapters.salesforce.client import Org, locator_of
from connector.adapters.salesforce.wire_types import Named
from connector.errors import ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Answer, Call, Context

from .org import OrgWorld, _now

SETTINGS = SalesforceSettings.model_validate({"domain": "acme", "consumer_key": "k", "consumer_secret": "s"})


class Saying:
    """A wire that gives these answers in turn."""

    def __init__(self, *bodies: Any) -> None:
        self._bodies = list(bodies)
        self.calls: list[Call] = []

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        body = self._bodies.pop(0)
        return body if isinstance(body, Answer) else Answer(status=200, body=json.dumps(body).encode())


def org_of(wire: Saying) -> Org:
    return Org(SETTINGS, Context(connection="crm", wire=wire, now=_now, sleep=lambda _: None))


def page(*ids: str, **more: Any) -> dict[str, Any]:
    return {"totalSize": 9, "records": [{"Id": each} for each in ids], **more}


def test_pages_are_followed_whether_or_not_they_say_that_they_are_not_done() -> None:
    first, second = "/services/data/v64.0/query/01g-2000", "/services/data/v64.0/queryAll/0r8xx-4000"
    wire = Saying(page("1", done=False, nextRecordsUrl=first), page("2", nextRecordsUrl=second), page("3", done=True))
    assert [row.id for row in org_of(wire).rows("SELECT Id FROM Campaign", Named)] == ["1", "2", "3"]
    assert [call.path for call in wire.calls] == ["/query", "/query/01g-2000", "/query/0r8xx-4000"]
    assert wire.calls[0].headers == (("Sforce-Query-Options", "batchSize=2000"),)


def test_a_page_that_is_not_the_last_and_names_none_loses_rows_without_a_word_no_more() -> None:
    with pytest.raises(ContractError, match="done is false"):
        list(org_of(Saying(page("1", done=False))).rows("SELECT Id FROM Campaign", Named))


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example.com/query/1",
        "/services/data/v64.0/sobjects/User/1",
        "/query/../limits",
        "",
        "/query/a b",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(url: str) -> None:
    with pytest.raises(ContractError, match="leads to no query"):
        locator_of(url)


@pytest.mark.parametrize(
    "refusal", [Answer(status=404, body=b"[]"), {"compositeResponse": []}, {"compositeResponse": 5}]
)
def test_where_composites_are_refused_objects_are_described_one_by_one(refusal: Any) -> None:
    wire = Saying(refusal, {"name": "Contact", "fields": []}, Answer(status=404, body=b"[]"))
    found = org_of(wire).describe("Contact", "Account")
    assert found["Contact"] is not None
    assert found["Account"] is None
    assert [call.path for call in wire.calls][1:] == ["/sobjects/Contact/describe", "/sobjects/Account/describe"]


def test_what_was_described_is_not_asked_for_again(org: OrgWorld) -> None:
    opened = Org(org.settings(), org.context())
    for _ in range(2):
        assert opened.described("Case") is not None
        assert opened.described("No_Such_Object__c") is None
        assert opened.described("Account") is not None
        assert opened.described("Contact") is not None
    assert len(org.wires[-1].exchanges) == 3


def test_fields_are_found_by_name_in_any_case_and_by_a_label_that_is_the_only_one(org: OrgWorld) -> None:
    described = Org(org.settings(), org.context()).described("Contact")
    assert described is not None
    for caption in ("nps_score__c", "NPS Score", " nps score "):
        found = described.find(caption)
        assert found is not None
        assert found.name == "NPS_Score__c"
    assert described.find("No such field") is None
    described.wire.fields.append(described.fields["email"])
    assert described.find(described.fields["email"].label or "") is described.fields["email"]


def test_a_write_whose_answer_cannot_be_read_is_of_unknown_outcome() -> None:
    wire = Saying(Answer(status=201, body=b"<html>"))
    with pytest.raises(OutcomeUnknownError, match="it was taken"):
        org_of(wire).write("POST", "/sobjects/Case", {"Subject": "x"}, Named)
    [call] = wire.calls
    assert call.writes
    assert call.body == b'{"Subject":"x"}'


def test_a_record_that_is_not_there_is_told_with_its_status(org: OrgWorld) -> None:
    with pytest.raises(RejectedError) as caught:
        Org(org.settings(), org.context()).one("/sobjects/Contact/0035g00000ZZZZZAA5", Named)
    assert caught.value.status == 404


def test_who_this_is_may_stay_unknown() -> None:
    refused = Answer(status=403, body=b'[{"errorCode": "INSUFFICIENT_ACCESS"}]')
    assert org_of(Saying({"limits": "/x"}, refused)).me == ""
    told = {"identity": "https://login.salesforce.com/id/00D5g000000000aEAA/0055g00000000G8AAI"}
    assert org_of(Saying(told)).me == "0055g00000000G8AAI"
