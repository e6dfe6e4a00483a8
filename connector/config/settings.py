"""The keys of the file that belong to no other room: answers, limits, rehearsal, storage, and the whole composed.

The rooms' own models (audiences, cleaning, caps, rules, calendar) are used as they stand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

from connector.campaigns.settings import Caps
from connector.config.service import Listen, Schedule
from connector.domain import Mode
from connector.rules.follow_up_settings import FollowUps
from connector.rules.settings import Rules
from connector.sync.settings import Audience, Cleaning, SpanText
from connector.timespan import parse_span

NAME = re.compile(r"[a-z0-9-]{1,40}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"\x00-\x1f\x7f]{1,64}@[^\s@<>,;:\"\x00-\x1f\x7f]{1,255}")


def _beside(path: Path, info: ValidationInfo) -> Path:
    """Relative paths are meant from the folder of the configuration file, wherever the command was started."""
    base = (info.context or {}).get("base")
    return path if base is None else Path(base) / path


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("must be one e-mail address, such as nps-test@example.com")
    return text


def _percent(value: object) -> float:
    """`20 %`, `20%` or the number alone."""
    found = re.fullmatch(r"\s*(\d{1,3}(?:\.\d+)?)\s*%?\s*", str(value))
    if not found or isinstance(value, bool) or float(found[1]) > 100:
        raise ValueError(f"{value!r} is no share; write for example 20 %")
    return float(found[1])


Percent = Annotated[
    float,
    PlainValidator(_percent),
    PlainSerializer(lambda share: f"{share:g} %", return_type=str),
    WithJsonSchema({"type": ["string", "number"], "examples": ["20 %"]}),
]
ConfigPath = Annotated[Path, AfterValidator(_beside)]
MailAddress = Annotated[str, AfterValidator(_address)]
Name = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """What all sections share: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, validate_default=True)


class Answers(Section):
    """Where answers come from and what happens to them first."""

    folder: ConfigPath | None = Field(
        default=None, description="Folder that is watched for files of answers (*.csv, *.jsonl); relative to this file."
    )
    from_: list[str] = Field(
        default=[],
        alias="from",
        description="Connections whose own surveys are read for answers too, such as HubSpot's.",
    )
    connection: str | None = Field(
        default=None, description="Connection whose contacts the answers belong to, where a row does not say."
    )
    campaign: str = Field(default="", max_length=100, description="Campaign of an answer whose row does not name one.")
    settle: SpanText = Field(
        default=parse_span("15 minutes"),
        description="How long an answer may still be changed before its rules act.",
    )
    rules_within: SpanText = Field(
        default=parse_span("7 days"),
        description="Answers older than this are stored, but no rule acts on them.",
    )


class Limits(Section):
    """Fuses: what is beyond waits, and the admin is told."""

    gone: Percent = Field(
        default=20.0,
        description="A full pull that misses a larger share of the known contacts or companies is not believed: "
        "nobody is marked as gone. Ten may always be missing, if others were shown.",
        json_schema_extra={"default": "20 %"},
    )
    tickets_per_day: int = Field(default=10, ge=0, le=10_000, description="Tickets opened within any 24 hours.")
    tickets_per_owner: int = Field(
        default=5, ge=0, le=10_000, description="Tickets opened for one owner within any 24 hours."
    )


class Rehearsal(Section):
    """Where effects go in mode rehearsal, instead of to customers and colleagues."""

    company: Name | dict[str, Name] = Field(
        description="Identifier, name or id of the test company; every ticket goes there. One for all connections, or "
        "one by connection: {psa: acme, sf: Acme Ltd}.",
    )
    board: str = Field(
        default="",
        description="The test board (pipeline, record type); every ticket goes there. ConnectWise needs one.",
    )
    mail_to: MailAddress = Field(description="Address that gets every mail.")

    def company_on(self, connection: str) -> str:
        """The test company as a connection calls it; empty where `company` is by connection and leaves it out."""
        return self.company if isinstance(self.company, str) else self.company.get(connection, "")

    def companies(self) -> str:
        """The test company for people: `acme`, or `acme on psa, Acme Ltd on sf`."""
        if isinstance(self.company, str):
            return self.company
        return ", ".join(f"{company} on {name}" for name, company in self.company.items())


class Storage(Section):
    """What is kept, and where."""

    data: ConfigPath = Field(default=Path("nps-data"), description="Folder of the database; relative to this file.")
    keep_exchanges: SpanText = Field(
        default=parse_span("90 days"), description="How long recorded requests and answers are kept for replay."
    )
    keep_jobs: SpanText = Field(
        default=parse_span("180 days"), description="How long is kept what was done when, and how it ended."
    )
    keep_exchanges_mb: int = Field(default=2000, ge=0, description="How many megabytes of them are kept at most.")


class Document(Section):
    """The whole file. `connections` are checked one by one against the settings of their adapter."""

    mode: Mode = Field(default=Mode.PREVIEW, description="How far effects may go; preview writes and sends nothing.")
    connections: dict[str, Any] = Field(description="The accounts in other systems, by a name of your choice.")
    audiences: dict[str, Audience] = Field(default_factory=dict, description="Who is asked, by a name of your choice.")
    cleaning: Cleaning = Field(default_factory=Cleaning, description="What becomes of doubtful addresses.")
    caps: Caps = Field(default_factory=Caps, description="How often a person, how many of a company are asked.")
    rules: Rules = Field(default=(), description="What happens upon an answer.")
    answers: Answers = Field(default_factory=Answers, description=Answers.__doc__)
    follow_up: FollowUps = Field(default_factory=FollowUps, description=FollowUps.__doc__)
    limits: Limits = Field(default_factory=Limits, description=Limits.__doc__)
    rehearsal: Rehearsal | None = Field(default=None, description=Rehearsal.__doc__)
    storage: Storage = Field(default_factory=dict, validate_default=True, description=Storage.__doc__)
    schedule: Schedule = Field(default_factory=Schedule, description=Schedule.__doc__)
    listen: Listen = Field(default_factory=Listen, description=Listen.__doc__)
