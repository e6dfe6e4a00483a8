"""Reading a system: what is in scope, the pages of a pull, and what is asked live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from connector.domain import Company, Contact, Facet, Membership, Segment

Cursor = dict[str, Any]
"""An adapter's own bookmark, JSON-shaped and opaque to the core; stored in the transaction that stores its page."""


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

    `gone_contacts` and `gone_companies` are ids of which the CRM itself says that they are archived or deleted:
    evidence, not absence, so no fuse asks about them. `merged` maps the id of a contact that was merged to the one that
    survives and takes over its person, and so its history.
    """

    cursor: Cursor
    contacts: Sequence[Contact] = ()
    companies: Sequence[Company] = ()
    memberships: Sequence[Membership] = ()
    epoch: str = ""
    finished_groups: Sequence[str] = ()
    gone_contacts: Sequence[str] = ()
    gone_companies: Sequence[str] = ()
    merged: Mapping[str, str] = field(default_factory=dict)
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

        `companies called X` are those with this id, identifier or name, case ignored, read live. `static_lists`, where
        a CRM has them, are the marketing groups that take members; the others it fills itself.

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
