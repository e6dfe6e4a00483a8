"""The tickets among the write-backs: which a rule asked for already, whose they are, and which colleague joined which.

A ticket is a row of kind open_ticket; one that became a note on a colleague's ticket is a row of kind join_ticket,
under the key its own ticket would have.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from connector.domain import JoinTicket, Mode, OpenTicket, WriteBack
from connector.store import codec, outbox
from connector.store.engine import Tx
from connector.store.tables import instant, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A ticket that a rule asked for; `ticket_key` is the write-back that opens it: itself, or the one it joined.

    `revision` is that of the answer whose words the row holds.
    """

    key: str
    ticket_key: str
    rule_id: str
    action_id: str
    joined: bool
    revision: int
    not_before: datetime
    connection: str = ""


_ASKED = (
    "select w.connection, w.key, w.depends_on, w.rule_id, w.action_id, w.kind, w.revision, w.not_before "
    "from write_back w "
)


def of_response(tx: Tx, response_key: str) -> list[Asked]:
    """Those of one answer that were not given up."""
    return _asked(
        tx,
        "where w.response_key = :r and w.kind in ('open_ticket', 'join_ticket') and not w.rehearsal "
        "and w.state not in ('discarded', 'superseded') order by w.key",
        r=response_key,
    )


def of_company(tx: Tx, connection: str, company_id: str, *, without: str) -> list[Asked]:
    """Open tickets of a company, newest first: those of its people's answers, without the answer `without`.

    Open: opened, on its way or waiting, and not known to be closed or deleted.
    """
    return _asked(
        tx,
        "join response a on a.key = w.response_key left join receipt r on r.key = w.key "
        "left join follow_up f on f.key = w.key "
        "where a.connection = :c and a.company_id = :i and w.connection = :c and w.response_key <> :without "
        "and w.kind = 'open_ticket' and not w.rehearsal and (w.state in ('waiting', 'sending', 'unknown') "
        "or (w.state = 'applied' and r.key is not null and (f.key is null or f.state in ('open', 'not_visible')))) "
        "order by w.not_before desc, w.key",
        c=connection,
        i=company_id,
        without=without,
    )


def _asked(tx: Tx, where: str, **values: str) -> list[Asked]:
    return [
        Asked(
            key=row.key,
            ticket_key=row.depends_on if row.kind == "join_ticket" else row.key,
            rule_id=row.rule_id,
            action_id=row.action_id,
            joined=row.kind == "join_ticket",
            revision=row.revision,
            not_before=moment(row.not_before),
            connection=row.connection,
        )
        for row in tx.execute(text(_ASKED + where), values)
    ]


def left_without(tx: Tx, of: str, write_back: WriteBack) -> bool:
    """Whether the row `of` left, or was refused, before it could take the revision of this write-back."""
    row = tx.execute(
        text(f"select {outbox.TAKES_A_CHANGE} as takes, state, revision from write_back where key = :k"),
        {"k": of},
    ).first()
    if row is None or row.state in ("discarded", "superseded"):
        return False
    return not row.takes and row.revision < write_back.revision


def reopen(tx: Tx, entry: outbox.Entry, ticket: OpenTicket, *, now: datetime, why: str) -> None:
    """One that joined a colleague's ticket becomes a ticket of its own, under its key, and its notes follow it."""
    _turn(tx, entry, kind="open_ticket", change=codec.to_text(ticket), depends_on=None, now=now, why=why)
    _lead(tx, entry, to=entry.write_back.key, now=now)


def rejoin(tx: Tx, entry: outbox.Entry, change: JoinTicket, *, to: str, now: datetime, why: str) -> None:
    """It joins another ticket, and its notes follow it."""
    _turn(tx, entry, kind="join_ticket", change=codec.to_text(change), depends_on=to, now=now, why=why)
    _lead(tx, entry, to=to, now=now)


def _turn(
    tx: Tx, entry: outbox.Entry, *, kind: str, change: str, depends_on: str | None, now: datetime, why: str
) -> None:
    tx.execute(
        text(
            "update write_back set kind = :kind, change = :change, depends_on = :d, state = 'waiting', tries = 0, "
            "on_ticket = null, error = :why, changed_at = :now where key = :k and state in ('waiting', 'sending')"
        ),
        {"kind": kind, "change": change, "d": depends_on, "why": why, "now": instant(now), "k": entry.write_back.key},
    )


def _lead(tx: Tx, entry: outbox.Entry, *, to: str, now: datetime) -> None:
    """Notes of the same answer and rule for the former ticket go on this one; also those it has refused."""
    former = entry.write_back
    tx.execute(
        text(
            "update write_back set depends_on = :to, state = 'waiting', tries = 0, on_ticket = null, error = '', "
            "changed_at = :now where depends_on = :former and key <> :to and key <> :own and response_key = :r "
            "and rule_id = :rule and kind = 'add_note' and state in ('waiting', 'sending', 'rejected')"
        ),
        {
            "to": to, "now": instant(now), "former": former.depends_on, "own": former.key, "r": former.response_key,
            "rule": former.rule_id,
        },
    )  # fmt: skip


def put_if_left(
    tx: Tx, wanted: Collection[tuple[str, WriteBack]], *, rehearsal: bool, now: datetime, mode: Mode = Mode.LIVE
) -> None:
    """Add each write-back whose row `of` can no longer take the change itself."""
    outbox.put(tx, [wb for of, wb in wanted if left_without(tx, of, wb)], rehearsal=rehearsal, now=now, mode=mode)


def on_ticket(tx: Tx, write_back: WriteBack) -> str | None:
    """The ticket that a note or change of another write-back's ticket goes on; None while that has no record.

    The ticket it went on when it left first, else the one that was opened, else the one that was merged into.
    """
    row = tx.execute(
        text(
            "select w.on_ticket, r.record_id, f.merged_into from write_back w "
            "left join receipt r on r.key = w.depends_on left join follow_up f on f.key = w.depends_on where w.key = :k"
        ),
        {"k": write_back.key},
    ).first()
    if row is None:
        return None
    found = row.on_ticket or (row.merged_into if row.record_id else None) or row.record_id
    return str(found) if found else None


def joining(tx: Tx, keys: Collection[str]) -> list[str]:
    """Of these, what goes on a colleague's ticket: the notes that joined it, and their rule's further notes."""
    found = []
    for key in keys:
        row = tx.execute(
            text(
                "select 1 as one from write_back w join write_back j on j.response_key = w.response_key "
                "and j.rule_id = w.rule_id and j.rehearsal = w.rehearsal and j.kind = 'join_ticket' "
                "and (j.key = w.key or j.depends_on = w.depends_on) where w.key = :k"
            ),
            {"k": key},
        ).first()
        if row is not None:
            found.append(key)
    return found


def merged(tx: Tx, keys: Collection[str]) -> dict[str, str]:
    """Of these, what goes on a ticket that was merged, as last watched: by key, the ticket it was merged into."""
    found = {}
    for key in keys:
        row = tx.execute(
            text(
                "select f.merged_into from write_back w join follow_up f on f.key = w.depends_on "
                "where w.key = :k and f.merged_into is not null"
            ),
            {"k": key},
        ).first()
        if row is not None:
            found[key] = str(row.merged_into)
    return found


def went_on(tx: Tx, key: str, ticket_id: str) -> None:
    """It leaves for this ticket: there it is looked for, whatever becomes of the ticket meanwhile."""
    tx.execute(text("update write_back set on_ticket = :t where key = :k"), {"t": ticket_id, "k": key})
