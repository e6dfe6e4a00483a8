"""Write-backs as they stand in a journal: plain JSON with the kind of change beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connector.domain import CHANGES, WriteBack, WriteBackState


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
        change=msgspec.to_builtins(write_back.change),
        response_key=write_back.response_key,
        revision=write_back.revision,
        rule_id=write_back.rule_id,
        action_id=write_back.action_id,
        not_before=write_back.not_before,
        depends_on=write_back.depends_on,
        state=write_back.state,
    )


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
