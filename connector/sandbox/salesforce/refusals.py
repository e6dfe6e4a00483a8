"""The vendor's error bodies: an array of {message, errorCode, fields?} for requests, {statusCode, …} for rows.

Codes of rows are of the vendor's StatusCode enumeration; codes of requests beyond it are those of the facts sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.sandbox.http import Refusal as Refusal


def refuse(status: int, code: str, message: str, fields: Sequence[str] | None = None) -> Refusal:
    """Return a refusal with one error in its array."""
    error: dict[str, Any] = {"message": message, "errorCode": code}
    if fields:
        error["fields"] = list(fields)
    return Refusal(status, [error])


def invalid_field(name: str, entity: str) -> Refusal:
    """400 for a field that is not there, or that the user may not see: the two are not told apart (facts 2.4)."""
    return refuse(
        400,
        "INVALID_FIELD",
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append "
        "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate "
        "names.",
    )


def invalid_type(name: str) -> Refusal:
    return refuse(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")


def malformed_query(message: str) -> Refusal:
    return refuse(400, "MALFORMED_QUERY", message)


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    return refuse(404, "NOT_FOUND", message)


def wrong_method(method: str, allowed: str) -> Refusal:
    return refuse(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {allowed}")


class RowError(Exception):
    """One record cannot be written: for a collection a row with `statusCode`, for a single record a 400."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = (), *, status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.fields, self.status = code, message, list(fields), status
        # What a duplicate rule found, in the vendor's words.
        self.duplicate: dict[str, Any] | None = None

    def refusal(self) -> Refusal:
        """Return it as the answer to a single record's request."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.duplicate is not None:
            # The key is misspelt on the vendor's wire (specs/salesforce/duplicates_detected.json).
            return Refusal(self.status, [{"duplicateResut": self.duplicate, **error}])
        if self.fields:
            error["fields"] = self.fields
        return Refusal(self.status, [error])

    def row(self) -> dict[str, Any]:
        """Return it as one entry of `errors` in a collection's row."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}
