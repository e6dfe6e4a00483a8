"""Objects as this user may see them: which fields there are, and which of those wanted are hidden.

A field that field-level security hides is left out of describe without a word, and naming it in a query fails the
whole query: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from connector.adapters.salesforce.wire_types import RecordTypeInfo, WireDescribe, WireField

MASTER = "012000000000000AAA"
"""The record type of rows that have none of their own."""


class Described:
    """One object. Names are found whatever their case; labels too, where no field has that name."""

    def __init__(self, wire: WireDescribe) -> None:
        self.wire = wire
        self.name = wire.name

    @cached_property
    def fields(self) -> dict[str, WireField]:
        """By API name in lower case."""
        return {each.name.casefold(): each for each in self.wire.fields}

    def has(self, name: str) -> bool:
        return name.casefold() in self.fields

    def find(self, caption: str) -> WireField | None:
        """By API name, else by label; None where there is none, or two fields share the label."""
        wanted = caption.strip().casefold()
        if wanted in self.fields:
            return self.fields[wanted]
        same = [each for each in self.wire.fields if (each.label or "").strip().casefold() == wanted]
        return same[0] if len(same) == 1 else None

    def seen(self, names: Iterable[str]) -> list[str]:
        """Those that may be read, as the org writes them."""
        return [self.fields[name.casefold()].name for name in names if self.has(name)]

    def hidden(self, names: Iterable[str]) -> list[str]:
        """Those that are not there, or not for this user: nobody can tell which."""
        return [name for name in names if not self.has(name)]

    @property
    def record_types(self) -> list[RecordTypeInfo]:
        """The active ones, without the master, which stands for none."""
        return [each for each in self.wire.record_type_infos if each.active and not each.master]
