"""One thing that is wrong."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    WRONG = "wrong"
    """Something does not happen that should."""
    LOOK = "look"
    """A person should look or decide."""
    NOTE = "note"
    """Good to know; nothing to do."""


class Finding(NamedTuple):
    """Where, what, and the next command."""

    severity: Severity
    place: str
    what: str
    remedy: str
