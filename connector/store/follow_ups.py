"""Follow-ups: how our tickets stood when last watched, beside the receipts that say which tickets are ours."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.domain import FollowUp, FollowUpState, OpenTicket, Receipt
from connector.store import codec, contacts
from connector.store.bulk import upsert
from connector.store.engine import Tx
from connector.store.tables import instant, moment

_COLUMNS = tuple(field.name for field in fields(FollowUp))
_TIMES = ("opened_at", "due_at", "first_touch_at", "closed_at", "reminded_at", "escalated_at", "checked_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class OurTicket:
    """One ticket that a receipt of ours names, with what was asked for, and its follow-up so far."""

    receipt: Receipt
    rule_id: str
    change: OpenTicket
    follow_up: FollowUp
    known: bool = True
    """Whether it was watched before; else `follow_up` is its beginning."""
    asked: bool = True
    """Whether a rule asks for it still: by the answer it was opened for, or by one that joined it."""
    joined_by: tuple[str, ...] = ()
    """Where only answers that joined it ask for it: of whom they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A follow-up with the answer it follows."""

    follow_up: FollowUp
    score: int
    contact_id: str | None
    company_id: str | None
    responded_at: datetime
    link: str
    rehearsal: bool
    joined_by: str = ""
    """Whose answer this is, where it is not the one that the ticket was opened for but one that joined it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAnswer:
    """One of the answers on a ticket for which a rule asks for that ticket still."""

    ticket_key: str
    response_key: str
    contact_name: str
    score: int
    contact_id: str | None
    company_id: str | None
    responded_at: datetime


_OURS = (
    "select w.key, w.connection, w.response_key, w.rule_id, w.change, w.state as w_state, r.record_id, r.record_type, "
    "r.link, r.already_there, r.at as r_at, f.key as f_key, f.ticket_id, f.opened_at, f.due_at, f.state, f.status, "
    "f.owner, f.first_touch_at, f.closed_at, f.closed_by, f.reminded_at, f.escalated_at, f.merged_into, f.checked_at, "
    "w.revision, a.revision as a_revision, a.judged "
    "from write_back w join receipt r on r.key = w.key left join follow_up f on f.key = w.key "
    "left join response a on a.key = w.response_key "
    "where w.connection = :c and w.kind = 'open_ticket' and r.record_type = 'ticket' and w.rehearsal = :rehearsal "
)


def tickets(
    tx: Tx, connection: str, *, rehearsal: bool, without: Collection[FollowUpState] = (), undone: bool = False
) -> list[OurTicket]:
    """Our tickets on a connection, oldest first, but for those whose follow-up stands in one of `without`."""
    asked: dict[str, Any] = {"c": connection, "rehearsal": rehearsal}
    where = "and w.state = 'applied' " if not undone else "and w.state in ('applied', 'undone') "
    if without:
        where += "and (f.state is null or f.state not in (" + ", ".join(f":s{n}" for n in range(len(without))) + ")) "
        asked |= {f"s{n}": state.value for n, state in enumerate(without)}
    rows = list(tx.execute(text(f"{_OURS}{where}order by r.at, w.key"), asked))
    given_up = {row.key for row in rows if not _asks(row)}
    if given_up:
        joined = tx.execute(
            text(
                "select w.depends_on, w.rule_id, w.revision, a.revision as a_revision, a.judged from write_back w "
                "left join response a on a.key = w.response_key where w.connection = :c and w.kind = 'join_ticket' "
                "and w.rehearsal = :rehearsal and w.state not in ('discarded', 'superseded', 'undone')"
            ),
            {"c": connection, "rehearsal": rehearsal},
        )
        left = {row.depends_on for row in joined if _asks(row)}
        return [
            replace(
                _ours(row, asked=row.key not in given_up - left), joined_by=_names(tx, row, given_up & left, rehearsal)
            )
            for row in rows
        ]
    return [_ours(row, asked=True) for row in rows]


def _names(tx: Tx, row: Row[Any], shared: Collection[str], rehearsal: bool) -> tuple[str, ...]:
    if row.key not in shared:
        return ()
    found = open_answers(tx, row.key, rehearsal=rehearsal).get(row.key, [])
    return tuple(dict.fromkeys(each.contact_name for each in found if each.contact_name))


def open_answers(tx: Tx, ticket_key: str = "", *, rehearsal: bool) -> dict[str, list[OpenAnswer]]:
    """By the write-back that opened the ticket (all of them, or one), the answers that ask for it, the worst first: the
    one it was opened for, and those that joined it."""
    rows = tx.execute(
        text(
            "select w.key, w.kind, w.depends_on, w.rule_id, w.revision, a.key as response_key, "
            "a.revision as a_revision, a.judged, a.score, a.connection, a.contact_id, a.company_id, a.responded_at "
            "from write_back w join response a on a.key = w.response_key "
            "where w.kind in ('open_ticket', 'join_ticket') and w.rehearsal = :rehearsal "
            "and w.state not in ('discarded', 'superseded', 'undone') "
            "and (:k = '' or w.key = :k or w.depends_on = :k) order by a.score, a.responded_at, w.key"
        ),
        {"k": ticket_key, "rehearsal": rehearsal},
    ).all()
    found: dict[str, list[OpenAnswer]] = {}
    for row in rows:
        key = row.depends_on if row.kind == "join_ticket" else row.key
        if not _asks(row):
            continue
        stored = contacts.contact(tx, row.connection, row.contact_id) if row.contact_id else None
        answer = OpenAnswer(
            ticket_key=key,
            response_key=row.response_key,
            contact_name=stored.contact().name if stored else "",
            score=row.score,
            contact_id=row.contact_id,
            company_id=row.company_id,
            responded_at=moment(row.responded_at),
        )
        found.setdefault(key, []).append(answer)
    return found


def watched(tx: Tx, *, rehearsal: bool, without: Collection[FollowUpState]) -> dict[str, datetime]:
    """The connections on which a ticket of ours is not in one of these states, and since when the oldest is open."""
    names = ", ".join(f":s{n}" for n in range(len(without))) or "''"
    rows = tx.execute(
        text(
            "select w.connection, min(r.at) as at from write_back w join receipt r on r.key = w.key "
            "left join follow_up f on f.key = w.key where w.kind = 'open_ticket' and r.record_type = 'ticket' "
            f"and w.rehearsal = :rehearsal and w.state = 'applied' and (f.state is null or f.state not in ({names})) "
            "group by w.connection order by w.connection"
        ),
        {"rehearsal": rehearsal, **{f"s{n}": state.value for n, state in enumerate(without)}},
    )
    return {row.connection: moment(row.at) for row in rows}


def oldest_ticket(tx: Tx, connection: str, *, rehearsal: bool) -> datetime | None:
    """When the first ticket of ours on the connection was opened; None where there is none."""
    row = tx.execute(
        text(
            "select min(r.at) as at from write_back w join receipt r on r.key = w.key where w.connection = :c "
            "and w.kind = 'open_ticket' and r.record_type = 'ticket' and w.rehearsal = :rehearsal"
        ),
        {"c": connection, "rehearsal": rehearsal},
    ).one()
    return moment(row.at) if row.at else None


def put(tx: Tx, rows: Sequence[FollowUp]) -> None:
    upsert(tx, "follow_up", _COLUMNS, [_row(row) for row in rows])


def mark_undone(tx: Tx, key: str, *, now: datetime) -> None:
    """The ticket was taken back: nobody asks after it any more."""
    tx.execute(
        text("update follow_up set state = 'undone', checked_at = :now where key = :k"), {"k": key, "now": instant(now)}
    )


def listed(tx: Tx, *, connection: str = "", response_key: str = "", states: Collection[str] = ()) -> list[Answered]:
    """Follow-ups with their answers, oldest first; each filter that is given narrows."""
    where: list[str] = []
    asked: dict[str, Any] = {}
    for column, value in (("f.connection", connection), ("f.response_key", response_key)):
        if value:
            where.append(f"{column} = :p{len(asked)}")
            asked[f"p{len(asked)}"] = value
    if states:
        where.append(f"f.state in ({', '.join(f':s{n}' for n in range(len(states)))})")
        asked |= {f"s{n}": state for n, state in enumerate(states)}
    rows = tx.execute(
        text(
            f"select {', '.join(f'f.{name}' for name in _COLUMNS)}, a.score, a.contact_id, a.company_id, "
            "a.responded_at, a.revision as a_revision, a.judged, w.revision, w.rule_id, r.link, w.rehearsal "
            "from follow_up f join response a on a.key = f.response_key "
            "join write_back w on w.key = f.key left join receipt r on r.key = f.key "
            + (f"where {' and '.join(where)} " if where else "")
            + "order by f.opened_at, f.key"
        ),
        asked,
    )
    return [
        _of_who_joined(tx, row)
        or Answered(
            follow_up=of(row),
            score=row.score,
            contact_id=row.contact_id,
            company_id=row.company_id,
            responded_at=moment(row.responded_at),
            link=row.link or "",
            rehearsal=bool(row.rehearsal),
        )
        for row in rows
    ]


def _of_who_joined(tx: Tx, row: Row[Any]) -> Answered | None:
    """The follow-up with the answer that still needs it, where that is not the one that the ticket was opened for."""
    found = [] if _asks(row) else open_answers(tx, row.key, rehearsal=bool(row.rehearsal)).get(row.key, [])
    if not found:
        return None
    return Answered(
        follow_up=of(row),
        score=found[0].score,
        contact_id=found[0].contact_id,
        company_id=found[0].company_id,
        responded_at=found[0].responded_at,
        link=row.link or "",
        rehearsal=bool(row.rehearsal),
        joined_by=found[0].contact_name or f"contact {found[0].contact_id}",
    )


def standing(tx: Tx, *, rehearsal: bool) -> dict[str, str]:
    """How the follow-up of each answer stands, by its key: a FollowUpState; for one whose ticket became a note on a
    colleague's, that of the colleague's ticket; else `ticket waits` or `ticket refused`. Answers for which no rule
    wants a ticket are not there."""
    rows = tx.execute(
        text(
            "select w.response_key, w.state as w_state, f.state, t.state as joined "
            "from write_back w left join follow_up f on f.key = w.key and w.kind = 'open_ticket' "
            "left join follow_up t on t.key = w.depends_on and w.kind = 'join_ticket' "
            "where w.kind in ('open_ticket', 'join_ticket') and w.rehearsal = :r "
            "and w.state not in ('discarded', 'superseded') order by w.created_at, w.key"
        ),
        {"r": rehearsal},
    )
    words = {"rejected": "ticket refused", "undone": FollowUpState.UNDONE.value, "applied": FollowUpState.OPEN.value}
    found: dict[str, str] = {}
    for row in rows:
        own = row.state if row.w_state != "undone" else None
        joined = row.joined if row.w_state == "applied" else None
        found.setdefault(row.response_key, own or joined or words.get(row.w_state, "ticket waits"))
    return found


def counts(tx: Tx, *, rehearsal: bool = False) -> dict[str, int]:
    """How many follow-ups stand in each state."""
    rows = tx.execute(
        text(
            "select f.state, count(*) as n from follow_up f join write_back w on w.key = f.key "
            "where w.rehearsal = :r group by f.state order by f.state"
        ),
        {"r": rehearsal},
    )
    return {row.state: row.n for row in rows}


def of(row: Row[Any]) -> FollowUp:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values |= {name: moment(values[name]) if values[name] else None for name in _TIMES}
    return FollowUp(**values | {"state": FollowUpState(row.state)})


def _row(row: FollowUp) -> tuple[object, ...]:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values |= {name: instant(values[name]) if values[name] else None for name in _TIMES}
    return tuple((values | {"state": row.state.value}).values())


def _asks(row: Row[Any]) -> bool:
    """Whether the rule asks for the ticket still; only an answer that was changed since, and judged, can say no."""
    if row.a_revision is None or row.a_revision <= row.revision:
        return True
    judged = json.loads(row.judged)
    if not isinstance(judged, dict) or judged.get("rules_did_not_run"):
        return True
    return any(match["rule_id"] == row.rule_id and match["verdict"]["holds"] for match in judged["matches"])


def _ours(row: Row[Any], *, asked: bool) -> OurTicket:
    change = codec.from_text(row.change, OpenTicket)
    receipt = Receipt(
        key=row.key,
        record_id=row.record_id,
        record_type=row.record_type,
        link=row.link,
        already_there=bool(row.already_there),
    )
    if row.f_key is not None:
        follow_up = of(row)
    else:
        follow_up = FollowUp(
            key=row.key,
            connection=row.connection,
            response_key=row.response_key,
            ticket_id=row.record_id,
            opened_at=moment(row.r_at),
            due_at=change.due_at,
        )
    if row.w_state == "undone":
        follow_up = replace(follow_up, state=FollowUpState.UNDONE)
    return OurTicket(
        receipt=receipt,
        rule_id=row.rule_id,
        change=change,
        follow_up=follow_up,
        known=row.f_key is not None,
        asked=asked,
    )
