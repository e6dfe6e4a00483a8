"""deliver: outbox → CRM, mail, log → receipts. A row stands before the effect; look first, then create."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import structlog

from connector.config import Config
from connector.domain import EffectClass, Receipt, WriteBack
from connector.errors import AuthError, ConnectorError, OutcomeUnknownError, UnavailableError
from connector.jobs.record import Record
from connector.jobs.stored_forms import StoredWriteBack, from_stored, to_stored
from connector.ports import ChangeSink, Outcome, Superseded
from connector.rules import outbox
from connector.store import Tx

log = structlog.get_logger()


def deliver(record: Record, config: Config, connection: str, sink: ChangeSink) -> dict[str, Any]:
    """Settle what is of unknown outcome, then apply what is due. Returns counts by what became of each.

    A rerun (`again` in the parameters, with keys) sends its rejected ones again and leaves all others alone.
    """
    grace = timedelta(seconds=sink.grace())
    counts: Counter[str] = Counter()
    only = frozenset(record.params["again"]["keys"]) if "again" in record.params else None
    if only:
        record.commit(lambda tx: outbox.release_rejected(tx, only, now=record.now))
    _look_up(record, config, connection, sink, grace, counts, only)
    while batch := _claim(record, config, connection, counts, only):
        _apply(record, batch, sink, grace, counts)
    return dict(counts)


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
    asked = [
        wb
        for wb in map(from_stored, stored)
        if sink.effect_class(wb.kind) is not EffectClass.UNKEYED and (only is None or wb.key in only)
    ]
    if not asked:
        return
    found = sink.find(asked)
    refused = {key: result for key, result in found.items() if isinstance(result, ConnectorError)}
    record.emit("looked_up", [[wb.key, found.get(wb.key)] for wb in asked if wb.key not in refused])
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
    record: Record, config: Config, connection: str, counts: Counter[str], only: Collection[str] | None
) -> list[WriteBack]:
    def take(tx: Tx) -> tuple[list[StoredWriteBack], int]:
        claimed = outbox.claim(
            tx,
            connection,
            token=record.token,
            now=record.now,
            mode=config.mode,
            tickets_per_day=config.limits.tickets_per_day,
            only=only,
        )
        return [to_stored(wb) for wb in claimed.write_backs], claimed.held_by_fuse

    stored, held = record.read("claimed", tuple[list[StoredWriteBack], int], take, claims=True)
    counts["held_by_fuse"] = held
    return [from_stored(row) for row in stored]


def _apply(record: Record, batch: list[WriteBack], sink: ChangeSink, grace: timedelta, counts: Counter[str]) -> None:
    """Apply one batch; each outcome is on disk before the next write-back is begun."""
    open_keys = {write_back.key for write_back in batch}
    try:
        for outcome in sink.apply(batch):
            open_keys.discard(outcome.key)
            _settle(record, outcome, grace, counts)
    except (UnavailableError, AuthError) as error:
        # By the promise of ChangeSink.apply these were not attempted.
        why = f"not attempted: {error}"
        record.commit(lambda tx: outbox.put_back(tx, open_keys, token=record.token, now=record.clock(), why=why))
        raise


def _settle(record: Record, outcome: Outcome, grace: timedelta, counts: Counter[str]) -> None:
    word = _word(outcome.result)
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


def said(result: Receipt | Superseded | ConnectorError) -> Any:
    if isinstance(result, Receipt):
        return result
    return result.why if isinstance(result, Superseded) else f"{type(result).__name__}: {result}"
