"""The protocols between the core and the adapters, and the small values that cross them.

An adapter says by data (`AdapterSpec`) which ports, facets and changes it serves; nobody asks `isinstance`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from connector.domain import (
    Company,
    Contact,
    EffectClass,
    Facet,
    Membership,
    Receipt,
    Segment,
    TicketStatus,
    WriteBack,
)
from connector.errors import ConnectorError

Cursor = dict[str, Any]
"""An adapter's own bookmark, JSON-shaped and opaque to the core; stored in the transaction that stores its page."""


# ---------------------------------------------------------------- the wire
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as the adapter means it: no credentials in it, so it can be recorded as it stands."""

    method: str
    path: str  # below the adapter's base URL, starting with "/"
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are lower case; only headers worth keeping are kept."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Wire(Protocol):
    """Carries one Call. Raises UnavailableError if it surely never arrived, OutcomeUnknownError if a write may have."""

    def send(self, call: Call) -> Answer: ...


# ---------------------------------------------------------------- pulling
@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one audience includes: segment ids by facet. Within a facet any, across facets all."""

    include: Mapping[Facet, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The union of what a Connection's audiences include, and every marketing group whose members must be known."""

    selections: tuple[Selection, ...]
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a pull, stored whole with its cursor in one transaction.

    `memberships` belong to `epoch`; when `finished_groups` names a group, its rows of other epochs are gone.
    `complete` is true on the last page: every range is in and the cursor's watermark has moved.
    """

    cursor: Cursor
    contacts: Sequence[Contact] = ()
    companies: Sequence[Company] = ()
    memberships: Sequence[Membership] = ()
    epoch: str = ""
    finished_groups: Sequence[str] = ()
    complete: bool = False


class ContactSource(Protocol):
    def check(self) -> list[str]:
        """Prove the credentials with one read. Returns what the key may not see, in plain words; raises AuthError."""

    def segments(self, facet: Facet) -> list[Segment]:
        """Every segment of a facet as it exists now, by name."""

    def catalogue(self, thing: str) -> list[tuple[str, str]]:
        """(id, name) of every board, status, priority, member, custom-field … that rules may name.

        Things an adapter does not know raise ConfigError.
        """

    def count(self, segment: Segment) -> int:
        """How many contacts, companies or members the segment has; one call."""

    def pages(self, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
        """Everything in scope that changed since `cursor`; all of it where there is none. Resumable after any page."""

    def look(self, term: str) -> list[tuple[Contact, Company | None]]:
        """The contacts that have this address or id, read live; for somebody who was never pulled.

        Raises RejectedError for a term that cannot be asked for.
        """

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[str, str] | None:
        """(member identifier, the step of the chain that gave it), or None when the whole chain is empty."""


# ---------------------------------------------------------------- writing
@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Not done on purpose: the CRM already holds something newer. Final like a Receipt."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one write-back: a Receipt, Superseded, RejectedError, OutcomeUnknownError or ContractError."""

    key: str
    result: Receipt | Superseded | ConnectorError


class ChangeSink(Protocol):
    def effect_class(self, kind: str) -> EffectClass: ...

    def grace(self) -> float:
        """Seconds a write of unknown outcome may still take to appear in a look-up."""

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """Apply each, looking first where it can be looked up; yields each outcome before starting the next.

        When it raises (throttled, unavailable, unauthorised, lease lost), write-backs without an outcome were not
        attempted: the one in hand got its own outcome first if it may have taken effect.
        """

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:
        """By key, the Receipts of those that are already there; a key that is absent is not there.

        ContractError where a foreign record carries the key, RejectedError where this one cannot be asked for: the
        others are told all the same. Raises what holds for the whole call (throttled, unavailable, unauthorised).
        """


class TicketWatch(Protocol):
    def states(self, receipts: Iterable[Receipt]) -> Iterator[TicketStatus]:
        """How each ticket stands now."""


# ---------------------------------------------------------------- answers
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


# ---------------------------------------------------------------- an adapter
@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the core lends an adapter. `sleep` and `now` are passed in: waits vanish and time is fixed in tests."""

    connection: str
    wire: Wire
    now: Callable[[], datetime]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports one opened Connection serves; None where it does not."""

    source: ContactSource | None = None
    sink: ChangeSink | None = None
    watch: TicketWatch | None = None
    responses: ResponseSource | None = None
    history: HistorySource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec:
    """One kind of system: what it is called, how it is configured, what it can do, how it is opened.

    `settings` is a pydantic model. `wire(settings, guard)` builds the real, authenticated wire; `guard` is called
    immediately before each writing request leaves and raises LeaseLostError.
    """

    kind: str
    label: str
    settings: type[Any]
    facets: frozenset[Facet] = frozenset()
    changes: frozenset[str] = frozenset()
    catalogues: frozenset[str] = frozenset()
    wire: Callable[[Any, Callable[[], None]], Wire]
    open: Callable[[Any, Context], Ports]
