"""history: a former tool's askings, scores, opt-outs and bounces → the store, so that caps and trend live on.

Runs no rule and writes nothing back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import structlog

from connector.domain import Contact, Response
from connector.jobs import matching
from connector.jobs.collect import NOT_TAKEN
from connector.jobs.record import Record
from connector.ports import BadRow, HistoryKind, HistoryRow, HistorySource
from connector.rules.keys import response_key
from connector.store import Tx, people, responses
from connector.sync.address import judge

SOURCE = "history"
PAGE = 200
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


def history(record: Record, connection: str, source: HistorySource) -> dict[str, Any]:
    """Take every row. A bad row is reported with its line, the others are taken; the same row twice changes nothing."""
    counts: Counter[str] = Counter()
    not_taken: list[list[str]] = []
    pending = source.history()

    def following(_tx: Tx) -> Page:
        found = list(islice(pending, PAGE))
        bad = [row for row in found if isinstance(row, BadRow)]
        return Page(rows=[row for row in found if isinstance(row, HistoryRow)], bad=bad)

    while (page := record.read("history", Page, following)).rows or page.bad:
        for wrong in page.bad:
            log.warning("row_not_taken", place=wrong.place, why=wrong.why)
        counts["rejected"] += len(page.bad)
        not_taken += [[row.place, row.why] for row in page.bad]
        owners = record.read("owners", list[Owner], partial(_owners, connection=connection, rows=page.rows))
        taken = list(zip(page.rows, owners, strict=True))
        made = [_response(record, connection, row, owner) for row, owner in taken if row.kind is HistoryKind.SCORE]
        record.emit("scores", made)
        record.commit(_writing(record, taken, made))
        counts.update(row.kind.value for row in page.rows)
    return {**counts, "not_taken": not_taken[:NOT_TAKEN]} if not_taken else dict(counts)


def _owners(tx: Tx, connection: str, rows: list[HistoryRow]) -> list[Owner]:
    named = [{"contact_id": row.contact_id, "email": row.email} for row in rows]
    found = [matching.contact_of(tx, values, connection) for values in named]
    return [Owner(contact=contact, person_id=matching.person_of(tx, contact)) for contact in found]


def _response(record: Record, connection: str, row: HistoryRow, owner: Owner) -> Response:
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


def _writing(record: Record, taken: list[tuple[HistoryRow, Owner]], made: list[Response]) -> Callable[[Tx], None]:
    return lambda tx: _write(tx, record, taken, made)


def _write(tx: Tx, record: Record, taken: list[tuple[HistoryRow, Owner]], made: list[Response]) -> None:
    for response in made:
        responses.put(tx, response, judged='{"rules_did_not_run":"imported history"}')
    askings = []
    for row, owner in taken:
        key = judge(row.email or (owner.contact.email if owner.contact else "")).key
        if not key:
            continue
        if row.kind in (HistoryKind.ASKED, HistoryKind.SCORE) and row.at is not None:
            askings.append(
                people.Asking(
                    address_key=key, at=row.at, campaign=row.campaign, source=SOURCE, person_id=owner.person_id
                )
            )
        elif row.kind is HistoryKind.BOUNCE:
            people.put_bounce(tx, key, row.at or record.now, SOURCE)
        elif row.kind is HistoryKind.OPT_OUT:
            for kind, value in (("address", key), ("person", owner.person_id)):
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
    people.put_askings(tx, askings)
