"""The vendor's error bodies (facts 6)."""

from __future__ import annotations

from connector.sandbox.http import Refusal as Refusal


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
