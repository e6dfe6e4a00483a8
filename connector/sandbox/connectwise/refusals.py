"""The vendor's error bodies (facts 6), as one exception that carries a finished answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

JSON = "application/json; charset=utf-8"


@dataclass(slots=True, kw_only=True)
class Answer:
    """One HTTP answer. `broken` says how the connection ends instead: reset, drop or truncate."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    broken: str = ""
    delay: float = 0.0


class Refusal(Exception):  # noqa: N818 - it is an answer of the server, not a defect of the program
    """The request is answered with an error status and one of the vendor's bodies."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body.get('message')}")
        self.answer = Answer(status=status, body=msgspec.json.encode(body), headers=headers or {})


def refuse(status: int, code: str, message: str) -> Refusal:
    """A body without inner errors; `errors` is an explicit null, as recorded from the vendor."""
    return Refusal(status, {"code": code, "message": message, "errors": None})


def invalid(resource: str, *errors: tuple[str, str, str]) -> Refusal:
    """400 InvalidObject; each error is (code, message, field)."""
    inner = [{"code": code, "message": message, "resource": resource, "field": name} for code, message, name in errors]
    return Refusal(400, {"code": "InvalidObject", "message": f"{resource} object is invalid", "errors": inner})


def find_condition(message: str) -> Refusal:
    """400 for a condition the server cannot read."""
    return refuse(400, "ApiFindCondition", message)


def not_found(label: str, key: object) -> Refusal:
    """404 for a record that is not there."""
    return Refusal(404, {"code": "NotFound", "message": f"{label} {key} not found"})


def no_endpoint() -> Refusal:
    """404 for a path the server does not know, and for a codebase it no longer serves."""
    return refuse(404, "ConnectWiseApi", "The endpoint does not exist.")


def too_many(seconds: float) -> Refusal:
    """429, whose body has the key `error` instead of `code` (facts 6)."""
    whole = max(0, round(seconds))
    message = f"Too many requests. Please try again in {whole} seconds."
    return Refusal(429, {"error": "ConnectWiseAPI", "message": message}, {"Retry-After": str(whole)})
