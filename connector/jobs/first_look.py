"""The first look at a system that is to be connected: what is there to choose from. Reads only; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector import registry
from connector.config import Config
from connector.config.fitting import Named
from connector.domain import Facet
from connector.errors import AuthError, RejectedError
from connector.jobs.live import source_of
from connector.ports import ContactSource

COUNTED = 60
"""Names of one facet that are counted, with one call each; longer lists are listed without counts."""
_LISTS = ("boards", "priorities", "members")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What the key may see. `blind` says in plain words what it may not."""

    segments: Mapping[Facet, tuple[Named, ...]] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    blind: tuple[str, ...] = ()


def look(config: Config, connection: str) -> Tenant:
    """Prove the credentials, then read every list. Raises AuthError, UnavailableError; a list refused is left out."""
    source = source_of(config, connection)
    assert source is not None, "only kinds with contacts are asked"
    blind = source.check()
    spec = registry.spec(config.connections[connection].kind)
    segments = {facet: _segments(source, facet) for facet in Facet if facet in spec.facets}
    lists = {thing: _names(source, thing) for thing in _LISTS if thing in spec.catalogues}
    return Tenant(segments=segments, lists=lists, blind=tuple(blind))


def _segments(source: ContactSource, facet: Facet) -> tuple[Named, ...]:
    try:
        found = source.segments(facet)
        counted = len(found) <= COUNTED
        return tuple(Named(name=each.name, count=source.count(each) if counted else None) for each in found)
    except (AuthError, RejectedError):
        return ()  # `check` said that the key may not see it


def _names(source: ContactSource, thing: str) -> tuple[str, ...]:
    """One name of each; a CRM may know several of a person."""
    try:
        names: dict[str, str] = {}
        for id_, name in source.catalogue(thing):
            names.setdefault(id_, name)
        return tuple(names.values())
    except (AuthError, RejectedError):
        return ()
