"""What an answer may bring about: an Action filled in for one Response, each kind a noun of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from connector.domain.added import ADDED


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResponse:
    """Put an answer on the contact: custom fields by caption (those the tenant has), and one marked note."""

    contact_id: str
    responded_at: datetime
    fields: dict[str, str | int | None] = field(default_factory=dict)
    responded_at_field: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """One follow-up ticket. `summary` and `discussion` may be seen by the customer; `internal` holds score and words.

    `owner` is a chain tried in order: account_manager, territory_manager, member:<identifier>. `own_company`: it is
    opened at the house's own company, and `company_id` (it may be empty then) says whose managers are meant. The
    contact's name, address and phone as text stand where a link to the contact is not wanted.
    """

    company_id: str
    contact_id: str | None
    board: str
    summary: str
    discussion: str = ""
    internal: str = ""
    priority: str = ""
    status: str = ""
    owner: tuple[str, ...] = ()
    due_at: datetime | None = None
    bill_time: str = "DoNotBill"
    own_company: bool = field(default=False, metadata=ADDED)
    type: str = field(default="", metadata=ADDED)
    subtype: str = field(default="", metadata=ADDED)
    item: str = field(default="", metadata=ADDED)
    team: str = field(default="", metadata=ADDED)
    source: str = field(default="", metadata=ADDED)
    location: str = field(default="", metadata=ADDED)
    agreement: str = field(default="", metadata=ADDED)
    severity: str = field(default="", metadata=ADDED)
    impact: str = field(default="", metadata=ADDED)
    contact_name: str = field(default="", metadata=ADDED)
    contact_email: str = field(default="", metadata=ADDED)
    contact_phone: str = field(default="", metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """A marked note on the contact, or on the ticket that another write-back (`depends_on`) opened."""

    on: str  # contact | ticket
    contact_id: str | None
    text: str
    internal: bool = True
    parent_id: str | None = None  # the ticket, known once the write-back it depends on has its receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    """One task for one of our people, about the contact; the customer does not see it. `owner` as of a ticket."""

    company_id: str
    contact_id: str | None
    summary: str
    text: str = ""
    owner: tuple[str, ...] = ()
    type: str = ""
    status: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToGroup:
    """Put the contact into a marketing group. Whoever is in it, or opted out of it, stays as he is."""

    contact_id: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetField:
    """Set one custom field of the contact or its company to a text. An older answer never overwrites a newer one.

    `responded_at_field` is the caption of the field, where one is named, that holds the time of the answer by which
    the value was set, and is set with it.
    """

    on: str  # contact | company
    record_id: str
    field: str
    value: str
    responded_at: datetime
    responded_at_field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTicket:
    """The answer changed: summary and priority of the ticket that another write-back (`depends_on`) opened.

    Only of a ticket that is open still; empty leaves as it is. The words go on it as a note of their own.
    """

    company_id: str
    summary: str
    priority: str = ""
    ticket_id: str | None = None  # known once the write-back it depends on has its receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTicket:
    """A note on the ticket of a colleague (`depends_on`) instead of a second one for the same company.

    `ticket` is what is opened all the same, under the same key, where that one turns out never to have been opened,
    or to be deleted. An adapter never sees this: it is given the note, or the ticket.
    """

    ticket: OpenTicket
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell our own people, by log or mail. Not repeatable: no other system can be asked whether it arrived."""

    subject: str
    text: str
    to: tuple[str, ...] = ()


Change = RecordResponse | OpenTicket | AddNote | CreateTask | AddToGroup | SetField | UpdateTicket | JoinTicket | Notify
CHANGES: dict[str, type[Change]] = {
    "record_response": RecordResponse,
    "open_ticket": OpenTicket,
    "add_note": AddNote,
    "create_task": CreateTask,
    "add_to_group": AddToGroup,
    "set_field": SetField,
    "update_ticket": UpdateTicket,
    "join_ticket": JoinTicket,
    "notify": Notify,
}
KIND_OF_CHANGE: dict[type[Change], str] = {cls: kind for kind, cls in CHANGES.items()}
