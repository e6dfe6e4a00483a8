"""The keys that only the service needs: when its stories are due, and the addresses it listens on."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from connector.timespan import Span, parse_span

NEVER = "never"
_WITHIN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, validate_default=True)


def _period(value: Any) -> Any:
    if isinstance(value, Span) or value == NEVER:
        return value
    try:
        span = parse_span(value)
    except ValueError as error:
        raise ValueError(f"{error}; or {NEVER}") from None
    if span.business or span.months or not (span.seconds or span.days):
        raise ValueError(f'"{value}" cannot be repeated; write for example 5 minutes, 1 hour, 7 days, or {NEVER}')
    return span


def _within(text: str) -> str:
    match = _WITHIN.fullmatch(text.strip())
    if not match or match.group(1, 2) == match.group(3, 4):
        raise ValueError(f'"{text}" is no part of a day; write for example 07:00-19:00, or 22:00-05:00 over midnight')
    return text.strip()


def _address(text: str) -> str:
    match = _LISTEN.fullmatch(text)
    if text and (not match or int(match[2]) > 65535):
        raise ValueError(f'"{text}" is no address to listen on; write for example 127.0.0.1:9464')
    return text


Period = Annotated[
    Span | Literal["never"],
    BeforeValidator(_period),
    PlainSerializer(lambda period: period if isinstance(period, str) else period.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["5 minutes", "1 hour", "7 days", NEVER]}),
]
Within = Annotated[
    str,
    AfterValidator(_within),
    WithJsonSchema({"type": "string", "examples": ["07:00-19:00", "22:00-05:00"]}),
]
ListenAddress = Annotated[str, AfterValidator(_address)]


class Timing(_Section):
    """How often a story is due, and when it may begin."""

    every: Period | None = Field(
        default=None, description="How often: 5 minutes, 1 hour, 7 days; never switches it off; default: as usual."
    )
    within: Within | None = Field(
        default=None, description="Part of the day in which it may begin, in the zone of the connection's calendar."
    )
    business_days: bool = Field(default=False, description="Only on days on which the connection's calendar works.")

    def hours(self) -> tuple[time, time] | None:
        """(from, until); until 00:00 means the end of the day, and until before from goes over midnight."""
        match = _WITHIN.fullmatch(self.within) if self.within else None
        if match is None:
            return None
        return time(int(match[1]), int(match[2])), time(int(match[3] or 0), int(match[4] or 0))


def _timing(value: Any) -> Any:
    return {"every": value} if isinstance(value, str | Span) else value


def _timed(every: str, description: str) -> Any:
    return Field(default=Timing(every=parse_span(every)), description=description, json_schema_extra={"default": every})


When = Annotated[
    Timing,
    BeforeValidator(_timing),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["5 minutes", NEVER]}, Timing.model_json_schema()]}),
]


class Schedule(_Section):
    """When the service (connector run) does what. A length of time, or {every: …, within: …, business_days: …}."""

    pull: When = _timed("1 hour", "Contacts from each connection that has some.")
    plan: Literal["after pull", "never"] = Field(
        default="after pull", description="Decide anew who would be asked, upon each pull that brought contacts in."
    )
    collect: When = _timed("5 minutes", "Answers from the watched folder.")
    deliver: When = _timed("5 minutes", "What waits in the outbox; within says when anything may be written or sent.")
    watch: When = _timed("15 minutes", "How our tickets stand in the CRM.")
    reconcile: When = _timed("7 days", "What we wrote against what is there, and which contacts are gone.")

    def timing(self, story: str) -> Timing | None:
        """The Timing of a story with its period filled in; None for one that has none, or is never due."""
        found = getattr(self, story, None)
        if not isinstance(found, Timing) or found.every == NEVER:
            return None
        usual = type(self).model_fields[story].default.every
        return found if found.every is not None else found.model_copy(update={"every": usual})


class Listen(_Section):
    """The addresses the service listens on; empty: not at all."""

    private: ListenAddress = Field(
        default="127.0.0.1:9464", description="/healthz, /readyz and /metrics, for your own monitoring only."
    )
    public: ListenAddress = Field(
        default="", description="What the outside may reach, by a reverse proxy that speaks TLS."
    )


def host_and_port(address: str) -> tuple[str, int]:
    """`[::1]:9464` → ("::1", 9464)."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
