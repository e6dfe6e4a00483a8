"""Corners of a collection's answer that no well-behaved server gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Row
from connector.adapters.salesforce.settings import SalesforceSettings
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError, UnavailableError
from connector.ports import Answer, Call, Context

Records = list[dict[str, Any]]


class ScriptedWire:
    def __init__(self, reply: Callable[[Records], Answer]) -> None:
        self._reply = reply
        self.sent: list[list[str]] = []

    def send(self, call: Call) -> Answer:
        body = json.loads(call.body)
        assert body["allOrNone"] is False
        self.sent.append([record["Subject"] for record in body["records"]])
        return self._reply(body["records"])


def collections(wire: ScriptedWire, sleeps: list[float] | None = None) -> Collections:
    settings = SalesforceSettings.model_validate({"domain": "acme", "consumer_key": "k", "consumer_secret": "s"})
    waits = [] if sleeps is None else sleeps
    context = Context(connection="sf", wire=wire, now=lambda: datetime(2026, 11, 20, tzinfo=UTC), sleep=waits.append)
    return Collections(Org(settings, context))


def rows(*names: str) -> list[Row]:
    return [Row(key=f"nps-{name}", object="Case", values={"Subject": name}) for name in names]


def results(made: Iterator[list[tuple[Row, str | ConnectorError]]]) -> dict[str, str | ConnectorError]:
    return {row.key: result for request in made for row, result in request}


def answered(body: object, status: int = 200) -> Answer:
    return Answer(status=status, headers={"content-type": "application/json"}, body=json.dumps(body).encode())


def saved(records: Records) -> Answer:
    return answered([{"id": f"500{n}", "success": True, "errors": []} for n, _ in enumerate(records)])


def test_a_request_refused_as_a_whole_is_halved_until_the_row_at_fault_stands_alone() -> None:
    def refuse_d(records: Records) -> Answer:
        if any(record["Subject"] == "d" for record in records):
            return answered([{"message": "Cannot deserialize", "errorCode": "JSON_PARSER_ERROR"}], 400)
        return saved(records)

    wire = ScriptedWire(refuse_d)
    many = collections(wire)
    found = results(many.create(rows(*"abcdefgh")))
    assert {key for key, result in found.items() if isinstance(result, str)} == {f"nps-{name}" for name in "abcefgh"}
    refused = found["nps-d"]
    assert isinstance(refused, RejectedError)
    assert "JSON_PARSER_ERROR" in str(refused)
    assert wire.sent == [list("abcdefgh"), list("abcd"), list("ab"), list("cd"), ["c"], ["d"], list("efgh")]


UNREADABLE = [
    ("fewer rows than were sent", answered([{"id": "5001", "success": True}])),
    ("no list", answered({"id": "5001"})),
    ("a web page", Answer(status=200, body=b"<html>")),
    ("cut off", Answer(status=200, body=b'[{"id": "50')),
    ("edge is down", Answer(status=503, body=b"<html>")),
]


@pytest.mark.parametrize("answer", [answer for _, answer in UNREADABLE], ids=[name for name, _ in UNREADABLE])
def test_an_answer_that_cannot_be_matched_leaves_all_unknown(answer: Answer) -> None:
    many = collections(ScriptedWire(lambda _: answer))
    found = results(many.create(rows("a", "b")))
    assert all(isinstance(result, OutcomeUnknownError) for result in found.values())
    assert len(found) == 2
    assert many.in_hand == {"nps-a", "nps-b"}


ROWS = [
    ({"success": True}, OutcomeUnknownError, "no id"),
    ({"success": False}, RejectedError, "without a reason"),
    ({"success": False, "errors": [{"statusCode": "UNKNOWN_EXCEPTION", "message": "m"}]}, OutcomeUnknownError, "m"),
    ({"success": False, "errors": [{"statusCode": "X", "message": "m", "fields": None}]}, RejectedError, "X: m"),
    ({"success": False, "errors": [{"errorCode": "X", "message": "a\n\x1bb"}]}, RejectedError, "X: a b"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "kind", "says"), ROWS)
def test_a_row_says_what_became_of_it(row: dict[str, Any], kind: type[ConnectorError], says: str) -> None:
    found = results(collections(ScriptedWire(lambda _: answered([row]))).create(rows("a")))
    assert isinstance(found["nps-a"], kind)
    assert says in str(found["nps-a"])


def test_a_lock_told_by_a_trigger_or_for_the_whole_request_is_waited_out() -> None:
    locked = {"statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "Trig: UNABLE_TO_LOCK_ROW, unable"}
    replies = [
        answered([{"message": "unable to obtain exclusive access", "errorCode": "UNABLE_TO_LOCK_ROW"}], 400),
        answered([{"success": False, "errors": [locked]}]),
        answered([{"id": "5001", "success": True}]),
    ]
    sleeps: list[float] = []
    found = results(collections(ScriptedWire(lambda _: replies.pop(0)), sleeps).create(rows("a")))
    assert found == {"nps-a": "5001"}
    assert len(sleeps) == 2


def test_two_write_backs_that_meet_at_a_lock_wait_differently_and_the_same_in_a_replay() -> None:
    locked = answered([{"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "m"}]}])
    waits: dict[str, list[list[float]]] = {}
    for name in ("a", "b", "a"):
        sleeps: list[float] = []
        results(collections(ScriptedWire(lambda _: locked), sleeps).create(rows(name)))
        waits.setdefault(name, []).append(sleeps)
    assert waits["a"][0] == waits["a"][1] != waits["b"][0]
    assert waits["a"][0] == sorted(waits["a"][0])


def test_what_surely_never_left_is_not_in_hand() -> None:
    def gone(_: Records) -> Answer:
        raise UnavailableError("no connection")

    many = collections(ScriptedWire(gone))
    many.in_hand.add("nps-a")  # of an earlier request for the same write-back
    with pytest.raises(UnavailableError):
        results(many.create(rows("a", "b")))
    assert many.in_hand == {"nps-a"}


def test_a_request_that_finds_no_resource_takes_no_record_for_gone() -> None:
    missing = answered([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}], 404)
    wire = ScriptedWire(lambda _: missing)
    found = results(collections(wire).create(rows("a", "b")))
    assert [result.status for result in found.values() if isinstance(result, RejectedError)] == [400, 400]
    assert wire.sent == [["a", "b"]]


def test_two_hundred_rows_are_one_request() -> None:
    wire = ScriptedWire(saved)
    made = list(collections(wire).create(rows(*(str(n) for n in range(450)))))
    assert [len(request) for request in made] == [len(sent) for sent in wire.sent] == [200, 200, 50]
