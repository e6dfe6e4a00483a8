"""What becomes of each row of a batch, by the answers that HubSpot may give, and what may travel together."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.hubspot.associations import companies_of
from connector.adapters.hubspot.batches import Batches, Row
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.settings import HubSpotSettings
from connector.adapters.hubspot.sink import together
from connector.adapters.hubspot.written_types import WireRecord
from connector.domain import AddNote, AddToGroup, Change, OpenTicket, RecordResponse, SetField
from connector.errors import OutcomeUnknownError, RejectedError, UnavailableError
from connector.ports import Answer, Call, Context

from .test_sink import AT, back

FIXTURES = Path(__file__).parent / "fixtures"


class Prepared:
    """A wire that gives the answers of a fixture, in turn, and keeps what was asked."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self._answers = list(answers)
        self.asked: list[Any] = []

    def send(self, call: Call) -> Answer:
        self.asked.append(json.loads(call.body))
        status, body = self._answers.pop(0)
        return Answer(status=status, headers={"content-type": "application/json"}, body=body)


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def batches(*answers: tuple[int, bytes]) -> tuple[Batches, Prepared]:
    wire = Prepared(*answers)
    settings = HubSpotSettings.model_validate({"access_token": "pat-test", "api_version": "2026-03"})
    context = Context(connection="hub", wire=wire, now=lambda: datetime.now(UTC), sleep=lambda _: None)
    return Batches(Portal(settings, context)), wire


def created(*answers: tuple[int, bytes], keys: str = "a b c") -> dict[str, Any]:
    port, _ = batches(*answers)
    rows = [Row(trace=f"nps-{key}", body={"properties": {"subject": key}}) for key in keys.split()]
    told: dict[str, Any] = {}
    for some in port.create("tickets", rows, lambda record: record.properties.get("nps_response_key") or ""):
        told |= dict(some)
    assert list(told) == [row.trace for row in rows]
    return told


def test_a_result_without_its_trace_is_told_by_our_key() -> None:
    told = created((201, fixture("batch_created_without_traces")))
    assert {key: each.id for key, each in told.items()} == {"nps-a": "11", "nps-b": "12", "nps-c": "13"}


def test_an_error_names_the_row_it_is_about_and_not_the_words_in_it() -> None:
    told = created((207, fixture("batch_created_but_for_one_row")))
    assert isinstance(told["nps-a"], WireRecord)
    assert isinstance(told["nps-c"], WireRecord)
    refused = told["nps-b"]
    assert isinstance(refused, RejectedError)
    assert refused.code == "VALIDATION_ERROR"
    assert "hs_ticket_priority: INVALID_OPTION" in str(refused)
    assert "nobody calls" not in str(refused), "values are people's words"


def test_an_error_that_names_nobody_is_about_the_one_that_is_left() -> None:
    told = created((207, fixture("batch_error_without_context")))
    assert isinstance(told["nps-c"], RejectedError)
    assert isinstance(told["nps-a"], WireRecord)


def test_a_row_of_which_nothing_is_said_is_unknown() -> None:
    told = created((201, fixture("batch_created_without_traces")), keys="a b c d")
    assert isinstance(told["nps-d"], OutcomeUnknownError)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"results": {}}'])
def test_an_answer_that_cannot_be_read_leaves_all_unknown(body: bytes) -> None:
    assert all(isinstance(each, OutcomeUnknownError) for each in created((201, body)).values())


def test_associations_past_a_page_are_asked_for_again() -> None:
    port, wire = batches(
        (207, fixture("associations_with_a_second_page")), (200, fixture("associations_of_the_second_page"))
    )
    assert port.associated("contacts", "notes", ["501", "502", "503"]) == {
        "501": ["1", "2", "3"],
        "502": ["9"],
        "503": [],
    }
    assert wire.asked[1] == {"inputs": [{"id": "501", "after": "Mw=="}]}


def test_a_record_that_was_merged_stands_under_both_ids() -> None:
    port, _ = batches((200, fixture("batch_read_of_a_merged_contact")))
    found = port.of_ids("contacts", ["501", "502", "503"], ["email"])
    assert {asked: record.id for asked, record in found.items()} == {"501": "777", "502": "502"}


ABSENT = [
    {"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": ["502"]}},
    {"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"},
    {"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"},
]
UNSAID = [{"status": "error", "category": "INTERNAL_ERROR", "context": {"ids": ["502"]}}, {"message": "try again"}]


def with_problem(problem: dict[str, Any]) -> tuple[int, bytes]:
    return 207, json.dumps({"results": [], "numErrors": 1, "errors": [problem]}).encode()


@pytest.mark.parametrize("problem", ABSENT)
def test_what_is_said_not_to_be_there_is_left_out(problem: dict[str, Any]) -> None:
    port, _ = batches(*[with_problem(problem)] * 2)
    assert list(port.read("contacts", ["502"], ["email"])) == []
    assert port.associated("contacts", "notes", ["502"]) == {"502": []}


@pytest.mark.parametrize("problem", UNSAID)
def test_what_could_not_be_read_is_not_taken_for_what_is_not_there(problem: dict[str, Any]) -> None:
    port, _ = batches(*[with_problem(problem)] * 3)
    with pytest.raises(UnavailableError):
        list(port.read("contacts", ["502"], ["email"]))
    with pytest.raises(UnavailableError):
        port.associated("contacts", "notes", ["502"])
    with pytest.raises(UnavailableError):
        companies_of(port._portal, ["502"])


# ---------------------------------------------------------------- what travels together
_IDS = st.sampled_from(["1", "2", "3"])
_CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda c: RecordResponse(contact_id=c, responded_at=AT), _IDS),
    st.builds(
        lambda on, c: SetField(on=on, record_id=c, field="x", value="y", responded_at=AT),
        st.sampled_from(["contact", "company"]),
        _IDS,
    ),
    st.builds(lambda c, g: AddToGroup(contact_id=c, group=g), _IDS, st.sampled_from(["one", "two"])),
    st.builds(lambda c: AddNote(on="contact", contact_id=c, text="x"), _IDS),
    st.builds(lambda c: OpenTicket(company_id=c, contact_id=None, board="", summary="x"), _IDS),
)


@given(st.lists(_CHANGES, max_size=30))
def test_all_go_once_and_two_for_one_record_keep_their_order(changes: list[Change]) -> None:
    write_backs = [back(change, f"nps-{number}") for number, change in enumerate(changes)]
    groups = list(together(write_backs))
    sent = [each for group in groups for each in group]
    assert sorted(sent, key=lambda each: each.key) == sorted(write_backs, key=lambda each: each.key)
    for group in groups:
        assert len({each.kind for each in group}) == 1
    for record in ("1", "2", "3"):
        of = [each.key for each in write_backs if _contact(each.change) == record]
        assert [each.key for each in sent if each.key in of] == of


def _contact(change: Change) -> str:
    if isinstance(change, RecordResponse):
        return change.contact_id
    return change.record_id if isinstance(change, SetField) and change.on == "contact" else ""
