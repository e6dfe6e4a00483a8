"""Write-backs as they stand in a journal: plain JSON with the kind of change beside it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connector.domain import CHANGES, Change, Receipt, WriteBack, WriteBackState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWriteBack:
    key: str
    connection: str
    kind: str
    change: dict[str, Any]
    response_key: str
    revision: int
    rule_id: str
    action_id: str
    not_before: datetime
    depends_on: str | None
    state: WriteBackState


def to_stored(write_back: WriteBack) -> StoredWriteBack:
    return StoredWriteBack(
        key=write_back.key,
        connection=write_back.connection,
        kind=write_back.kind,
        change=lean(write_back.change),
        response_key=write_back.response_key,
        revision=write_back.revision,
        rule_id=write_back.rule_id,
        action_id=write_back.action_id,
        not_before=write_back.not_before,
        depends_on=write_back.depends_on,
        state=write_back.state,
    )


def lean(value: Change | Receipt) -> dict[str, Any]:
    """The value as JSON, without the fields that earlier versions did not have, where they say nothing."""
    found: dict[str, Any] = msgspec.to_builtins(value)
    for field in dataclasses.fields(value):
        if field.metadata.get("added") and getattr(value, field.name) == field.default:
            del found[field.name]
    return found


def from_stored(stored: StoredWriteBack) -> WriteBack:
    return WriteBack(
        key=stored.key,
        connection=stored.connection,
        change=msgspec.convert(stored.change, CHANGES[stored.kind]),
        response_key=stored.response_key,
        revision=stored.revision,
        rule_id=stored.rule_id,
        action_id=stored.action_id,
        not_before=stored.not_before,
        depends_on=stored.depends_on,
        state=stored.state,
    )
