"""A bug in the middle of a delivery: what was not begun waits again, only the one in hand is of unknown outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector import log
from connector.adapters.connectwise.sink import ConnectWiseSink
from connector.adapters.smtp import sink as smtp_sink
from connector.domain import Notify, WriteBack
from connector.jobs import guards, once
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import outbox, tickets
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.desk import control
from tests.jobs.desk import tickets as opened_tickets
from tests.jobs.story import runtime_for
from tests.jobs.test_collect import Desk, opened
from tests.settings import TICKET

__all__ = ["opened"]
RULES = [{"id": "d", "when": {"band": "detractor"}, "then": [{"open_ticket": TICKET | {"group": "none"}}]}]


class BugError(Exception):
    pass


def fails_second(real: Callable[..., Any]) -> Callable[..., Any]:
    """Does what it did, but for the second call."""
    calls = 0

    def call(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise BugError("of a program")
        return real(*args, **named)

    return call


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    made = runtime_for(config_for(sandbox), store_url, clock)
    yield made
    made.store.close()


def notices(runtime: Runtime, clock: ShiftedClock, on: str = "log") -> None:
    rows = [
        WriteBack(
            key=f"nps-{number}", connection=on, change=Notify(subject="s", text="t", to=("who@example.com",)),
            response_key="r", revision=1, rule_id="a", action_id="b", not_before=clock(),
        )
        for number in (1, 2, 3)
    ]  # fmt: skip
    with runtime.store.write() as tx:
        outbox.put(tx, rows, rehearsal=False, now=clock())


def states(runtime: Runtime) -> list[str]:
    with runtime.store.read() as tx:
        return [entry.write_back.state.value for entry in outbox.listed(tx)]


def test_messages_not_begun_wait_again(runtime: Runtime, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    notices(runtime, clock)
    monkeypatch.setattr(log, "get", fails_second(log.get))
    with pytest.raises(BugError):
        once.perform(runtime, "deliver", "log")
    assert states(runtime) == ["applied", "unknown", "waiting"]
    clock.move(minutes=20)
    assert once.perform(runtime, "deliver", "log").outcome == "done"
    assert states(runtime) == ["applied", "unknown", "applied"]


def test_a_mail_in_hand_is_unknown_whatever_was_put_off_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail before it was refused for now and got no outcome: it must not be taken for the one in hand."""

    def sent(_sink: object, write_back: WriteBack) -> Any:
        if write_back.key == "nps-1":
            raise smtp_sink._LaterError("refused for now")
        raise BugError("of a program")

    monkeypatch.setattr(smtp_sink.SmtpSink, "_sent", sent)
    rows = [
        WriteBack(
            key=f"nps-{number}", connection="mail", change=Notify(subject="s", text="t", to=()), response_key="r",
            revision=1, rule_id="a", action_id="b", not_before=ShiftedClock()(),
        )
        for number in (1, 2, 3)
    ]  # fmt: skip
    told: list[tuple[str, str]] = []
    sink = object.__new__(smtp_sink.SmtpSink)
    with pytest.raises(BugError):
        told.extend((o.key, type(o.result).__name__) for o in sink.apply(rows))
    assert told == [("nps-2", "OutcomeUnknownError")]


def test_tickets_not_begun_wait_again(
    opened: Callable[..., Desk], sandbox: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened(rules=RULES)
    desk.collect(*({"external_id": f"s{n}", "score": n} for n in range(3)))
    desk.clock.move(minutes=20)
    monkeypatch.setattr(ConnectWiseSink, "_apply", fails_second(ConnectWiseSink._apply))
    with pytest.raises(BugError):
        once.perform(desk.runtime, "deliver", "psa")
    assert sorted(states(desk.runtime)) == ["applied", "unknown", "waiting"]
    for _ in range(3):
        desk.clock.move(minutes=20)
        once.perform(desk.runtime, "deliver", "psa")
    assert states(desk.runtime) == ["applied"] * 3
    assert len(opened_tickets(sandbox)) == 3


@pytest.mark.parametrize("place", ["with_room", "joining"])
def test_a_bug_before_the_first_effect_leaves_all_waiting(
    opened: Callable[..., Desk], sandbox: Server, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def bug(*_: Any) -> Any:
        raise BugError("of a program")

    note = {"add_note": {"on": "ticket", "text": "n"}}
    desk = opened(rules=[{**RULES[0], "then": [*RULES[0]["then"], note]}])
    desk.collect({"external_id": "s0", "score": 1})
    desk.clock.move(minutes=20)
    if place == "joining":
        once.perform(desk.runtime, "deliver", "psa")
        desk.collect({"external_id": "s0", "score": 2})
        desk.clock.move(minutes=20)
    before = states(desk.runtime)
    monkeypatch.setattr(guards if place == "with_room" else tickets, place, bug)
    sent = len(control(sandbox, "records")["tickets"])
    with pytest.raises(BugError):
        once.perform(desk.runtime, "deliver", "psa")
    assert states(desk.runtime) == before
    assert "waiting" in before
    assert len(control(sandbox, "records")["tickets"]) == sent
