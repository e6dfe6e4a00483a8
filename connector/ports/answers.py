"""Sources of answers, and of what a former tool exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connector.ports.pulling import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """One answer as a source gave it, not yet matched to a contact. `place` says where it stood (file:line)."""

    place: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that was not taken: where it stands (file:line), and why. Never quotes the comment."""

    place: str
    why: str


class ResponseSource(Protocol):
    def responses(self, cursor: Cursor | None) -> Iterator[tuple[list[RawAnswer | BadRow], Cursor]]:
        """Pages of answers not yet taken, each with the cursor that says so; rows that cannot be taken among them."""


class HistoryKind(StrEnum):
    """What once happened to a contact."""

    ASKED = "asked"
    SCORE = "score"
    OPT_OUT = "opt_out"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One thing that happened. `score` is set for kind score only; `at` may be None for opt_out and bounce."""

    place: str
    kind: HistoryKind
    email: str
    contact_id: str
    at: datetime | None
    score: int | None
    comment: str
    campaign: str
    reason: str


class HistorySource(Protocol):
    def history(self) -> Iterator[HistoryRow | BadRow]:
        """The rows of a former tool's export, in order."""
