"""Values in one spelling, for the fingerprint: sets sorted, secrets out, spans and enums by their words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Set
from datetime import date, datetime, time
from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from connector.config.references import REDACTED
from connector.config.shapes import written
from connector.timespan import Span


def canonical(value: Any) -> Any:
    """The value as JSON knows it; equal values give equal results in every process."""
    if isinstance(value, BaseModel):
        kinds = type(value).model_fields
        return {written(name, info): canonical(getattr(value, name)) for name, info in kinds.items()}
    if isinstance(value, SecretStr | SecretBytes):
        return REDACTED
    if isinstance(value, Enum):
        return canonical(value.value)
    if isinstance(value, Span):
        return value.text
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: canonical(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): canonical(child) for key, child in value.items()}
    if isinstance(value, Set):
        return sorted((canonical(child) for child in value), key=repr)
    if isinstance(value, list | tuple):
        return [canonical(child) for child in value]
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
