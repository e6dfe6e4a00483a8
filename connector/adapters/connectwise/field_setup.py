"""Custom fields as they are set up: which are there, and creating those that are not.

https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/UserDefinedFields: a field stands in a pod of a screen.
Which pod is the contacts' is nowhere published, so a new one goes where a field that contacts carry stands already.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from connector.adapters.connectwise.client import KNOWN_GOOD, Psa
from connector.adapters.connectwise.wire_types import WireContactFields, WireFieldDefinition
from connector.errors import AuthError, OutcomeUnknownError, RejectedError
from connector.ports import FieldState, NeededField

DEFINITIONS = "/system/userDefinedFields"
CAPTION_CAP = 25
_PATHS = {"contact": "/company/contacts", "company": "/company/companies"}
_SCREENS = {"contact": "ct300"}  # recorded; the company's is not
# The type of a new field, and all that will do. A time is kept as text: a Date forgets the hour.
_TYPES = {
    "number": ("Number", {"Number", "Text", "TextArea"}),
    "text": ("Text", {"Text", "TextArea"}),
    "long text": ("TextArea", {"TextArea", "Text"}),
}
_BY_HAND = "create it by hand: System > Setup Tables > Custom Fields"


class ConnectWiseFields:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa

    def needs(self) -> list[NeededField]:
        return []  # our key stands in externalXRef, which every tenant has

    def states(self, needed: Sequence[NeededField]) -> list[FieldState]:
        return [self._state(each) for each in needed]

    def create(self, needed: NeededField) -> FieldState:
        """Look, then create once; an unclear answer is looked up before it is believed."""
        self._look_again()
        state = self._state(needed)
        if state.exists:
            return state
        if state.why_not:
            raise RejectedError(f'custom field "{needed.caption}": {state.why_not}', code="CannotCreate")
        pod, screen = self._place(needed.on)
        body: dict[str, Any] = {
            "podId": pod,
            "screenId": screen,
            "caption": needed.caption,
            "sequenceNumber": 1 + max(row.sequence_number or 0 for row in self._rows if row.screen_id == screen),
            "fieldTypeIdentifier": _TYPES[needed.holds][0],
            "entryTypeIdentifier": "EntryField",
            "numberDecimals": 0,
            "requiredFlag": False,
            "displayOnScreenFlag": True,
            "readOnlyFlag": False,
            "addAllLocations": True,
            "addAllBusinessUnits": True,
        }
        try:
            self._psa.write("POST", DEFINITIONS, body, WireFieldDefinition)
        except AuthError as error:
            self._psa.count(KNOWN_GOOD, {})  # raises where the keys themselves are refused
            raise RejectedError(f"this key's role may not create custom fields ({error}); {_BY_HAND}") from None
        except OutcomeUnknownError:
            self._look_again()
            if not self._state(needed).exists:
                raise
        self._look_again()
        return self._state(needed)

    def _look_again(self) -> None:
        for name in ("_definitions", "_contact", "_company"):
            self.__dict__.pop(name, None)

    def _state(self, needed: NeededField) -> FieldState:
        shown = {_folded(str(field.get("caption") or "")): field for field in self._carried(needed.on)}
        pod, screen = self._place(needed.on)
        place = f"screen {screen}, pod {pod}" if pod else ""
        there = shown.get(_folded(needed.caption))
        if there is not None:
            kind = str(there.get("type") or "")
            return FieldState(needed=needed, exists=True, type=kind, place=place, note=_note(needed, kind))
        for row in self._rows:
            if _folded(row.caption or "") == _folded(needed.caption) and row.screen_id == screen:
                kind = row.field_type_identifier or ""
                return FieldState(needed=needed, exists=True, type=kind, place=place, note=_note(needed, kind))
        return FieldState(needed=needed, exists=False, place=place, why_not=self._why_not(needed, pod))

    def _why_not(self, needed: NeededField, pod: int | None) -> str:
        if len(needed.caption) > CAPTION_CAP:
            return f"a caption has at most {CAPTION_CAP} characters; name it shorter in the rule"
        if isinstance(self._definitions, AuthError):
            return f"this key may not see the set-up of custom fields; {_BY_HAND}, or give the role that right"
        if isinstance(self._definitions, RejectedError):
            return f"the set-up of custom fields cannot be read ({self._definitions}); {_BY_HAND}"
        if pod is None:
            on = "contacts" if needed.on == "contact" else "companies"
            return f"{on} have no custom field yet that would show where theirs belong; {_BY_HAND}"
        return ""

    def _place(self, on: str) -> tuple[int | None, str]:
        """(pod, screen) of the fields that contacts, or companies, carry."""
        carried = {field.get("id") for field in self._carried(on)}
        for row in self._rows:
            if row.pod_id and (row.id in carried or row.screen_id == _SCREENS.get(on)):
                return row.pod_id, row.screen_id or ""
        return None, ""

    def _carried(self, on: str) -> list[dict[str, Any]]:
        return self._contact if on == "contact" else self._company

    @property
    def _rows(self) -> list[WireFieldDefinition]:
        return self._definitions if isinstance(self._definitions, list) else []

    @cached_property
    def _definitions(self) -> list[WireFieldDefinition] | AuthError | RejectedError:
        """All there are, or why they cannot be read."""
        try:
            return list(self._psa.rows(DEFINITIONS, WireFieldDefinition, {}))
        except (AuthError, RejectedError) as error:
            return error

    @cached_property
    def _contact(self) -> list[dict[str, Any]]:
        return self._fields_of("contact")

    @cached_property
    def _company(self) -> list[dict[str, Any]]:
        return self._fields_of("company")

    def _fields_of(self, on: str) -> list[dict[str, Any]]:
        """Every contact carries all fields defined for contacts, so any one shows them."""
        rows = self._psa.first(_PATHS[on], WireContactFields, {"fields": "id,customFields"})
        return rows[0].custom_fields or [] if rows else []


def _note(needed: NeededField, kind: str) -> str:
    if kind in _TYPES[needed.holds][1]:
        return ""
    if kind == "Date":
        return "a Date keeps the day only, so answers of one day are not told apart by their hour"
    return f"of type {kind}, which cannot hold every {needed.holds}"


def _folded(caption: str) -> str:
    return caption.strip().casefold()
