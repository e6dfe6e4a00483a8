"""Which contacts a full pull needs: those of the types that every audience asks for, else everyone."""

from __future__ import annotations

from collections.abc import Collection

from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.soql import named, soql
from connector.domain import Facet
from connector.ports import Scope

MOST = 100
"""Types in one condition; with more, everyone is read."""


def contact_types(scope: Scope) -> frozenset[str]:
    """The types of which every contact in scope has one; none: contacts without such a type are in scope."""
    wanted: set[str] = set()
    for selection in scope.selections:
        types = selection.include.get(Facet.CONTACT_TYPE)
        if not types:
            return frozenset()
        wanted |= types
    return frozenset(wanted)


def of_types(described: Described, field_name: str, types: Collection[str]) -> str:
    """The condition for records with one of the types; "" where there is none to make, which means everyone."""
    field = described.fields.get(field_name.casefold())
    if field is None or not field.filterable or not types or len(types) > MOST:
        return ""
    name, wanted = named(field.name), sorted(types)
    if field.type == "multipicklist":
        return soql(f"{name} INCLUDES {{wanted}}", wanted=wanted)
    if field.type == "boolean":
        return f"{name} = {wanted[0]}" if wanted in (["true"], ["false"]) else ""
    if field.type in ("picklist", "combobox", "string", "reference"):
        return soql(f"{name} IN {{wanted}}", wanted=wanted)
    return ""
