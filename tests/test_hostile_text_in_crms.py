"""Law 9 on HubSpot and Salesforce: hostile text in any field breaks out of no query, ticket, note, comment or task."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.jobs import once
from connector.jobs.runtime import Runtime
from connector.store import outbox
from tests.conftest import ShiftedClock
from tests.jobs.story import read_frames, records, runtime_for
from tests.kill.crm import Crm
from tests.kill.crms import HUBSPOT, SALESFORCE
from tests.kill.stand_in import StandIn
from tests.test_hostile_text import ALL, HOSTILE, hostile_answers

NEVER = re.compile("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]")
MARKUP = re.compile(r"<(?!br>)")
SOQL_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'")
SOQL_REST = re.compile(r"[A-Za-z0-9_ .,()=<>!:+-]*")
TALK = [text for text in HOSTILE if len(text) > 1]
Told = tuple["Where", Runtime, StandIn, list[once.Step]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where people's words stand in one CRM, and where ours land."""

    crm: Crm
    ann: str
    contact: tuple[str, ...]
    """Text fields of a contact."""
    email: str
    edit: Callable[[str, str, Mapping[str, str]], dict[str, Any]]
    company_name: str
    plain: Mapping[str, tuple[str, ...]]
    """Fields of plain text, by kind of record as the stand-in names it."""
    html: Mapping[str, tuple[str, ...]]
    bare: bool
    """Whether brackets go even from plain text, and braces stay; else it is the other way round."""


def _hubspot_edit(kind: str, record: str, values: Mapping[str, str]) -> dict[str, Any]:
    return {"type": kind, "id": record, "set": dict(values)}


WHERE = {
    "hubspot": Where(
        crm=HUBSPOT,
        ann="901",
        contact=("firstname", "lastname", "jobtitle", "company"),
        email="email",
        edit=_hubspot_edit,
        company_name="name",
        plain={"tickets": ("subject", "content"), "tasks": ("hs_task_subject",)},
        html={"notes": ("hs_note_body",), "tasks": ("hs_task_body",)},
        bare=False,
    ),
    "salesforce": Where(
        crm=SALESFORCE,
        ann="0035g00000000G8AAI",
        contact=("FirstName", "LastName", "Title", "Department"),
        email="Email",
        edit=lambda _, record, values: {"id": record, "set": dict(values)},
        company_name="Name",
        plain={
            "Case": ("Subject", "Description"),
            "CaseComment": ("CommentBody",),
            "Task": ("Subject", "Description"),
            "NPS_Response__c": ("Comment__c", "Note__c"),
        },
        html={},
        bare=True,
    ),
}


@pytest.fixture(params=list(WHERE))
def told(request: pytest.FixtureRequest, tmp_path: Path, store_url: str, clock: ShiftedClock) -> Iterator[Told]:
    """Every text of forty contacts and their companies is hostile; Ann Example is not touched."""
    where = WHERE[request.param]
    with where.crm.serve() as stand_in:
        everyone = stand_in.control("truth")["contacts"]
        asked = sorted(everyone, key=lambda each: "group_member" not in everyone[each]["labels"])
        hostile = [contact for contact in asked if contact != where.ann][:40]
        for number, contact in enumerate(hostile):
            text = HOSTILE[number % len(HOSTILE)]
            values = dict.fromkeys(where.contact, f"{text} {number}")
            if number % 3 == 0:
                values[where.email] = f"{text}@example.com"
            stand_in.control("edit", where.edit("contacts", contact, values))
        for company in sorted({str(everyone[each]["company"]) for each in hostile} - {"None"})[1:8]:
            stand_in.control("edit", where.edit("companies", company, {where.company_name: ALL}))
        config = where.crm.config(stand_in, tmp_path, limits={"tickets_per_day": 100})
        runtime = runtime_for(config, store_url, clock)
        steps = once.run_once(runtime)
        answers = hostile_answers(tmp_path, hostile, where.ann)
        steps.append(once.perform(runtime, "collect", "answers", {"file": str(answers)}))
        clock.move(minutes=20)
        steps += once.run_once(runtime)
        yield where, runtime, stand_in, steps
        runtime.store.close()


def test_hostile_text_lands_harmless_and_stops_nobody(told: Told) -> None:
    where, runtime, stand_in, steps = told
    collected = next(step for step in steps if step.story == "collect")
    assert collected.attempt is not None
    assert collected.attempt.counts["rejected"] == 1, "the one row that is no answer at all"
    assert collected.attempt.counts["responses"] == len(HOSTILE) + 2
    with runtime.store.read() as tx:
        states = outbox.counts(tx)
    assert set(states) <= {"applied", "waiting", "superseded"}, states
    found = stand_in.records()
    landed = list(_landed(where, found))
    assert any("drop table" in text for _, text in landed), "words are kept as they were said"
    assert any(("{{7*7}}" if where.bare else "❴❴7*7❵❵") in text for _, text in landed)
    for markup, text in landed:
        assert not NEVER.search(text), text[:200]
        assert not markup or not MARKUP.search(text), text[:200]
        assert not where.bare or "<" not in text, text[:200]
        assert not re.search(r"\b49\b", text), "a template inside an answer was run"
    assert any("Ann Example" in text for _, text in landed), "Ann's ticket is there all the same"


def test_hostile_text_is_in_no_query(told: Told) -> None:
    """People's words are never asked for; and whatever is, stays inside of its literal."""
    where, runtime, _, _ = told
    asked = written = 0
    for path in records(runtime):
        for frame in read_frames(path):
            if frame["t"] != "exchange":
                continue
            call = frame["call"]
            query = json.dumps([call["path"], call["query"]], ensure_ascii=False)
            assert not [text for text in TALK if text in query], query
            assert "drop table" not in query
            if where.crm.is_read(call["method"], call["path"]):
                asked += 1
                body = json.dumps(call["body"], ensure_ascii=False)
                assert not [text for text in TALK if text in body], body[:500]
                for name, value in call["query"]:
                    if name == "q":
                        assert SOQL_REST.fullmatch(SOQL_TEXT.sub("", value)), value
            else:
                written += 1
                json.loads(call["body"] if isinstance(call["body"], str) else "null")
    assert asked > 10
    assert written > 3


def _landed(where: Where, found: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """Every text we wrote, and whether it is HTML."""
    for markup, kinds in ((False, where.plain), (True, where.html)):
        for kind, fields in kinds.items():
            for row in found[kind]:
                values = row.get("properties", row)
                yield from ((markup, values[name]) for name in fields if values.get(name))
