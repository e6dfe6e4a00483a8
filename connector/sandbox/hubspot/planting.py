"""What lies in the portal on the first day besides the planted contacts and companies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import dirt, schema, tenant
from .layout import ANCHOR
from .state import Record

if TYPE_CHECKING:
    from .world import World

REFRESH_TOKEN = "refresh-sandbox-1"  # noqa: S105 - a made-up one
ARCHIVED = (601, 602, 603)  # contacts somebody archived before the anchor
SWALLOWED = (611, 612)  # ids that were merged into the contact with the plant "merged"
NOTES_OF_THE_TALKATIVE = 130
_DAY = 86400_000
_BANDS = {"9": "PROMOTER", "10": "PROMOTER", "7": "PASSIVE", "8": "PASSIVE"}


def plant(world: World) -> None:
    """Put the archived and merged contacts, old notes and HubSpot's own survey answers into a fresh world."""
    _archived(world)
    _merged(world)
    _notes(world)
    _survey_answers(world)


def _archived(world: World) -> None:
    store = world.stores[schema.CONTACTS]
    for place, number in enumerate(ARCHIVED):
        left = (ANCHOR - (40 - place)) * 1000 - place * _DAY
        properties = {"email": f"gone{number}@example.org", "firstname": "Gone", "lastname": f"Sample {number}"}
        store.put(Record(id=number, properties=properties, created=left - 400 * _DAY, updated=left, archived=left))


def _merged(world: World) -> None:
    index = dirt.once("merged")
    if index >= world.layout.contacts:
        return
    store, number = world.stores[schema.CONTACTS], world.layout.contact_ids.of(index)
    record = store.record(number)
    if record is None:
        return
    world.state.aliases[schema.CONTACTS] = dict.fromkeys(SWALLOWED, number)
    properties = record.properties | {
        "hs_merged_object_ids": ";".join(map(str, SWALLOWED)),
        "hs_calculated_merged_vids": ";".join(f"{old}:{record.updated}" for old in SWALLOWED),
        "hs_additional_emails": f"merged{index}@home.example.org",
    }
    store.put(replace(record, properties=properties))


def _notes(world: World) -> None:
    index = dirt.once("talkative")
    if index >= world.layout.contacts:
        return
    number = world.layout.contact_ids.of(index)
    for place in range(NOTES_OF_THE_TALKATIVE):
        when = ANCHOR * 1000 - place * _DAY
        note = _made(world, schema.NOTES, {"hs_timestamp": str(when), "hs_note_body": f"Call {place}"}, when)
        world.links.add(schema.NOTES, note, schema.CONTACTS, number, ())


def _survey_answers(world: World) -> None:
    for place, (index, survey, value, words, days) in enumerate(tenant.SURVEY_ANSWERS):
        if index >= world.layout.contacts:
            continue
        number = world.layout.contact_ids.of(index)
        when = ANCHOR * 1000 - days * _DAY + 120
        properties = {
            "hs_survey_id": {"NPS": "5001", "CSAT": "5002", "CES": "5003"}[survey],
            "hs_survey_name": f"{survey} survey",
            "hs_survey_type": survey,
            "hs_survey_channel": "EMAIL",
            "hs_value": value,
            "hs_content": words,
            "hs_contact_id": str(number),
            "hs_submission_timestamp": str(when),
            "hs_ingestion_id": f"ingested-{place}",
        }
        if survey == "NPS":
            properties["hs_response_group"] = _BANDS.get(value, "DETRACTOR")
        answer = _made(world, schema.FEEDBACK, {name: text for name, text in properties.items() if text}, when)
        world.links.add(schema.FEEDBACK, answer, schema.CONTACTS, number, ())


def _made(world: World, kind: str, properties: dict[str, str], when: int) -> int:
    store = world.stores[kind]
    number = store.new_id()
    store.put(Record(id=number, properties=properties, created=when, updated=when))
    return number
