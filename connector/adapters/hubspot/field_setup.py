"""Properties that rules write to, and those that the connector itself needs: which are there, and creating the others.

https://developers.hubspot.com/docs/api-reference/crm-properties-v3: a property belongs to a group; whether its values
are unique is said when it is created, and never changes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS, TICKETS
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.visible import prove_credentials
from connector.adapters.hubspot.written_types import WireGroups, WireNothing, WireProperty
from connector.errors import ForbiddenError, OutcomeUnknownError, RejectedError
from connector.ports import FieldState, NeededField

LABEL_CAP = 100
_KINDS = {"contact": CONTACTS, "company": COMPANIES, "ticket": TICKETS}
_GROUP_LABEL = "NPS"
# The type of a new property: type and fieldType.
_TYPES = {
    "number": ("number", "number"),
    "text": ("string", "text"),
    "long text": ("string", "textarea"),
    "key": ("string", "text"),
}
_log = logging.getLogger(__name__)
_BY_HAND = "create it by hand: Settings > Properties"


class HubSpotFields:
    def __init__(self, portal: Portal) -> None:
        self._portal, self._properties = portal, Properties(portal)

    def needs(self) -> list[NeededField]:
        """What the connector needs beside the fields of rules."""
        return [
            NeededField(
                on="ticket",
                caption=self._portal.settings.ticket_key,
                holds="key",
                why="the connector: finds its tickets again, so that none is opened twice",
            ),
            NeededField(
                on="contact",
                caption=self._portal.settings.lists_property,
                holds="long text",
                why="the connector: tells whom it added to a list, so that only they can be taken out again",
            ),
        ]

    def states(self, needed: Sequence[NeededField]) -> list[FieldState]:
        return [self._state(each) for each in needed]

    def create(self, needed: NeededField) -> FieldState:
        """Look, then create once; an unclear answer is looked up before it is believed."""
        kind = _KINDS.get(needed.on, needed.on)
        self._properties.forget(kind)
        state = self._state(needed)
        if state.exists:
            return state
        if state.why_not:
            raise RejectedError(f'property "{needed.caption}": {state.why_not}', code="CannotCreate")
        try:
            self._create_group(kind)
            self._portal.write("POST", self._portal.path("properties", type=kind), self._body(needed), WireNothing)
        except ForbiddenError as error:
            prove_credentials(self._portal)  # raises where the token itself is refused
            raise RejectedError(f"this token may not create properties ({error}); {_BY_HAND}") from None
        except OutcomeUnknownError:
            self._properties.forget(kind)
            if not self._state(needed).exists:
                raise
        except RejectedError:
            self._properties.forget(kind)
            if not self._state(needed).exists:
                raise
        self._properties.forget(kind)
        return self._state(needed)

    def _create_group(self, kind: str) -> None:
        name, path = self._portal.settings.property_group, self._portal.path("property_groups", type=kind)
        if name in {each.name for each in self._portal.get(path, WireGroups).results}:
            return
        try:
            body = {"name": name, "label": _GROUP_LABEL, "displayOrder": -1}
            self._portal.write("POST", path, body, WireNothing)
        except (RejectedError, OutcomeUnknownError) as error:
            _log.info("group %s of %s: %s", name, kind, error)  # creating the property says whether it is there

    def _body(self, needed: NeededField) -> dict[str, object]:
        type_, field_type = _TYPES[needed.holds]
        body: dict[str, object] = {
            "name": self._free_name(needed),
            "label": needed.caption,
            "groupName": self._portal.settings.property_group,
            "type": type_,
            "fieldType": field_type,
        }
        if needed.holds == "key":
            body |= {"hasUniqueValue": True, "description": "Key of the NPS connector; leave it as it is."}
        return body

    def _state(self, needed: NeededField) -> FieldState:
        kind = _KINDS.get(needed.on, needed.on)
        try:
            there = self._properties.named(kind, needed.caption)
        except ForbiddenError as error:
            prove_credentials(self._portal)
            return FieldState(
                needed=needed,
                exists=False,
                why_not=f"this token may not see the properties of {kind} ({error}); give it the scope, or {_BY_HAND}",
            )
        except RejectedError as error:
            if error.code != "SameName":
                raise
            return FieldState(needed=needed, exists=False, why_not=str(error))
        if there is not None:
            shown = there.field_type if there.type == "string" else there.type
            return FieldState(
                needed=needed,
                exists=True,
                type=shown or "",
                place=f"group {there.group_name}" if there.group_name else "",
                note=_note(needed, there),
            )
        return FieldState(
            needed=needed, exists=False, place=f"group {self._portal.settings.property_group}", why_not=_why_not(needed)
        )

    def _free_name(self, needed: NeededField) -> str:
        """An internal name made of the caption, which no other property has."""
        known = self._properties.of(_KINDS.get(needed.on, needed.on))
        name = internal_name(needed.caption)
        return next(each for each in [name, *(f"{name}_{n}" for n in range(2, 100))] if each not in known)


def internal_name(caption: str) -> str:
    """Lower-case letters, digits and underscores, a letter first: what the vendor takes as a name."""
    name = re.sub(r"[^a-z0-9]+", "_", caption.casefold()).strip("_")[: LABEL_CAP - 10]
    return name if name[:1].isalpha() else f"nps_{name}".rstrip("_")


def _why_not(needed: NeededField) -> str:
    if needed.holds not in _TYPES or needed.on not in _KINDS:
        return f"the connector does not know how to create a {needed.holds} on a {needed.on}; {_BY_HAND}"
    if len(needed.caption) > LABEL_CAP:
        return f"a label has at most {LABEL_CAP} characters; name it shorter in the rule"
    return ""


def _note(needed: NeededField, there: WireProperty) -> str:
    """What a person should know of a property that exists."""
    read_only = there.modification_metadata is not None and there.modification_metadata.read_only_value
    if there.calculated or read_only:
        return "HubSpot sets it itself, so nothing can be written to it"
    if needed.holds == "key" and there.has_unique_value is False:
        return "its values are not unique, which cannot be changed: name another property as ticket_key"
    if there.type == "date" and needed.holds != "number":
        return "a date keeps the day only, so answers of one day are not told apart by their hour"
    if there.type == "enumeration":
        return "it takes only its own options: give it one for each value that a rule writes"
    fits = {"number": ("number", "string")}.get(needed.holds, ("string", "datetime"))
    return "" if there.type in fits else f"of type {there.type}, which cannot hold every {needed.holds}"
