"""Answers and values written into custom fields, on contacts and companies."""

from __future__ import annotations

from typing import Any

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.custom_fields import (
    Field,
    merged,
    missing,
    newer_answer,
    overwritten,
    values_of,
    wanted,
)
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.notes import Before, Notes
from connector.adapters.connectwise.wire_types import WireContactFields
from connector.domain import Receipt, RecordResponse, SetField
from connector.errors import AuthError, ConnectorError, RejectedError, UnavailableError
from connector.ports import Superseded

_PATHS = {"contact": "/company/contacts", "company": "/company/companies"}
_SCREENS = {"contact": "ContactFv", "company": "CompanyFv"}


class HalfDoneError(Exception):
    """Not an error of the product: it becomes an outcome, of unknown end, and its cause is raised after it."""

    def __init__(self, text: str, cause: ConnectorError) -> None:
        super().__init__(f"{text}: {cause}")
        self.cause = cause


class Recording:
    def __init__(self, psa: Psa, notes: Notes) -> None:
        self._psa, self._notes = psa, notes

    # ------------------------------------------------------------ record_response
    def record(self, key: str, change: RecordResponse) -> Receipt | Superseded:
        """The fields first, for they converge; then the note, by which the whole is recognised."""
        fields = self._fields("contact", change.contact_id)
        newer = newer_answer(change, fields)
        if newer is not None:
            return Superseded(why=f"contact {change.contact_id} already holds an answer of {newer.isoformat()}")
        before = self._write("contact", change.contact_id, fields, wanted(values_of(change), fields))
        if not change.note:
            return self._receipt(key, "contact", change.contact_id, before)
        try:
            there = self._notes.find("contact", change.contact_id, key)
            return there or self._notes.add("contact", change.contact_id, key, change.note, before=before)
        except (UnavailableError, AuthError) as error:
            if before is None:
                raise
            raise HalfDoneError(f"the fields of contact {change.contact_id} are set, the note is not", error) from None

    def find_recorded(self, key: str, change: RecordResponse) -> Receipt | None:
        """By its note; without a note, by its values."""
        if change.note:
            return self._notes.find("contact", change.contact_id, key)
        values = values_of(change)
        fields = self._fields_if_there("contact", change.contact_id)
        if fields is None or missing(fields, wanted(values, fields)):
            return None
        return self._receipt(key, "contact", change.contact_id, None)

    # ------------------------------------------------------------ set_field
    def set(self, key: str, change: SetField) -> Receipt | Superseded:
        fields = self._fields(change.on, change.record_id)
        values = wanted(values_of(change), fields)
        unknown = [caption for caption in values_of(change) if caption not in values]
        if unknown:
            shown = change.field if unknown[0] == change.field.strip().casefold() else change.responded_at_field
            raise RejectedError(
                f'{"contacts" if change.on == "contact" else "companies"} have no custom field "{shown}" that can be '
                f"set; connector setup {self._psa.connection} says how to get it",
                code="UnknownField",
            )
        newer = newer_answer(change, fields)
        if newer is not None:
            return Superseded(
                why=f"{change.on} {change.record_id} holds a value by an answer of {newer.isoformat()}, which is newer"
            )
        return self._receipt(key, change.on, change.record_id, self._write(change.on, change.record_id, fields, values))

    def find_set(self, key: str, change: SetField) -> Receipt | None:
        given, fields = values_of(change), self._fields_if_there(change.on, change.record_id)
        values = wanted(given, fields or [])
        if len(values) < len(given) or missing(fields or [], values):
            return None
        return self._receipt(key, change.on, change.record_id, None)

    # ------------------------------------------------------------ both
    def _fields(self, on: str, record_id: str) -> list[Field]:
        return self._psa.one(_path(on, record_id), WireContactFields, fields="id,customFields").custom_fields or []

    def _write(self, on: str, record_id: str, fields: list[Field], values: dict[str, Any]) -> Before | None:
        """What was overwritten, by caption; None where nothing differed and nothing was sent."""
        array = merged(fields, values)
        if array is None:
            return None
        path = _path(on, record_id)
        body = [{"op": "replace", "path": "customFields", "value": array}]
        kept = self._psa.write("PATCH", path, body, WireContactFields).custom_fields
        lost = missing(kept, values) if kept is not None else []
        if lost:
            raise RejectedError(
                f"PATCH {path}: accepted, but not kept: {', '.join(lost)}; is the value one of the field's options?",
                code="NotKept",
            )
        return overwritten(fields, values)

    def _fields_if_there(self, on: str, record_id: str) -> list[Field] | None:
        try:
            return self._fields(on, record_id)
        except RejectedError as error:
            if is_missing(error):
                return None
            raise

    def _receipt(self, key: str, on: str, record_id: str, before: Before | None) -> Receipt:
        return Receipt(
            key=key,
            record_id=record_id,
            record_type=on,
            link=self._psa.settings.link(_SCREENS[on], record_id),
            already_there=before is None,
            before=before,
        )


def _path(on: str, record_id: str) -> str:
    if on not in _PATHS:
        raise RejectedError(f"a field is set on a contact or a company, not on {on[:20]!r}", code="BadParent")
    return f"{_PATHS[on]}/{number(record_id)}"
