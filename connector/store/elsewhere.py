"""Whom the newest plans of other audiences invite: the same human being, or the same address, at this Connection."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from connector.store import plans
from connector.store.bulk import among, values_of
from connector.store.engine import Tx
from connector.store.plans import Plan


class InvitedElsewhere(NamedTuple):
    """A contact of this Connection whom an audience planned before this one invites."""

    contact_id: str
    audience: str


def standing(tx: Tx, audiences: Collection[str], *, since: datetime) -> list[Plan]:
    """The newest plan of each of these audiences that is not older; the oldest first."""
    found = [plan for name in sorted(audiences) if (plan := plans.newest(tx, name)) is not None and plan.at >= since]
    return sorted(found, key=lambda plan: (plan.at, plan.audience))


def take_turns(tx: Tx) -> None:
    """Until this transaction ends no other decides whether its plan stands; on SQLite one writes at a time anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("select pg_advisory_xact_lock(727276)"))


def invited(
    tx: Tx, connection: str, audience: str, others: Sequence[Plan], *, since: datetime
) -> Iterator[InvitedElsewhere]:
    """The contacts of the connection whose person or address one of the other plans invites; one may come repeatedly.

    Where this audience's own newest plan invites the contact too (they were not known to be one human being then, say),
    who invited first keeps it, as far as the plans that are kept tell: then it is not among these.
    """
    own = next(iter(standing(tx, [audience], since=since)), None)
    claims = _Claims(tx)
    for plan in others:
        for contact_id, there, both in _pairs(tx, connection, own.id if own else "", plan):
            if both and claims.since(audience, contact_id) <= claims.since(plan.audience, there):
                continue
            yield InvitedElsewhere(contact_id, plan.audience)


def _pairs(tx: Tx, connection: str, own: str, plan: Plan) -> Iterator[tuple[str, str, bool]]:
    """(contact here, the invited one there, whether the own plan invites the first too), by person, then by address."""
    for column in ("person_id", "address_key"):
        statement = text(
            # from those invited to their likes by the index of the column: the key of all contacts of the connection,
            # which some planners take instead, is kept from them by the empty text
            "select c.id, o.id, m.invited from decision d "
            "join contact o on o.connection = :there and o.id = d.contact_id "
            f"join contact c on c.{column} = o.{column} and c.connection || '' = :here "
            "left join decision m on m.plan_id = :own and m.contact_id = c.id "
            "where d.plan_id = :plan and d.invited and o.gone_at is null"
        )
        given = {"there": plan.connection, "here": connection, "own": own, "plan": plan.id}
        for row in tx.execution_options(yield_per=2000).execute(statement, given):
            yield row[0], row[1], bool(row[2])


class _Claims:
    """Since when an audience invites a contact without a break, by its kept plans; few are asked for."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._plans: dict[str, list[tuple[str, str]]] = {}

    def since(self, audience: str, contact_id: str) -> tuple[str, str]:
        """(the instant, the audience): that of equal instants one is the first for both."""
        if audience not in self._plans:
            rows = self._tx.execute(
                text("select id, at from plan where audience = :a order by at desc, id desc"), {"a": audience}
            )
            self._plans[audience] = [(row.id, row.at) for row in rows]
        kept = self._plans[audience]
        rows = self._tx.execute(
            text(f"select plan_id from decision where contact_id = :c and invited and plan_id {among(self._tx)}"),
            {"c": contact_id, "values": values_of(self._tx, [plan_id for plan_id, _ in kept])},
        )
        inviting = {row.plan_id for row in rows}
        first = ""
        for plan_id, at in kept:
            if plan_id not in inviting:
                break
            first = at
        return first, audience
