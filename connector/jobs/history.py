"""history: a former tool's askings, scores, opt-outs and bounces → the store, so that caps and trend live on.

Runs no rule and writes nothing back. An opt-out of a contact that was not pulled yet is kept under the contact's id and
holds from the moment the contact comes. What can be bound to nobody is reported and counted as rejected, never dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import structlog

from connector.domain import Contact, Response
from connector.jobs import matching
from connector.jobs.collect import NOT_TAKEN
from connector.jobs.forgotten import without_forgotten
from connector.jobs.records.record import Record
from connector.ports import BadRow, HistoryKind, HistoryRow, HistorySource
from connector.rules.keys import response_key
from connector.store import Tx, people, responses
from connector.sync.address import judge

SOURCE = people.ON_RECORD
PAGE = 200
AHEAD = timedelta(days=1)
"""A time further in the future is a mistake; less may be a clock or a time zone that differs."""
_NEED_NO_PERSON = (HistoryKind.OPT_OUT, HistoryKind.SCORE)
"""A contact's id alone is enough: an opt-out waits for the contact, a score counts for the trend."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    rows: list[HistoryRow]
    bad: list[BadRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose row it is, as far as the store knows."""

    contact: Contact | None
    person_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One row, whose it is, and the address key it holds for."""

    row: HistoryRow
    owner: Owner
    key: str


def history(record: Record, connection: str, source: HistorySource) -> dict[str, Any]:
    """Take every row. A bad row is reported with its line, the others are taken; the same row twice changes nothing."""
    counts: Counter[str] = Counter()
    not_taken: list[list[str]] = []
    pending = source.history()

    def following(tx: Tx) -> Page:
        found = without_forgotten(tx, islice(pending, PAGE))
        bad = [row for row in found if isinstance(row, BadRow)]
        return Page(rows=[row for row in found if isinstance(row, HistoryRow)], bad=bad)

    while (page := record.read("history", Page, following)).rows or page.bad:
        owners = record.read("owners", list[Owner], partial(_owners, connection=connection, rows=page.rows))
        found = [
            Taken(row=row, owner=owner, key=_key(row, owner)) for row, owner in zip(page.rows, owners, strict=True)
        ]
        taken, bad = [], list(page.bad)
        for each in found:
            if why := _refused(each, record.now):
                bad.append(BadRow(place=each.row.place, why=why))
            else:
                taken.append(each)
        for wrong in bad:
            log.warning("row_not_taken", place=wrong.place, why=wrong.why)
        counts["rejected"] += len(bad)
        not_taken += [[row.place, row.why] for row in bad]
        made = [_response(record, connection, each) for each in taken if each.row.kind is HistoryKind.SCORE]
        record.emit("scores", made)
        record.commit(_writing(record, connection, taken, made))
        counts.update(each.row.kind.value for each in taken)
    return {**counts, "not_taken": not_taken[:NOT_TAKEN]} if not_taken else dict(counts)


def _owners(tx: Tx, connection: str, rows: list[HistoryRow]) -> list[Owner]:
    named = [{"contact_id": row.contact_id, "email": row.email} for row in rows]
    found = [matching.contact_of(tx, values, connection) for values in named]
    return [Owner(contact=contact, person_id=matching.person_of(tx, contact)) for contact in found]


def _key(row: HistoryRow, owner: Owner) -> str:
    """The address the row is about, else the contact's own; empty where neither can be used."""
    return judge(row.email).key or (judge(owner.contact.email).key if owner.contact else "")


def _refused(taken: Taken, now: datetime) -> str:
    """Why the row cannot be taken, in words without its content; empty: it can."""
    row = taken.row
    if row.at is not None and row.at > now + AHEAD:
        return "at is in the future"
    if taken.key:
        return ""
    if row.kind is HistoryKind.BOUNCE and taken.owner.person_id:
        return "the contact has no usable address that could have bounced; write the address as email"
    if taken.owner.person_id or (row.contact_id and row.kind in _NEED_NO_PERSON):
        return ""
    if row.contact_id:
        return "no contact with this id was pulled; pull it first (connector pull), or add its e-mail address"
    return "the e-mail address cannot exist and there is no contact_id, so nobody is meant by it"


def _response(record: Record, connection: str, taken: Taken) -> Response:
    row, owner = taken.row, taken.owner
    assert row.at is not None, "a score has its time"
    assert row.score is not None, "a score is a number"
    contact, address = owner.contact, judge(row.email)
    who = row.contact_id or address.key or row.email
    return Response(
        key=response_key(record.installation, SOURCE, contact=who, at=row.at, campaign=row.campaign),
        connection=connection,
        source=SOURCE,
        external_id="",
        score=row.score,
        responded_at=row.at,
        received_at=record.now,
        comment=row.comment,
        contact_id=contact.id if contact else None,
        company_id=contact.company_id if contact else None,
        person_id=owner.person_id,
        email=row.email,
        campaign=row.campaign,
    )


def _writing(record: Record, connection: str, taken: list[Taken], made: list[Response]) -> Callable[[Tx], None]:
    return lambda tx: _write(tx, record, connection, taken, made)


def _write(tx: Tx, record: Record, connection: str, taken: list[Taken], made: list[Response]) -> None:
    for response in made:
        responses.put(tx, response, judged='{"rules_did_not_run":"imported history"}')
    askings = []
    for each in taken:
        row, person = each.row, each.owner.person_id
        if row.kind in (HistoryKind.ASKED, HistoryKind.SCORE) and row.at is not None:
            if asked := each.key or person:
                askings.append(
                    people.Asking(address_key=asked, at=row.at, campaign=row.campaign, source=SOURCE, person_id=person)
                )
        elif row.kind is HistoryKind.BOUNCE:
            people.put_bounce(tx, each.key, row.at or record.now, SOURCE)
        elif row.kind is HistoryKind.OPT_OUT:
            _suppress(tx, record, connection, each)
    people.put_askings(tx, askings)


def _suppress(tx: Tx, record: Record, connection: str, taken: Taken) -> None:
    """The address and the person, as far as they are known; a contact that is not, by its id."""
    row, person = taken.row, taken.owner.person_id
    unknown = f"{connection}/{row.contact_id}" if row.contact_id and not person else ""
    for kind, value in (("address", taken.key), ("person", person), (people.CONTACT, unknown)):
        if value:
            people.suppress(
                tx,
                people.Suppression(
                    kind=kind,
                    value=value,
                    until=None,
                    reason=row.reason or "opted out in the former tool",
                    source=SOURCE,
                    created_at=row.at or record.now,
                ),
            )
