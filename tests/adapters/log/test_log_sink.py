"""A notice becomes one log line, its text only at debug."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connector import log, registry
from connector.domain import AddNote, Change, EffectClass, Notify, Receipt, WriteBack
from connector.errors import LeaseLostError, RejectedError
from connector.ports import ChangeSink, Context
from tests.vaults import NoVault

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOTICE = Notify(subject="NPS 3 of 10 from Ann\nExample", text="Tickets take days.")


def write_back(change: Change = NOTICE, key: str = "nps-k7m2q4") -> WriteBack:
    return WriteBack(
        key=key, connection="journal", change=change, response_key="r1", revision=1, rule_id="tell", action_id="notify",
        not_before=NOW,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    import logging

    import structlog

    handlers = list(logging.getLogger().handlers)
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers


def _sink(guard: object = lambda: None) -> ChangeSink:
    spec = registry.spec("log")
    wire = spec.wire(spec.settings(), guard, NoVault())  # type: ignore[arg-type]
    sink = spec.open(
        spec.settings(), Context(connection="journal", wire=wire, now=lambda: NOW, sleep=lambda _: None)
    ).sink
    assert sink is not None
    return sink


@pytest.mark.parametrize(("level", "count"), [("info", 1), ("debug", 2)])
def test_the_text_is_told_only_at_debug(capsys: pytest.CaptureFixture[str], level: str, count: int) -> None:
    log.configure(json=True, level=level)
    (outcome,) = _sink().apply([write_back()])
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert outcome.result == Receipt(key="nps-k7m2q4", record_id="nps-k7m2q4", record_type="log")
    assert len(lines) == count
    assert lines[0]["subject"] == "NPS 3 of 10 from Ann\\nExample"
    assert (lines[0]["key"], lines[0]["connection"]) == ("nps-k7m2q4", "journal")
    assert ("Tickets take days." in json.dumps(lines)) is (level == "debug")


def test_other_changes_are_rejected_and_the_rest_goes_on() -> None:
    note = AddNote(on="contact", contact_id="42", text="x")
    first, second = _sink().apply([write_back(note, "a"), write_back(key="b")])
    assert isinstance(first.result, RejectedError)
    assert isinstance(second.result, Receipt)


def test_a_lost_lease_stops_before_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    def guard() -> None:
        raise LeaseLostError("another process holds journal")

    log.configure(json=True)
    with pytest.raises(LeaseLostError):
        list(_sink(guard).apply([write_back()]))
    assert capsys.readouterr().err == ""


def test_it_cannot_be_asked() -> None:
    sink = _sink()
    assert sink.effect_class("notify") is EffectClass.UNKEYED
    assert sink.find([write_back()]) == {}
    assert sink.grace() == 0
