"""What an admin writes about how often, and how many, people are asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

from connector.timespan import Span, parse_span


def calendar_span(value: object) -> Span:
    """Read `90 days`; a business span is refused, for a cool-down runs on plain days."""
    span = value if isinstance(value, Span) else parse_span(str(value))
    if span.business:
        raise ValueError(f"{span.text!r} needs a business calendar; write for example 90 days")
    return span


# The same lines stand in sync/settings.py: peers do not import each other, and timespan.py is standard library only.
SpanText = Annotated[
    Span,
    PlainValidator(calendar_span),
    PlainSerializer(lambda span: span.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["90 days", "18 months"]}),
]


class Caps(BaseModel):
    """How often one person, and how many people of one company, are asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cool_down: SpanText = Field(
        default=parse_span("90 days"),
        description="A person, or an address, asked within this time is not asked again, whatever the campaign.",
        json_schema_extra={"default": "90 days"},  # pydantic would print the parts of the Span
    )
    per_company: int = Field(
        default=3, ge=1, description="At most this many people of one company in one wave; longest not asked first."
    )
