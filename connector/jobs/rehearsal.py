"""Rehearsal copies: every CRM write on the named test company and board, every mail to one mailbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.config import Config
from connector.domain import AddNote, Change, Notify, OpenTicket, RecordResponse, WriteBack


def copies(write_backs: Iterable[WriteBack], config: Config, company_id: str) -> tuple[WriteBack, ...]:
    """One copy of each write-back on the test company, under a key of its own: the live one is still to be done.

    Writes that need a contact become internal notes on the rehearsal's ticket where the rule opens one, else nothing:
    a rehearsal never touches a real contact.
    """
    rehearsal = config.rehearsal
    if rehearsal is None:
        return ()
    write_backs = tuple(write_backs)
    tickets = {wb.rule_id: wb.key for wb in write_backs if isinstance(wb.change, OpenTicket)}
    made = []
    for wb in write_backs:
        change: Change
        parent = wb.depends_on or tickets.get(wb.rule_id)
        match wb.change:
            case OpenTicket() as ticket:
                summary = f"[Rehearsal] {ticket.summary}"
                # a status belongs to its board; the test board's own default is there for sure
                change = replace(
                    ticket, company_id=company_id, contact_id=None, board=rehearsal.board, status="", summary=summary
                )
                parent = None
            case Notify() as notify:
                subject = f"[Rehearsal] {notify.subject}"
                change = replace(notify, to=(rehearsal.mail_to,) if notify.to else (), subject=subject)
                parent = None
            case RecordResponse(note=note) if parent:
                change = AddNote(on="ticket", contact_id=None, text=f"[Rehearsal] would be recorded: {note}")
            case AddNote(text=text) if parent:
                change = AddNote(on="ticket", contact_id=None, text=f"[Rehearsal] {text}")
            case _:
                continue
        made.append(replace(wb, key=_key(wb.key), change=change, depends_on=_key(parent) if parent else None))
    return tuple(made)


def _key(key: str) -> str:
    return key.replace("nps-", "nps-r-", 1)
