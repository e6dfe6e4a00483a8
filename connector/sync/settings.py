"""What an admin writes about audiences and cleaning. Every field carries the sentence the documentation prints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from connector.domain import Facet
from connector.timespan import Span, parse_span


def calendar_span(value: object) -> Span:
    """Read `18 months`; a business span is refused, for nothing here knows a business calendar."""
    span = value if isinstance(value, Span) else parse_span(str(value))
    if span.business:
        raise ValueError(f"{span.text!r} needs a business calendar; write for example 90 days or 18 months")
    return span


SpanText = Annotated[
    Span,
    PlainValidator(calendar_span),
    PlainSerializer(lambda span: span.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["90 days", "18 months"]}),
]
Name = Annotated[str, Field(min_length=1, pattern=r"\S")]
BuiltIn = Literal["own_company", "vendors", "leads", "no_company"]

FACET_FIELD: dict[Facet, str] = {
    Facet.CONTACT_TYPE: "contact_types",
    Facet.COMPANY_TYPE: "company_types",
    Facet.MARKETING_GROUP: "marketing_groups",
}


class _Room(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FacetLists(_Room):
    """Segment names by facet, as they are written in the CRM; case and outer spaces do not matter."""

    contact_types: list[Name] = Field(default=[], description="Contact types, by the name they have in the CRM.")
    company_types: list[Name] = Field(default=[], description="Company types, by the name they have in the CRM.")
    marketing_groups: list[Name] = Field(
        default=[], description="Marketing groups, by name; a company in a group stands for its contacts."
    )

    def names(self, facet: Facet) -> list[str]:
        """The names written for one facet, as written."""
        return list(getattr(self, FACET_FIELD[facet]))


class Audience(FacetLists):
    """Who a campaign may ask. Within a list any name counts, across lists all must hold; `exclude` wins."""

    from_: str = Field(alias="from", min_length=1, description="Name of the connection the contacts come from.")
    exclude: FacetLists = Field(
        default=FacetLists(), description="Contacts of these types or groups are never asked, whatever else holds."
    )

    @model_validator(mode="after")
    def _includes_somebody(self) -> Audience:
        if not (self.contact_types or self.company_types or self.marketing_groups):
            raise ValueError(
                "selects nobody: add at least one of contact_types, company_types, marketing_groups, "
                "for example company_types: [Managed Clients]"
            )
        return self


class Age(_Room):
    """When a contact that nobody has changed counts as old, and what follows."""

    over: SpanText = Field(
        default=parse_span("18 months"),
        description="Unchanged for longer than this counts as old.",
        json_schema_extra={"default": "18 months"},  # pydantic would print the parts of the Span
    )
    do: Literal["report", "exclude"] = Field(
        default="report", description="report: list such contacts but ask them; exclude: do not ask them."
    )


class Stale(_Room):
    """What counts as evidence that a contact is out of date."""

    bounced: Literal["exclude", "report"] = Field(
        default="exclude",
        description="What to do with an address that bounced for good, here or by what the CRM says of it.",
    )
    replaced: Literal["exclude", "report"] = Field(
        default="exclude",
        description="What to do with a contact when a newer one has the same name at the same company.",
    )
    age: Age = Field(default=Age(), description="What to do with contacts that were not changed for a long time.")


class Cleaning(_Room):
    """How contacts are cleaned before anyone is asked."""

    role_addresses: Literal["keep", "keep_if_only", "report", "exclude"] = Field(
        default="keep_if_only",
        description="info@, sales@ and the like. keep_if_only: asked only if the company has no personal address.",
    )
    stale: Stale = Field(default=Stale(), description="What counts as out of date, and what follows.")
    built_in: list[BuiltIn] = Field(
        default=["own_company", "vendors", "leads", "no_company"],
        description="Companies that are never asked: your own, vendors, leads; and contacts without a company.",
    )
