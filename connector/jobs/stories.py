"""The stories, by name: what runs live and in replay alike. Start reading here.

pull     connector/jobs/pull/       CRM → store, by adapters/<kind>/…pages
plan     connector/jobs/plan.py      store → one decision for each contact, by sync/screen.py and campaigns/caps.py
collect  connector/jobs/collect/     answers → responses → rules/evaluate.py → the outbox
deliver  connector/jobs/deliver.py   rules/outbox.py → adapters/<kind>/…apply → receipts
watch    connector/jobs/watch.py     receipts → how our tickets stand → follow-ups, by rules/follow_up.py
reconcile connector/jobs/reconcile.py  receipts against the CRM, by key and id → what differs
setup    connector/jobs/setup.py     the custom fields that rules need → created where they are not, if a person says so
undo     connector/jobs/undo.py      what a delivery did → taken back, by adapters/<kind>/…undo
rehearse connector/jobs/rehearse.py   an answer that nobody gave → rules → the test company; it counts nowhere
history  connector/jobs/history.py   a former tool's askings, scores, opt-outs and bounces → store; runs no rule
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector import registry
from connector.config import Config
from connector.domain import Company, Contact
from connector.errors import ConfigError
from connector.jobs.callbacks import callbacks
from connector.jobs.collect import ANSWERS, Look, collect
from connector.jobs.collect.answer import crm_connection
from connector.jobs.deliver import deliver
from connector.jobs.history import history
from connector.jobs.plan import plan
from connector.jobs.pull import pull
from connector.jobs.reconcile import reconcile
from connector.jobs.records.record import Record
from connector.jobs.rehearse import rehearse
from connector.jobs.runtime import open_ports
from connector.jobs.setup import setup
from connector.jobs.undo import undo
from connector.jobs.watch import watch
from connector.ports import ContactSource, Context, Ports, ResponseSource

TIMED = frozenset(("pull", "plan", "collect", "deliver", "watch", "reconcile"))
"""What the clock of the service may start by itself (schedule.py); history is for a person to take in."""


def perform(
    record: Record, config: Config, story: str, connection: str, *, answers: ResponseSource | None = None
) -> dict[str, Any]:
    """Run one story on a Record; returns its counts. `answers` are taken instead of those of file or folder."""
    match story:
        case "pull":
            ports = open_ports(config, connection, record)
            if ports.source is None:
                raise ConfigError(f"connections.{connection}: {config.connections[connection].kind} has no contacts")
            return pull(record, config, connection, ports.source, ports.hints)
        case "callbacks":
            hints = open_ports(config, connection, record).hints
            if hints is None:
                raise ConfigError(f"connections.{connection}: {config.connections[connection].kind} sends no callbacks")
            return callbacks(record, config, connection, hints)
        case "plan":
            return plan(record, config, record.params["audience"])
        case "collect":
            if connection != ANSWERS:
                surveys = open_ports(config, connection, record).responses
                if surveys is None:
                    raise ConfigError(f"connections.{connection}: {config.connections[connection].kind} has no answers")
                return collect(record, config, surveys, looking(record, config), of=connection)
            answered = answers or answer_ports(record, config).responses
            assert answered is not None
            return collect(record, config, answered, looking(record, config))
        case "history":
            former = answer_ports(record, config).history
            assert former is not None
            return history(record, crm_connection(config, record.params.get("connection")), former)
        case "deliver":
            return deliver(record, config, connection, open_ports(config, connection, record))
        case "rehearse":
            return rehearse(record, config, connection, open_ports(config, connection, record), looking(record, config))
        case "watch" | "reconcile":
            port = open_ports(config, connection, record).watch
            if port is None:
                raise ConfigError(f"connections.{connection}: {config.connections[connection].kind} has no tickets")
            look_after = watch if story == "watch" else reconcile
            return look_after(record, config, connection, port)
        case "setup":
            fields = open_ports(config, connection, record).setup
            if fields is None:
                raise ConfigError(f"connections.{connection}: nothing can be set up there")
            return setup(record, config, connection, fields)
        case "undo":
            taking_back = open_ports(config, connection, record).undo
            if taking_back is None:
                raise ConfigError(f"connections.{connection}: what was done there cannot be taken back")
            return undo(record, config, taking_back)
    raise ConfigError(f"unknown story {story!r}")


def answer_ports(record: Record, config: Config) -> Ports:
    """The ports on the file named by the Job, else on the watched folder."""
    named = record.params.get("file")
    path = Path(named) if named else config.answers.folder
    if path is None:
        raise ConfigError("answers.folder: name a folder to watch, or import one file: connector responses import FILE")
    spec = registry.spec("folder")
    settings = spec.settings(path=path)
    wire = record.wire("answers", settings, spec.wire)
    context = Context(connection="answers", wire=wire, now=lambda: record.now, sleep=record.sleep)
    return spec.open(settings, context)


def looking(record: Record, config: Config) -> Look:
    """Read a contact live that was never pulled, opening each Connection once."""
    opened: dict[str, ContactSource | None] = {}

    def look(connection: str, term: str) -> list[tuple[Contact, Company | None]]:
        if connection not in opened:
            opened[connection] = open_ports(config, connection, record).source
        source = opened[connection]
        return source.look(term) if source is not None else []

    return look


def ended(counts: dict[str, Any]) -> tuple[str, str]:
    """(outcome, error) of an Attempt whose story came to its end."""
    if counts.get("unconfirmed"):
        return "stopped", unconfirmed_words(counts)
    if counts.get("held_by_fuse"):
        return "stopped", held_words(counts["held_by_fuse"], counts.get("full_owners") or {})
    if counts.get("taken_back_later"):
        again = f"connector undo {counts['job']} --yes again after {counts['again_at']}"
        return "deferred", f"{counts['taken_back_later']} may still take effect, and are looked at later: {again}"
    unfinished = ("rejected", "held_audiences", "differences")
    return ("partial", "") if any(counts.get(name) for name in unfinished) else ("done", "")


def unconfirmed_words(counts: dict[str, Any]) -> str:
    """How many write-backs of the time before mode live a person is to confirm, and what else the fuses keep."""
    due, later, held = counts["unconfirmed"], counts.get("unconfirmed_later", 0), counts.get("held_by_fuse", 0)
    more = [f"{later} more {'is' if later == 1 else 'are'} due later, and asked for then"] if later else []
    more += [f"{held} of mode live wait{'s' if held == 1 else ''} for limits"] if held else []
    besides = f" ({'; '.join(more)})" if more else ""
    return (
        f"{due} {'write-back' if due == 1 else 'write-backs'} of preview or rehearsal time would leave now{besides}: "
        f"connector outbox list --state waiting shows all that waits; "
        f"connector outbox settle KEY --discard --reason … takes one away; connector outbox release --confirm {due} "
        f"lets {'it' if due == 1 else 'them'} go"
    )


def held_words(waiting: int, full_owners: dict[str, int]) -> str:
    """How many tickets the fuses keep waiting, which fuse, and what a person can do."""
    of_owners = sum(full_owners.values())
    why = [f"limits.tickets_per_day: {waiting - of_owners}"] if waiting > of_owners else []
    why += [f"limits.tickets_per_owner: {count} for {owner}" for owner, count in full_owners.items()]
    tickets = "1 ticket waits" if waiting == 1 else f"{waiting} tickets wait"
    return (
        f"{tickets} ({'; '.join(why)}) until a day is over since the others; connector outbox list shows them, "
        f"connector outbox release --confirm {waiting} lets them go now"
    )
