"""Property values as they may be written, and how they are stored: all text, times in milliseconds (facts 2, 5.3)."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any

from . import schema
from .refusals import bad_values, invalid
from .schema import Property
from .state import Record

if TYPE_CHECKING:
    from .ask import Ask
    from .world import World

LONGEST = 65_536
_EMAIL = re.compile(r"^[^\s@,;<>\"()]+@[^\s@,;<>\"()]+\.[^\s@,;<>\"().]+$")
_STAGES = tuple(value for value, _ in schema.STAGES)
Wrong = tuple[str, str, str]


def checked(world: World, ask: Ask, kind: str, given: Any, before: Record | None) -> dict[str, str | None]:
    """Return the values to store, None for one that is cleared; raise a 400 that names all wrong ones."""
    if not isinstance(given, dict):
        raise invalid("Invalid input JSON: properties must be an object")
    known, wrong = world.state.properties[kind], list[Wrong]()
    found: dict[str, str | None] = {}
    for name, value in given.items():
        definition = known.get(name)
        if definition is None:
            wrong.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
        elif definition.read_only:
            wrong.append((name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.'))
        elif value is None or value == "":
            found[name] = None
        elif isinstance(value, dict | list):
            wrong.append((name, "INVALID_STRING", f"{name} must be text"))
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            try:
                found[name] = _stored(world, definition, text)
            except ValueError as error:
                wrong.append((name, *_told(error)))
    wrong += _required(world, ask, kind, found, before) if not wrong else []
    if wrong:
        raise bad_values(*wrong)
    _ticket(world, kind, found, before)
    _lifecycle(world, found, before)
    return found


def _stored(world: World, definition: Property, text: str) -> str:
    """Return a value as it is stored; raise ValueError(code, message) for one that does not fit."""
    if len(text) > LONGEST:
        raise ValueError("INVALID_STRING_LENGTH", f"{definition.name} is longer than {LONGEST} characters")
    if definition.name == "email":
        if not _EMAIL.match(text.strip()):
            raise ValueError("INVALID_EMAIL", f"Email address {text} is invalid")
        return text.strip().lower()
    if definition.name == "hubspot_owner_id":
        return _owner(world, text)
    if definition.type == "number":
        return _number(definition, text)
    if definition.type in ("datetime", "date"):
        return _time(definition, text)
    if definition.type == "bool":
        if text.lower() not in ("true", "false"):
            raise ValueError("INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
        return text.lower()
    if definition.type == "enumeration":
        return _option(definition, text)
    return text


def _number(definition: Property, text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("INVALID_DOUBLE", f"{text} was not a valid number for {definition.name}") from None
    if not math.isfinite(value) or "_" in text:
        raise ValueError("INVALID_DOUBLE", f"{text} was not a valid number for {definition.name}")
    return text.strip()


def _time(definition: Property, text: str) -> str:
    """Take milliseconds or ISO 8601; a date must be midnight in UTC and is stored as YYYY-MM-DD."""
    if text.lstrip("-").isdecimal():
        millis = int(text)
    else:
        try:
            when = dt.datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("INVALID_DATE", f"{text} was not a valid {definition.type}") from None
        millis = round((when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp() * 1000)
    if definition.type == "datetime":
        return str(millis)
    if millis % 86_400_000:
        raise ValueError("INVALID_DATE", f"{text} is at a time of the day; a date must be midnight UTC")
    return dt.datetime.fromtimestamp(millis / 1000, dt.UTC).date().isoformat()


def _option(definition: Property, text: str) -> str:
    known = definition.values
    chosen = text.strip(";").split(";") if definition.field_type == "checkbox" else [text]
    # The pipelines' own options are checked together, by _ticket.
    wrong = [value for value in chosen if known and value not in known]
    if wrong:
        allowed = ", ".join(value for value, _ in definition.options)
        raise ValueError("INVALID_OPTION", f"{wrong[0]} was not one of the allowed options: [{allowed}]")
    return ";".join(chosen)


def _owner(world: World, text: str) -> str:
    row = world.state.owners.get(int(text)) if text.isdecimal() else None
    if row is None:
        raise ValueError("INVALID_OWNER_ID", f"Owner {text} does not exist")
    if row.get("archived"):
        raise ValueError("INVALID_OWNER_ID", f"Owner {text} is deactivated")
    return text


def _required(world: World, ask: Ask, kind: str, found: dict[str, str | None], before: Record | None) -> list[Wrong]:
    """Return what a new record lacks; from 2026-09 on the administrators' own rules count too (facts 0)."""
    kept = before.properties if before is not None else {}
    have = {name for name in (*kept, *found) if found.get(name, kept.get(name))}
    needed = list(schema.REQUIRED.get(kind, ()))
    if kind == schema.CUSTOM:
        needed.append("nps_response_key")
    if kind == schema.TICKETS and world.readings["ticket_pipeline"] == "required":
        needed.append("hs_pipeline")
    if ask.version == "2026-09":
        rules = world.state.rules.get(kind, {})
        needed += rules.get("required", ()) if before is None else ()
        for rule in rules.get("conditional", ()):
            if found.get(rule["if"], kept.get(rule["if"])) == rule["is"]:
                needed.append(rule["then"])
    return [(name, "REQUIRED_FIELD", f"{name} is required and was not set") for name in needed if name not in have]


def _ticket(world: World, kind: str, found: dict[str, str | None], before: Record | None) -> None:
    """Check that the stage is one of the pipeline's, and keep the time a ticket was closed."""
    if kind != schema.TICKETS or not found.keys() & {"hs_pipeline", "hs_pipeline_stage"}:
        return
    kept = before.properties if before is not None else {}
    pipeline = found.get("hs_pipeline") or kept.get("hs_pipeline") or world.state.pipelines[0]["id"]
    stage = found.get("hs_pipeline_stage") or kept.get("hs_pipeline_stage") or ""
    row = next((row for row in world.state.pipelines if row["id"] == pipeline), None)
    if row is None:
        raise bad_values(("hs_pipeline", "INVALID_OPTION", f"{pipeline} was not a valid pipeline ID"))
    states = {number: closed for number, _, closed in row["stages"]}
    if stage not in states:
        raise bad_values(
            (
                "hs_pipeline_stage",
                "INVALID_OPTION",
                f"{stage} was not a valid pipeline stage ID for pipeline {pipeline}",
            )
        )
    found["hs_pipeline"] = pipeline
    found["hs_is_closed"] = "true" if states[stage] else "false"
    if states[stage] and not kept.get("closed_date"):
        found.setdefault("closed_date", str(world.millis()))
    elif not states[stage]:
        found["closed_date"] = None


def _lifecycle(world: World, found: dict[str, str | None], before: Record | None) -> None:
    """A lifecycle stage goes forward only; it must be cleared before it may go back."""
    wanted, old = found.get("lifecyclestage"), before.properties.get("lifecyclestage") if before else None
    if not wanted or not old or wanted not in _STAGES or old not in _STAGES:
        return
    if _STAGES.index(wanted) < _STAGES.index(old):
        if world.readings["lifecycle_backwards"] == "refused":
            raise bad_values(("lifecyclestage", "INVALID_OPTION", f"{wanted} is before {old}; clear the value first"))
        del found["lifecyclestage"]


def _told(error: ValueError) -> tuple[str, str]:
    code, message = error.args
    return str(code), str(message)
