"""The stories, by name: what runs live and in replay alike. Start reading here.

pull     connector/jobs/pull.py      CRM → store, by adapters/<kind>/…pages
plan     connector/jobs/plan.py      store → one decision for each contact, by sync/screen.py and campaigns/caps.py
collect  connector/jobs/collect.py   answers → responses → rules/evaluate.py → the outbox
deliver  connector/jobs/deliver.py   rules/outbox.py → adapters/<kind>/…apply → receipts
history  connector/jobs/history.py   a former tool's askings, scores, opt-outs and bounces → store; runs no rule
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector import registry
from connector.config import Config
from connector.domain import Company, Contact
from connector.errors import ConfigError
from connector.jobs.collect import Look, collect, crm_connection
from connector.jobs.deliver import deliver
from connector.jobs.history import history
from connector.jobs.plan import plan
from connector.jobs.pull import pull
from connector.jobs.record import Record
from connector.jobs.runtime import open_ports
from connector.ports import ContactSource, Context, Ports, ResponseSource


def perform(
    record: Record, config: Config, story: str, connection: str, *, answers: ResponseSource | None = None
) -> dict[str, Any]:
    """Run one story on a Record; returns its counts. `answers` are taken instead of those of file or folder."""
    match story:
        case "pull":
            source = open_ports(config, connection, record).source
            if source is None:
                raise ConfigError(f"connections.{connection}: {config.connections[connection].kind} has no contacts")
            return pull(record, config, connection, source)
        case "plan":
            return plan(record, config, record.params["audience"])
        case "collect":
            answered = answers or answer_ports(record, config).responses
            assert answered is not None
            return collect(record, config, answered, looking(record, config))
        case "history":
            former = answer_ports(record, config).history
            assert former is not None
            return history(record, crm_connection(config, record.params.get("connection")), former)
        case "deliver":
            sink = open_ports(config, connection, record).sink
            if sink is None:
                raise ConfigError(f"connections.{connection}: {config.connections[connection].kind} takes no changes")
            return deliver(record, config, connection, sink)
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
    if counts.get("held_by_fuse"):
        waiting = counts["held_by_fuse"]
        return "stopped", f"limits.tickets_per_day: {waiting} tickets wait; connector outbox list shows them"
    return ("partial", "") if counts.get("rejected") or counts.get("held_audiences") else ("done", "")
