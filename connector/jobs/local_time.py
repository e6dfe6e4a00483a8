"""Times as people read them: in the calendar's zone, which is named; machines (--json, records, log) get UTC."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:  # every command prints; not every one needs the configuration's models
    from connector.config import Config


def zone_of(config: Config) -> ZoneInfo:
    """The zone of the first connection whose calendar has another than UTC; else UTC. One for a whole screen."""
    zones = (each.calendar.zone for each in config.connections.values())
    return ZoneInfo(next((zone for zone in zones if zone != "UTC"), "UTC"))


def when(at: datetime | None, zone: tzinfo) -> str:
    """`2026-11-20 16:20 CET`; empty for none."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone_name(at, zone)}" if at else ""


def zone_name(at: datetime, zone: tzinfo) -> str:
    """What the zone is called at that moment: `CET`, `UTC`; where it has only a number, `UTC-03:00`."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{local.isoformat()[-6:]}"
