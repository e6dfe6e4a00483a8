"""What admins select and rules may name: segments of each facet, and the portal's catalogues.

A segment of a type facet is one option of the property that the settings name: its internal value is the id, its label
the name. A list is a marketing group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from connector.adapters.hubspot.both_ends import ID
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.lists import Lists
from connector.adapters.hubspot.meaning import is_missing
from connector.adapters.hubspot.names import folded
from connector.adapters.hubspot.owners import Owners, called
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS, TASKS, TICKETS
from connector.adapters.hubspot.wire_types import (
    CompanyProperties,
    Nothing,
    WireObject,
    WirePage,
    WirePipeline,
    WireProperty,
)
from connector.domain import Facet, Segment
from connector.errors import ConfigError, RejectedError

CALLED = "companies called "
_CHOICES = {
    "priorities": (TICKETS, "hs_ticket_priority"),
    "types": (TICKETS, "hs_ticket_category"),
    "sources": (TICKETS, "source_type"),
    "task_types": (TASKS, "hs_task_type"),
    "task_statuses": (TASKS, "hs_task_status"),
}
_FIELDS = {"custom_fields": CONTACTS, "company_fields": COMPANIES}
Named = list[tuple[str, str]]


class Segments:
    """Every answer is read anew; nothing is kept but the lists, for the pull that follows."""

    def __init__(self, portal: Portal, lists: Lists, owners: Owners) -> None:
        self._portal, self._lists, self._owners = portal, lists, owners

    def of(self, facet: Facet) -> list[Segment]:
        """Every segment of a facet, by name."""
        if facet is Facet.MARKETING_GROUP:
            found = [(each.list_id, each.name) for each in self._lists.all()]
        else:
            found = self._options(*self._property(facet), what=facet.value)
        return [Segment(facet=facet, id=each, name=name) for each, name in _by_name(found)]

    def count(self, segment: Segment) -> int:
        """Contacts or companies with a value of the property, or members of a list; one call."""
        if segment.facet is Facet.MARKETING_GROUP:
            return self._lists.size(segment.id)
        kind, name = self._property(segment.facet)
        filters = [{"propertyName": name, "operator": "CONTAINS_TOKEN", "value": segment.id}]
        body = {"filterGroups": [{"filters": filters}], "properties": [ID], "limit": 1}
        found = self._portal.ask(self._portal.path("search", type=kind), body, WirePage[WireObject[Nothing]])
        return found.total if found.total is not None else len(found.results)

    def catalogue(self, thing: str) -> Named:
        """(id, name) of each; members by the address that `member:<e-mail>` takes. Raises ConfigError."""
        what, of, board = thing.partition(" of ")
        if thing.startswith(CALLED):
            return self._companies_called(thing.removeprefix(CALLED).strip())
        if of and what == "statuses":
            return self._stages(board)
        if what in _CHOICES:  # "types of <board>" too: a category is not below a pipeline
            kind, name = _CHOICES[what]
            return _by_name(self._options(kind, name, what=what))
        plain: dict[str, Callable[[], Named]] = {
            "boards": lambda: [(each.id, each.label) for each in self._pipelines()],
            "members": lambda: [(each.id, called(each)) for each in self._owners.members()],
            "lists": lambda: [(each.list_id, each.name) for each in self._lists.all()],
            "static_lists": lambda: [(each.list_id, each.name) for each in self._lists.all() if not each.is_active],
            **{name: lambda kind=kind: self._fields(kind) for name, kind in _FIELDS.items()},  # type: ignore[misc]
        }
        if thing not in plain:
            known = sorted([*plain, *_CHOICES, "statuses of <pipeline>"])
            raise ConfigError(f"hubspot has no catalogue {thing!r}; it has {', '.join(known)}")
        return _by_name(plain[thing]())

    def _property(self, facet: Facet) -> tuple[str, str]:
        settings = self._portal.settings
        return (CONTACTS, settings.contact_type) if facet is Facet.CONTACT_TYPE else (COMPANIES, settings.company_type)

    def _options(self, kind: str, name: str, *, what: str) -> Named:
        """The options of a property. RejectedError where it is not there, or can be anything."""
        try:
            found = self._portal.get(self._portal.path("property", type=kind, name=name), WireProperty)
        except RejectedError as error:
            if not is_missing(error):
                raise
            raise RejectedError(
                f'{what}: {kind} of this portal have no property "{name}"; write its internal name '
                "(HubSpot: Settings, Properties)",
                code="UnknownName",
                status=404,
            ) from None
        if not found.options and found.type not in ("enumeration", "bool"):
            raise RejectedError(
                f'{what}: property "{name}" of {kind} is a {found.type or "text"}; name one that has options',
                code="NoOptions",
            )
        return [(each.value, each.label or each.value) for each in found.options if each.value]

    def _pipelines(self) -> list[WirePipeline]:
        found = self._portal.get(self._portal.path("pipelines", type=TICKETS), WirePage[WirePipeline])
        return [each for each in found.results if not each.archived]

    def _stages(self, board: str) -> Named:
        """In their own order."""
        wanted = folded(board)
        for each in self._pipelines():
            if wanted in (folded(each.label), each.id):
                return [(stage.id, stage.label) for stage in each.stages if not stage.archived]
        raise ConfigError(f'the portal has no ticket pipeline "{board}"')

    def _fields(self, kind: str) -> Named:
        """By label, and by internal name too where that is not the same: rules may write either."""
        found = self._portal.get(self._portal.path("properties", type=kind), WirePage[WireProperty])
        there = [each for each in found.results if not each.archived]
        names = [(each.name, each.label or each.name) for each in there]
        return names + [(each.name, each.name) for each in there if each.label and each.label != each.name]

    def _companies_called(self, term: str) -> Named:
        """(id, name) of the companies with this id, domain or name, case ignored."""
        if not term:
            return []
        wanted = folded(term)
        filters = [("name", "EQ", term), ("domain", "EQ", term)]
        if term.isdecimal():
            filters.append((ID, "EQ", term))
        body = {
            "filterGroups": [
                {"filters": [{"propertyName": name, "operator": operator, "value": value}]}
                for name, operator, value in filters
            ],
            "properties": ["name", "domain"],
            "limit": 100,
        }
        page = WirePage[WireObject[CompanyProperties]]
        found = self._portal.ask(self._portal.path("search", type=COMPANIES), body, page).results
        return _by_name(
            (row.id, row.properties.name or row.properties.domain or "")
            for row in found
            if wanted in (row.id, folded(row.properties.name or ""), folded(row.properties.domain or ""))
        )


def _by_name(found: Iterable[tuple[str, str]]) -> Named:
    return sorted(found, key=lambda pair: (pair[1].casefold(), pair[0]))
