"""Taking back what a delivery did."""

from __future__ import annotations

from typing import Any

import pytest

from connector.domain import AddToGroup, Change, Receipt, SetField
from connector.errors import OutcomeUnknownError, RejectedError, ThrottledError
from connector.ports import Superseded, Undo, Undone

from .portal import PortalWorld
from .test_sink import AT, KEY, back, made, receipt, recorded, ticket


def undo(portal: PortalWorld, change: Change, of: Receipt, **settings: Any) -> Any:
    port = portal.open(**settings).undo
    assert port is not None
    [outcome] = port.undo([Undo(key=f"{KEY}-u", write_back=back(change), receipt=of, note="opened <by> mistake")])
    assert outcome.key == KEY
    return outcome.result


def test_a_ticket_is_closed_with_a_note(any_portal: PortalWorld) -> None:
    change = ticket(any_portal)
    opened = receipt(any_portal, change)
    assert undo(any_portal, change, opened) == Undone(detail="closed, with a note")
    assert any_portal.ticket(opened.record_id)["properties"]["hs_pipeline_stage"] == "91003"
    [note] = made(any_portal, "notes")
    assert note["properties"]["hs_note_body"] == f"opened &lt;by&gt; mistake<br>{KEY}-u"
    assert set(note["associations"]["tickets"]) == {opened.record_id}
    assert undo(any_portal, change, opened) == Undone(detail="closed")
    assert len(made(any_portal, "notes")) == 1


def test_a_ticket_that_a_person_closed_is_left_without_a_note(portal: PortalWorld) -> None:
    change = ticket(portal)
    opened = receipt(portal, change)
    portal.technician("close", ticket=opened.record_id)
    assert undo(portal, change, opened) == Undone(detail="it was closed already")
    assert made(portal, "notes") == []


def test_a_ticket_that_was_merged_stays_with_the_other(any_portal: PortalWorld) -> None:
    change = ticket(any_portal)
    opened, other = receipt(any_portal, change), receipt(any_portal, change, "nps-other")
    any_portal.technician("merge", ticket=opened.record_id, into=other.record_id)
    left = undo(any_portal, change, opened)
    assert isinstance(left, Superseded)
    assert "merged it into ticket" in left.why


def test_a_ticket_that_was_deleted_is_done_with(portal: PortalWorld) -> None:
    change = ticket(portal)
    opened = receipt(portal, change)
    portal.technician("delete", ticket=opened.record_id)
    assert undo(portal, change, opened) == Undone(detail="it is not there any more")


def test_a_close_without_an_answer_is_unknown_and_done_once(portal: PortalWorld) -> None:
    change = ticket(portal)
    opened = receipt(portal, change)
    portal.fault("drop_after_write", path="tickets/batch/update$")
    assert isinstance(undo(portal, change, opened), OutcomeUnknownError)
    assert undo(portal, change, opened) == Undone(detail="closed")
    assert len(made(portal, "notes")) == 1


def test_a_throttled_undo_is_raised(portal: PortalWorld) -> None:
    change = ticket(portal)
    opened = receipt(portal, change)
    portal.fault("429", path="notes/batch/create$", seconds=30)
    with pytest.raises(ThrottledError):
        undo(portal, change, opened)
    assert portal.ticket(opened.record_id)["properties"]["hs_pipeline_stage"] == "91001"


def test_fields_get_back_what_they_had_and_what_somebody_changed_stays(any_portal: PortalWorld) -> None:
    change = recorded(any_portal, fields={"NPS Score": 3, "Job Title": "Tester"})
    wrote = receipt(any_portal, change)
    contact = change.contact_id
    any_portal.technician("set", type="contacts", id=contact, properties={"jobtitle": "Director"})
    assert undo(any_portal, change, wrote) == Undone(
        detail="restored NPS Score, NPS Date; changed since, and left: Job Title"
    )
    assert any_portal.field(contact, "NPS Score") is None
    row = any_portal.api("GET", f"/crm/v3/objects/contacts/{contact}?properties=jobtitle")
    assert row["properties"]["jobtitle"] == "Director"
    left = undo(any_portal, change, wrote)
    assert isinstance(left, Superseded)
    assert left.why == "changed since: Job Title"


def test_the_record_of_the_custom_object_is_archived(portal: PortalWorld) -> None:
    settings = {"response_object": "2-7700001"}
    change = recorded(portal)
    wrote = receipt(portal, change, **settings)
    assert isinstance(undo(portal, change, wrote, **settings), Undone)
    [record] = made(portal, "nps_response")
    assert record["archived"]
    assert isinstance(undo(portal, change, wrote, **settings), Undone)


def test_who_was_put_in_again_by_somebody_stays_in(any_portal: PortalWorld) -> None:
    contact = any_portal.someone()[0]
    change = AddToGroup(contact_id=contact, group="Empty list")
    joined = receipt(any_portal, change)
    assert undo(any_portal, change, joined) == Undone(detail="taken out of the list")
    assert undo(any_portal, change, joined) == Undone(detail="it is no member any more")
    any_portal.technician("join", list=11, ids=[contact])
    left = undo(any_portal, change, joined)
    assert isinstance(left, Superseded)
    assert "somebody else put the contact into the list" in left.why


def test_a_list_that_was_deleted_is_done_with(portal: PortalWorld) -> None:
    change = AddToGroup(contact_id=portal.someone()[0], group="Empty list")
    joined = receipt(portal, change)
    portal.api("DELETE", "/crm/v3/lists/11")
    assert undo(portal, change, joined) == Undone(detail="the list is not there any more")


def test_a_field_that_was_deleted_since_cannot_be_given_back(portal: PortalWorld) -> None:
    change = SetField(on="contact", record_id=portal.someone()[0], field="NPS Score", value="3", responded_at=AT)
    wrote = receipt(portal, change)
    portal.api("DELETE", "/crm/v3/properties/contacts/nps_score")
    assert isinstance(undo(portal, change, wrote), RejectedError)
