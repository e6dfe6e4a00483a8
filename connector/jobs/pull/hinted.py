"""The part of a pull that looks at what callbacks hinted at: read by id, and gone only if a read says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from connector.domain import Contact, Facet
from connector.jobs.pull.gone import COMPANIES, CONTACTS, HANDFUL
from connector.jobs.records.record import Record
from connector.ports import Page, Scope, Seen
from connector.store import Tx, contacts, hints
from connector.store.hints import Hint

DAY = timedelta(days=1)
log = structlog.get_logger()


def waiting(record: Record, connection: str) -> list[Hint]:
    return record.read("hints", list[Hint], lambda tx: hints.listed(tx, connection))


def page_of(seen: Seen) -> Page:
    return Page(cursor={}, contacts=seen.contacts, companies=seen.companies, epoch=contacts.BY_HINT)


def in_scope(record: Record, connection: str, seen: Seen, scope: Scope) -> Seen:
    """Without the contacts that are neither stored nor, by what is known here, in any audience.

    A tenant tells of everybody it has. Whom this leaves out wrongly (a company or group not read yet), the pull brings.
    """
    if not seen.contacts:
        return seen

    def load(tx: Tx) -> list[str]:
        known = contacts.stored(tx, CONTACTS, connection, [contact.id for contact in seen.contacts])
        return [c.id for c in seen.contacts if c.id in known or any(_in(tx, c, s.include) for s in scope.selections)]

    kept = set(record.read("hinted_in_scope", list[str], load))
    return replace(seen, contacts=[contact for contact in seen.contacts if contact.id in kept])


def _in(tx: Tx, contact: Contact, include: Mapping[Facet, frozenset[str]]) -> bool:
    """Whether one audience includes a contact: by its types, its stored company and its groups as last read."""
    here = {Facet.CONTACT_TYPE: frozenset(contact.type_ids)}
    if Facet.COMPANY_TYPE in include:
        company = contacts.company(tx, contact.connection, contact.company_id) if contact.company_id else None
        here[Facet.COMPANY_TYPE] = frozenset(company.type_ids if company else ())
    if Facet.MARKETING_GROUP in include:
        members = contacts.groups_of(tx, contact.connection, contact.id, contact.company_id)
        here[Facet.MARKETING_GROUP] = frozenset(member.group_id for member in members)
    return all(not ids.isdisjoint(here[facet]) for facet, ids in include.items())


def gone_by(record: Record, connection: str, seen: list[Seen], counts: Counter[str]) -> tuple[list[str], list[str]]:
    """Contacts and companies that are surely deleted: each was asked for by id and is not there.

    More than a handful within a day, all who went in it counted, are not believed: a lost right looks the same, and the
    next full pull decides.
    """
    missing = {
        CONTACTS: [each for one in seen for each in one.missing_contacts],
        COMPANIES: [each for one in seen for each in one.missing_companies],
    }
    gone = {what: _gone(record, connection, what, ids) for what, ids in missing.items()}
    if gone[CONTACTS]:
        counts["gone_contacts"] += len(gone[CONTACTS])
    if any(gone.values()):
        record.emit("gone", [[what, ids] for what, ids in gone.items()])
    return gone[CONTACTS], gone[COMPANIES]


def _gone(record: Record, connection: str, what: str, missing: list[str]) -> list[str]:
    if not missing:
        return []
    stored, lately = record.read(
        f"hinted_{what}",
        tuple[dict[str, bool], int],
        lambda tx: (
            contacts.stored(tx, what, connection, missing),
            contacts.gone_since(tx, what, connection, record.now - DAY),
        ),
    )
    new = [each for each in missing if not stored.get(each, False)]  # who is gone already is told of again
    if len(new) + lately > HANDFUL:
        log.warning("hints_not_believed", what=what, missing=len(new), gone_within_a_day=lately, at_most=HANDFUL)
        return []
    return [each for each in new if each in stored]  # only those in the store can go from it
