"""Rerun of collect and deliver: the recorded answers through today's rules, a Job's own write-backs once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from connector.config import Config
from connector.domain import EffectClass, Receipt, RecordResponse, SetField, WriteBack, WriteBackState
from connector.errors import ConfigError, ConnectorError, RejectedError
from connector.jobs import matching, stories
from connector.jobs.collect import Taken
from connector.jobs.collect.answer import crm_connection
from connector.jobs.dry import DryRecord
from connector.jobs.explain import waiting
from connector.jobs.rerun.forecast import Answers, Forecast, records
from connector.jobs.runtime import Runtime, open_ports
from connector.jobs.stored_forms import StoredWriteBack, from_stored
from connector.ports import RawAnswer
from connector.rules.dependencies import with_parent
from connector.store import Tx, jobs, outbox, responses


def foresee_collect(runtime: Runtime, found: Forecast, *, failed: bool) -> None:
    found.again = {"failed": failed}
    pages = []
    for recorded in records(runtime, found.job):
        for value in recorded.reads.get("answers", []):
            page = msgspec.json.decode(value, type=Taken | None)
            if page is not None:
                pages.append(page)
    unreadable = [row for page in pages for row in page.bad]
    found.remarks += [f"{row.place}: {row.why}; correct the file, it is read again then" for row in unreadable]
    dry = DryRecord(runtime)
    if failed:
        pages = [
            Taken(
                answers=[a for a in p.answers if _not_taken(dry, runtime.config, a, found.job)], bad=[], cursor=p.cursor
            )
            for p in pages
        ]
    else:
        pages = [Taken(answers=p.answers, bad=[], cursor=p.cursor) for p in pages]
    found.answers = Answers([page for page in pages if page.answers])
    keys: list[str] = []

    def watch(name: str, rows: list[Any]) -> None:
        with runtime.store.read() as tx:
            if name == "response":
                keys[:] = [row.key for row in rows]
                for row in rows:
                    old = responses.get(tx, row.key)
                    found.count("responses", old is not None, old == row)
                    found.changes(row.key, "answer", old, row)
            elif name == "write_backs":
                kept = {row.key for row in rows}
                for row in rows:
                    _write_back(tx, found, from_stored(row))
                for entry in outbox.listed(tx, states=("waiting",), response_key=keys[0]):
                    if entry.write_back.key not in kept and not entry.tries:
                        found.update["write-backs"] += 1
                        found.remarks.append(f"{entry.write_back.key}: would be given up, no rule asks for it now")

    record = DryRecord(runtime, params=found.job.params | {"again": found.again}, watch=watch)
    counts = stories.perform(record, runtime.config, "collect", found.job.connection, answers=found.answers)
    if counts.get("rejected"):
        found.remarks.append(f"{counts['rejected']} answers would be refused again; the log says why")


def _not_taken(dry: DryRecord, config: Config, answer: RawAnswer, job: jobs.Job) -> bool:
    values = answer.values
    try:
        connection = crm_connection(config, values.get("connection") or job.params.get("connection"))
    except RejectedError:
        return True
    at = datetime.fromisoformat(values["responded_at"])

    def load(tx: Tx) -> matching.Matched:
        return matching.match(tx, answer, connection=connection, installation=dry.installation, responded_at=at)

    return dry.read("matched", matching.Matched, load).existing is None


def _write_back(tx: Tx, found: Forecast, made: WriteBack) -> None:
    """One still waiting, or refused, takes a changed text; one that has moved on stays as it is."""
    entry = outbox.get(tx, made.key)
    open_ = entry is not None and (
        (entry.write_back.state is WriteBackState.WAITING and not entry.tries)
        or entry.write_back.state is WriteBackState.REJECTED
    )
    same = entry is not None and (not open_ or entry.write_back.change == made.change)
    found.count("write-backs", entry is not None, same)
    if entry is not None and not same:
        found.changes(made.key, made.kind, entry.write_back.change, made.change)


def foresee_deliver(runtime: Runtime, found: Forecast, *, failed: bool) -> None:
    keys: dict[str, None] = {}
    for recorded in records(runtime, found.job):
        for value in recorded.reads.get("claimed", []):
            claimed, _ = msgspec.json.decode(value, type=tuple[list[StoredWriteBack], int])
            keys.update((wb.key, None) for wb in claimed)
        for value in recorded.reads.get("unknown", []):
            keys.update((wb.key, None) for wb in msgspec.json.decode(value, type=list[StoredWriteBack]))
    with runtime.store.read() as tx:
        entries = [entry for key in keys if (entry := outbox.get(tx, key)) is not None]
        entries = [e for e in entries if not failed or e.write_back.state is not WriteBackState.APPLIED]
        reasons = {e.write_back.key: waiting.why(tx, _released(e), runtime.config, runtime.now()) for e in entries}
        asked = [with_parent(tx, e.write_back) for e in entries]
    found.again = {"keys": [entry.write_back.key for entry in entries]}
    dry = DryRecord(runtime)
    sink = open_ports(runtime.config, found.job.connection, dry).sink
    if sink is None:
        raise ConfigError(f"connections.{found.job.connection}: takes no changes")
    unkeyed = {wb.key for wb in asked if sink.effect_class(wb.kind) is EffectClass.UNKEYED}
    there = sink.find([wb for wb in asked if wb.key not in unkeyed])
    for entry in entries:
        _one(
            found,
            entry,
            there.get(entry.write_back.key),
            reasons[entry.write_back.key],
            entry.write_back.key in unkeyed,
        )
    kept = {why for why in reasons.values() if why.startswith("mode:")}
    if kept:
        found.why_not = sorted(kept)[0]


def _released(entry: outbox.Entry) -> outbox.Entry:
    """As it will stand when the rerun has released it."""
    if entry.write_back.state is not WriteBackState.REJECTED:
        return entry
    return replace(entry, write_back=replace(entry.write_back, state=WriteBackState.WAITING))


def _one(
    found: Forecast, entry: outbox.Entry, receipt: Receipt | ConnectorError | None, why: str, unkeyed: bool
) -> None:
    write_back = entry.write_back
    key, kind, state = write_back.key, f"{write_back.kind}", write_back.state
    if isinstance(receipt, ConnectorError):
        found.looks = found.looks or (state is WriteBackState.UNKNOWN and why.startswith(waiting.LOOKED_UP))
        found.remarks.append(f"{key}: {waiting.STATE_WORDS[state]}; {receipt}")
    elif receipt is not None or state is WriteBackState.APPLIED:
        found.there[kind] += 1
        found.looks = found.looks or state in (WriteBackState.WAITING, WriteBackState.REJECTED, WriteBackState.UNKNOWN)
        if receipt is None and not unkeyed:
            found.remarks.append(f"{key}: not found in the CRM any more; a receipt is final, it is not made again")
    elif state is WriteBackState.UNKNOWN and unkeyed:
        found.remarks.append(f"{key}: nobody can be asked whether it arrived; connector outbox release {key}")
    elif state in (WriteBackState.WAITING, WriteBackState.REJECTED) and why == waiting.DUE:
        (found.update if isinstance(write_back.change, RecordResponse | SetField) else found.create)[kind] += 1
    else:
        found.looks = found.looks or why.startswith(waiting.LOOKED_UP)
        found.remarks.append(f"{key}: {waiting.STATE_WORDS[state]}; {why}")
