"""Everything about a world that changes, so that a snapshot is one copy."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.http import Request

from .schema import Property

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes something: the source as property histories name it, and the user if it was one."""

    source: str = "CRM_UI"
    user: str = "901001"


BY_API = Actor(source="INTEGRATION", user="")
BY_WORKFLOW = Actor(source="AUTOMATION_PLATFORM", user="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that one property was given, "" for cleared, at a time in milliseconds."""

    name: str
    value: str
    when: int
    by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored record; never changed in place. Times are milliseconds since 1970, `archived` 0 for a live one."""

    id: int
    properties: dict[str, str]
    created: int
    updated: int
    archived: int = 0
    # What was changed since the first day, oldest first.
    history: tuple[Change, ...] = ()

    def changed(self, given: Mapping[str, str | None], when: int, by: Actor) -> Record:
        """Return the record with properties set, None or "" unsets, as changed at that time."""
        news = {name: value or "" for name, value in given.items() if (value or "") != self.properties.get(name, "")}
        kept = {**self.properties, **news, "hs_updated_by_user_id": by.user}
        return replace(
            self,
            properties={name: value for name, value in kept.items() if value},
            updated=max(when, self.updated + 1),
            history=(*self.history, *(Change(name=n, value=v, when=when, by=by) for n, v in news.items())),
        )


# The type ids of each association from one record to others; never changed in place.
Links = dict[int, tuple[int, ...]]


@dataclass(slots=True, kw_only=True)
class Fault:
    """A planned misfortune; `times` below zero means for ever."""

    kind: str
    method: str = "*"
    path: str = ""
    skip: int = 0
    times: int = 1
    seconds: float = 0.0
    policy: str = ""


@dataclass(slots=True, kw_only=True)
class State:
    """What has happened since the world began."""

    # By object type and id; None marks a record that is gone for good.
    overlay: dict[str, dict[int, Record | None]] = field(default_factory=dict)
    # By (from type, to type) and from id: all links of that record.
    links: dict[tuple[str, str], dict[int, Links]] = field(default_factory=dict)
    # What the search index still holds of a record: (when it learns better, the record as it knows it).
    lagging: dict[tuple[str, int], list[tuple[float, Record | None]]] = field(default_factory=dict)
    aliases: dict[str, dict[int, int]] = field(default_factory=dict)
    unique: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    last_id: dict[str, int] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)
    properties: dict[str, dict[str, Property]] = field(default_factory=dict)
    groups: dict[str, dict[str, Row]] = field(default_factory=dict)
    lists: dict[int, Row] = field(default_factory=dict)
    # By list id and record id: when it was added, 0 when it was taken out.
    members: dict[int, dict[int, int]] = field(default_factory=dict)
    consent: dict[str, dict[str, str]] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    owners: dict[int, Row] = field(default_factory=dict)
    pipelines: list[Row] = field(default_factory=list)
    access: dict[str, float] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    missing_scopes: set[str] = field(default_factory=set)
    rules: Row = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    served: dict[str, set[int]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    log: deque[Row] = field(default_factory=lambda: deque(maxlen=10_000))
    faults: list[Fault] = field(default_factory=list)
    late: list[tuple[float, Request]] = field(default_factory=list)
    # When calls and searches came, by the real clock.
    recent: deque[float] = field(default_factory=deque)
    searches: deque[float] = field(default_factory=deque)
    used_today: dict[str, int] = field(default_factory=dict)
    daily_limit: int = 0
    offset: float = 0.0
    lag: float = 0.0

    def copy(self) -> State:
        """Return a copy that later writes leave alone; records and links are shared, as they never change."""
        return replace(
            self,
            overlay={kind: dict(rows) for kind, rows in self.overlay.items()},
            links={pair: dict(rows) for pair, rows in self.links.items()},
            lagging={key: list(known) for key, known in self.lagging.items()},
            aliases={kind: dict(ids) for kind, ids in self.aliases.items()},
            unique={key: dict(values) for key, values in self.unique.items()},
            last_id=dict(self.last_id),
            stamps=dict(self.stamps),
            properties={kind: dict(known) for kind, known in self.properties.items()},
            groups={kind: dict(known) for kind, known in self.groups.items()},
            lists=dict(self.lists),
            members={number: dict(rows) for number, rows in self.members.items()},
            consent={address: dict(kept) for address, kept in self.consent.items()},
            blocked=set(self.blocked),
            owners=dict(self.owners),
            pipelines=list(self.pipelines),
            access=dict(self.access),
            refresh=set(self.refresh),
            missing_scopes=set(self.missing_scopes),
            rules=dict(self.rules),
            ended=set(self.ended),
            served={kind: set(ids) for kind, ids in self.served.items()},
            calls=Counter(self.calls),
            log=deque(self.log, maxlen=10_000),
            faults=[replace(fault) for fault in self.faults],
            late=list(self.late),
            recent=deque(self.recent),
            searches=deque(self.searches),
            used_today=dict(self.used_today),
        )
