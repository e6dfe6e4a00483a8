"""deliver: outbox → CRM, mail, log → receipts. A row stands before the effect; look first, then create."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.config import Config
from connector.domain import AddNote, EffectClass, Mode, Receipt, UpdateTicket, WriteBack
from connector.errors import ConfigError, ConnectorError, ContractError, OutcomeUnknownError
from connector.jobs import guards
from connector.jobs.records.record import GIVES_UP_LOST, Record
from connector.jobs.stored_forms import StoredWriteBack, from_stored, lean, to_stored
from connector.ports import ChangeSink, Outcome, Ports, Superseded
from connector.rules import fuses, manual, outbox
from connector.store import Tx, tickets, work
from connector.store import outbox as store_outbox

log = structlog.get_logger()
DELETED = "the ticket it belongs on is deleted in the CRM"
MERGED = "its ticket was merged into ticket {} of another company, which keeps its own summary; the note is there"


def deliver(
    record: Record, config: Config, connection: str, ports: Ports, *, only: Collection[str] | None = None
) -> dict[str, Any]:
    """Settle what is of unknown outcome, then apply what is due (of `only`, if given). Returns counts by what became
    of each.

    A rerun (`again` in the parameters, with keys) sends its rejected ones again and leaves all others alone.
    """
    sink = ports.sink
    if sink is None:
        raise ConfigError(f"connections.{connection}: {config.connections[connection].kind} takes no changes")
    grace = timedelta(seconds=sink.grace())
    counts: Counter[str] = Counter()
    if "again" in record.params:
        again = only = frozenset(record.params["again"]["keys"])
        if again:
            record.commit(lambda tx: manual.release_rejected(tx, again, now=record.now))
    _look_up(record, config, connection, sink, grace, counts, only)
    due = record.read("due", bool, lambda tx: _due(tx, config, connection, record.now))
    if due:
        guards.read_back(record, connection, ports.watch)
    waiting: set[str] = set()
    while due and (batch := _claim(record, config, connection, counts, only, waiting)):
        waiting |= _apply(record, config, connection, batch, ports, grace, counts)
    full = _full_owners(record, config, connection) if counts.get("held_by_fuse") and only is None else {}
    unconfirmed = guards.unconfirmed(record, config, connection) if only is None else {}
    return {**counts, **unconfirmed, **({"full_owners": full} if full else {})}


def _due(tx: Tx, config: Config, connection: str, now: datetime) -> bool:
    """Whether anything may leave; in preview nothing may, but what waits in vain is given up all the same."""
    rehearsal = config.mode is Mode.REHEARSAL
    return config.mode is Mode.PREVIEW or work.any_due(tx, connection, now=now, rehearsal=rehearsal)


def _look_up(
    record: Record,
    config: Config,
    connection: str,
    sink: ChangeSink,
    grace: timedelta,
    counts: Counter[str],
    only: Collection[str] | None,
) -> None:
    def adopt(tx: Tx) -> list[str]:
        return outbox.adopt(tx, connection, token=record.token, now=record.now, grace=grace)

    adopted = record.read("adopted", list[str], adopt, claims=True)
    counts["unknown"] += len(adopted)
    stored = record.read(
        "unknown",
        list[StoredWriteBack],
        lambda tx: [to_stored(wb) for wb in outbox.to_look_up(tx, connection, now=record.now, mode=config.mode)],
    )
    unsure = [from_stored(row) for row in stored]
    asked = [
        wb
        for wb in unsure
        if sink.effect_class(wb.kind) is not EffectClass.UNKEYED and (only is None or wb.key in only)
    ]
    unkeyed = [wb.key for wb in unsure if sink.effect_class(wb.kind) is EffectClass.UNKEYED]
    if unkeyed:
        record.commit(lambda tx: store_outbox.look_no_more(tx, unkeyed))
    if not asked:
        return
    found = sink.find(asked)
    refused = {key: result for key, result in found.items() if isinstance(result, ConnectorError)}
    record.emit("looked_up", [[wb.key, _found(found, wb.key)] for wb in asked if wb.key not in refused])
    if refused:
        record.emit("outcome", [[key, _word(error), said(error)] for key, error in refused.items()])
    record.commit(lambda tx: outbox.looked_up(tx, asked, found, now=record.clock(), grace=grace))
    counts["found"] += len(found) - len(refused)
    if refused:
        counts["rejected"] += len(refused)
    for key, error in refused.items():
        log.warning("cannot_tell_whether_it_is_there", key=key, why=str(error))
    log.info("looked_up", asked=len(asked), found=len(found) - len(refused), refused=len(refused))


def _claim(
    record: Record,
    config: Config,
    connection: str,
    counts: Counter[str],
    only: Collection[str] | None,
    without: Collection[str],
) -> list[WriteBack]:
    def take(tx: Tx) -> tuple[list[StoredWriteBack], int]:
        claimed = outbox.claim(
            tx,
            connection,
            token=record.token,
            now=record.now,
            mode=config.mode,
            limits=guards.limits(config),
            only=only,
            without=without,
        )
        return [to_stored(wb) for wb in claimed.write_backs], claimed.held_by_fuse

    stored, held = record.read("claimed", tuple[list[StoredWriteBack], int], take, claims=True)
    counts["held_by_fuse"] = held
    return [from_stored(row) for row in stored]


def _full_owners(record: Record, config: Config, connection: str) -> dict[str, int]:
    """Owners who have enough, with how many tickets wait for each."""
    rehearsal = config.mode is Mode.REHEARSAL
    return record.read(
        "full_owners",
        dict[str, int],
        lambda tx: dict(
            fuses.held(tx, connection, guards.limits(config), now=record.now, rehearsal=rehearsal).full_owners
        ),
    )


def _apply(
    record: Record,
    config: Config,
    connection: str,
    batch: list[WriteBack],
    ports: Ports,
    grace: timedelta,
    counts: Counter[str],
) -> set[str]:
    """Apply one batch; each outcome is on disk before the next write-back is begun. Returns what was put back."""
    assert ports.sink is not None
    open_keys = {write_back.key for write_back in batch}
    joining: list[str] = []
    lost: dict[str, str] = {}
    try:
        on_tickets = [wb.key for wb in batch if isinstance(wb.change, AddNote) and wb.change.on == "ticket"]
        if on_tickets:
            keys = [write_back.key for write_back in batch]
            joining = record.read("joining", list[str], lambda tx: tickets.joining(tx, keys))
        if record.does(GIVES_UP_LOST):
            lost = dict.fromkeys((key for key in on_tickets if key not in joining), DELETED)
            updates = [wb.key for wb in batch if isinstance(wb.change, UpdateTicket)]
            if updates:
                merged = record.read("merged_into", dict[str, str], lambda tx: tickets.merged(tx, updates))
                lost |= {key: MERGED.format(ticket) for key, ticket in merged.items()}
        batch = guards.with_room(record, config, connection, batch, ports.source)
        waiting = open_keys - {write_back.key for write_back in batch}
        open_keys -= waiting
        for outcome in ports.sink.apply(batch):
            open_keys.discard(outcome.key)
            _settle(record, _given_up(outcome, lost), grace, counts, joining)
    except Exception as error:
        # By the promise of ChangeSink.apply these were not attempted, whatever ended it; a bug is raised on, as it was.
        why = f"not attempted: {error if isinstance(error, ConnectorError) else type(error).__name__}"
        record.commit(lambda tx: outbox.put_back(tx, open_keys, token=record.token, now=record.clock(), why=why))
        raise
    return waiting


def _given_up(outcome: Outcome, lost: Mapping[str, str]) -> Outcome:
    """A note whose ticket is deleted, and the head of one that was merged into another company's, are of no use any
    more, and no person could do anything about it."""
    why, result = lost.get(outcome.key), outcome.result
    deleted = why == DELETED and outbox.is_gone(result)
    elsewhere = why is not None and why != DELETED and isinstance(result, ContractError)
    return replace(outcome, result=Superseded(why=why)) if why and (deleted or elsewhere) else outcome


def _settle(record: Record, outcome: Outcome, grace: timedelta, counts: Counter[str], joining: Collection[str]) -> None:
    word = _word(outcome.result)
    if outcome.key in joining and outbox.is_gone(outcome.result):
        word = "ticket_deleted"  # it is to have a ticket of its own, and nobody need decide that
    counts[word] += 1
    record.emit("outcome", [[outcome.key, word, said(outcome.result)]])
    record.commit(lambda tx: outbox.settle(tx, outcome, token=record.token, now=record.clock(), grace=grace))
    log.info("write_back", key=outcome.key, outcome=word)


def _word(result: Receipt | Superseded | ConnectorError) -> str:
    if isinstance(result, Receipt):
        return "already_there" if result.already_there else "applied"
    if isinstance(result, Superseded):
        return "superseded"
    return "unknown" if isinstance(result, OutcomeUnknownError) else "rejected"


def _found(found: Mapping[str, Receipt | ConnectorError], key: str) -> Any:
    return said(found[key]) if key in found else None


def said(result: Receipt | Superseded | ConnectorError) -> Any:
    if isinstance(result, Receipt):
        return lean(result)
    return result.why if isinstance(result, Superseded) else f"{type(result).__name__}: {result}"
