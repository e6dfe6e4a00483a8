"""What the writing side reads of HubSpot's answers: only the members it uses.

https://developers.hubspot.com/docs/api-reference/crm-tickets-v3: all values of properties are texts.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class WireValue(Struct, rename="camel", gc=False):
    """One value that a property has or had, and what set it."""

    value: str | None = None
    timestamp: str | None = None
    source_type: str | None = None
    source_id: str | None = None
    updated_by_user_id: int | str | None = None


class WireRecord(Struct, rename="camel"):
    id: str
    properties: dict[str, str | None] = {}
    properties_with_history: dict[str, list[WireValue]] | None = None
    created_at: str | None = None
    updated_at: str | None = None
    archived: bool | None = None
    archived_at: str | None = None
    object_write_trace_id: str | None = None


class WireProblem(Struct, rename="camel"):
    """One row's refusal inside of a batch that was accepted (207)."""

    status: str | None = None
    category: str | None = None
    sub_category: str | None = None
    message: str | None = None
    errors: list[dict[str, Any]] | None = None
    context: dict[str, Any] | None = None


class WireProblems(Struct, rename="camel"):
    """What a batch was refused, of an answer of which nothing else is needed."""

    errors: list[WireProblem] | None = None
    num_errors: int | None = None


class WireBatch(Struct, rename="camel"):
    results: list[WireRecord] = []
    errors: list[WireProblem] | None = None


class WireAfter(Struct, gc=False):
    after: str | None = None


class WirePaging(Struct, gc=False):
    next: WireAfter | None = None


class WireFound(Struct):
    """A page of records: of a list, or of a search."""

    results: list[WireRecord] = []
    total: int | None = None
    paging: WirePaging | None = None


class WireFrom(Struct, gc=False):
    id: str | int


class WireTo(Struct, rename="camel", gc=False):
    to_object_id: str | int


class WireAssociation(Struct):
    from_: WireFrom = field(name="from")
    to: list[WireTo] = []
    paging: WirePaging | None = None


class WireAssociated(Struct):
    results: list[WireAssociation] = []
    errors: list[WireProblem] | None = None


class WireOption(Struct, rename="camel", gc=False):
    value: str = ""
    label: str | None = None
    hidden: bool | None = None


class WireModification(Struct, rename="camel", gc=False):
    read_only_value: bool | None = None


class WireProperty(Struct, rename="camel"):
    """How a property is set up."""

    name: str
    label: str | None = None
    type: str | None = None
    field_type: str | None = None
    group_name: str | None = None
    options: list[WireOption] | None = None
    has_unique_value: bool | None = None
    calculated: bool | None = None
    hidden: bool | None = None
    archived: bool | None = None
    modification_metadata: WireModification | None = None


class WireProperties(Struct):
    results: list[WireProperty] = []


class WireGroup(Struct, gc=False):
    name: str


class WireGroups(Struct):
    results: list[WireGroup] = []


class WireStage(Struct, rename="camel"):
    id: str
    label: str | None = None
    archived: bool | None = None
    display_order: int | None = None
    metadata: dict[str, Any] | None = None

    @property
    def closed(self) -> bool:
        """https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3: `ticketState` OPEN or CLOSED; some show
        `isClosed` beside it, or alone."""
        said = self.metadata or {}
        return str(said.get("ticketState", "")).upper() == "CLOSED" or str(said.get("isClosed", "")).lower() == "true"


class WirePipeline(Struct, rename="camel"):
    id: str
    label: str | None = None
    archived: bool | None = None
    display_order: int | None = None
    stages: list[WireStage] = []


class WirePipelines(Struct):
    results: list[WirePipeline] = []


class WireList(Struct, rename="camel"):
    list_id: str
    name: str | None = None
    processing_type: str | None = None
    object_type_id: str | None = None
    size: int | None = None
    additional_properties: dict[str, Any] | None = None


class WireLists(Struct, rename="camel"):
    lists: list[WireList] = []
    has_more: bool = False
    offset: int | None = None


class WireMember(Struct, rename="camel", gc=False):
    record_id: str | int


class WireMembers(Struct):
    results: list[WireMember] = []
    paging: WirePaging | None = None


class WireListOf(Struct, rename="camel", gc=False):
    list_id: str | int


class WireListsOf(Struct):
    results: list[WireListOf] = []


class WireAdded(Struct, rename="camel"):
    """`recordsIdsAdded` is how the vendor spells it; both are read."""

    records_ids_added: list[str | int] | None = None
    record_ids_added: list[str | int] | None = None
    record_ids_removed: list[str | int] | None = None
    record_ids_missing: list[str | int] | None = None


class WireNothing(Struct):
    """An answer of which nothing is needed."""
