"""The texts of a bundle that somebody wrote freely: parameters, reasons, and what an error quotes.

An error stays readable, for it is what support asks for; what it quotes, addresses and long numbers do not.
"""

from __future__ import annotations

from typing import Any

from connector.jobs.records.anonymous import Anonymous


def job(told: dict[str, Any], anonymous: Anonymous) -> dict[str, Any]:
    """A job as gather.py tells it, without anybody's words."""
    attempts = [
        each
        | {name: anonymous.error(str(each[name])) for name in ("error", "record")}
        | {"counts": counts(each["counts"], anonymous)}
        for each in told["attempts"]
    ]
    return told | {"params": anonymous.params(told["params"]), "attempts": attempts}


def health(told: dict[str, Any], anonymous: Anonymous) -> dict[str, Any]:
    """The same of health."""
    said = {
        name: [each | {"error": anonymous.error(each["error"])} for each in told[name]]
        for name in ("in_trouble", "last")
    }
    return told | said


def counts(value: Any, anonymous: Anonymous) -> Any:
    """Figures as they are; places in files and what was wrong there without their words."""
    if isinstance(value, str):
        return anonymous.error(anonymous.place(value))
    if isinstance(value, list):
        return [counts(each, anonymous) for each in value]
    if isinstance(value, dict):
        return {name: counts(each, anonymous) for name, each in value.items()}
    return value
