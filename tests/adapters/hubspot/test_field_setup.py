"""Properties that rules need, and those that the connector itself needs: which are there, and creating the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.adapters.hubspot.field_setup import HubSpotFields, internal_name
from connector.domain import Receipt
from connector.errors import AuthError, RejectedError
from connector.ports import NeededField

from .portal import PortalWorld
from .test_sink import KEY, back, sink, ticket

WAVE = NeededField(on="contact", caption="NPS Wave", holds="text")


@pytest.fixture
def bare() -> Iterator[PortalWorld]:
    with PortalWorld({"tenant_fields": "bare"}) as world:
        yield world


def fields(portal: PortalWorld, **settings: Any) -> HubSpotFields:
    port = portal.open(**settings).setup
    assert isinstance(port, HubSpotFields)
    return port


def definition(portal: PortalWorld, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = portal.api("GET", f"/crm/v3/properties/{kind}/{name}")
    return found


@pytest.mark.parametrize(
    ("on", "caption", "holds", "type", "note"),
    [
        ("contact", "nps  SCORE ", "number", "number", ""),
        ("contact", "nps_score", "number", "number", ""),
        ("contact", "NPS Comment", "long text", "textarea", ""),
        ("contact", "NPS Score", "text", "number", "of type number, which cannot hold every text"),
        ("contact", "NPS Band", "text", "enumeration", "only its own options"),
        ("contact", "Last Modified Date", "text", "datetime", "HubSpot sets it itself"),
        ("company", "NPS Status", "text", "text", ""),
        ("ticket", "nps_response_key", "key", "text", ""),
        ("ticket", "content", "key", "textarea", "its values are not unique"),
    ],
)
def test_a_property_that_is_there_is_told_with_its_type(
    portal: PortalWorld, on: str, caption: str, holds: str, type: str, note: str
) -> None:
    [state] = fields(portal).states([NeededField(on=on, caption=caption, holds=holds)])
    assert (state.exists, state.type, state.why_not) == (True, type, "")
    assert note in state.note
    assert bool(state.note) == bool(note)


def test_what_the_connector_needs_itself_is_created_and_makes_tickets_possible(bare: PortalWorld) -> None:
    port = fields(bare)
    needs = port.needs()
    assert [(each.on, each.caption) for each in needs] == [
        ("ticket", "nps_response_key"),
        ("contact", "nps_connector_lists"),
    ]
    assert [state.exists for state in port.states(needs)] == [False, False]
    for each in needs:
        for _ in range(2):
            assert port.create(each).exists
    made = definition(bare, "tickets", "nps_response_key")
    assert (made["hasUniqueValue"], made["type"], made["groupName"]) == (True, "string", bare.settings().property_group)
    assert definition(bare, "contacts", "nps_connector_lists")["fieldType"] == "textarea"
    [outcome] = sink(bare).apply([back(ticket(bare), KEY)])
    assert isinstance(outcome.result, Receipt)


@pytest.mark.parametrize(("on", "kind"), [("contact", "contacts"), ("company", "companies")])
@pytest.mark.parametrize("readings", ["lenient", "strict"])
def test_a_missing_property_is_created_once_in_a_group_of_its_own(on: str, kind: str, readings: str) -> None:
    with PortalWorld({"*": readings, "tenant_fields": "bare"}, version="2026-09") as portal:
        wanted = NeededField(on=on, caption="NPS Wave", holds="number")
        for _ in range(2):
            state = fields(portal).create(wanted)
            assert (state.exists, state.type, state.place) == (
                True,
                "number",
                f"group {portal.settings().property_group}",
            )
        made = definition(portal, kind, "nps_wave")
        assert (made["label"], made["fieldType"]) == ("NPS Wave", "number")
        fields(portal).create(NeededField(on=on, caption="NPS Wave 2", holds="long text"))


def test_a_name_that_another_label_has_is_not_taken(portal: PortalWorld) -> None:
    body = {
        "name": "nps_wave",
        "label": "Wave",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
    }
    portal.api("POST", "/crm/v3/properties/contacts", body)
    state = fields(portal).create(NeededField(on="contact", caption="NPS: Wave", holds="text"))
    assert state.exists
    assert definition(portal, "contacts", "nps_wave_2")["label"] == "NPS: Wave"


def test_an_answer_that_was_lost_creates_no_second_property(portal: PortalWorld) -> None:
    portal.fault("drop_after_write", method="POST", path="properties/.*contacts$")
    assert fields(portal).create(WAVE).exists
    assert definition(portal, "contacts", "nps_wave")["label"] == "NPS Wave"


def test_a_token_without_the_scope_is_told_what_to_do(portal: PortalWorld) -> None:
    portal.fault("missing_scopes", method="POST", path="properties/", times=None)
    with pytest.raises(RejectedError, match=r"may not create properties.*by hand: Settings > Properties"):
        fields(portal).create(WAVE)
    portal.fault("missing_scopes", method="GET", path="properties/", times=None)
    [state] = fields(portal).states([WAVE])
    assert "may not see the properties of contacts" in state.why_not


def test_wrong_credentials_stay_wrong_credentials(portal: PortalWorld) -> None:
    with pytest.raises(AuthError):
        fields(portal, access_token="pat-wrong").create(WAVE)


def test_a_caption_that_is_too_long_is_told_before_it_is_tried(portal: PortalWorld) -> None:
    long = NeededField(on="contact", caption="x" * 101, holds="text")
    [state] = fields(portal).states([long])
    assert "at most 100 characters" in state.why_not
    with pytest.raises(RejectedError, match="at most 100"):
        fields(portal).create(long)


@pytest.mark.parametrize(
    ("caption", "name"),
    [("NPS Score", "nps_score"), ("1st answer", "nps_1st_answer"), ("Größe?", "gr_sse"), ("満足", "nps")],
)
def test_an_internal_name_is_what_the_vendor_takes(caption: str, name: str) -> None:
    assert internal_name(caption) == name
