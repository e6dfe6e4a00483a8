"""An audience in the ids that its names stood for at the last pull, from the store; no call."""

from __future__ import annotations

from connector.config import Config
from connector.domain import Facet, Segment
from connector.jobs.records.record import Record
from connector.store import holds
from connector.store.segments import remembered_names, stored_segments
from connector.sync import audience as audiences


def resolved_audience(record: Record, config: Config, name: str) -> audiences.ResolvedAudience:
    connection = config.audiences[name].from_
    segments = record.read("segments", list[Segment], lambda tx: stored_segments(tx, connection))
    by_facet = {facet: [segment for segment in segments if segment.facet is facet] for facet in Facet}
    return audiences.resolve(name, config.audiences[name], by_facet, remembered(record, connection))


def remembered(record: Record, connection: str) -> dict[tuple[Facet, str], str]:
    """What the names in the configuration stood for before."""
    rows = record.read(
        "remembered_names",
        list[tuple[str, str, str]],
        lambda tx: [(f, n, i) for (f, n), i in sorted(remembered_names(tx, connection).items())],
    )
    return {(Facet(facet), name): segment_id for facet, name, segment_id in rows}


def why_held(record: Record, resolved: audiences.ResolvedAudience) -> list[str]:
    """Why nobody of the audience may be asked now: what its names lack, else the hold that stands; empty: they may."""
    standing = record.read("held", list[str], lambda tx: holds.of_audience(tx, resolved.name))
    found = [str(finding) for finding in resolved.findings] if resolved.held else []
    return found or [f"{reason}; the next pull looks again: connector pull" for reason in standing]
