"""Setting a system up: the custom fields that are needed, and how each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededField:
    """A custom field that rules write to, or that the adapter itself works with. `holds`: number, text, long text,
    key (a text that is there only once), or what an adapter's own `needs` say; `why`: the rules, or what it is for, for
    people."""

    on: str  # contact | company | ticket, or another record of the CRM
    caption: str
    holds: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldState:
    """How a needed field stands. `exists` with its `type` and `place` (screen) there; else `why_not` says why it cannot
    be created, and is empty where it can. `note`: what a person should know of one that exists."""

    needed: NeededField
    exists: bool
    type: str = ""
    place: str = ""
    why_not: str = ""
    note: str = ""


class FieldSetup(Protocol):
    def needs(self) -> Sequence[NeededField]:
        """What the adapter itself needs beside the rules' fields, such as one for our key on tickets; asks nobody."""

    def states(self, needed: Sequence[NeededField]) -> list[FieldState]:
        """Each, in its order; reads only. What the key may not see is said in `why_not`."""

    def create(self, needed: NeededField) -> FieldState:
        """Create it unless it is there; as it stands then. Raises RejectedError, OutcomeUnknownError."""
