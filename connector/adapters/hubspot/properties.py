"""The properties of contacts, companies, tickets and custom objects: which there are, by label or internal name.

https://developers.hubspot.com/docs/api-reference/crm-properties-v3. Labels need not be unique; internal names are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.names import folded
from connector.adapters.hubspot.written_types import WireProperties, WireProperty
from connector.errors import RejectedError


class Properties:
    """Each kind of record's are read once in a session."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._known: dict[str, dict[str, WireProperty]] = {}

    def of(self, kind: str) -> dict[str, WireProperty]:
        """By internal name. Raises RejectedError where none is shown: every kind of record has some, so an answer would
        be written without its fields, or a value never given back, only because they could not be seen."""
        if kind not in self._known:
            found = self._portal.get(self._portal.path("properties", type=kind), WireProperties).results
            if not found:
                raise RejectedError(
                    f"HubSpot shows no property of {kind} at all; see that the token may read them "
                    "(crm.schemas), and try again",
                    code="NotVisible",
                )
            self._known[kind] = {each.name: each for each in found if not each.archived}
        return self._known[kind]

    def forget(self, kind: str) -> None:
        """So that they are read again: one was created."""
        self._known.pop(kind, None)

    def named(self, kind: str, caption: str) -> WireProperty | None:
        """The property of that internal name, else of that label (case ignored); None where there is none.

        Raises RejectedError where several have the label.
        """
        known, wanted = self.of(kind), folded(caption)
        if wanted in known:
            return known[wanted]
        found = [each for each in known.values() if folded(each.label or "") == wanted]
        if len(found) > 1:
            found = [each for each in found if not each.hidden and settable(each)] or found
        if len(found) > 1:
            names = ", ".join(sorted(each.name for each in found))
            raise RejectedError(
                f'{len(found)} properties of {kind} are called "{caption[:80]}": write the internal name of the one '
                f"you mean ({names})",
                code="SameName",
            )
        return found[0] if found else None

    def chosen(self, kind: str, captions: Iterable[str]) -> Mapping[str, WireProperty]:
        """By caption as given, those that the portal has and that can be set."""
        found = {caption: self.named(kind, caption) for caption in captions}
        return {caption: each for caption, each in found.items() if each is not None and settable(each)}


def settable(each: WireProperty) -> bool:
    read_only = each.modification_metadata is not None and each.modification_metadata.read_only_value
    return not each.calculated and not read_only and each.field_type not in ("calculation_equation", "file")
