"""Tickets, notes and fields as people find them in the stand-in PSA."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.domain import AddNote, Change, Notify, OpenTicket, Receipt, RecordResponse, WriteBack
from connector.errors import AuthError, ConfigError, OutcomeUnknownError, RejectedError, ThrottledError
from connector.ports import ChangeSink, Outcome

from .psa import PsaWorld

AT = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
KEY = "nps-k7m2q4aaaabbbbccccddddeeee"


def back(change: Change, key: str = KEY) -> WriteBack:
    return WriteBack(
        key=key,
        connection="psa",
        change=change,
        response_key="r",
        revision=1,
        rule_id="rule",
        action_id="act",
        not_before=AT,
    )


def ticket(psa: PsaWorld, **other: Any) -> OpenTicket:
    contact, company = psa.someone()
    base = OpenTicket(company_id=company, contact_id=contact, board="Customer Success", summary="NPS follow-up: Ann")
    return replace(base, **other)


def sink(psa: PsaWorld, **settings: Any) -> ChangeSink:
    port = psa.open(**settings).sink
    assert port is not None
    return port


def outcome(psa: PsaWorld, change: Change, key: str = KEY, **settings: Any) -> Outcome:
    [one] = sink(psa, **settings).apply([back(change, key)])
    return one


def receipt(psa: PsaWorld, change: Change, key: str = KEY, **settings: Any) -> Receipt:
    result = outcome(psa, change, key, **settings).result
    assert isinstance(result, Receipt), result
    return result


def posted(psa: PsaWorld, path: str) -> list[Any]:
    import json

    return [json.loads(call.body) for call, _ in psa.wires[-1].exchanges if call.writes and call.path.endswith(path)]


def test_a_ticket_is_complete_and_confidential(any_psa: PsaWorld) -> None:
    given = ticket(
        any_psa,
        summary="NPS follow-up: Ann Example",
        discussion="Following up on our survey.",
        internal='Ann gave 3 of 10.\n"Nobody calls <b>back</b>."',
        priority="high",
        status="new",
        due_at=AT,
        owner=("member:bob",),
    )
    got = receipt(any_psa, given)
    [shown] = any_psa.control("GET", "records")["tickets"]
    assert got.record_id == str(shown["id"])
    assert got.link.endswith(f"recid={shown['id']}")
    assert shown["summary"] == "NPS follow-up: Ann Example"
    assert (shown["board"]["name"], shown["priority"]["name"], shown["status"]["name"]) == (
        "Customer Success", "High", "New",
    )  # fmt: skip
    assert (shown["owner"]["identifier"], shown["requiredDate"]) == ("bob", "2026-11-20T16:20:00Z")
    assert (shown["externalXRef"], shown["billTime"]) == (KEY, "DoNotBill")
    notes = any_psa.control("GET", "records")["ticket_notes"]
    internal = {note["text"]: note["internalFlag"] for note in notes}
    assert internal == {
        "Following up on our survey.": False,
        f'Ann gave 3 of 10. / "Nobody calls ‹b›back‹/b›." {KEY}': True,
    }


def test_nobody_is_mailed(any_psa: PsaWorld) -> None:
    opened = receipt(any_psa, ticket(any_psa, discussion="hello"))
    contact = any_psa.someone()[0]
    for internal in (True, False):
        note = AddNote(on="ticket", contact_id=contact, text="more", internal=internal, parent_id=opened.record_id)
        receipt(any_psa, note, f"nps-note-{internal}".lower())
    assert any_psa.control("GET", "records")["mails"] == []


def test_each_note_sets_exactly_one_section(psa: PsaWorld) -> None:
    opened = receipt(psa, ticket(psa))
    receipt(psa, AddNote(on="ticket", contact_id=None, text="x", internal=False, parent_id=opened.record_id), "nps-a")
    [body] = posted(psa, "/notes")
    flags = [body[name] for name in ("detailDescriptionFlag", "internalAnalysisFlag", "resolutionFlag")]
    assert flags == [True, False, False]
    assert body["processNotifications"] is False


def test_a_long_summary_is_cut_at_a_word(psa: PsaWorld) -> None:
    receipt(psa, ticket(psa, summary="NPS follow-up: " + "Ann Example of a Very Long Company Name " * 5))
    [shown] = psa.control("GET", "records")["tickets"]
    assert len(shown["summary"]) <= 100
    assert shown["summary"].endswith("…")


UNKNOWN_NAMES = [
    ({"board": "Customer Sucess"}, 'no board "Customer Sucess".* did you mean "Customer Success"'),
    ({"board": "Old Projects"}, 'no board "Old Projects"'),
    ({"status": "Nw"}, 'no status "Nw".* did you mean "New"'),
    ({"priority": "zzz"}, 'no priority "zzz".* there are Critical, High, Low, Medium'),
    ({"bill_time": "Sometimes"}, "bill_time 'Sometimes' is none of Billable, DoNotBill"),
    ({"company_id": "1 or 1=1"}, "no ConnectWise id"),
    ({"contact_id": "x"}, "no ConnectWise id"),
]


@pytest.mark.parametrize(("wrong", "words"), UNKNOWN_NAMES)
def test_a_name_that_is_not_there_rejects_this_ticket_only(psa: PsaWorld, wrong: dict[str, Any], words: str) -> None:
    good = back(ticket(psa), "nps-good")
    [bad, fine] = sink(psa).apply([back(ticket(psa, **wrong)), good])
    assert isinstance(bad.result, RejectedError)
    with pytest.raises(RejectedError, match=words):
        raise bad.result
    assert isinstance(fine.result, Receipt)


def test_the_vendors_words_are_kept(psa: PsaWorld) -> None:
    with PsaWorld({"ticket_mandatory_fields": "type"}) as strict:
        result = outcome(strict, ticket(strict), ticket_type="").result
    assert isinstance(result, RejectedError)
    assert "type: The type field is required." in str(result)
    assert (result.code, result.status) == ("InvalidObject", 400)


def test_a_batch_is_looked_up_at_once(psa: PsaWorld) -> None:
    batch = [back(ticket(psa), f"nps-{number:036d}") for number in range(40)]
    port = sink(psa)
    assert all(isinstance(one.result, Receipt) for one in port.apply(batch))
    looks = [call for call, _ in psa.wires[-1].exchanges if call.path == "/service/tickets" and not call.writes]
    assert len(looks) == 2
    assert all(len(dict(call.query)["conditions"]) < 1700 for call in looks)
    setup = [call.path for call, _ in psa.wires[-1].exchanges if "/boards" in call.path]
    assert len(setup) == len(set(setup))


OWNERS = [
    (("member:bob",), "bob"),
    (("member:BOB",), "bob"),
    (("member:dave", "member:carol"), "carol"),
    (("member:nobody",), None),
    ((), None),
]


@pytest.mark.parametrize(("chain", "owner"), OWNERS)
def test_the_first_active_member_of_the_chain_owns_the_ticket(
    psa: PsaWorld, chain: tuple[str, ...], owner: str | None
) -> None:
    receipt(psa, ticket(psa, owner=chain))
    [shown] = psa.control("GET", "records")["tickets"]
    assert (shown.get("owner") or {}).get("identifier") == owner


def test_managers_come_from_the_company(any_psa: PsaWorld) -> None:
    company = any_psa.someone()[1]
    any_psa.edit(f"/company/companies/{company}", territoryManager={"id": 103})
    source = any_psa.open().source
    assert source is not None
    assert source.owner(company, ["territory_manager"]) == ("carol", "territory_manager")
    any_psa.edit(f"/company/companies/{company}", territoryManager={"id": 104})
    source = any_psa.open().source
    assert source is not None
    manager = source.owner(company, ["territory_manager", "account_manager", "member:alice"])
    assert manager is not None
    assert manager[1] in ("account_manager", "member:alice")
    assert source.owner("999999", ["account_manager"]) is None


def test_the_fields_of_others_survive(any_psa: PsaWorld) -> None:
    contact = any_psa.someone()[0]
    any_psa.edit(f"/company/contacts/{contact}", customFields=[{"id": 45, "value": 42}])
    change = RecordResponse(
        contact_id=contact,
        responded_at=AT,
        fields={"NPS Score": 3, "NPS Comment": "slow", "NPS Band": "detractor"},
        responded_at_field="NPS Date",
        note="gave 3",
    )
    assert receipt(any_psa, change).record_type == "contact_note"
    shown = any_psa.control("GET", "records")["custom_fields"][contact]
    assert shown == {
        "NPS Score": 3,
        "NPS Date": "2026-11-20T16:20:00Z",
        "NPS Band": "detractor",
        "NPS Comment": "slow",
        "Shoe size": 42,
    }


def test_without_the_fields_only_the_note_is_written(psa: PsaWorld) -> None:
    contact = psa.someone()[0]
    change = RecordResponse(contact_id=contact, responded_at=AT, fields={"Nothing": 3}, note="gave 3")
    assert receipt(psa, change).record_type == "contact_note"
    assert [call.method for call, _ in psa.wires[-1].exchanges if call.writes] == ["POST"]


def test_without_a_note_the_fields_alone_converge(psa: PsaWorld) -> None:
    contact = psa.someone()[0]
    change = RecordResponse(contact_id=contact, responded_at=AT, fields={"NPS Score": 3})
    assert sink(psa).find([back(change)]) == {}
    first = receipt(psa, change)
    assert first.before == {"NPS Score": None}
    assert receipt(psa, change) == replace(first, already_there=True, before=None)
    there = sink(psa).find([back(change)])[KEY]
    assert isinstance(there, Receipt)
    assert there.record_type == "contact"


def test_a_contact_that_is_gone_rejects_this_one_only(any_psa: PsaWorld) -> None:
    change = RecordResponse(contact_id="999999", responded_at=AT, note="x")
    note = AddNote(on="contact", contact_id="999999", text="x")
    results = [one.result for one in sink(any_psa).apply([back(change), back(note, "nps-note")])]
    assert all(isinstance(result, RejectedError) and result.status == 404 for result in results)


def test_fields_set_but_the_note_throttled_is_of_unknown_outcome_and_then_throttled(psa: PsaWorld) -> None:
    psa.fault("429", method="POST", path="notes", seconds=30)
    change = RecordResponse(contact_id=psa.someone()[0], responded_at=AT, fields={"NPS Score": 3}, note="x")
    outcomes = sink(psa).apply([back(change)])
    first = next(outcomes)
    assert isinstance(first.result, OutcomeUnknownError)
    with pytest.raises(ThrottledError):
        next(outcomes)
    assert sink(psa).find([back(change)]) == {}
    assert not receipt(psa, change).already_there


def test_a_server_error_on_a_write_is_never_repeated(psa: PsaWorld) -> None:
    psa.fault("500timeout", method="POST", times=1)
    result = outcome(psa, ticket(psa)).result
    assert isinstance(result, OutcomeUnknownError)
    assert len([call for call, _ in psa.wires[-1].exchanges if call.writes]) == 1


def test_keys_revoked_in_the_middle_are_told_as_such(any_psa: PsaWorld) -> None:
    port = sink(any_psa)
    assert port.find([back(ticket(any_psa))]) == {}
    any_psa.fault("auth_lost", times=None)
    with pytest.raises(AuthError):
        list(port.apply([back(ticket(any_psa))]))
    with pytest.raises(AuthError):
        list(port.apply([back(AddNote(on="contact", contact_id=any_psa.someone()[0], text="x"))]))


def test_what_is_not_served_is_told(psa: PsaWorld) -> None:
    with pytest.raises(ConfigError, match="notify"):
        sink(psa).effect_class("notify")
    result = outcome(psa, Notify(subject="x", text="y")).result
    assert isinstance(result, RejectedError)


def test_a_ticket_that_cannot_be_looked_up_is_not_opened_and_stops_no_other(psa: PsaWorld) -> None:
    batch = [back(ticket(psa), key) for key in ("nps-one", "No Key Of Ours", "nps-two")]
    results = {one.key: one.result for one in sink(psa).apply(batch)}
    assert isinstance(results["No Key Of Ours"], RejectedError)
    assert isinstance(results["nps-one"], Receipt)
    assert isinstance(results["nps-two"], Receipt)
    assert len(psa.control("GET", "records")["tickets"]) == 2


def test_what_cannot_be_looked_up_is_told_by_its_key_and_hides_no_other(psa: PsaWorld) -> None:
    receipt(psa, ticket(psa), "nps-one")
    nowhere = AddNote(on="contact", contact_id="not-a-number", text="x")
    asked = [back(ticket(psa), "nps-one"), back(ticket(psa), "No Key Of Ours"), back(nowhere, "nps-note")]
    found = sink(psa).find(asked)
    assert isinstance(found["nps-one"], Receipt)
    assert isinstance(found["No Key Of Ours"], RejectedError)
    assert isinstance(found["nps-note"], RejectedError)


def test_a_look_up_without_credentials_is_told_for_the_whole_call(psa: PsaWorld) -> None:
    psa.fault("auth_lost", times=None)
    with pytest.raises(AuthError):
        sink(psa).find([back(ticket(psa))])
