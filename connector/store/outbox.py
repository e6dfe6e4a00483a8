"""The rows of the outbox. Every move of a write-back is one statement that says from which states it may come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from connector.domain import Mode, Receipt, WriteBack, WriteBackState
from connector.store import codec, receipts
from connector.store.engine import Tx
from connector.store.tables import instant, moment

WITHDRAWN = "the answer changed; no rule asks for it now"
"""Why one was discarded that a later revision of its answer, or a later rule, may bring back."""
ORPHANED = "what it depends on was never applied"
ELSEWHERE = "what it depends on is written on another connection by now"
WITHOUT_RECORD = "what it depends on was settled by hand without saying which record it is (--record)"

_UNTRIED = "write_back.state = 'waiting' and write_back.tries = 0"
_BY_ITSELF = (
    "write_back.state = 'discarded' and write_back.tries = 0 "
    f"and write_back.error in ('{WITHDRAWN}', '{ORPHANED}', '{ELSEWHERE}')"
)
TAKES_A_CHANGE = f"(({_UNTRIED}) or ({_BY_ITSELF}))"
"""May this row take a new change? Only one that surely never reached the other system and that no person decided on.

`put` changes such rows, `renew` (a person's word) refused ones too, `withdraw` those of them that wait, and `release`
starts a refused one from no tries, so that it is such a row again.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A write-back with how it stands in the outbox."""

    write_back: WriteBack
    rehearsal: bool
    token: int
    tries: int
    lookups: int
    look_after: datetime | None
    error: str
    created_at: datetime
    changed_at: datetime
    fuse: str = ""
    owner: str = ""
    receipt: Receipt | None = None


def in_turn(tx: Tx) -> None:
    """Wait until no other transaction is changing what waits, and keep others out until this one ends.

    Who claims has read the row before it moves it: a changed answer stored between the two would be lost. On SQLite one
    transaction writes at a time anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("select pg_advisory_xact_lock(727275)"))


def put(tx: Tx, write_backs: Collection[WriteBack], *, rehearsal: bool, now: datetime, mode: Mode = Mode.LIVE) -> None:
    """Add rows; one that may take a new change waits with it, also if it was withdrawn; others stay as they are.

    What is written down in a `mode` that is not live leaves live only after a person has confirmed it. The key does not
    say where a rule writes: a row goes where its change belongs, and whose ticket it is to be is asked anew.
    """
    fuse = "" if rehearsal or mode is Mode.LIVE else mode.value
    if write_backs:
        in_turn(tx)
    for wb in write_backs:
        tx.execute(
            text(
                "insert into write_back (key, response_key, revision, rule_id, action_id, connection, kind, change, "
                "rehearsal, not_before, depends_on, state, token, tries, lookups, error, fuse, owner, created_at, "
                "changed_at) values (:key, :response_key, :revision, :rule_id, :action_id, :connection, :kind, "
                ":change, :rehearsal, :not_before, :depends_on, 'waiting', 0, 0, 0, '', :fuse, '', :now, :now) "
                "on conflict (key) do update set connection = excluded.connection, owner = '', "
                "kind = excluded.kind, change = excluded.change, "
                "revision = excluded.revision, not_before = excluded.not_before, "
                "depends_on = excluded.depends_on, state = 'waiting', error = '', "
                f"changed_at = excluded.changed_at where {TAKES_A_CHANGE}"
            ),
            {
                "key": wb.key, "response_key": wb.response_key, "revision": wb.revision, "rule_id": wb.rule_id,
                "action_id": wb.action_id, "connection": wb.connection, "kind": wb.kind,
                "change": codec.to_text(wb.change), "rehearsal": rehearsal, "not_before": instant(wb.not_before),
                "depends_on": wb.depends_on, "fuse": fuse, "now": instant(now),
            },
        )  # fmt: skip


def renew(tx: Tx, write_backs: Collection[WriteBack], *, now: datetime) -> None:
    """One that was rejected, and is another change by now or one for another connection, takes it and waits again. A
    person asked for this."""
    for wb in write_backs:
        tx.execute(
            text(
                "update write_back set connection = :connection, owner = '', on_ticket = null, "
                "kind = :kind, change = :change, depends_on = :depends_on, "
                "not_before = :not_before, state = 'waiting', tries = 0, "
                "error = '', changed_at = :now where key = :key "
                "and (change <> :change or connection <> :connection) "
                f"and (state = 'rejected' or {TAKES_A_CHANGE})"
            ),
            {
                "key": wb.key,
                "connection": wb.connection,
                "kind": wb.kind,
                "change": codec.to_text(wb.change),
                "depends_on": wb.depends_on,
                "not_before": instant(wb.not_before),
                "now": instant(now),
            },
        )


_OF_RULES = "and action_id not like 'follow-up.%'"
"""Not the notices about a ticket (jobs/watch.py): they follow from no rule, and stay whatever the answer becomes."""


def withdraw(tx: Tx, response_key: str, keep: Collection[str], *, now: datetime) -> int:
    """Discard what still waits untried for a response and no longer follows from it (its answer changed)."""
    in_turn(tx)
    rows = tx.execute(
        text(f"select key from write_back where response_key = :r and {_UNTRIED} {_OF_RULES}"), {"r": response_key}
    )
    gone = [row.key for row in rows if row.key not in keep]
    for key in gone:
        move(tx, key, from_states=("waiting",), to="discarded", now=now, error=WITHDRAWN)
    return len(gone)


ENTRY = (
    "select w.*, r.record_id, r.record_type, r.link, r.already_there, r.before from write_back w "
    "left join receipt r on r.key = w.key "
)
"""What `entry_of` reads; conditions and an order follow it."""


def entry_of(row: Row[Any]) -> Entry:
    return Entry(
        write_back=WriteBack(
            key=row.key,
            connection=row.connection,
            change=codec.decode_change(row.kind, row.change),
            response_key=row.response_key,
            revision=row.revision,
            rule_id=row.rule_id,
            action_id=row.action_id,
            not_before=moment(row.not_before),
            depends_on=row.depends_on,
            state=WriteBackState(row.state),
        ),
        rehearsal=bool(row.rehearsal),
        token=row.token,
        tries=row.tries,
        lookups=row.lookups,
        look_after=moment(row.look_after) if row.look_after else None,
        error=row.error,
        created_at=moment(row.created_at),
        changed_at=moment(row.changed_at),
        fuse=row.fuse,
        owner=row.owner,
        receipt=receipts.from_row(row) if row.record_id is not None else None,
    )


def get(tx: Tx, key: str) -> Entry | None:
    row = tx.execute(text(ENTRY + "where w.key = :k"), {"k": key}).first()
    return entry_of(row) if row else None


def listed(
    tx: Tx,
    *,
    states: Sequence[str] = (),
    connection: str = "",
    response_key: str = "",
    changed_at: datetime | None = None,
) -> list[Entry]:
    """Oldest first; each filter that is given narrows."""
    asked: dict[str, str] = {f"state{number}": state for number, state in enumerate(states)}
    wanted = [f"w.state in ({', '.join(f':{name}' for name in asked)})"] if asked else []
    given = {
        "connection": connection,
        "response_key": response_key,
        "changed_at": instant(changed_at) if changed_at else "",
    }
    for column, value in given.items():
        if value:
            asked[column] = value
            wanted.append(f"w.{column} = :{column}")
    where = f"where {' and '.join(wanted)} " if wanted else ""
    return [entry_of(row) for row in tx.execute(text(ENTRY + where + "order by w.created_at, w.key"), asked)]


def beginning(tx: Tx, prefix: str, *, limit: int) -> list[Entry]:
    """Those whose key begins so, at most `limit`; a range of the primary key."""
    # The database's own language may sort "-" between letters; keys are compared by byte ("~" is above all of them).
    by_byte = ' collate "C"' if tx.dialect.name == "postgresql" else ""
    rows = tx.execute(
        text(f"{ENTRY}where w.key{by_byte} >= :low and w.key{by_byte} < :high order by w.key limit :n"),
        {"low": prefix, "high": prefix + "~", "n": limit},
    )
    return [entry_of(row) for row in rows]


def counts(tx: Tx) -> dict[str, int]:
    rows = tx.execute(text("select state, count(*) as n from write_back group by state order by state"))
    return {row.state: row.n for row in rows}


def depending_on(tx: Tx, key: str) -> list[Entry]:
    return [entry_of(row) for row in tx.execute(text(ENTRY + "where w.depends_on = :k order by w.key"), {"k": key})]


def in_state(tx: Tx, connection: str, state: str, *, look_due: datetime | None = None) -> list[Entry]:
    rows = tx.execute(
        text(
            ENTRY + "where w.connection = :c and w.state = :s and (:due = '' or w.look_after <= :due) "
            "order by w.created_at, w.key"
        ),
        {"c": connection, "s": state, "due": instant(look_due) if look_due else ""},
    )
    return [entry_of(row) for row in rows]


def move(
    tx: Tx,
    key: str,
    *,
    from_states: Sequence[str],
    to: str,
    now: datetime,
    token: int | None = None,
    error: str = "",
    look_after: datetime | None = None,
    tries: int = 0,
    lookups: int = 0,
) -> bool:
    """Move one row if it stands where we think (and, with `token`, was claimed under it); False if it does not.

    `tries` and `lookups` are added to the row's own. One that waits again surely is on no ticket: it goes on that of
    the time when it leaves.
    """
    done = tx.execute(
        text(
            "update write_back set state = :to, error = :error, look_after = :look, tries = tries + :tries, "
            f"lookups = lookups + :lookups, changed_at = :now{', on_ticket = null' if to == 'waiting' else ''} "
            f"where key = :key and state in ({', '.join(repr(state) for state in from_states)})"
            + (" and token = :token" if token is not None else "")
        ),
        {
            "to": to, "error": error[:2000], "look": instant(look_after) if look_after else None, "tries": tries,
            "lookups": lookups, "now": instant(now), "key": key, "token": token,
        },
    )  # fmt: skip
    return done.rowcount == 1


def claim(tx: Tx, key: str, *, token: int, now: datetime) -> bool:
    """waiting → sending under a lease's token."""
    done = tx.execute(
        text(
            "update write_back set state = 'sending', token = :t, tries = tries + 1, lookups = 0, changed_at = :now "
            "where key = :k and state = 'waiting'"
        ),
        {"t": token, "k": key, "now": instant(now)},
    )
    return done.rowcount == 1


def look_no_more(tx: Tx, keys: Collection[str]) -> None:
    """These can be looked up by nobody: they stay unknown until a person decides, and are no work until then."""
    for key in keys:
        tx.execute(text("update write_back set look_after = null where key = :k and state = 'unknown'"), {"k": key})
