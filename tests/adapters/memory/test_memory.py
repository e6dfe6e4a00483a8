"""What a test can order of the memory adapter."""

from __future__ import annotations

import pytest

from connector.adapters.memory import SPEC, WORLDS, MemoryCrm, MemorySettings
from connector.domain import Company, Contact, Facet, Segment, TicketState
from connector.errors import ConfigError, LeaseLostError, RejectedError
from connector.ports import Answer, Call, Context, RawAnswer
from tests.adapters.contract import FRIDAY, applied, sink, source, write_back_of
from tests.vaults import NoVault

from .world import MemoryWorld


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def test_writes_on_a_refused_contact_are_rejected(world: MemoryWorld) -> None:
    world.crm.reject = {world.someone()[0]}
    for kind in ("open_ticket", "record_response", "add_note"):
        [outcome] = sink(world).apply([write_back_of(world, kind)])
        assert isinstance(outcome.result, RejectedError)
    assert world.crm.records == {}


def test_the_guard_stops_a_write_before_its_effect(world: MemoryWorld) -> None:
    def lost() -> None:
        raise LeaseLostError("gone")

    settings = MemorySettings(world="contract")
    wire = SPEC.wire(settings, lost, NoVault())
    assert wire.send(Call(method="GET", path="/x")) == Answer(status=200)
    ports = SPEC.open(settings, Context(connection="crm", wire=wire, now=lambda: FRIDAY, sleep=lambda _: None))
    assert ports.sink is not None
    with pytest.raises(LeaseLostError):
        list(ports.sink.apply([write_back_of(world, "open_ticket")]))
    assert world.crm.records == {}


def test_a_ticket_is_watched_as_a_test_edits_it(world: MemoryWorld) -> None:
    receipt = applied(world, write_back_of(world, "open_ticket"))
    watch = world.open().watch
    assert watch is not None
    assert [status.state for status in watch.states([receipt])] == [TicketState.OPEN]
    world.crm.records[receipt.record_id].state = TicketState.CLOSED_BY_PERSON
    assert [status.state for status in watch.states([receipt])] == [TicketState.CLOSED_BY_PERSON]
    del world.crm.records[receipt.record_id]
    assert [status.state for status in watch.states([receipt])] == [TicketState.DELETED]


def test_answers_are_taken_once(world: MemoryWorld) -> None:
    world.crm.answers = [RawAnswer(place=f"line {number}", values={"score": "9"}) for number in range(6)]
    port = world.open().responses
    assert port is not None
    pages = list(port.responses(None))
    assert [len(rows) for rows, _ in pages] == [4, 2]
    assert list(port.responses(pages[-1][1])) == []
    assert len(list(port.responses(pages[0][1]))) == 1


def test_segments_owners_and_catalogues() -> None:
    segment = Segment(facet=Facet.CONTACT_TYPE, id="1", name="Owner")
    WORLDS["contract"] = MemoryCrm(
        contacts=[Contact(connection="", id="1", type_ids=("1",))],
        companies=[Company(connection="", id="9")],
        segments=[segment],
        owners={"9": "bob"},
    )
    port = SPEC.open(
        MemorySettings(world="contract"),
        Context(
            connection="crm", wire=SPEC.wire(None, lambda: None, NoVault()), now=lambda: FRIDAY, sleep=lambda _: None
        ),
    ).source
    assert port is not None
    assert port.segments(Facet.CONTACT_TYPE) == [segment]
    assert port.segments(Facet.COMPANY_TYPE) == []
    assert port.count(segment) == 1
    assert port.owner("9", ["territory_manager", "account_manager"]) == ("bob", "account_manager")
    assert port.owner("8", ["account_manager", "member:bob"]) == ("bob", "member:bob")
    assert port.owner("8", ["member:nobody"]) is None
    assert port.catalogue("boards") == [("1", "Service")]
    with pytest.raises(ConfigError, match="priorities"):
        port.catalogue("priorities")


def test_a_world_that_does_not_exist_is_an_empty_one(world: MemoryWorld) -> None:
    assert source(world).check() == []
    assert MemorySettings(world="new").tenant == "memory/new"
