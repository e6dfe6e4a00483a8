"""The configuration as the rest of the program sees it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.campaigns.settings import Caps
from connector.config.canonical import canonical
from connector.config.compose import Connection
from connector.config.crossings import notices
from connector.config.service import Listen, Schedule
from connector.config.settings import Answers, Document, Limits, Rehearsal, Storage
from connector.config.source import Steps
from connector.domain import Mode
from connector.rules.follow_up_settings import FollowUps
from connector.rules.settings import Rule
from connector.sync.settings import Audience, Cleaning


@dataclass(frozen=True, kw_only=True, eq=False)
class Config:
    """Everything in the file, checked.

    Neither `repr`, nor `fingerprint`, nor `redacted()` holds a secret. `notices` are things worth knowing that are no
    mistakes, as plain sentences.
    """

    path: Path
    fingerprint: str
    mode: Mode = field(repr=False)
    connections: Mapping[str, Connection] = field(repr=False)
    audiences: Mapping[str, Audience] = field(repr=False)
    cleaning: Cleaning = field(repr=False)
    caps: Caps = field(repr=False)
    rules: tuple[Rule, ...] = field(repr=False)
    answers: Answers = field(repr=False)
    follow_up: FollowUps = field(repr=False)
    limits: Limits = field(repr=False)
    rehearsal: Rehearsal | None = field(repr=False)
    storage: Storage = field(repr=False)
    schedule: Schedule = field(repr=False)
    listen: Listen = field(repr=False)
    notices: tuple[str, ...] = field(repr=False)
    tree: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(
        cls,
        document: Document,
        connections: Mapping[str, Connection],
        *,
        path: Path,
        tree: Mapping[str, Any],
        fingerprint: str,
        literal: Sequence[Steps] = (),
    ) -> Config:
        """Put the parts together. `tree` is what was written, without secrets; `literal` where it had one."""
        return cls(
            path=path,
            fingerprint=fingerprint,
            mode=document.mode,
            connections=dict(connections),
            audiences=document.audiences,
            cleaning=document.cleaning,
            caps=document.caps,
            rules=document.rules,
            answers=document.answers,
            follow_up=document.follow_up,
            limits=document.limits,
            rehearsal=document.rehearsal,
            storage=document.storage,
            schedule=document.schedule,
            listen=document.listen,
            notices=tuple(notices(document, connections, literal)),
            tree=tree,
        )

    def redacted(self) -> dict[str, Any]:
        """What was written, JSON-shaped, each secret replaced by a placeholder; `config.restore` reads it again."""
        return copy.deepcopy(dict(self.tree))


def fingerprint_of(document: Document, connections: Mapping[str, Connection]) -> str:
    """16 hex characters over what the configuration means: order of keys, comments, secrets and defaults written out
    do not change it."""
    meant = canonical(document)
    meant["connections"] = {name: canonical(connection.settings) for name, connection in connections.items()}
    text = json.dumps(meant, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
