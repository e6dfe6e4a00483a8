"""Plans: one decision with all its reasons for each contact of a connection, for one audience at one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.domain import Decision, Reason
from connector.store import codec
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

KEPT = 5
"""Plans kept for each audience; older ones are what the journals are for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    id: str
    audience: str
    connection: str
    at: datetime
    fingerprint: str
    summary: dict[str, Any]


def put_decisions(tx: Tx, plan_id: str, rows: Sequence[tuple[Decision, bytes]]) -> None:
    """`bytes` is the decision's JSON, encoded once by the caller."""
    upsert(
        tx,
        "decision",
        ("plan_id", "contact_id", "invited", "reason", "doc"),
        [(plan_id, d.contact_id, d.invited, d.findings[0].reason.value if d.findings else "", doc) for d, doc in rows],
    )


def drop_decisions(tx: Tx, plan_id: str) -> None:
    tx.execute(text("delete from decision where plan_id = :p"), {"p": plan_id})


def put(tx: Tx, plan: Plan) -> None:
    """Store the plan, which makes its decisions count, and forget all but the newest of its audience."""
    upsert(
        tx,
        "plan",
        ("id", "audience", "connection", "at", "fingerprint", "summary"),
        [
            (plan.id, plan.audience, plan.connection, instant(plan.at), plan.fingerprint,
             codec.to_text(plan.summary))
        ],
    )  # fmt: skip
    rows = tx.execute(
        text("select id from plan where audience = :a order by at desc, id desc"), {"a": plan.audience}
    ).all()
    # what a plan that was killed left behind belongs to no row
    tx.execute(
        text("delete from decision where plan_id like :p and plan_id not in (select id from plan)"),
        {"p": f"{plan.audience}@%"},
    )
    for row in rows[KEPT:]:
        drop_decisions(tx, row.id)
        tx.execute(text("delete from plan where id = :p"), {"p": row.id})


def _plan(row: Row[Any]) -> Plan:
    return Plan(
        id=row.id,
        audience=row.audience,
        connection=row.connection,
        at=moment(row.at),
        fingerprint=row.fingerprint,
        summary=codec.from_text(row.summary),
    )


def newest(tx: Tx, audience: str) -> Plan | None:
    row = tx.execute(
        text("select * from plan where audience = :a order by at desc, id desc limit 1"), {"a": audience}
    ).first()
    return _plan(row) if row else None


def decision(tx: Tx, plan_id: str, contact_id: str) -> Decision | None:
    row = tx.execute(
        text("select doc from decision where plan_id = :p and contact_id = :i"), {"p": plan_id, "i": contact_id}
    ).first()
    return codec.decode_decision(row.doc) if row else None


def decisions(tx: Tx, plan_id: str) -> list[Decision]:
    rows = tx.execute(text("select doc from decision where plan_id = :p order by contact_id"), {"p": plan_id})
    return [codec.decode_decision(row.doc) for row in rows]


def each_decision(tx: Tx, plan_id: str) -> Iterator[Decision]:
    """The same, streamed: a plan has as many decisions as the Connection has contacts."""
    rows = tx.execution_options(yield_per=2000).execute(
        text("select doc from decision where plan_id = :p order by contact_id"), {"p": plan_id}
    )
    for row in rows:
        yield codec.decode_decision(row.doc)


def chosen(tx: Tx, connection: str, contact_ids: Collection[str]) -> dict[str, tuple[int, float]]:
    """How near each contact came to being asked, as a rank, the nearest least: invited by a plan, the newest first; in
    an audience, though not invited; neither (not among the keys)."""
    found: dict[str, tuple[int, float]] = {}
    statement = text(
        "select d.invited, d.reason, p.at from decision d join plan p on p.id = d.plan_id "
        "where p.connection = :c and d.contact_id = :i"
    )
    for contact_id in contact_ids:
        ranks = [
            (0 if row.invited else 1, -moment(row.at).timestamp())
            for row in tx.execute(statement, {"c": connection, "i": contact_id})
            if row.invited or row.reason not in _OUTSIDE
        ]
        if ranks:
            found[contact_id] = min(ranks)
    return found


_OUTSIDE = frozenset(
    (Reason.OUTSIDE_CONTACT_TYPE, Reason.OUTSIDE_COMPANY_TYPE, Reason.OUTSIDE_MARKETING_GROUP, Reason.GONE)
)
