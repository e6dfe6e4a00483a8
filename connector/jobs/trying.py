"""What rules would make of an answer that nobody gave: the collect story on it, with nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connector import registry
from connector.domain import CreateTask, OpenTicket, Response, WriteBack
from connector.errors import ConfigError, ConnectorError, RejectedError
from connector.jobs import stories
from connector.jobs.collect import collect
from connector.jobs.collect.answer import crm_connection
from connector.jobs.dry import DryRecord
from connector.jobs.rehearsal import is_copy
from connector.jobs.runtime import Runtime, open_ports
from connector.jobs.stored_forms import from_stored
from connector.ports import BadRow, Cursor, RawAnswer
from connector.rules.evaluate import Match, Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who would get a ticket, and which step of the chain said so; `member` empty: nobody, or not asked (`why`)."""

    member: str = ""
    step: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Every rule's word, and each action filled in."""

    response: Response
    matches: tuple[Match, ...]
    write_backs: tuple[WriteBack, ...]
    skipped: tuple[Skipped, ...]
    owners: dict[str, Owner]
    """By the key of the ticket's write-back."""


class _OneAnswer:
    def __init__(self, values: dict[str, str]) -> None:
        self._answer = RawAnswer(place="command line", values=values)

    def responses(self, cursor: Cursor | None) -> Iterator[tuple[list[RawAnswer | BadRow], Cursor]]:  # noqa: ARG002
        yield [self._answer], {}


def trial(runtime: Runtime, values: dict[str, str], *, offline: bool = False, who: str = "--contact") -> Trial:
    """Try one answer; copies for a rehearsal are none of it. Raises ConfigError where no contact has the address or id
    (`who`: as the command calls it), or no connection is meant."""
    dry = DryRecord(runtime, params={"run_rules": True})
    try:
        crm_connection(runtime.config, values.get("connection"))
    except RejectedError as error:
        sources = [name for name, each in runtime.config.connections.items() if registry.spec(each.kind).facets]
        several = not values.get("connection") and len(sources) > 1 and not runtime.config.answers.connection
        remedy = f"which one? write --connection {' or '.join(sources)}"
        raise ConfigError(f"--connection: {remedy if several else error}") from None
    look = stories.looking(dry, runtime.config) if not offline else lambda _connection, _term: []
    collect(dry, runtime.config, _OneAnswer(values), look)
    if not dry.made.get("response"):
        raise ConfigError(f"{who}: this person was erased; connector forget EMAIL --lift takes them in again")
    response: Response = dry.made["response"][0]
    if response.contact_id is None:
        where = "the store (without --offline the CRM is asked)" if offline else "the store or the CRM"
        raise ConfigError(f"{who}: nobody in {where} has {values['contact_id'] or values['email']}")
    judged: dict[str, Any] = dry.made["judged"][0]
    made = (from_stored(row) for row in dry.made["write_backs"])
    write_backs = tuple(wb for wb in made if not is_copy(wb.key))
    return Trial(
        response=response,
        matches=judged["matches"],
        write_backs=write_backs,
        skipped=judged["skipped"],
        owners={
            wb.key: _owner(runtime, dry, wb.connection, wb.change, offline=offline)
            for wb in write_backs
            if isinstance(wb.change, OpenTicket | CreateTask)
        },
    )


def _owner(
    runtime: Runtime, dry: DryRecord, connection: str, ticket: OpenTicket | CreateTask, *, offline: bool
) -> Owner:
    if offline:
        return Owner(why="not asked (--offline)")
    source = open_ports(runtime.config, connection, dry).source
    if source is None:
        return Owner(why="this connection knows no owners")
    try:
        found = source.owner(ticket.company_id, ticket.owner)
    except ConnectorError as error:
        return Owner(why=f"could not be asked: {error}")
    return Owner(member=found[0], step=found[1]) if found else Owner(why="nobody: every step of the chain is empty")
