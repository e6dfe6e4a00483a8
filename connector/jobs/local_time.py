"""Times as people read them: in the calendar's zone, which is named; machines (--json, records, log) get UTC."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.timespan import zone_name

if TYPE_CHECKING:  # every command prints; not every one needs the configuration's models
    from connector.config import Config


def zone_of(config: Config) -> ZoneInfo:
    """The zone of the first connection whose calendar has another than UTC; else UTC. One for a whole screen."""
    zones = (each.calendar.zone for each in config.connections.values())
    return ZoneInfo(next((zone for zone in zones if zone != "UTC"), "UTC"))


def zone_at(config: Config, connection: str) -> ZoneInfo:
    """The zone of a connection's calendar where it has another than UTC; else that of the whole screen."""
    own = config.connections[connection].calendar.zone if connection in config.connections else "UTC"
    return ZoneInfo(own) if own != "UTC" else zone_of(config)


def when(at: datetime | None, zone: tzinfo) -> str:
    """`2026-11-20 16:20 CET`; empty for none."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone_name(at, zone)}" if at else ""
