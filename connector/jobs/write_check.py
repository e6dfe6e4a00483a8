"""The write check: one ticket on the own company is opened, found by its key and closed. Outside of any Job.

It goes on the rehearsal's company and board where they are configured and the company was pulled, else on the house's
own company and the first board a rule names. The key begins with `nps-c-`, and is told before anything is written.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from connector import registry
from connector.config import Config
from connector.domain import OpenTicket, Receipt, TicketState, WriteBack
from connector.errors import ConfigError, ConnectorError, OutcomeUnknownError, RejectedError, UnavailableError
from connector.jobs.live import LazyVault
from connector.jobs.rehearsal import not_one
from connector.jobs.written_on import written_on
from connector.ports import ChangeSink, ChangeUndo, Context, Ports, TicketWatch, Undo, Undone
from connector.rules.keys import CHECK

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
LOOKS = 5
"""How often a lost write is looked for: at once, then spread over the grace."""
NOTE = "Write check of the NPS connector: this ticket proved that tickets can be opened, found and closed."


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCheck:
    """What is going to be written, and where."""

    connection: str
    key: str
    ticket: OpenTicket
    where: str


def planned(config: Config, connection: str, *, company_ids: list[str]) -> WriteCheck:
    """`company_ids`: the companies that rehearsal.company means on this connection. Raises ConfigError without a board
    to open it on."""
    tickets = [
        action.open_ticket
        for rule in config.rules
        for action in rule.then
        if action.open_ticket is not None and written_on(config, rule, action, [connection])
    ]
    board = config.rehearsal.board if config.rehearsal else next((each.said("board") for each in tickets), "")
    needed = registry.spec(config.connections[connection].kind).ticket_needs
    if not board and ("board" in needed or not (tickets or config.rehearsal)):
        raise ConfigError("--write: no rule opens a ticket, so there is no board to try; name one in rehearsal.board")
    if config.rehearsal and len(company_ids) != 1:
        raise not_one(config.rehearsal.company_on(connection), connection, len(company_ids))
    ticket = OpenTicket(
        company_id=company_ids[0] if config.rehearsal else "",
        own_company=config.rehearsal is None,
        contact_id=None,
        board=board,
        summary="NPS connector: write check, please ignore",
        internal=NOTE,
    )
    where = config.rehearsal.company_on(connection) if config.rehearsal else "your own company"
    key = CHECK + "".join(secrets.choice(_LETTERS) for _ in range(26))
    return WriteCheck(
        connection=connection, key=key, ticket=ticket, where=f"{where}, board {board}" if board else where
    )


def perform(
    config: Config,
    check: WriteCheck,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """Do it, and say each step when it is done. Raises what went wrong, with what is left behind and where.

    A write without an answer is looked for by its key, for as long as it may take to appear; what was opened is closed
    whatever else went wrong.
    """
    ports = _opened(config, check.connection, now=now, sleep=sleep)
    if ports.sink is None or ports.undo is None or ports.watch is None:
        raise ConfigError(f"connections.{check.connection}: it opens no tickets, so there is nothing to try")
    write_back = WriteBack(
        key=check.key, connection=check.connection, change=check.ticket, response_key="", revision=1,
        rule_id="write-check", action_id="write-check", not_before=now(),
    )  # fmt: skip
    [outcome] = ports.sink.apply([write_back])
    result, problem = outcome.result, None
    if isinstance(result, OutcomeUnknownError):
        yield f"unknown  no answer came; it is looked for by its key {check.key}, for up to {ports.sink.grace():.0f} s"
        result = _looked_for(ports.sink, write_back, check, sleep)
    if not isinstance(result, Receipt):
        raise _left(check, "not opened", result)
    ticket = f"ticket {result.record_id}"
    yield f"opened   {ticket} {result.link}".rstrip()
    try:
        found = ports.sink.find([write_back]).get(check.key)
        if not isinstance(found, Receipt) or found.record_id != result.record_id:
            raise RejectedError(f"it is not found by its key: {found or 'nothing carries it'}")
        yield f"found    by its key {check.key}"
    except ConnectorError as error:
        problem = error
    undo = Undo(key=f"{check.key}-u", write_back=write_back, receipt=result, note=NOTE)
    try:
        detail = _close(ports.undo, ports.watch, undo)
    except ConnectorError as error:
        also = f" (nor was it found: {problem})" if problem else ""
        raise _left(check, f"{ticket} may be open still; look, and close it by hand{also}", error) from error
    yield f"closed   {detail}"
    if problem is not None:
        raise _left(check, f"{ticket} was opened and closed, but not found", problem)


def _looked_for(sink: ChangeSink, write_back: WriteBack, check: WriteCheck, sleep: Callable[[float], None]) -> Receipt:
    """The ticket that a lost answer opened all the same. Raises with what to look for where it does not appear."""
    by_hand = "search the CRM for the key, and close the ticket that has it"
    why: ConnectorError = OutcomeUnknownError("nothing carries the key, so most likely nothing was opened")
    for look in range(LOOKS):
        sleep(sink.grace() / (LOOKS - 1) if look else 0.0)
        try:
            found = sink.find([write_back]).get(check.key)
        except UnavailableError as error:
            why = error
            continue
        if isinstance(found, Receipt):
            return found
        if found is not None:
            raise _left(check, f"no answer came, and what is there cannot be judged; {by_hand}", found)
    raise _left(check, f"no answer came; {by_hand}", why)


def _close(undoing: ChangeUndo, watch: TicketWatch, undo: Undo) -> str:
    """Close it and prove that; once more where no answer came, for closing twice is closing once. How, in words."""
    [outcome] = undoing.undo([undo])
    if isinstance(outcome.result, OutcomeUnknownError):
        [outcome] = undoing.undo([undo])
    result = outcome.result
    if not isinstance(result, Undone):
        raise result if isinstance(result, ConnectorError) else RejectedError(result.why)
    state = next((status.state for status in watch.states([undo.receipt])), TicketState.NOT_VISIBLE)
    if state in (TicketState.OPEN, TicketState.NOT_VISIBLE):
        raise RejectedError(f"it is {state} after it was closed")
    return result.detail


def _left(check: WriteCheck, what: str, why: object) -> ConnectorError:
    error = why if isinstance(why, ConnectorError) else RejectedError(str(why))
    return type(error)(f"{what} ({check.where}, key {check.key}): {error}")


def _opened(config: Config, connection: str, *, now: Callable[[], datetime], sleep: Callable[[float], None]) -> Ports:
    configured = config.connections[connection]
    spec = registry.spec(configured.kind)
    # no lease: its key is its own, and it collides with nothing
    wire = spec.wire(configured.settings, lambda: None, LazyVault(config, connection))
    return spec.open(configured.settings, Context(connection=connection, wire=wire, now=now, sleep=sleep))
