"""Rehearsal copies: every CRM write on the named test company and board, every mail to one mailbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from connector.config import Config
from connector.config.settings import Rehearsal
from connector.domain import (
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    JoinTicket,
    Notify,
    OpenTicket,
    RecordResponse,
    SetField,
    UpdateTicket,
    WriteBack,
)
from connector.errors import ConfigError
from connector.jobs.records.record import Record
from connector.rules.names import written_at
from connector.store import contacts

_MARK = "[Rehearsal]"


def copies(
    write_backs: Iterable[WriteBack],
    config: Config,
    company_id: str,
    *,
    there: Collection[str] = (),
    as_before: bool = False,
) -> tuple[WriteBack, ...]:
    """One copy of each write-back on the test company, under a key of its own: the live one is still to be done.

    Writes that need a contact become internal notes on the rehearsal's ticket, their rule's or else any, or nothing
    where none is opened: a rehearsal never touches a real contact. `as_before`: their own rule's only, as in records of
    earlier versions. What joins a ticket whose copy is not `there` opens one of its own.
    """
    rehearsal = config.rehearsal
    if rehearsal is None:
        return ()
    write_backs = tuple(_alone(write_backs, there))
    opened = {wb.rule_id: wb.key for wb in write_backs if isinstance(wb.change, OpenTicket)}
    opened |= {wb.rule_id: wb.depends_on for wb in write_backs if isinstance(wb.change, JoinTicket) and wb.depends_on}
    any_ticket = None if as_before else next(iter(opened.values()), None)
    made = []
    for wb in write_backs:
        change: Change
        parent = wb.depends_on or opened.get(wb.rule_id) or any_ticket
        match wb.change:
            case OpenTicket() as ticket:
                change = _ticket(ticket, rehearsal, company_id)
                parent = None
            case JoinTicket(ticket=ticket, text=text):
                change = JoinTicket(ticket=_ticket(ticket, rehearsal, company_id), text=f"{_MARK} {text}")
            case UpdateTicket(summary=summary, priority=priority):
                change = UpdateTicket(company_id=company_id, summary=f"{_MARK} {summary}", priority=priority)
            case Notify() as notify:
                subject = f"{_MARK} {notify.subject}"
                change = replace(notify, to=(rehearsal.mail_to,) if notify.to else (), subject=subject)
                parent = None
            case CreateTask() as task:
                change = replace(task, company_id=company_id, contact_id=None, summary=f"{_MARK} {task.summary}")
                parent = None
            case AddToGroup(group=group) if parent:
                change = AddNote(on="ticket", contact_id=None, text=f"{_MARK} would be added to group {group}")
            case SetField() as setting if parent:
                said = f"would be set on the {setting.on}: {setting.field}: {setting.value}"
                change = AddNote(on="ticket", contact_id=None, text=f"{_MARK} {said}")
            case RecordResponse(note=note) if parent:
                change = AddNote(on="ticket", contact_id=None, text=f"{_MARK} would be recorded: {note}")
            case AddNote(text=text) if parent:
                change = AddNote(on="ticket", contact_id=None, text=f"{_MARK} {text}")
            case _:
                continue
        made.append(replace(wb, key=copy_key(wb.key), change=change, depends_on=copy_key(parent) if parent else None))
    return tuple(made)


def copies_everywhere(
    write_backs: Iterable[WriteBack],
    config: Config,
    connection: str,
    company_of: Callable[[str], str],
    *,
    there: Collection[str] = (),
    as_before: bool = False,
    always_asked: bool = False,
) -> tuple[WriteBack, ...]:
    """The copies, what actions write at other connections (`at`) on the test company of those (`company_of`).

    A connection on which nothing is written needs no test company. `always_asked`: that of `connection` is asked for
    all the same, as in records of earlier versions.
    """
    own: list[WriteBack] = []
    others: dict[str, list[WriteBack]] = {name: [] for name in written_at(config.rules) if name != connection}
    for wb in write_backs:
        others.get(wb.connection, own).append(wb)
    here = always_asked or any(wb.connection == connection for wb in own)  # the rest of `own` is messages
    made = copies(own, config, company_of(connection) if here else "", there=there, as_before=as_before)
    for name, each in others.items():
        if each:
            made += copies(each, config, company_of(name), there=there, as_before=as_before)
    return made


def the_company(record: Record, config: Config, connection: str) -> str:
    """The id of the company that rehearsal.company means on a connection. Raises ConfigError where it is not one."""
    named = config.rehearsal.company_on(connection) if config.rehearsal else ""
    found = record.read(
        "rehearsal_company",
        list[str],
        lambda tx: [company.id for company in contacts.companies_called(tx, named, connection)],
    )
    if len(found) != 1:
        raise not_one(named, connection, len(found))
    return found[0]


def not_one(named: str, connection: str, count: int) -> ConfigError:
    """Why rehearsal.company means no one company on a connection, and what to write or do."""
    if not named:
        return ConfigError(f"rehearsal.company: names none on {connection}; add {connection}: and the company there")
    how = "no company" if not count else f"{count} companies"
    what = f"{connection} has {how} called {named!r}"
    return ConfigError(f"rehearsal.company: {what}; connector pull first, or name another")


def is_copy(key: str) -> bool:
    """Whether this is the key of a copy."""
    return key.startswith("nps-r-")


def copy_key(key: str) -> str:
    """The key of the copy of a write-back."""
    return key.replace("nps-", "nps-r-", 1)


def _alone(write_backs: Iterable[WriteBack], there: Collection[str]) -> Iterator[WriteBack]:
    """Those that join a ticket which is not rehearsed open one of their own, and their notes go there."""
    write_backs = tuple(write_backs)
    alone = {
        wb.depends_on: wb.key
        for wb in write_backs
        if isinstance(wb.change, JoinTicket) and wb.depends_on and wb.depends_on not in there
    }
    for wb in write_backs:
        if isinstance(wb.change, JoinTicket) and wb.depends_on in alone:
            yield replace(wb, change=wb.change.ticket, depends_on=None)
        else:
            yield replace(wb, depends_on=alone.get(wb.depends_on or "", wb.depends_on))


def _ticket(ticket: OpenTicket, rehearsal: Rehearsal, company_id: str) -> OpenTicket:
    # status, type and team belong to their board, an agreement to its company; the test board's own are there for sure
    return replace(
        ticket,
        company_id=company_id,
        own_company=False,
        contact_id=None,
        contact_name="",
        contact_email="",
        contact_phone="",
        board=rehearsal.board,
        status="",
        type="",
        subtype="",
        item="",
        team="",
        agreement="",
        summary=f"{_MARK} {ticket.summary}",
    )
