"""How a ticket of ours stands, and what became of the follow-up by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TicketState(StrEnum):
    OPEN = "open"
    CLOSED_BY_PERSON = "closed_by_person"
    CLOSED_AUTOMATICALLY = "closed_automatically"
    MERGED = "merged"
    DELETED = "deleted"
    NOT_VISIBLE = "not_visible"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketStatus:
    """How a ticket of ours stands: state, the CRM's own word for it, and who touched it last.

    `touched_at` is the last edit by a person; `owner_mail` is empty where the owner is inactive or has no address.
    """

    record_id: str
    state: TicketState
    status: str = ""
    by: str = ""
    merged_into: str | None = None
    key: str = ""  # ours, as the ticket carries it
    board: str = ""
    company_id: str = ""
    owner: str = ""
    owner_mail: str = ""
    opened_at: datetime | None = None
    touched_at: datetime | None = None
    closed_at: datetime | None = None


class FollowUpState(StrEnum):
    """What became of the follow-up of an answer, by how its ticket stands (rules/follow_up.py has the table)."""

    OPEN = "open"
    FOLLOWED_UP = "followed_up"
    CLOSED_WITHOUT_CONTACT = "closed_without_contact"
    DELETED = "deleted"
    NOT_VISIBLE = "not_visible"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """The follow-up of one answer by one ticket, as last watched. `key` is that of the write-back that opened it.

    `merged_into` is the ticket at the end of the merges; state, status, owner and closing are then that ticket's.
    """

    key: str
    connection: str
    response_key: str
    ticket_id: str
    opened_at: datetime
    due_at: datetime | None = None
    state: FollowUpState = FollowUpState.OPEN
    status: str = ""
    owner: str = ""
    first_touch_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    merged_into: str | None = None
    checked_at: datetime | None = None
