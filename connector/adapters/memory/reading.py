"""Source, watch and answers of the memory adapter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from connector.adapters.memory.crm import MemoryCrm, Record
from connector.domain import (
    Company,
    Contact,
    Facet,
    Receipt,
    Segment,
    TicketState,
    TicketStatus,
)
from connector.errors import ConfigError, RejectedError
from connector.ports import BadRow, Context, Cursor, OwnerFound, Page, RawAnswer, Scope

T = TypeVar("T")
_TERM = re.compile(r"[\w-]+|[\w.+-]+@[\w.-]+")


class MemorySource:
    def __init__(self, crm: MemoryCrm, context: Context) -> None:
        self._crm, self._connection = crm, context.connection

    def check(self) -> list[str]:
        self._crm.admit()
        return []

    def segments(self, facet: Facet) -> list[Segment]:
        self._crm.admit()
        return sorted((segment for segment in self._crm.segments if segment.facet is facet), key=lambda each: each.name)

    def catalogue(self, thing: str) -> list[tuple[str, str]]:
        lists = {"boards": self._crm.boards, "members": sorted(set(self._crm.owners.values()))}
        if thing not in lists:
            raise ConfigError(f"memory has no catalogue {thing!r}; it has {', '.join(lists)}")
        return [(str(number), name) for number, name in enumerate(lists[thing], start=1)]

    def count(self, segment: Segment) -> int:
        if segment.facet is Facet.CONTACT_TYPE:
            return sum(segment.id in contact.type_ids for contact in self._crm.contacts.values())
        if segment.facet is Facet.COMPANY_TYPE:
            return sum(segment.id in company.type_ids for company in self._crm.companies.values())
        return sum(row.group_id == segment.id and bool(row.contact_id) for row in self._crm.memberships)

    def pages(self, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
        """What changed, oldest change first, then the groups. What changes meanwhile comes again, at its new place."""
        self._crm.admit()
        crm = self._crm
        at = {"after": 0, "groups": [], **(cursor or {})}
        changed = sorted((version, kind, id_) for (kind, id_), version in self._crm.versions.items())
        pieces = _cut([row for row in changed if row[0] > at["after"]], self._crm.page_size)
        groups = [group for group in sorted(scope.groups) if group not in at["groups"]]
        for number, piece in enumerate(pieces, start=1):
            at["after"] = piece[-1][0] if piece else at["after"]
            complete = number == len(pieces) and not groups
            at = at | {"groups": []} if complete else at
            people = [id_ for _, kind, id_ in piece if kind == "contact"]
            firms = [id_ for _, kind, id_ in piece if kind == "company"]
            merged = {id_: crm.merged[id_] for id_ in people if id_ in crm.merged}
            yield Page(
                cursor=dict(at),
                companies=[self._company(id_) for id_ in firms if id_ in crm.companies],
                contacts=[self._contact(id_) for id_ in people if id_ in crm.contacts],
                gone_contacts=[id_ for id_ in people if id_ not in crm.contacts and id_ not in merged],
                gone_companies=[id_ for id_ in firms if id_ not in crm.companies],
                merged=merged,
                epoch=str(at["after"]),
                complete=complete,
            )
        for group in groups:
            complete = group == groups[-1]
            at["groups"] = [] if complete else [*at["groups"], group]
            rows = [row for row in self._crm.memberships if row.group_id == group]
            yield Page(
                cursor=dict(at),
                memberships=[replace(row, connection=self._connection) for row in rows],
                epoch=str(at["after"]),
                finished_groups=(group,),
                complete=complete,
            )

    def look(self, term: str) -> list[tuple[Contact, Company | None]]:
        """By id or address; raises RejectedError for what is neither."""
        term = term.strip()
        if _TERM.fullmatch(term) is None:
            raise RejectedError(f"{term[:80]!r} cannot be looked up: write a contact's id or a plain e-mail address")
        found = [
            replace(contact, connection=self._connection)
            for contact in self._crm.contacts.values()
            if contact.id == term or contact.email.casefold() == term.casefold()
        ]
        return [(contact, self._crm.companies.get(contact.company_id or "")) for contact in found]

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[str, str] | None:
        for step in chain:
            if step == "account_manager" and company_id in self._crm.owners:
                return self._crm.owners[company_id], step
            if step.removeprefix("member:") in self._crm.owners.values():
                return step.removeprefix("member:"), step
        return None

    def owners(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        for company_id in company_ids:
            found = self.owner(company_id, chain)
            before = chain[: chain.index(found[1])] if found else chain
            skipped = tuple(f"there is no {step.replace('_', ' ').replace(':', ' ')}" for step in before)
            member, step = found or ("", "")
            yield OwnerFound(company_id=company_id, member=member, step=step, skipped=skipped)

    def _company(self, company_id: str) -> Company:
        return replace(self._crm.companies[company_id], connection=self._connection)

    def _contact(self, contact_id: str) -> Contact:
        return replace(self._crm.contacts[contact_id], connection=self._connection)


class MemoryWatch:
    def __init__(self, crm: MemoryCrm) -> None:
        self._crm = crm

    def states(self, receipts: Iterable[Receipt]) -> Iterator[TicketStatus]:
        self._crm.admit()
        for receipt in receipts:
            record = self._crm.records.get(receipt.record_id)
            if receipt.record_type == "ticket":
                gone = TicketStatus(record_id=receipt.record_id, state=TicketState.DELETED)
                yield _status(record) if record else gone

    def ours(self, prefix: str) -> Iterator[TicketStatus]:
        self._crm.admit()
        for record in list(self._crm.records.values()):
            if record.type == "ticket" and record.key.startswith(prefix):
                yield _status(record)


def _status(record: Record) -> TicketStatus:
    return TicketStatus(
        record_id=record.id,
        state=record.state,
        by=record.by,
        merged_into=record.merged_into,
        key=record.key,
        board=record.fields.get("board", ""),
        company_id=record.company_id or "",
    )


class MemoryAnswers:
    def __init__(self, crm: MemoryCrm) -> None:
        self._crm = crm

    def responses(self, cursor: Cursor | None) -> Iterator[tuple[list[RawAnswer | BadRow], Cursor]]:
        taken = int((cursor or {}).get("taken", 0))
        for piece in _cut(self._crm.answers[taken:], self._crm.page_size):
            if piece:
                taken += len(piece)
                yield list(piece), {"taken": taken}


def _cut(rows: Sequence[T], size: int) -> list[Sequence[T]]:
    """Pieces of `size`; one empty piece for no rows, so that every pull has a last page."""
    return [rows[start : start + size] for start in range(0, max(1, len(rows)), size)]
