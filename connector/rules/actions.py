"""What a rule does: the options of each action as an admin writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connector.rules import texts
from connector.rules.shapes import FILLED, Due, OneOrMore, Settings, Template, matching, wrong, wrong_at

LOG = "log"
OWN_WORDS: dict[str, tuple[str, ...]] = {
    "board": ("pipeline", "record_type"),
    "status": ("stage",),
    "type": ("category",),
    "source": ("origin",),
    "team": ("queue",),
}
"""What other CRMs call an option of a ticket; whichever word is written, the same is meant."""
TICKET_OPTIONS = (
    "board", "status", "priority", "type", "subtype", "item", "team", "source", "location", "agreement", "severity",
    "impact", "bill_time",
)  # fmt: skip
"""Options that mean something only where the CRM's tickets have the like; `AdapterSpec.ticket_options` says which."""
OWNER_STEPS = ("account_manager", "territory_manager")
"""By which one of our people is found for a company, where the CRM has the like; `AdapterSpec.owners` says which."""
Name = Annotated[str, Field(min_length=1)]
Level = Literal["Low", "Medium", "High"]
if TYPE_CHECKING:
    ActionId = str
    Owner = str
    Address = str
else:
    ActionId = matching("[a-z0-9_-]{1,40}", "is no id; write 1 to 40 of a-z, 0-9, - and _")
    Owner = matching(
        r"account_manager|territory_manager|member:\S+",
        "is no owner; write account_manager, territory_manager or member:<identifier>",
        words=OWNER_STEPS,
    )
    Address = matching(r"[^@\s,;<>]+@[^@\s,;<>]+", "is no address; write for example team@example.com")


class Options(Settings):
    """What every action has."""

    id: ActionId = Field(
        default="", description="stays the same when the action moves; default: its kind, with -2, -3 for more"
    )


class WrittenOptions(Options):
    """What every action has that is written into a CRM."""

    at: Name | None = Field(
        default=None,
        description="connection it is written at, to the contact there of the same person; "
        "default: the one the answer came from",
    )


class FieldCaptions(Settings):
    """The CRM's custom fields by caption; null leaves one out. Fields the CRM does not have are left out too."""

    score: Name | None = Field(default="NPS Score", description="field for the score, 0 to 10")
    band: Name | None = Field(default="NPS Band", description="field for detractor, passive or promoter")
    responded_at: Name | None = Field(default="NPS Date", description="field for the time of the answer")
    comment: Name | None = Field(default="NPS Comment", description="field for the comment")

    @model_validator(mode="after")
    def _distinct(self) -> FieldCaptions:
        used = [caption for _, caption in self if caption is not None]
        for caption in used:
            if used.count(caption) > 1:
                raise wrong(f'two values would go into the field "{caption}"; give each its own, or null')
        return self


class RecordResponseOptions(WrittenOptions):
    """Put the answer on the contact: custom fields and a note."""

    fields: FieldCaptions = Field(
        default_factory=FieldCaptions, description="captions of the custom fields for the answer"
    )
    note: Template = Field(default=texts.RESPONSE_NOTE, description="text of the note on the contact; empty: no note")


class OpenTicketOptions(WrittenOptions):
    """Open one follow-up ticket. The customer may see summary and discussion; score and words belong in internal.

    What is not written is left to the connection's settings, then to the CRM.
    """

    board: str = Field(default="", description="service board, pipeline or record type; ConnectWise needs one")
    pipeline: str = Field(default="", description="another word for board")
    record_type: str = Field(default="", description="another word for board")
    status: str = Field(default="", description="status the ticket starts in; empty: the board's default")
    stage: str = Field(default="", description="another word for status")
    priority: str = Field(default="", description="priority; empty: the CRM's default")
    owner: Annotated[tuple[Owner, ...], OneOrMore()] = Field(
        default=("account_manager",),
        description="who gets it: account_manager, territory_manager, member:<identifier>; the first that exists",
    )
    due: Due | None = Field(default=None, description="time until it is due, from the receipt of the answer")
    summary: Template = Field(default=texts.TICKET_SUMMARY, description="title; the customer may see it")
    discussion: Template = Field(default=texts.TICKET_DISCUSSION, description="first entry; the customer may see it")
    internal: Template = Field(default=texts.TICKET_INTERNAL, description="internal entry: score, words, what to do")
    bill_time: Literal["DoNotBill", "Billable", "NoCharge", "NoDefault"] = Field(
        default="DoNotBill", description="how time spent on it is billed"
    )
    group: Literal["company", "none"] = Field(
        default="company",
        description="company: a further answer of the company within 5 business days becomes a note on the open ticket",
    )
    type: str = Field(default="", description="ticket type, one of the board's")
    category: str = Field(default="", description="another word for type")
    subtype: str = Field(default="", description="ticket subtype, one of the board's")
    item: str = Field(default="", description="ticket item, one of the board's")
    team: str = Field(default="", description="team, one of the board's, or queue")
    queue: str = Field(default="", description="another word for team")
    source: str = Field(default="", description="where the ticket came from")
    origin: str = Field(default="", description="another word for source")
    location: str = Field(default="", description="location of the house that the ticket belongs to")
    agreement: str = Field(
        default="", description="agreement of the company it is booked on, where it has one so named"
    )
    severity: Level | None = Field(default=None, description="Low, Medium or High")
    impact: Level | None = Field(default=None, description="Low, Medium or High")
    company: Literal["customer", "own"] | None = Field(
        default=None, description="where it is opened: at the customer (default), or at your own company"
    )
    contact: Literal["linked", "text", "none"] | None = Field(
        default=None, description="linked to the contact (default at the customer), named in text (at your own), or not"
    )
    confidential: bool = Field(
        default=False, description="at your own company, without the contact, and the answer's words internal only"
    )

    @model_validator(mode="after")
    def _said_once(self) -> OpenTicketOptions:
        for option, others in OWN_WORDS.items():
            written = [word for word in (option, *others) if getattr(self, word)]
            if len(written) > 1:
                raise wrong(f"{' and '.join(written)} are words for the same; leave all but one out")
        return self

    @model_validator(mode="after")
    def _goes_together(self) -> OpenTicketOptions:
        if self.confidential and self.company == "customer":
            raise wrong("a confidential ticket is opened at your own company; leave company out, or write company: own")
        if self.confidential and self.contact not in (None, "none"):
            raise wrong("a confidential ticket names no contact; leave contact out, or write contact: none")
        if self.at_own_company and self.contact == "linked":
            raise wrong("a contact cannot be linked to a ticket of another company; write contact: text, or none")
        for name in ("summary", "discussion") if self.confidential else ():
            # the defaults hold no words; reading them would load what reads templates
            if name in self.model_fields_set and (told := _tells(getattr(self, name))):
                raise wrong(
                    f"{name}: {', '.join(told)} may not stand there in a confidential ticket; write it in internal"
                )
        return self

    def word(self, option: str) -> str:
        """By which word an option is written; its own where it is not written at all."""
        return next((word for word in OWN_WORDS.get(option, ()) if getattr(self, word)), option)

    def said(self, option: str) -> str:
        """What is written for an option, by whichever word; empty where nothing is."""
        written: str = getattr(self, self.word(option)) or ""
        return written

    @property
    def at_own_company(self) -> bool:
        return self.confidential or self.company == "own"

    @property
    def shows_contact(self) -> str:
        """linked, text or none."""
        default = "none" if self.confidential else "text" if self.at_own_company else "linked"
        return self.contact or default


class AddNoteOptions(WrittenOptions):
    """Write a note on the contact, or on the ticket that the same rule opens."""

    on: Literal["contact", "ticket"] = Field(default="contact", description="contact, or the ticket this rule opens")
    text: Template = Field(default=texts.ANSWER, description="text of the note")
    internal: bool = Field(default=True, description="hidden from the customer")


class CreateTaskOptions(WrittenOptions):
    """Give one of our people a task about the contact. The customer does not see it."""

    summary: Template = Field(default=texts.TASK_SUMMARY, description="title, one line")
    text: Template = Field(default=texts.TASK_TEXT, description="what is to be done, and why")
    owner: Annotated[tuple[Owner, ...], OneOrMore()] = Field(
        default=("account_manager",),
        description="who gets it: account_manager, territory_manager, member:<identifier>; the first that exists",
    )
    due: Due | None = Field(default=None, description="time until it is due, from the receipt of the answer")
    type: str = Field(default="", description="type of the task; empty: the CRM's default")
    status: str = Field(default="", description="status it starts in; empty: the CRM's default")


class AddToGroupOptions(WrittenOptions):
    """Put the contact into a marketing group. Who is in it, or opted out of it, stays as he is."""

    group: Name = Field(description="marketing group")


class SetFieldOptions(WrittenOptions):
    """Set one custom field of the contact or its company. An older answer never overwrites a newer one."""

    on: Literal["contact", "company"] = Field(default="contact", description="the contact, or its company")
    field: Name = Field(description="caption of the custom field")
    value: Template = Field(description="what it is set to; empty clears it")
    responded_at: Name | None = Field(
        default=None, description="caption of a field for the time of the answer, set and compared with it"
    )

    @model_validator(mode="after")
    def _distinct(self) -> SetFieldOptions:
        if self.responded_at and self.responded_at.strip().casefold() == self.field.strip().casefold():
            raise wrong(f'two values would go into the field "{self.field}"; name another one under responded_at')
        return self


class NotifyOptions(Options):
    """Tell our own people. May not be repeated: nobody can be asked whether it arrived."""

    via: Name = Field(default=LOG, description="connection that sends it, or log")
    to: tuple[Address, ...] = Field(default=(), description="addresses it goes to; needed unless via is log")
    subject: Template = Field(default=texts.NOTIFY_SUBJECT, description="subject, one line")
    text: Template = Field(default=texts.NOTIFY_TEXT, description="text of the message")

    @model_validator(mode="after")
    def _reaches_somebody(self) -> NotifyOptions:
        if self.via != LOG and not self.to:
            raise wrong(f"a message by {self.via} goes to nobody; add to: [name@example.com], or use via: log")
        return self


AnyOptions = (
    RecordResponseOptions
    | OpenTicketOptions
    | AddNoteOptions
    | CreateTaskOptions
    | AddToGroupOptions
    | SetFieldOptions
    | NotifyOptions
)


class Action(Settings):
    """One action: its kind alone, or its kind with options."""

    record_response: RecordResponseOptions | None = Field(default=None, description="put the answer on the contact")
    open_ticket: OpenTicketOptions | None = Field(default=None, description="open a follow-up ticket")
    add_note: AddNoteOptions | None = Field(default=None, description="write a note")
    create_task: CreateTaskOptions | None = Field(default=None, description="give one of our people a task")
    add_to_group: AddToGroupOptions | None = Field(default=None, description="put the contact into a marketing group")
    set_field: SetFieldOptions | None = Field(default=None, description="set a custom field of contact or company")
    notify: NotifyOptions | None = Field(default=None, description="tell our own people")

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {value: {}}
        if isinstance(value, dict):
            if len(value) != 1:
                raise wrong("an action is one name; write each action as an entry of its own (- …)")
            return {kind: {} if options is None else options for kind, options in value.items()}
        return value

    @property
    def kind(self) -> str:
        return next(iter(self.model_fields_set))

    @property
    def options(self) -> AnyOptions:
        found: AnyOptions = getattr(self, self.kind)
        return found

    @property
    def id(self) -> str:
        return self.options.id

    @property
    def at(self) -> str:
        """The connection it is written at, where one is named."""
        options = self.options
        return "" if isinstance(options, NotifyOptions) else options.at or ""


class OrKind:
    """Mark on an Action for the JSON schema: its kind alone will do, where no option is required."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [
                {"type": "string", "enum": ["record_response", "open_ticket", "add_note", "create_task", "notify"]},
                handler(schema),
            ]
        }


def _with_ids(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Each action with its id. Position counts within a kind, so naming one does not rename the next."""
    named: list[Action] = []
    seen: dict[str, int] = {}
    for position, action in enumerate(actions):
        seen[action.kind] = seen.get(action.kind, 0) + 1
        own = action.id or (action.kind if seen[action.kind] == 1 else f"{action.kind}-{seen[action.kind]}")
        if any(other.id == own for other in named):
            raise wrong_at(f'two actions of this rule have the id "{own}"', position, action.kind, "id", given=own)
        named.append(action.model_copy(update={action.kind: action.options.model_copy(update={"id": own})}))
    for position, action in enumerate(named):
        if action.add_note and action.add_note.on == "ticket" and "open_ticket" not in seen:
            remedy = "this rule opens no ticket; add open_ticket, or write on: contact"
            raise wrong_at(remedy, position, "add_note", "on", given="ticket")
        if action.add_note and action.add_note.on == "ticket" and action.at:
            remedy = "a note on a ticket stands where the ticket does; leave at out"
            raise wrong_at(remedy, position, "add_note", "at", given=action.at)
        if action.add_note and action.add_note.on == "ticket" and not action.add_note.internal and _confidential(named):
            remedy = "notes on a confidential ticket are internal; leave internal out"
            raise wrong_at(remedy, position, "add_note", "internal", given=False)
    return tuple(named)


def _confidential(actions: Iterable[Action]) -> bool:
    return any(action.open_ticket is not None and action.open_ticket.confidential for action in actions)


def _tells(source: str) -> list[str]:
    """The names in a template by which an answer's words or score would be told."""
    from connector.rules.templates import mentions

    return mentions(source, ("response.score", "response.band", "response.comment", "before", "company_answers"))


Actions = Annotated[tuple[Annotated[Action, OrKind()], ...], *FILLED, AfterValidator(_with_ids)]
"""The actions of one rule, in the order written, each with an id of its own."""
