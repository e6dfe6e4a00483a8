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
from connector.errors import ConnectorError, OutcomeUnknownError

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
class Coverage:
    """Which contacts a complete reconcile would have shown: those with one of the types, of one of the companies, or
    among the contacts named. Without any of the three: all contacts."""

    contact_types: frozenset[str] | None = None
    companies: frozenset[str] | None = None
    contacts: frozenset[str] | None = None

    @property
    def everyone(self) -> bool:
        return self.contact_types is None and self.companies is None and self.contacts is None

    def has(self, contact: Contact) -> bool:
        """Whether it would have shown this contact, as it was last seen."""
        return (
            self.everyone
            or (self.contact_types is not None and not self.contact_types.isdisjoint(contact.type_ids))
            or (self.companies is not None and contact.company_id in self.companies)
            or (self.contacts is not None and contact.id in self.contacts)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Said by the last page of a pull that read anew everything in scope: who was not shown is gone.

    `again` is the cursor to keep in place of the page's own where that is not believed: it reads everything anew.
    """

    coverage: Coverage
    again: Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a pull, stored whole with its cursor in one transaction.

    Rows belong to `epoch`, the same for all pages of a pull, resumed ones too. When `finished_groups` names a group,
    its memberships of other epochs are gone. `complete` is true on the last page: every range is in and the cursor's
    watermark has moved; `reconciled` is set there if all of the scope was read, not only what changed.
    `told`: what a person may want to know of how it was read, for the counts of the Attempt.
    """

    cursor: Cursor
    contacts: Sequence[Contact] = ()
    companies: Sequence[Company] = ()
    memberships: Sequence[Membership] = ()
    epoch: str = ""
    finished_groups: Sequence[str] = ()
    complete: bool = False
    reconciled: Reconciled | None = None
    told: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFound:
    """Who gets the tickets of a company, and which step said so; both empty: nobody. `skipped`: why not by the steps
    before, in plain words."""

    company_id: str
    member: str = ""
    step: str = ""
    skipped: tuple[str, ...] = ()


class ContactSource(Protocol):
    def check(self) -> list[str]:
        """Prove the credentials with one read. Returns what the key may not see, in plain words; raises AuthError."""

    def segments(self, facet: Facet) -> list[Segment]:
        """Every segment of a facet as it exists now, by name."""

    def catalogue(self, thing: str) -> list[tuple[str, str]]:
        """(id, name) of every board, status, priority, member, custom-field … that rules may name.

        `companies called X` are those with this id, identifier or name, case ignored, read live.

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

    def owners(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        """The same for many companies, each once, in few calls where there is a list to ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a proved callback hints at: a contact or company (`kind`) that changed, or is gone."""

    kind: str  # contact | company
    record_id: str


class Ear(Protocol):
    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard | None:
        """What a callback hints at, None where nothing is of use. Raises RejectedError where it is not proved.

        Header names are lower case. Asks nobody but the connection's own hosts, and answers within seconds.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Hinted records as they are now; those missing were asked for one by one and are not there."""

    contacts: Sequence[Contact] = ()
    companies: Sequence[Company] = ()
    missing_contacts: Sequence[str] = ()
    missing_companies: Sequence[str] = ()


class HintSource(Protocol):
    def register(self, address: str) -> tuple[list[str], list[str]]:
        """Ask for callbacks to this address; what was there already, and what was made."""

    def remove(self, address: str) -> list[str]:
        """Take back our own callbacks of this address."""

    def registered(self, address: str) -> list[str]:
        """Our own callbacks of this address that are in force."""

    def these(self, contact_ids: list[str], company_ids: list[str]) -> Iterator[Seen]:
        """Read hinted records by id, many in a call."""


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


def in_hand(bug: Exception) -> OutcomeUnknownError:
    """The outcome of a write-back that a bug ended: it may have taken effect. Says no more of the bug than its kind."""
    return OutcomeUnknownError(f"ended by a bug of this program ({type(bug).__name__})")


class ChangeSink(Protocol):
    def effect_class(self, kind: str) -> EffectClass: ...

    def grace(self) -> float:
        """Seconds a write of unknown outcome may still take to appear in a look-up."""

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """Apply each, looking first where it can be looked up; yields each outcome before starting the next.

        When it raises (throttled, unavailable, unauthorised, lease lost, a bug), write-backs without an outcome were
        not attempted: the one in hand got its own outcome first if it may have taken effect.
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
    def cautions(self, board: str, status: str) -> list[str]:
        """How a ticket opened there would be shown to the customer or mailed about by the system itself, each with a
        remedy, in plain words; `status` empty is the board's default. What the key may not see is left out."""


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


# ---------------------------------------------------------------- setting a system up
@dataclass(frozen=True, slots=True, kw_only=True)
class NeededField:
    """A custom field that rules write to. `holds`: number, text or long text; `why`: the rules, for people."""

    on: str  # contact | company
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
    def states(self, needed: Sequence[NeededField]) -> list[FieldState]:
        """Each, in its order; reads only. What the key may not see is said in `why_not`."""

    def create(self, needed: NeededField) -> FieldState:
        """Create it unless it is there; as it stands then. Raises RejectedError, OutcomeUnknownError."""


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
    undo: ChangeUndo | None = None
    setup: FieldSetup | None = None
    cautions: TicketCautions | None = None
    hints: HintSource | None = None
    responses: ResponseSource | None = None
    history: HistorySource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec:
    """One kind of system: what it is called, how it is configured, what it can do, how it is opened.

    `settings` is a pydantic model. `wire(settings, guard)` builds the real, authenticated wire; `guard` is called
    immediately before each writing request leaves and raises LeaseLostError. `asks` are the settings that
    `connector init` asks for, in order; `variables` begins the names of the environment variables it proposes for keys.
    `ear(settings)` proves callbacks, where the system sends some.
    """

    kind: str
    label: str
    settings: type[Any]
    facets: frozenset[Facet] = frozenset()
    changes: frozenset[str] = frozenset()
    catalogues: frozenset[str] = frozenset()
    asks: tuple[str, ...] = ()
    variables: str = ""
    ear: Callable[[Any], Ear] | None = None
    wire: Callable[[Any, Callable[[], None]], Wire]
    open: Callable[[Any, Context], Ports]
