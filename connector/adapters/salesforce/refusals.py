"""What a row of a collection says when it is not written, and what that means.

Rows carry `statusCode` where whole requests carry `errorCode`; both are of the vendor's StatusCode list:
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from connector.adapters.transport.meaning import one_line
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError

LOCKED = "UNABLE_TO_LOCK_ROW"
TAKEN = frozenset({"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"})
DUPLICATES = "DUPLICATES_DETECTED"
_GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND"})
_UNCLEAR = frozenset({"UNKNOWN_EXCEPTION", "SERVER_UNAVAILABLE", "ALREADY_IN_PROCESS"})
_REMEDIES = {
    DUPLICATES: "a duplicate rule blocks it; let the rule report instead of block, or exempt the connector's user",
    "REQUIRED_FIELD_MISSING": "give the field a default in Salesforce, or make it optional",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "a validation rule of the org refuses it; exempt the connector's user",
    "INACTIVE_OWNER_OR_USER": "the owner is inactive; name another in the rule",
    "STORAGE_LIMIT_EXCEEDED": "the org's storage is full",
    "INSUFFICIENT_ACCESS_OR_READONLY": "give the connector's user that right (permission set NPS Connector)",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "the connector's user may not use a record that it refers to",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "the connector's user may not write the field (permission set NPS Connector)",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "a trigger or flow of the org refuses it",
}


class WireRowError(msgspec.Struct, rename="camel", gc=False):
    status_code: str = ""
    error_code: str = ""
    message: str = ""
    fields: list[str] | None = None

    @property
    def code(self) -> str:
        return self.status_code or self.error_code


class WireSaved(msgspec.Struct, rename="camel", gc=False):
    """One row of a collection's answer."""

    id: str | None = None
    success: bool = False
    created: bool | None = None
    errors: list[WireRowError] = []


def refusal_of(errors: Sequence[WireRowError], place: str) -> ConnectorError:
    """RejectedError with the vendor's words and a remedy; OutcomeUnknownError where they leave open what was done."""
    first = errors[0] if errors else WireRowError(message="refused without a reason")
    locked = any(LOCKED in (each.code, *re.findall(r"\w+", each.message)) for each in errors)
    code = LOCKED if locked else one_line(first.code, cap=80)
    said = "; ".join(_words(each) for each in errors[:3]) or _words(first)
    text = f"{place}: {said}" + (f" ({_REMEDIES[code]})" if code in _REMEDIES else "")
    if code in _UNCLEAR:
        return OutcomeUnknownError(text)
    missing = tuple(first.fields or ()) if code == "REQUIRED_FIELD_MISSING" else ()
    return RejectedError(text, code=code, status=404 if code in _GONE else 400, missing=missing)


def is_locked(result: Any) -> bool:
    """Whether others held the row, or the whole request: nothing was written, and it passes by itself."""
    return isinstance(result, RejectedError) and result.code == LOCKED


def is_taken(result: Any) -> bool:
    """Whether somebody else wrote the same key first."""
    return isinstance(result, RejectedError) and result.code in TAKEN


def is_gone(result: Any) -> bool:
    return isinstance(result, RejectedError) and result.status == 404


def _words(error: WireRowError) -> str:
    at = f" [{', '.join(one_line(name, cap=80) for name in error.fields[:5])}]" if error.fields else ""
    return ": ".join(part for part in (one_line(error.code, cap=80), one_line(error.message, cap=300)) if part) + at
