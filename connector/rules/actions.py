"""What a rule does: the options of each action as an admin writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connector.rules import texts
from connector.rules.shapes import FILLED, Due, OneOrMore, Settings, Template, matching, wrong, wrong_at

LOG = "log"
Name = Annotated[str, Field(min_length=1)]
if TYPE_CHECKING:
    ActionId = str
    Owner = str
    Address = str
else:
    ActionId = matching("[a-z0-9_-]{1,40}", "is no id; write 1 to 40 of a-z, 0-9, - and _")
    Owner = matching(
        r"account_manager|territory_manager|member:\S+",
        "is no owner; write account_manager, territory_manager or member:<identifier>",
    )
    Address = matching(r"[^@\s,;<>]+@[^@\s,;<>]+", "is no address; write for example team@example.com")


class Options(Settings):
    """What every action has."""

    id: ActionId = Field(
        default="", description="stays the same when the action moves; default: its kind, with -2, -3 for more"
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


class RecordResponseOptions(Options):
    """Put the answer on the contact: custom fields and a note."""

    fields: FieldCaptions = Field(
        default_factory=FieldCaptions, description="captions of the custom fields for the answer"
    )
    note: Template = Field(default=texts.RESPONSE_NOTE, description="text of the note on the contact; empty: no note")


class OpenTicketOptions(Options):
    """Open one follow-up ticket. The customer may see summary and discussion; score and words belong in internal."""

    board: Name = Field(description="service board")
    status: str = Field(default="", description="status the ticket starts in; empty: the board's default")
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


class AddNoteOptions(Options):
    """Write a note on the contact, or on the ticket that the same rule opens."""

    on: Literal["contact", "ticket"] = Field(default="contact", description="contact, or the ticket this rule opens")
    text: Template = Field(default=texts.ANSWER, description="text of the note")
    internal: bool = Field(default=True, description="hidden from the customer")


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


class Action(Settings):
    """One action: its kind alone, or its kind with options."""

    record_response: RecordResponseOptions | None = Field(default=None, description="put the answer on the contact")
    open_ticket: OpenTicketOptions | None = Field(default=None, description="open a follow-up ticket")
    add_note: AddNoteOptions | None = Field(default=None, description="write a note")
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
    def options(self) -> RecordResponseOptions | OpenTicketOptions | AddNoteOptions | NotifyOptions:
        found = self.record_response or self.open_ticket or self.add_note or self.notify
        assert found is not None
        return found

    @property
    def id(self) -> str:
        return self.options.id


class OrKind:
    """Mark on an Action for the JSON schema: its kind alone will do, where no option is required."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "enum": ["record_response", "add_note", "notify"]}, handler(schema)]}


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
    return tuple(named)


Actions = Annotated[tuple[Annotated[Action, OrKind()], ...], *FILLED, AfterValidator(_with_ids)]
"""The actions of one rule, in the order written, each with an id of its own."""
