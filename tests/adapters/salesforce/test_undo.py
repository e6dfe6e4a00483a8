"""What is taken back, what stays, and why."""

from __future__ import annotations

from connector.domain import AddToGroup, Change, Receipt
from connector.errors import OutcomeUnknownError, RejectedError
from connector.ports import Superseded, Undo, Undone

from .org import OrgWorld
from .writing import KEY, answer, back, receipt, ticket, value


def undone(org: OrgWorld, change: Change, got: Receipt, **settings: str) -> object:
    port = org.open(**settings).undo
    assert port is not None
    [outcome] = port.undo([Undo(key=f"{KEY}-u", write_back=back(change), receipt=got, note="sent by mistake")])
    assert outcome.key == KEY
    return outcome.result


def test_a_case_is_closed_with_a_comment_that_says_why(org: OrgWorld) -> None:
    got = receipt(org, ticket(org))
    result = undone(org, ticket(org), got)
    assert isinstance(result, Undone)
    assert org.case(got.record_id)["Status"] == "Closed"
    comments = {row["CommentBody"]: row["IsPublished"] for row in org.records()["CaseComment"]}
    assert comments[f"sent by mistake\n{KEY}-u"] is False


def test_a_case_that_a_person_closed_gets_no_comment(org: OrgWorld) -> None:
    got = receipt(org, ticket(org, internal="x"))
    org.close_ticket(got.record_id)
    result = undone(org, ticket(org), got)
    assert result == Undone(detail="it was closed already")
    assert len(org.records()["CaseComment"]) == 1


def test_an_undo_that_was_cut_off_after_its_comment_writes_no_second_one(org: OrgWorld) -> None:
    got = receipt(org, ticket(org))
    org.fault("reset", method="PATCH", path="/sobjects/Case")
    assert isinstance(undone(org, ticket(org), got), OutcomeUnknownError)
    assert isinstance(undone(org, ticket(org), got), Undone)
    assert org.case(got.record_id)["IsClosed"]
    assert len([row for row in org.records()["CaseComment"] if row["CommentBody"].endswith(f"{KEY}-u")]) == 1


def test_a_status_that_does_not_close_is_refused(org: OrgWorld) -> None:
    got = receipt(org, ticket(org))
    result = undone(org, ticket(org), got, closed_status="Working")
    assert isinstance(result, RejectedError)
    assert "still open" in str(result)


def test_an_answer_loses_its_record_and_the_contact_gets_its_values_back(org: OrgWorld) -> None:
    contact, _ = org.someone()
    receipt(org, value(org, "9"), "nps-before")
    got = receipt(org, answer(org))
    result = undone(org, answer(org), got)
    assert isinstance(result, Undone)
    assert "the record of the answer was removed" in result.detail
    assert (org.field(contact, "NPS Score"), org.field(contact, "NPS Comment")) == (9, None)
    assert org.records()["NPS_Response__c"] == []
    again = undone(org, answer(org), got)
    assert isinstance(again, Undone)
    assert "was gone already" in again.detail


def test_an_answer_that_overwrote_nothing_loses_its_record_alone(org: OrgWorld) -> None:
    contact, _ = org.someone()
    org.edit(contact, NPS_Score__c=3.0)
    change = answer(org, fields={"NPS Score": 3}, responded_at_field="")
    got = receipt(org, change)
    assert (got.record_type, got.before, got.already_there) == ("response", None, False)
    result = undone(org, change, got)
    assert isinstance(result, Undone)
    assert "the record of the answer was removed" in result.detail
    assert (org.field(contact, "NPS Score"), org.records()["NPS_Response__c"]) == (3, [])


def test_only_what_still_stands_as_we_wrote_it_goes_back(org: OrgWorld) -> None:
    contact, _ = org.someone()
    got = receipt(org, answer(org))
    org.technician("set", contact, values={"NPS_Comment__c": "by hand"})
    result = undone(org, answer(org), got)
    assert isinstance(result, Undone)
    assert "changed since, and left: NPS Comment" in result.detail
    assert (org.field(contact, "NPS Score"), org.field(contact, "NPS Comment")) == (None, "by hand")


def test_a_value_that_somebody_changed_since_is_left(org: OrgWorld) -> None:
    contact, _ = org.someone()
    got = receipt(org, value(org, "9"))
    org.technician("set", contact, values={"NPS_Score__c": 5.0})
    assert isinstance(undone(org, value(org, "9"), got), Superseded)
    assert org.field(contact, "NPS Score") == 5


def test_a_member_that_somebody_put_in_again_stays(org: OrgWorld) -> None:
    contact, _ = org.someone()
    change = AddToGroup(contact_id=contact, group="NPS 2026")
    got = receipt(org, change)
    org.technician("leave", contact)
    org.technician("join", contact)
    assert isinstance(undone(org, change, got), Superseded)
    assert org.is_member(contact)


def test_without_a_field_for_our_key_who_made_the_member_decides(org: OrgWorld) -> None:
    org.permit(hide=["CampaignMember.NPS_Key__c"])
    contact, _ = org.someone()
    change = AddToGroup(contact_id=contact, group="NPS 2026")
    got = receipt(org, change)
    assert got.before == {"member": False}
    assert isinstance(undone(org, change, got), Undone)
    assert not org.is_member(contact)
    org.technician("join", contact)
    assert isinstance(undone(org, change, got), Superseded)


def test_what_has_no_way_back_is_refused(org: OrgWorld) -> None:
    gone = receipt(org, ticket(org))
    org.technician("delete", gone.record_id)
    assert undone(org, ticket(org), gone) == Undone(detail="it is not there any more")
    contact, _ = org.someone()
    org.technician("delete", contact)
    receipt_of = Receipt(key=KEY, record_id=contact, record_type="contact", before={"NPS Score": None})
    assert undone(org, value(org, "9"), receipt_of) == Undone(detail="it is not there any more")
