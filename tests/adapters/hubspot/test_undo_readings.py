"""Taking back, by every answer that the real server may give; and what is believed of an answer that shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connector.domain import AddToGroup, Change, Receipt, SetField
from connector.errors import ConnectorError
from connector.ports import Superseded, Undone
from connector.sandbox.hubspot import schema
from connector.sandbox.hubspot.readings import READINGS

from .portal import PortalWorld
from .test_sink import AT, made, receipt, recorded, ticket
from .test_undo import undo

OBJECT = {"response_object": "2-7700001"}
EMPTY_LIST = "11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that a delivery did. `there`: whether its effect is still in the portal."""

    change: Change
    receipt: Receipt
    there: Callable[[], bool]
    done: str


def _grounds() -> Iterator[dict[str, str]]:
    """Each answer of each reading, among the easiest ones and among the hardest ones."""
    for ground in ("lenient", "strict"):
        yield {"*": ground}
        for name, reading in READINGS.items():
            own = reading.lenient if ground == "lenient" else reading.strict
            yield from ({"*": ground, name: answer} for answer in dict.fromkeys(reading.values) if answer != own)


def _named(readings: dict[str, str]) -> str:
    return " ".join(answer if name == "*" else f"{name}={answer}" for name, answer in readings.items())


def _set_up(portal: PortalWorld) -> None:
    """What `connector setup` makes, but for the mark of lists: without it nobody knows who was there."""
    for kind, properties in schema.OURS.items():
        for each in properties:
            if each.name != "nps_connector_lists":
                body = {"name": each.name, "label": each.label, "type": each.type, "fieldType": each.field_type,
                        "groupName": f"{schema.SINGULAR[kind]}information", "hasUniqueValue": each.unique,
                        "options": [{"value": value, "label": label} for value, label in each.options]}  # fmt: skip
                portal.api("POST", f"/crm/v3/properties/{kind}", body)


def _values(portal: PortalWorld, contact: str) -> tuple[Any, Any]:
    names = ("nps_score", "nps_date")
    found = portal.api("GET", f"/crm/v3/objects/contacts/{contact}?properties={','.join(names)}")["properties"]
    return found["nps_score"], (found["nps_date"] or "")[:10]


def deeds(portal: PortalWorld, contact: str = "") -> dict[str, Deed]:
    """A ticket, a field and a date, an answer with its note and custom object, a member of a list: of one contact
    each, unless one is named for all of them."""
    people = [each for each, _ in portal.people(3)]
    of = dict.fromkeys(("field", "answer", "member"), contact) if contact else dict(
        zip(("field", "answer", "member"), people, strict=True)
    )  # fmt: skip
    for one in {of["field"], of["answer"]}:
        earlier = {"nps_score": "8", "nps_date": "2026-01-02T00:00:00Z"}
        portal.technician("set", type="contacts", id=one, properties=earlier)

    def changed(one: str) -> Callable[[], bool]:
        return lambda: _values(portal, one) != ("8", "2026-01-02")

    def answered() -> bool:
        return changed(of["answer"])() or not all(row["archived"] for row in made(portal, "nps_response"))

    def closed() -> bool:
        return str(portal.ticket(opened.record_id)["properties"]["hs_pipeline_stage"]) == "91003"

    def member() -> bool:
        survivor = portal.truth()["merged"].get(of["member"], of["member"])
        rows = portal.api("GET", f"/crm/v3/lists/{EMPTY_LIST}/memberships?limit=250")["results"]
        return survivor in {str(row["recordId"]) for row in rows}

    opening = ticket(portal)
    opened = receipt(portal, opening)
    found = {"ticket": Deed(change=opening, receipt=opened, there=lambda: not closed(), done="closed, with a note")}
    joining = AddToGroup(contact_id=of["member"], group="Empty list")
    found["member"] = Deed(change=joining, receipt=receipt(portal, joining), there=member, done="taken out of the list")
    if not contact:
        setting = SetField(
            on="contact", record_id=of["field"], field="NPS Score", value="3", responded_at=AT,
            responded_at_field="NPS Date",
        )  # fmt: skip
        found["field"] = Deed(
            change=setting, receipt=receipt(portal, setting), there=changed(of["field"]),
            done="restored NPS Score, NPS Date",
        )  # fmt: skip
    answering = recorded(portal, contact_id=of["answer"])
    found["answer"] = Deed(
        change=answering, receipt=receipt(portal, answering, **OBJECT), there=answered,
        done="restored NPS Score, NPS Date",
    )  # fmt: skip
    assert all(deed.there() for deed in found.values())
    return found


def taken_back(portal: PortalWorld, deed: Deed) -> Any:
    return undo(portal, deed.change, deed.receipt, **OBJECT)


@pytest.mark.parametrize("readings", list(_grounds()), ids=_named)
def test_everything_is_taken_back_once_by_every_reading(readings: dict[str, str]) -> None:
    with PortalWorld(readings, contacts=30, limits=readings.get("rate_limits", "off")) as portal:
        if readings.get("tenant_fields") == "bare":
            _set_up(portal)
        for kind, deed in deeds(portal).items():
            assert taken_back(portal, deed) == Undone(detail=deed.done), kind
            assert not deed.there(), kind
            before = portal.control("GET", "records")
            assert isinstance(taken_back(portal, deed), Undone), kind
            assert portal.control("GET", "records") == before, "taken back twice is taken back once"
        keys = [row["properties"]["hs_note_body"].rpartition("<br>")[2] for row in made(portal, "notes")]
        assert len(keys) == len(set(keys)) == 2, "that of the answer stays, that of the ticket says why"


@pytest.mark.parametrize("merge_id", READINGS["merge_id"].values)
@pytest.mark.parametrize("write", READINGS["write_to_merged_id"].values)
@pytest.mark.parametrize("ground", ["lenient", "strict"])
def test_of_a_contact_that_was_merged_since_it_is_taken_back_where_it_went(
    ground: str, write: str, merge_id: str
) -> None:
    with PortalWorld({"*": ground, "merge_id": merge_id, "write_to_merged_id": write}, contacts=30) as portal:
        (other, _), (old, _) = portal.people(4)[2:]
        found = deeds(portal, old)
        portal.technician("merge_records", type="contacts", id=old, into=other)
        for kind, deed in found.items():
            assert taken_back(portal, deed) == Undone(detail=deed.done), kind
            assert not deed.there(), kind
            assert isinstance(taken_back(portal, deed), Undone), kind


# ---------------------------------------------------------------- answers that show nothing
@pytest.mark.parametrize("skip", range(8))
@pytest.mark.parametrize("fault", ["empty_list", "missing_row"])
@pytest.mark.parametrize("kind", ["ticket", "field", "answer", "member"])
def test_one_answer_that_shows_nothing_is_not_taken_for_gone(kind: str, fault: str, skip: int) -> None:
    """Whatever look it befalls: what is said to be taken back is, and what is not yet is by the next attempt."""
    with PortalWorld("strict" if skip % 2 else "lenient", contacts=30) as portal:
        deed = deeds(portal)[kind]
        portal.fault(fault, path="^/crm/", skip=skip)
        said = taken_back(portal, deed)
        assert isinstance(said, Undone | Superseded | ConnectorError)
        assert isinstance(said, Undone) is not deed.there(), said
        portal.control("DELETE", "faults")
        if deed.there():
            assert isinstance(said, ConnectorError), "left for good, though nothing speaks against it"
            assert isinstance(taken_back(portal, deed), Undone)
            assert not deed.there()


@pytest.mark.parametrize("kind", ["ticket", "field", "answer", "member"])
def test_where_every_look_shows_nothing_it_is_not_said_to_be_taken_back(any_portal: PortalWorld, kind: str) -> None:
    deed = deeds(any_portal)[kind]
    any_portal.fault("empty_list", path="(/batch/read|/memberships)$", times=None)
    said = taken_back(any_portal, deed)
    any_portal.control("DELETE", "faults")
    assert isinstance(said, Undone) is not deed.there(), said
    assert isinstance(taken_back(any_portal, deed), Undone)
    assert not deed.there()
