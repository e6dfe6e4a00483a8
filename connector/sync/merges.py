"""What follows from contacts that the CRM has merged: who survives in the end, and which people are one by that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class MergedPair(NamedTuple):
    """A stored contact that was merged into another stored one, the person of each, and since when the old one's is."""

    old: str
    survivor: str
    person: str
    since: str
    survivors_person: str


class Union(NamedTuple):
    """People who are one human being by a merge: `kept` takes over the history of the others."""

    kept: str
    others: tuple[str, ...]


def followed(merged: Mapping[str, str]) -> dict[str, str]:
    """Each old id with the one that survives in the end, through any number of merges; a circle names nobody."""
    ends: dict[str, str] = {}
    for old in merged:
        seen, at = {old}, merged[old]
        while at in merged and at not in seen:
            seen.add(at)
            at = merged[at]
        if at not in seen:
            ends[old] = at
    return ends


def united(pairs: Iterable[MergedPair]) -> list[Union]:
    """The unions that make each survivor's person that of its old contact; of several the one linked first.

    The order of the pairs makes no difference; those of one person already are in no union.
    """
    group: dict[str, set[str]] = {}
    kept_since: dict[str, str] = {}
    for pair in pairs:
        joined = group.get(pair.person, {pair.person}) | group.get(pair.survivors_person, {pair.survivors_person})
        for person in joined:
            group[person] = joined
        kept_since[pair.person] = min(pair.since, kept_since.get(pair.person, pair.since))
    found: dict[frozenset[str], list[str]] = defaultdict(list)
    for person in kept_since:
        found[frozenset(group[person])].append(person)
    unions = []
    for people, olds in found.items():
        kept = min(olds, key=lambda person: (kept_since[person], person))
        if len(people) > 1:
            unions.append(Union(kept, tuple(sorted(people - {kept}))))
    return sorted(unions)
