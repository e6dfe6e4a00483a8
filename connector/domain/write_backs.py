"""A change in the outbox: how far it may go, how a repeat is recognised, how it stands and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connector.domain.added import ADDED
from connector.domain.changes import KIND_OF_CHANGE, Change


class Mode(StrEnum):
    """How far effects may go: nothing, only the named test company and mailbox, or everywhere."""

    PREVIEW = "preview"
    REHEARSAL = "rehearsal"
    LIVE = "live"


class EffectClass(StrEnum):
    """How a repeated effect is told from a first one; see docs/architecture.md, law 2."""

    KEYED = "keyed"
    MARKED = "marked"
    CONVERGENT = "convergent"
    UNKEYED = "unkeyed"


class WriteBackState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBack:
    """A Change in the outbox. `key` ([a-z0-9-], at most 40 characters) is what makes it recognisable in the CRM."""

    key: str
    connection: str
    change: Change
    response_key: str
    revision: int
    rule_id: str
    action_id: str
    not_before: datetime
    depends_on: str | None = None
    state: WriteBackState = WriteBackState.WAITING

    @property
    def kind(self) -> str:
        return KIND_OF_CHANGE[type(self.change)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The other system's answer to one write-back. Final: nothing is recreated because a person deleted it.

    `before` is what was overwritten: by caption the value a field had, `member` whether the contact was in the group.
    None: nothing was, or nobody knows (it was found there).
    """

    key: str
    record_id: str
    record_type: (
        str  # ticket | ticket_update | contact_note | ticket_note | task | contact | company | group | log | mail
    )
    link: str = ""
    already_there: bool = False
    before: dict[str, str | int | float | bool | None] | None = field(default=None, metadata=ADDED)
