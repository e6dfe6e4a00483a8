"""What the story of `connector demo` found out, in numbers and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.domain import Decision


@dataclass(slots=True)
class AtCrm:
    """What became of one CRM in the story."""

    served: int = 0
    archived: int = 0
    """Of those served: archived before the first pull, so never stored."""
    contacts: int = 0
    invitations: int = 0
    exclusions: dict[str, int] = field(default_factory=dict)
    law_of_ids: bool = False
    responses: int = 0
    recorded: int = 0
    """Contacts on which an answer stands, by the stand-in's own word; all are of answers that came from there."""
    tickets: int = 0


@dataclass(slots=True)
class Measured:
    """What `connector demo --json` prints. The numbers at the top are those of all CRMs together."""

    served: int = 0
    archived: int = 0
    contacts: int = 0
    invitations: int = 0
    exclusions: dict[str, int] = field(default_factory=dict)
    responses: int = 0
    write_backs: dict[str, int] = field(default_factory=dict)
    tickets: int = 0
    second_run: dict[str, int] = field(default_factory=dict)
    nps: float = 0.0
    nps_margin: float = 0.0
    seconds: float = 0.0
    law_of_ids: bool = False
    replay: dict[str, int] = field(default_factory=dict)
    crms: dict[str, AtCrm] = field(default_factory=dict)
    people_of_several: int = 0
    """Persons whom more than one CRM knows."""
    asked_twice: int = 0
    one_person: dict[str, str] = field(default_factory=dict)
    opt_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePerson:
    """Somebody whom several CRMs know: contact id by connection; who asks, and what the others saw."""

    name: str
    known: dict[str, str]
    asked_by: str
    elsewhere: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Somebody who was to be asked by `by` until the word was given at `at`."""

    name: str
    at: str
    by: str
    seen: str


def by_first_reason(decisions: Sequence[Decision]) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for decision in decisions:
        if decision.findings:
            name = decision.findings[0].reason.value
            reasons[name] = reasons.get(name, 0) + 1
    return commonest_first(reasons)


def commonest_first(reasons: dict[str, int]) -> dict[str, int]:
    return dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
