"""The part of a pull that looks at what callbacks hinted at: read by id, and gone only if a read says so."""

from __future__ import annotations

from collections import Counter

import structlog

from connector.jobs.gone import HANDFUL
from connector.jobs.record import Record
from connector.ports import Page, Seen
from connector.store import contacts, hints
from connector.store.hints import Hint

log = structlog.get_logger()


def waiting(record: Record, connection: str) -> list[Hint]:
    return record.read("hints", list[Hint], lambda tx: hints.listed(tx, connection))


def page_of(seen: Seen) -> Page:
    return Page(cursor={}, contacts=seen.contacts, companies=seen.companies, epoch=contacts.BY_HINT)


def gone_by(record: Record, connection: str, seen: list[Seen], counts: Counter[str]) -> tuple[list[str], list[str]]:
    """Contacts and companies that are surely deleted: each was asked for by id and is not there.

    Many at once are not believed: a lost right looks the same, and the next full pull decides.
    """
    people = [each for one in seen for each in one.missing_contacts]
    firms = [each for one in seen for each in one.missing_companies]
    for what, ids in (("contacts", people), ("companies", firms)):
        if len(ids) > HANDFUL:
            log.warning("hints_not_believed", what=what, missing=len(ids), at_most=HANDFUL)
            ids.clear()
    known = record.read(
        "hinted_known", list[str], lambda tx: contacts.there(tx, connection, people) if people else []
    )  # only those in the store can go from it
    if known:
        counts["gone_contacts"] += len(known)
    if known or firms:
        record.emit("gone", [["contacts", known], ["companies", firms]])
    return known, firms
