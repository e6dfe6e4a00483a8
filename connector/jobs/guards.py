"""What stands before the effects of a delivery: a person's word, a look at a ticket of ours, room for its owner."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from connector.config import Config
from connector.domain import Mode, OpenTicket, Receipt, TicketState, WriteBack
from connector.errors import AuthError, ContractError, RejectedError
from connector.jobs.records.record import OWNERS_TOGETHER, Record
from connector.ports import ContactSource, TicketWatch
from connector.rules import fuses
from connector.store import receipts
from connector.store.fuses import Unconfirmed

log = structlog.get_logger()


def limits(config: Config) -> fuses.Limits:
    return fuses.Limits(per_day=config.limits.tickets_per_day, per_owner=config.limits.tickets_per_owner)


def unconfirmed(record: Record, config: Config, connection: str) -> dict[str, int]:
    """How many write-backs of preview or rehearsal time are due and wait for a person to confirm them, and how many
    will; empty where none is due on this connection."""
    found = record.read(
        "unconfirmed", Unconfirmed, lambda tx: fuses.unconfirmed(tx, connection, config.mode, now=record.now)
    )
    return {"unconfirmed": found.due, "unconfirmed_later": found.later} if found.due else {}


def read_back(record: Record, connection: str, watch: TicketWatch | None) -> None:
    """Look at the newest ticket of ours. Raises AuthError where the CRM does not show it any more: a key that lost a
    right would find none of our tickets, and open them again."""
    if watch is None:
        return
    newest = record.read("newest_ticket", Receipt | None, lambda tx: receipts.newest_ticket(tx, connection))
    if newest is None:
        return
    state = next((status.state for status in watch.states([newest])), TicketState.NOT_VISIBLE)
    record.emit("read_back", [[newest.record_id, state]])
    log.info("read_back", ticket=newest.record_id, state=state)
    if state is TicketState.NOT_VISIBLE:
        raise AuthError(
            f"ticket {newest.record_id}, which this connection opened, is not visible to its key any more, so nothing "
            "was sent: give the security role its rights on service tickets and boards back (if somebody deleted it, "
            "and no other ticket is there that the key could show: connector check --live --write makes one)"
        )


def with_room(
    record: Record, config: Config, connection: str, batch: list[WriteBack], source: ContactSource | None
) -> list[WriteBack]:
    """The batch without the tickets whose owner has enough; whose each one is to be is written down before it goes."""
    tickets = {wb.key: wb.change for wb in batch if isinstance(wb.change, OpenTicket)}
    if record.does(OWNERS_TOGETHER):
        owners = _owners(source, tickets)
    else:
        owners = {key: _owner(source, ticket) for key, ticket in tickets.items()}
    if not any(owners.values()):
        return batch
    wait = record.read(
        "owner_full",
        list[str],
        lambda tx: fuses.assign(
            tx,
            connection,
            owners,
            limits(config),
            token=record.token,
            now=record.now,
            rehearsal=config.mode is Mode.REHEARSAL,
        ),
        claims=True,
    )
    return [wb for wb in batch if wb.key not in wait]


def _owners(source: ContactSource | None, tickets: Mapping[str, OpenTicket]) -> dict[str, str]:
    """Who would get each, by key: one question for each chain, not for each ticket."""
    found: dict[str, str] = {}
    for chain in dict.fromkeys(ticket.owner for ticket in tickets.values()):
        of_chain = {key: ticket for key, ticket in tickets.items() if ticket.owner == chain}
        companies = list(dict.fromkeys(ticket.company_id for ticket in of_chain.values() if ticket.company_id))
        if source is None or not chain or len(companies) < 2:
            found |= {key: _owner(source, ticket) for key, ticket in of_chain.items()}
            continue
        try:
            members = {each.company_id: each.member for each in source.owners(companies, chain)}
        except (RejectedError, ContractError):  # of one company; the others have theirs
            found |= {key: _owner(source, ticket) for key, ticket in of_chain.items()}
            continue
        found |= {key: members.get(ticket.company_id, "") for key, ticket in of_chain.items()}
    return {key: found[key] for key in tickets}


def _owner(source: ContactSource | None, ticket: OpenTicket) -> str:
    """Who would get it; empty where nobody would, or where it cannot be told: the ticket itself is refused then."""
    if source is None or not ticket.owner:
        return ""
    try:
        found = source.owner(ticket.company_id, ticket.owner)
    except (RejectedError, ContractError):
        return ""
    return found[0] if found else ""
