"""One connection's model: the settings of its adapter and the keys common to all connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from connector import registry
from connector.config.words import Finding
from connector.errors import ConfigError
from connector.rules.business_time import CalendarSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One configured account: its name, the kind of its adapter, the adapter's own settings, its business calendar."""

    name: str
    kind: str
    settings: Any = field(repr=False)
    calendar: CalendarSettings = field(default=CalendarSettings(), repr=False)

    @classmethod
    def of(cls, name: str, kind: str, settings: BaseModel) -> Connection:
        calendar = getattr(settings, "calendar", None)
        return cls(name=name, kind=kind, settings=settings, calendar=calendar or CalendarSettings())


def kind_of(values: Any) -> str | list[Finding]:
    """The adapter kind a connection names, its adapter imported; or what is wrong, with places below the connection."""
    if not isinstance(values, dict):
        return [((), "must be a mapping with at least adapter:", False)]
    kind = values.get("adapter")
    if kind is None:
        return [(("adapter",), f"is missing; write one of {', '.join(registry.kinds())}", True)]
    if not isinstance(kind, str):
        return [(("adapter",), f"must be one of {', '.join(registry.kinds())}", False)]
    try:
        registry.spec(kind)
    except ConfigError as error:
        return [(("adapter",), problem.message, False) for problem in error.problems]
    return kind


@cache
def connection_model(kind: str) -> type[BaseModel]:
    """The adapter's settings model with `adapter` and `calendar` beside its own keys; unknown keys are errors."""
    own: type[BaseModel] = registry.spec(kind).settings
    strict = type(
        f"{own.__name__}Checked", (own,), {"model_config": ConfigDict(extra="forbid"), "__module__": __name__}
    )
    model: type[BaseModel] = create_model(
        f"{kind.title().replace('-', '')}Connection",
        __base__=strict,
        __doc__=registry.spec(kind).label,
        adapter=(Literal[kind], Field(description=f"{registry.spec(kind).label}.")),  # type: ignore[arg-type]  # a Literal made of a variable
        calendar=(
            CalendarSettings,
            Field(default=CalendarSettings(), description="Business days and hours in which `due` counts."),
        ),
    )
    return model
