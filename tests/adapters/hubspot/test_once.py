"""Whatever breaks off in the middle of a batch, in the end each effect is there once, and every outcome was true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.domain import AddNote, AddToGroup, CreateTask, Receipt, SetField, WriteBack
from connector.errors import ConnectorError, OutcomeUnknownError, UnavailableError
from connector.ports import ChangeSink, Superseded

from .portal import PortalWorld
from .test_sink import AT, back, made, recorded, sink, ticket

_WRITES = "/(batch/create|batch/update|batch/upsert|memberships/add|batch/associate/default)$"


def everything(portal: PortalWorld) -> list[WriteBack]:
    """Some of each kind, mixed, for several people."""
    people = sorted(portal.contact_ids())[:6]
    company = portal.someone()[1]
    found: list[WriteBack] = []
    for number, contact in enumerate(people):
        found += [
            back(recorded(portal, contact_id=contact, fields={"NPS Score": number}), f"nps-r{number}"),
            back(ticket(portal, contact_id=contact), f"nps-t{number}"),
            back(AddNote(on="contact", contact_id=contact, text="more"), f"nps-n{number}"),
            back(
                CreateTask(company_id=company, contact_id=contact, summary="x", owner=("member:bob@example.com",)),
                f"nps-k{number}",
            ),
            back(AddToGroup(contact_id=contact, group="Empty list"), f"nps-g{number}"),
            back(
                SetField(
                    on="contact",
                    record_id=contact,
                    field="NPS Score",
                    value="9",
                    responded_at=AT + timedelta(hours=1),
                    responded_at_field="NPS Date",
                ),
                f"nps-s{number}",
            ),
        ]
    return found


def delivered(port: ChangeSink, write_backs: list[WriteBack]) -> dict[str, Any]:
    """As the outbox does it: what has no outcome waits, what is unknown is looked up before it is repeated."""
    waiting = {each.key: each for each in write_backs}
    settled: dict[str, Any] = {}
    unknown: dict[str, WriteBack] = {}
    for _ in range(12):
        try:
            for outcome in port.apply(list(waiting.values())):
                write_back = waiting.pop(outcome.key)
                if isinstance(outcome.result, OutcomeUnknownError):
                    unknown[outcome.key] = write_back
                else:
                    settled[outcome.key] = outcome.result
        except UnavailableError:
            pass
        there = port.find(list(unknown.values()))
        settled |= there
        waiting |= {key: each for key, each in unknown.items() if key not in there}
        unknown = {}
        if not waiting:
            return settled
    raise AssertionError(f"never settled: {sorted(waiting)}")


@pytest.mark.parametrize("skip", range(9))
@pytest.mark.parametrize("fault", ["429", "reset", "drop_after_write", "504_after_write", "truncate"])
def test_each_effect_is_there_once(fault: str, skip: int) -> None:
    readings = "strict" if skip % 2 else "lenient"
    with PortalWorld(readings) as portal:
        portal.fault(fault, path=_WRITES, skip=skip, seconds=30)
        write_backs = everything(portal)
        settled = delivered(sink(portal), write_backs)
        assert sorted(settled) == sorted(each.key for each in write_backs)
        assert not [each for each in settled.values() if isinstance(each, ConnectorError)]
        keys = [each["properties"]["nps_response_key"] for each in made(portal, "tickets")]
        assert sorted(keys) == [f"nps-t{number}" for number in range(6)]
        for kind, body, letters in (("notes", "hs_note_body", "rn"), ("tasks", "hs_task_body", "k")):
            texts = [each["properties"][body] for each in made(portal, kind)]
            # An answer that was overtaken by a newer one while its own note was missing needs none any more.
            wanted = [f"nps-{letter}{number}" for letter in letters for number in range(6)]
            overtaken = {key for key in wanted if isinstance(settled[key], Superseded)}
            assert sorted(text.rpartition("<br>")[2] for text in texts) == sorted(set(wanted) - overtaken)
            assert overtaken <= {f"nps-r{number}" for number in range(6)}
        for number, contact in enumerate(sorted(portal.contact_ids())[:6]):
            assert portal.field(contact, "NPS Score") == 9
            joined = settled[f"nps-g{number}"]
            assert isinstance(joined, Receipt)
            assert joined.before == {"member": False}
        members = portal.control("GET", "records")["list_members"]
        assert len([each for each in members if each["list"] == "11" and each["member"]]) == 6
