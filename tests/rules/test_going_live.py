"""A person's word moves each due date once, and what texts say of it, by the calendar of where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from connector.domain import AddNote, Change, CreateTask, Mode, Notify, OpenTicket, Response, WriteBack
from connector.rules import going_live
from connector.rules.business_time import CalendarSettings, due
from connector.rules.wording import moment_of
from connector.store import Store, open_store, outbox, responses
from connector.timespan import parse_span

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY, MONDAY_EVENING = datetime(2026, 11, 15, 12, tzinfo=BERLIN), datetime(2026, 11, 16, 18, tzinfo=BERLIN)
PSA = CalendarSettings(zone="Europe/Berlin")


def by(span: str, calendar: CalendarSettings = PSA, *, start: datetime = SUNDAY) -> datetime:
    return due(parse_span(span), start, calendar)


def ticket(due_at: datetime) -> OpenTicket:
    words = f"by {moment_of(due_at)}"
    return OpenTicket(company_id="7", contact_id=None, board="b", summary="s", internal=words, due_at=due_at)


def task(due_at: datetime) -> CreateTask:
    return CreateTask(company_id="7", contact_id=None, summary="s", text=f"by {moment_of(due_at)}", due_at=due_at)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def let_go(
    store: Store,
    calendars: dict[str, CalendarSettings],
    *changes: tuple[str, Change],
    start: datetime = SUNDAY,
    now: datetime = MONDAY_EVENING,
) -> list[Change]:
    """What becomes of changes of one rule, each with its connection, when a person confirms them; in their order."""
    waiting = [
        WriteBack(
            key=f"k{number}", connection=connection, change=change, response_key="r", revision=1, rule_id="a",
            action_id=str(number), not_before=start,
        )
        for number, (connection, change) in enumerate(changes)
    ]  # fmt: skip
    answer = Response(
        key="r", revision=1, connection="psa", source="s", external_id="x", score=3, responded_at=start,
        received_at=start,
    )  # fmt: skip
    with store.write() as tx:
        responses.put(tx, answer, judged=None)
        outbox.put(tx, waiting, rehearsal=False, now=start, mode=Mode.PREVIEW)
    with store.write() as tx:
        assert going_live.confirm(tx, calendars, now=now) == len(changes)
    with store.read() as tx:
        found = [outbox.get(tx, each.key) for each in waiting]
    return [each.write_back.change for each in found if each is not None]


@pytest.mark.parametrize("first", [0, 1])
def test_a_due_date_that_becomes_another_ones_former_is_moved_once(store: Store, first: int) -> None:
    one, two = by("1 business day"), by("2 business days")
    assert [moment_of(each) for each in (one, two)] == ["Mon 16 Nov 17:00", "Tue 17 Nov 17:00"]
    both: list[tuple[str, Change]] = [("psa", ticket(one)), ("psa", task(two))]
    note = AddNote(on="ticket", contact_id=None, text=f"{moment_of(one)}, then {moment_of(two)}")
    said = let_go(store, {"psa": PSA}, *both[first:], *both[:first], ("psa", note))
    tuesday, wednesday = (datetime(2026, 11, day, 17, tzinfo=BERLIN) for day in (17, 18))
    expected = [ticket(tuesday), task(wednesday)]
    assert said[:2] == expected[first:] + expected[:first]
    assert said[2] == AddNote(on="ticket", contact_id=None, text="Tue 17 Nov 17:00, then Wed 18 Nov 17:00")


@pytest.mark.parametrize("first", [0, 1])
def test_each_connection_has_its_own_holidays(store: Store, first: int) -> None:
    """Wednesday 18 November 2026 is a holiday in Saxony alone; a message goes by the calendar of the answer."""
    saxony = CalendarSettings(zone="Europe/Berlin", holidays="DE-SN")
    now = datetime(2026, 11, 17, 18, tzinfo=BERLIN)
    then = by("1 business day")
    both: list[tuple[str, Change]] = [("psa", ticket(then)), ("hub", ticket(then))]
    message = Notify(subject="s", text=f"by {moment_of(then)}")
    said = let_go(store, {"psa": saxony, "hub": PSA}, *both[first:], *both[:first], ("mail", message), now=now)
    wednesday, thursday = (datetime(2026, 11, day, 17, tzinfo=BERLIN) for day in (18, 19))
    expected = [ticket(thursday), ticket(wednesday)]
    assert said[:2] == expected[first:] + expected[:first]
    assert said[2] == Notify(subject="s", text="by Thu 19 Nov 17:00")
