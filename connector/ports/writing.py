"""Changing a system: write-backs applied, looked for and taken back, and how our tickets stand there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain import EffectClass, Receipt, TicketStatus, WriteBack
from connector.errors import ConnectorError, OutcomeUnknownError


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Not done on purpose: the CRM already holds something newer. Final like a Receipt."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one write-back: a Receipt, Superseded, RejectedError, OutcomeUnknownError or ContractError."""

    key: str
    result: Receipt | Superseded | ConnectorError


def in_hand(bug: Exception) -> OutcomeUnknownError:
    """The outcome of a write-back that a bug ended: it may have taken effect. Says no more of the bug than its kind."""
    return OutcomeUnknownError(f"ended by a bug of this program ({type(bug).__name__})")


class ChangeSink(Protocol):
    def effect_class(self, kind: str) -> EffectClass: ...

    def grace(self) -> float:
        """Seconds a write of unknown outcome may still take to appear in a look-up."""

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """Apply each, looking first where it can be looked up. Where one request carries one write-back, its outcome is
        yielded before the next is begun; where it carries many, all of theirs before the next request.

        When it raises (throttled, unavailable, unauthorised, lease lost, a bug), write-backs without an outcome were
        not attempted: those in hand got their own outcomes first if they may have taken effect.
        """

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:
        """By key, the Receipts of those that are already there; a key that is absent is not there.

        ContractError where a foreign record carries the key, RejectedError where this one cannot be asked for: the
        others are told all the same. Raises what holds for the whole call (throttled, unavailable, unauthorised).
        """


class TicketWatch(Protocol):
    def states(self, receipts: Iterable[Receipt]) -> Iterator[TicketStatus]:
        """How each ticket stands now, in few calls. Raises AuthError only where the credentials themselves fail: a
        ticket (or all of them) that they may not see is told as NOT_VISIBLE."""

    def ours(self, prefix: str) -> Iterator[TicketStatus]:
        """Every ticket that carries a key beginning so, merged and closed ones too. Raises RejectedError where the
        tenant cannot be asked for keys."""


class TicketCautions(Protocol):
    def cautions(self, board: str, status: str, team: str) -> list[str]:
        """How a ticket opened there would be shown to the customer or mailed about by the system itself, or be
        nobody's, each with a remedy, in plain words; `status` empty is the board's default, `team` empty none. What the
        key may not see is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """One applied write-back to take back. `key` marks what the undo itself writes; `note` says why, for people."""

    key: str
    write_back: WriteBack
    receipt: Receipt
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """Taken back, or nothing of it was left; `detail` says which, in plain words."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOutcome:
    """What became of one undo, under the key of its write-back. Superseded: left, for somebody changed it since."""

    key: str
    result: Undone | Superseded | ConnectorError


class ChangeUndo(Protocol):
    def undoes(self, kind: str) -> bool:
        """Whether changes of this kind can be taken back."""

    def grace(self) -> float:
        """Seconds after which it is safe to look and repeat what had no known outcome."""

    def undo(self, undos: Sequence[Undo]) -> Iterator[UndoOutcome]:
        """Take each back, looking first; yields each outcome before the next is begun.

        Done again after an unknown outcome and the grace, it leaves the same as done once. Raises as
        `ChangeSink.apply` does, and with the same promise.
        """
