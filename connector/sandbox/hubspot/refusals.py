"""The vendor's error bodies (facts 6)."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from connector.sandbox.http import Refusal as Refusal

_numbers = itertools.count(1)


def correlation() -> str:
    """Return an id as HubSpot writes one into every error, for its support."""
    return f"00000000-0000-4000-8000-{next(_numbers):012d}"


def refuse(status: int, category: str, message: str, **more: Any) -> Refusal:
    """A body with category and message; `more` are subCategory, errors, context."""
    body = {"status": "error", "message": message, "correlationId": correlation(), "category": category, **more}
    return Refusal(status, body)


def invalid(message: str, **more: Any) -> Refusal:
    """400 VALIDATION_ERROR."""
    return refuse(400, "VALIDATION_ERROR", message, **more)


def bad_values(*wrong: tuple[str, str, str]) -> Refusal:
    """400 for property values; each is (property, code, message). The list stands as JSON inside the message."""
    rows = [
        {"isValid": False, "message": message, "error": code, "name": name, "localizedErrorMessage": message}
        for name, code, message in wrong
    ]
    errors = [{"message": message, "code": code, "context": {"propertyName": [name]}} for name, code, message in wrong]
    return invalid(f"Property values were not valid: {msgspec.json.encode(rows).decode()}", errors=errors)


def not_found(number: object) -> Refusal:
    """404 for a record that is not there."""
    return refuse(404, "OBJECT_NOT_FOUND", "resource not found", context={"id": [str(number)]})


def no_endpoint() -> Refusal:
    """404 for a path the server does not know; HubSpot answers with a page here."""
    found = Refusal(404, {"message": "no such path"})
    found.answer.body = b"<html><head><title>404</title></head><body><h1>Not Found</h1></body></html>"
    found.answer.content_type = "text/html;charset=utf-8"
    return found


def conflict(message: str) -> Refusal:
    """409, such as for an address somebody else has."""
    return refuse(409, "CONFLICT", message)


def too_many(policy: str, headers: dict[str, str]) -> Refusal:
    """429 with the policy that was broken: TEN_SECONDLY_ROLLING, SECONDLY or DAILY."""
    words = {"SECONDLY": "secondly", "TEN_SECONDLY_ROLLING": "ten_secondly_rolling", "DAILY": "daily"}
    body = {
        "status": "error",
        "message": f"You have reached your {words.get(policy, policy.lower())} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation(),
        "policyName": policy,
        "groupName": "publicapi:private-apps:sandbox",
        "category": "RATE_LIMITS",
    }
    return Refusal(429, body, headers)
