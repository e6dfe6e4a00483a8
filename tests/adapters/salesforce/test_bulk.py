"""Results of bulk jobs: a CSV of any content, read as it comes."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.salesforce import bulk
from connector.adapters.salesforce.wire_types import WireContact, WireMember
from connector.errors import ContractError
from connector.ports import Answer

from .org import OrgWorld

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def rows(body: bytes, kind: Any = WireContact, flags: frozenset[str] = frozenset({"IsEmailBounced"})) -> list[Any]:
    return list(bulk.rows(Answer(status=200, body=body), kind, flags))


def written(*lines: list[str], head: tuple[str, ...]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([head, *lines])
    return out.getvalue().encode()


@given(st.lists(st.tuples(TEXT, TEXT), max_size=20))
def test_every_value_comes_back_as_it_was(values: list[tuple[str, str]]) -> None:
    head = ("Id", "LastName", "Title")
    got = rows(written(*[["i", last, title] for last, title in values], head=head))
    assert [(row.last_name or "", row.title or "") for row in got] == values


def test_line_ends_quotes_and_separators_within_a_value_are_values() -> None:
    body = b'"Id","LastName","Title"\n"1","a\r\nb\nc","say ""hi"", NA"\n"2","\x00","#N/A"\n'
    one, two = rows(body)
    assert (one.last_name, one.title) == ("a\r\nb\nc", 'say "hi", NA')
    assert (two.last_name, two.title) == ("\x00", "#N/A")


def test_columns_are_known_by_name_and_empty_is_null() -> None:
    [row] = rows(b'\xef\xbb\xbf"IsEmailBounced","New__c","Email","Id"\r\n"true","x","","7"\r\n')
    assert (row.id, row.email, row.is_email_bounced, row.last_name) == ("7", None, True, None)
    [off] = rows(b"Id,IsEmailBounced\n1,false\n")
    assert off.is_email_bounced is False


@pytest.mark.parametrize("body", [b"", b'"Id"\n'])
def test_nothing_is_no_rows(body: bytes) -> None:
    assert rows(body) == []


@pytest.mark.parametrize(
    "body",
    [
        b'"LastName"\n"x"\n',
        b'"Id","Email"\n"1"\n',
        b"<html></html>",
        b'"Id"\n"\xff\xfe"\n',
        b'Id\n"\n' + b"x" * 200_000,
    ],
)
def test_what_is_no_such_csv_is_told(body: bytes) -> None:
    with pytest.raises(ContractError, match="/jobs/query"):
        rows(body)


def test_members_are_read_too() -> None:
    [row] = rows(b"Id,CampaignId,ContactId,Status\n1,701,003,Sent\n", WireMember, frozenset())
    assert (row.campaign_id, row.contact_id, row.status) == ("701", "003", "Sent")


def test_rows_are_made_as_they_are_asked_for() -> None:
    body = b"Id,Email\n" + b"1,a@example.com\n" * 3 + b"broken\n"
    found = bulk.rows(Answer(status=200, body=body), WireContact, frozenset())
    assert [next(found).id for _ in range(3)] == ["1"] * 3
    with pytest.raises(ContractError, match="a row of 1 columns under a head of 2"):
        next(found)


def test_a_job_is_waited_for_and_read_in_pieces() -> None:
    with OrgWorld({"bulk_job_states": "in_progress_first"}) as org:
        from connector.adapters.salesforce.client import Org

        opened = Org(org.settings(), org.context())
        job, date = bulk.begin(opened, "SELECT Id, Email FROM Contact", everything=False)
        assert date
        bulk.wait(opened, job)
        assert org.sleeps, "it was in progress first"
        found = [
            row.id
            for piece in bulk.results(opened, job, "", size=100)
            for row in bulk.rows(piece.answer, WireContact, frozenset())
        ]
        assert sorted(found) == sorted(org.contact_ids())
        assert len(found) == 250
        assert sum(call.path.endswith("/results") for call, _ in org.wires[-1].exchanges) == 3


def test_a_job_that_fails_says_so() -> None:
    with OrgWorld() as org:
        from connector.adapters.salesforce.client import Org

        org.fault("job_failed")
        opened = Org(org.settings(), org.context())
        job, _ = bulk.begin(opened, "SELECT Id FROM Contact", everything=False)
        with pytest.raises(bulk.JobFailedError, match=f"bulk job {job}: Failed"):
            bulk.wait(opened, job)
