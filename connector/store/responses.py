"""Responses: one row for each answer, on disk before it is acknowledged, revised in place and never twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.domain import RecordResponse, Response, SetField, WriteBack
from connector.store import codec
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

ERASED = '{"rules_did_not_run":"erased"}'
"""What rules said of an answer whose person was erased."""
_COLUMNS = (
    "key", "revision", "connection", "source", "external_id", "contact_id", "company_id", "person_id", "email",
    "score", "comment", "responded_at", "received_at", "campaign", "wave", "channel", "judged",
)  # fmt: skip


def put(tx: Tx, response: Response, *, judged: str | None) -> None:
    """Store it; `judged` is what each rule said, as JSON; None leaves what they said to the one stored."""
    keep = ("judged",) if judged is None else ()
    upsert(tx, "response", _COLUMNS, [(*_row(response), judged or "[]")], keep=keep)


def _row(r: Response) -> tuple[object, ...]:
    return (
        r.key, r.revision, r.connection, r.source, r.external_id, r.contact_id, r.company_id, r.person_id, r.email,
        r.score, r.comment, instant(r.responded_at), instant(r.received_at), r.campaign, r.wave, r.channel,
    )  # fmt: skip


def of(row: Row[Any]) -> Response:
    values = {name: getattr(row, name) for name in _COLUMNS if name != "judged"}
    values["responded_at"], values["received_at"] = moment(row.responded_at), moment(row.received_at)
    return Response(**values)


def get(tx: Tx, key: str) -> Response | None:
    row = tx.execute(text("select * from response where key = :k"), {"k": key}).first()
    return of(row) if row else None


def judged(tx: Tx, key: str) -> str:
    row = tx.execute(text("select judged from response where key = :k"), {"k": key}).first()
    return str(row.judged) if row else "[]"


def listed(tx: Tx) -> list[Response]:
    return [of(row) for row in tx.execute(text("select * from response order by responded_at, key"))]


def erased(tx: Tx) -> frozenset[str]:
    """The keys of those whose person was erased (connector forget): only their score is kept."""
    rows = tx.execute(text("select key from response where judged = :e"), {"e": ERASED})
    return frozenset(row.key for row in rows)


def comments(tx: Tx) -> Iterator[str]:
    """The words of every answer that has any."""
    for row in tx.execute(text("select comment from response where comment <> ''").execution_options(yield_per=2000)):
        yield row.comment


def before(tx: Tx, response: Response) -> list[tuple[int, datetime]]:
    """Former (score, when) of the same person or contact, newest first, without this one."""
    rows = tx.execute(
        text(
            "select key, score, responded_at from response where key <> :k and responded_at <= :at and "
            "((connection = :c and contact_id = :i) or person_id = :p) order by responded_at desc, key"
        ),
        {
            "k": response.key,
            "at": instant(response.responded_at),
            "c": response.connection,
            "i": response.contact_id or "",
            "p": response.person_id or "",
        },
    )
    return [(row.score, moment(row.responded_at)) for row in rows]


def newest_of_company(tx: Tx, connection: str, company_id: str) -> list[tuple[str, int]]:
    """(contact or response key, score): the latest answer of each respondent of a company."""
    rows = tx.execute(
        text(
            "select key, contact_id, score from response where connection = :c and company_id = :i "
            "order by responded_at, key"
        ),
        {"c": connection, "i": company_id},
    )
    return list({row.contact_id or row.key: row.score for row in rows}.items())


def newer_recorded(tx: Tx, write_back: WriteBack, change: RecordResponse, *, rehearsal: bool) -> bool:
    """Is a newer answer of the contact recorded by another write-back, or about to be?"""
    others = [
        codec.from_text(stored, RecordResponse)
        for stored in _others(tx, write_back, change, "contact_id", change.contact_id, rehearsal=rehearsal)
    ]
    return any(o.contact_id == change.contact_id and o.responded_at > change.responded_at for o in others)


def newer_set(tx: Tx, write_back: WriteBack, change: SetField, *, rehearsal: bool) -> bool:
    """Is the same field set by another write-back of a newer answer, or about to be?"""
    column = "contact_id" if change.on == "contact" else "company_id"
    others = [
        codec.from_text(stored, SetField)
        for stored in _others(tx, write_back, change, column, change.record_id, rehearsal=rehearsal)
    ]
    return any(_place(o) == _place(change) and o.responded_at > change.responded_at for o in others)


def _others(
    tx: Tx, write_back: WriteBack, change: RecordResponse | SetField, column: str, record_id: str, *, rehearsal: bool
) -> Iterator[str]:
    """Changes of the same kind on the same connection that were made or may be: by answers of whom `column` says the
    record, and by newer ones of other connections, whose own ids say nothing of where their rules write."""
    given = {
        "c": write_back.connection, "i": record_id, "k": write_back.key, "kind": write_back.kind,
        "rehearsal": rehearsal, "at": instant(change.responded_at),
    }  # fmt: skip
    conditions = [f"r.connection = :c and r.{column} = :i"]
    if of_others(tx, write_back.connection):
        conditions.append("r.connection <> :c and r.responded_at > :at")
    for condition in conditions:
        rows = tx.execute(
            text(
                "select w.change from write_back w join response r on r.key = w.response_key "
                f"where {condition} and w.connection = :c and w.kind = :kind and w.rehearsal = :rehearsal "
                "and w.state in ('waiting', 'sending', 'unknown', 'applied') and w.key <> :k"
            ),
            given,
        )
        yield from (row.change for row in rows)


def of_others(tx: Tx, connection: str) -> bool:
    """Whether there are answers of other connections: two seeks, so that one CRM alone pays nothing for several."""
    ends = "select (select min(connection) from response) as low, (select max(connection) from response) as high"
    row = tx.execute(text(ends)).one()
    return row.low is not None and (row.low, row.high) != (connection, connection)


def _place(change: SetField) -> tuple[str, str, str]:
    return change.on, change.record_id, change.field.strip().casefold()


def rules_ran(tx: Tx, key: str) -> bool:
    """Whether the rules said anything to the response as it stands; on one that came too late they do not run."""
    said = codec.from_text(judged(tx, key))
    return not (isinstance(said, dict) and said.get("rules_did_not_run"))


def of_contacts(tx: Tx, contacts: Iterable[tuple[str, str]]) -> list[Response]:
    found: list[Response] = []
    for connection, contact_id in contacts:
        rows = tx.execute(
            text("select * from response where connection = :c and contact_id = :i order by responded_at desc"),
            {"c": connection, "i": contact_id},
        )
        found += [of(row) for row in rows]
    return found
