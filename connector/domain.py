"""The nouns. Values only: frozen, keyword-only, standard library only.

Every word here is in docs/glossary.md with the same meaning. Identity of a contact or company is
(connection, id as the CRM gives it, always text), never an e-mail address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

ADDED = {"added": True}
"""Marks a field that earlier versions did not have: journals leave it out while it has its default, so that theirs,
which never knew it, still replay without a difference."""


class Band(StrEnum):
    """Where a score stands. The one place that knows the thresholds (detractor 0-6, passive 7-8, promoter 9-10)."""

    DETRACTOR = "detractor"
    PASSIVE = "passive"
    PROMOTER = "promoter"

    @classmethod
    def of(cls, score: int) -> Band:
        if not 0 <= score <= 10:
            raise ValueError(f"an NPS score is 0 to 10, not {score}")
        if score >= 9:
            return cls.PROMOTER
        return cls.PASSIVE if score >= 7 else cls.DETRACTOR


class Mode(StrEnum):
    """How far effects may go: nothing, only the named test company and mailbox, or everywhere."""

    PREVIEW = "preview"
    REHEARSAL = "rehearsal"
    LIVE = "live"


class Facet(StrEnum):
    CONTACT_TYPE = "contact_type"
    COMPANY_TYPE = "company_type"
    MARKETING_GROUP = "marketing_group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One value of a facet as it exists in the CRM. `id` is remembered; `name` is what people read and may change."""

    facet: Facet
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact as last pulled. `email` is the CRM's default address, untouched; `opted_out` None means unknown."""

    connection: str
    id: str
    first_name: str = ""
    last_name: str = ""
    title: str = ""
    email: str = ""
    other_emails: tuple[str, ...] = ()
    phone: str = ""
    company_id: str | None = None
    type_ids: tuple[str, ...] = ()
    inactive: bool = False
    opted_out: bool | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company as last pulled. `own` is the house that runs the connector; flags are None where the CRM is silent.

    `identifier` is the short code people know it by, where the CRM has one.
    """

    connection: str
    id: str
    name: str = ""
    identifier: str = ""
    type_ids: tuple[str, ...] = ()
    deleted: bool = False
    inactive: bool = False
    own: bool = False
    vendor: bool = False
    lead: bool = False
    opted_out: bool | None = None
    default_contact_id: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One row of a marketing group: a contact, or a company that stands for all its contacts or its default contact."""

    connection: str
    group_id: str
    contact_id: str | None = None
    company_id: str | None = None
    all_contacts: bool = False
    default_contact: bool = False
    opted_out: bool | None = None


class Reason(StrEnum):
    """Why a contact is not asked. `REASON_TEXT` says each in the plain words people read."""

    OUTSIDE_CONTACT_TYPE = "outside_contact_type"
    OUTSIDE_COMPANY_TYPE = "outside_company_type"
    OUTSIDE_MARKETING_GROUP = "outside_marketing_group"
    OPTED_OUT_CONTACT = "opted_out_contact"
    OPTED_OUT_COMPANY = "opted_out_company"
    OPTED_OUT_GROUP = "opted_out_group"
    SUPPRESSED = "suppressed"
    CONSENT_UNKNOWN = "consent_unknown"
    EXCLUDED_CONTACT_TYPE = "excluded_contact_type"
    EXCLUDED_COMPANY_TYPE = "excluded_company_type"
    EXCLUDED_MARKETING_GROUP = "excluded_marketing_group"
    GONE = "gone"
    NO_COMPANY = "no_company"
    COMPANY_NOT_VISIBLE = "company_not_visible"
    COMPANY_DELETED = "company_deleted"
    COMPANY_INACTIVE = "company_inactive"
    OWN_COMPANY = "own_company"
    VENDOR = "vendor"
    LEAD = "lead"
    CONTACT_INACTIVE = "contact_inactive"
    NO_ADDRESS = "no_address"
    MALFORMED = "malformed"
    TECHNICAL_MAILBOX = "technical_mailbox"
    DISPOSABLE = "disposable"
    ROLE_ADDRESS = "role_address"
    BOUNCED = "bounced"
    REPLACED = "replaced"
    STALE_AGE = "stale_age"
    DUPLICATE = "duplicate"
    ASKED_RECENTLY = "asked_recently"
    COMPANY_QUOTA = "company_quota"


REASON_TEXT: dict[Reason, str] = {
    Reason.OUTSIDE_CONTACT_TYPE: "has none of the audience's contact types",
    Reason.OUTSIDE_COMPANY_TYPE: "company has none of the audience's company types",
    Reason.OUTSIDE_MARKETING_GROUP: "is in none of the audience's marketing groups",
    Reason.OPTED_OUT_CONTACT: "opted out as a contact",
    Reason.OPTED_OUT_COMPANY: "the company opted out",
    Reason.OPTED_OUT_GROUP: "opted out of the marketing group",
    Reason.SUPPRESSED: "suppressed here (connector suppress)",
    Reason.CONSENT_UNKNOWN: "the CRM does not say whether the contact opted out",
    Reason.EXCLUDED_CONTACT_TYPE: "has an excluded contact type",
    Reason.EXCLUDED_COMPANY_TYPE: "company has an excluded company type",
    Reason.EXCLUDED_MARKETING_GROUP: "is in an excluded marketing group",
    Reason.GONE: "gone from the CRM, or from what is pulled",
    Reason.NO_COMPANY: "belongs to no company",
    Reason.COMPANY_NOT_VISIBLE: "the company is not visible to this key",
    Reason.COMPANY_DELETED: "the company is deleted",
    Reason.COMPANY_INACTIVE: "the company is inactive",
    Reason.OWN_COMPANY: "belongs to your own company",
    Reason.VENDOR: "the company is a vendor",
    Reason.LEAD: "the company is only a lead",
    Reason.CONTACT_INACTIVE: "the contact is inactive",
    Reason.NO_ADDRESS: "has no e-mail address",
    Reason.MALFORMED: "the address cannot exist",
    Reason.TECHNICAL_MAILBOX: "the address is a technical mailbox",
    Reason.DISPOSABLE: "the address is a throw-away one",
    Reason.ROLE_ADDRESS: "a role address beside personal ones",
    Reason.BOUNCED: "the address bounced",
    Reason.REPLACED: "replaced by a newer contact",
    Reason.STALE_AGE: "not changed for a long time",
    Reason.DUPLICATE: "duplicate of a surviving contact",
    Reason.ASKED_RECENTLY: "asked recently",
    Reason.COMPANY_QUOTA: "enough people of the company are asked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason that holds for a contact: the rule that says so, the value seen, and when it ends, where it does."""

    reason: Reason
    rule: str = ""
    seen: str = ""
    eligible_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one contact in one plan. No findings: invited. Else excluded; the first finding decides.

    `notes` are findings that only report (stale by age, say) and exclude nobody.
    """

    contact_id: str
    person_id: str | None = None
    company_id: str | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def invited(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer. `key` is stable for the same answer from the same source; `revision` counts its changes from 1."""

    key: str
    connection: str
    source: str
    external_id: str
    score: int
    responded_at: datetime
    received_at: datetime
    comment: str = ""
    contact_id: str | None = None
    company_id: str | None = None
    person_id: str | None = None
    email: str = ""
    campaign: str = ""
    wave: str = ""
    channel: str = ""
    revision: int = 1

    @property
    def band(self) -> Band:
        return Band.of(self.score)


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


class EffectClass(StrEnum):
    """How a repeated effect is told from a first one; see docs/architecture.md, law 2."""

    KEYED = "keyed"
    MARKED = "marked"
    CONVERGENT = "convergent"
    UNKEYED = "unkeyed"


class WriteBackState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBack:
    """A Change in the outbox. `key` ([a-z0-9-], at most 40 characters) is what makes it recognisable in the CRM."""

    key: str
    connection: str
    change: Change
    response_key: str
    revision: int
    rule_id: str
    action_id: str
    not_before: datetime
    depends_on: str | None = None
    state: WriteBackState = WriteBackState.WAITING

    @property
    def kind(self) -> str:
        return KIND_OF_CHANGE[type(self.change)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The other system's answer to one write-back. Final: nothing is recreated because a person deleted it.

    `before` is what was overwritten: by caption the value a field had, `member` whether the contact was in the group.
    None: nothing was, or nobody knows (it was found there).
    """

    key: str
    record_id: str
    record_type: (
        str  # ticket | ticket_update | contact_note | ticket_note | task | contact | company | group | log | mail
    )
    link: str = ""
    already_there: bool = False
    before: dict[str, str | int | float | bool | None] | None = field(default=None, metadata=ADDED)


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
