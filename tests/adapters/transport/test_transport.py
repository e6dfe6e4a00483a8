"""What answers mean, what is repeated, and how fast calls may follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connector.adapters.transport import MEANING, Policy, Transport, decode, shape
from connector.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    ForbiddenError,
    LeaseLostError,
    OutcomeUnknownError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from connector.ports import Answer, Call, Context

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OK = Answer(status=200, body=b"[]")


class Scripted:
    """A wire that gives the answers it was told to, then 200; exceptions are raised."""

    def __init__(self, *script: Answer | Exception) -> None:
        self.script = list(script)
        self.calls: list[Call] = []

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        given = self.script.pop(0) if self.script else OK
        if isinstance(given, Exception):
            raise given
        return given


class Clock:
    def __init__(self) -> None:
        self.at = NOON
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)


def transport(wire: Scripted, clock: Clock | None = None, *, per_minute: int = 600) -> Transport:
    clock = clock or Clock()
    context = Context(connection="psa", wire=wire, now=clock.now, sleep=clock.sleep)
    return Transport(context, policy=Policy(), max_calls_per_minute=per_minute, clock=lambda: clock.at.timestamp())


def refused(status: int, body: bytes = b'{"code":"Odd","message":"no\\nway"}', **headers: str) -> Answer:
    return Answer(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


READS: Sequence[tuple[int, type[ConnectorError]]] = [
    (302, ContractError), (400, RejectedError), (401, AuthError), (403, ForbiddenError), (404, RejectedError),
    (409, RejectedError), (418, RejectedError), (429, ThrottledError), (500, UnavailableError), (503, UnavailableError),
]  # fmt: skip
WRITES: Sequence[tuple[int, type[ConnectorError]]] = [
    (302, ContractError), (400, RejectedError), (401, AuthError), (403, ForbiddenError), (404, RejectedError),
    (408, OutcomeUnknownError), (409, RejectedError), (429, ThrottledError), (500, OutcomeUnknownError),
    (503, OutcomeUnknownError),
]  # fmt: skip


@pytest.mark.parametrize(("status", "error"), READS)
def test_what_a_status_means_for_a_read(status: int, error: type[ConnectorError]) -> None:
    with pytest.raises(error) as caught:
        transport(Scripted(*[refused(status)] * 5)).get("/contacts/7", {"conditions": 'x="secret"'})
    assert type(caught.value) is error
    assert "GET /contacts/7" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("status", "error"), WRITES)
def test_what_a_status_means_for_a_write_and_that_it_is_sent_once(status: int, error: type[ConnectorError]) -> None:
    wire = Scripted(*[refused(status)] * 5)
    with pytest.raises(error) as caught:
        transport(wire).write("POST", "/tickets", {"summary": "confidential"})
    assert type(caught.value) is error
    assert len(wire.calls) == 1
    assert "confidential" not in str(caught.value)


def test_a_rejection_keeps_the_vendors_words_on_one_line() -> None:
    with pytest.raises(RejectedError, match="400 Odd: no way") as caught:
        transport(Scripted(refused(400))).get("/x")
    assert (caught.value.code, caught.value.status) == ("Odd", 400)


def test_an_adapter_overrides_by_status_and_code() -> None:
    clock = Clock()
    context = Context(connection="crm", wire=Scripted(refused(403)), now=clock.now, sleep=clock.sleep)
    meaning = {**MEANING, (403, "Odd"): ThrottledError}
    with pytest.raises(ThrottledError):
        Transport(context, meaning=meaning, policy=Policy(tries=1)).get("/x")


def test_reads_are_repeated_with_growing_waits() -> None:
    clock = Clock()
    wire = Scripted(refused(503), UnavailableError("reset"), refused(500))
    calls = transport(wire, clock)
    assert calls.get("/x") is OK
    assert calls.calls == 4
    assert clock.waits[0] == 0.5
    assert 0.5 <= clock.waits[1] <= 1 <= clock.waits[2] <= 2


def test_the_waits_of_a_request_are_always_the_same() -> None:
    clocks = [Clock(), Clock()]
    for clock in clocks:
        transport(Scripted(*[refused(503)] * 4), clock).get("/x")
    assert clocks[0].waits == clocks[1].waits


def test_after_five_tries_the_runner_decides() -> None:
    wire = Scripted(*[refused(503)] * 9)
    with pytest.raises(UnavailableError):
        transport(wire).get("/x")
    assert len(wire.calls) == 5


RETRY_AFTER = {
    "seconds": (refused(429, retry_after="17"), 17.0),
    "a date": (refused(429, retry_after="Fri, 20 Nov 2026 12:00:20 GMT"), 20.0),
    "words": (refused(429, b'{"message":"Please try again in 30 seconds."}'), 30.0),
    "rubbish": (refused(429, retry_after="soon"), 0.5),
}


@pytest.mark.parametrize(("answer", "wait"), RETRY_AFTER.values(), ids=RETRY_AFTER.keys())
def test_the_wait_asked_for_is_kept(answer: Answer, wait: float) -> None:
    clock = Clock()
    transport(Scripted(answer), clock).get("/x")
    assert clock.waits == [wait]


def test_a_long_wait_is_left_to_the_runner() -> None:
    clock = Clock()
    with pytest.raises(ThrottledError) as caught:
        transport(Scripted(refused(429, retry_after="3600")), clock).get("/x")
    assert (caught.value.retry_after, clock.waits) == (3600.0, [])


def test_a_lost_lease_is_not_repeated() -> None:
    wire = Scripted(LeaseLostError("gone"))
    with pytest.raises(LeaseLostError):
        transport(wire).get("/x")
    assert len(wire.calls) == 1


def test_never_more_calls_a_minute_than_allowed_and_no_wait_below() -> None:
    clock = Clock()
    calls = transport(Scripted(), clock, per_minute=100)
    for _ in range(100):
        calls.get("/x")
    assert clock.waits == []
    moments = []
    for _ in range(250):
        calls.get("/x")
        moments.append(clock.at)
    assert all(later - earlier >= timedelta(seconds=60) for earlier, later in zip(moments, moments[100:], strict=False))
    assert clock.at - NOON <= timedelta(minutes=3)


def test_the_pace_heeds_real_time_though_the_now_of_an_attempt_stands_still() -> None:
    waits: list[float] = []
    context = Context(connection="psa", wire=Scripted(), now=lambda: NOON, sleep=waits.append)
    passing = iter(range(0, 4000, 2))  # two seconds from one call to the next: thirty a minute
    calls = Transport(context, max_calls_per_minute=40, clock=lambda: float(next(passing)))
    for _ in range(200):
        calls.get("/x")
    assert waits == []


PAGES = {"html": b"<html><h1>Welcome Ann</h1></html>", "half": b'[{"id":1', "text": b"OK", "nothing": b""}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
def test_a_body_that_is_no_json_is_a_contract_error_without_its_words(body: bytes) -> None:
    with pytest.raises(ContractError) as caught:
        decode(Answer(status=200, body=body), msgspec.json.Decoder(list[int]), place="GET /x")
    assert "Ann" not in str(caught.value) + caught.value.sample


def test_a_sample_has_the_shape_and_no_values() -> None:
    body = b'[{"id":1,"firstName":"Ann","types":[{"id":4}],"company":null},{"id":2}]'
    assert (
        shape(Answer(status=200, body=body)) == "[2 x {id: int, firstName: str, types: [1 x {id: int}], company: null}]"
    )
