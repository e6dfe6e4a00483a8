"""What the kill tests know of a CRM: how it is connected, who is there, what can go wrong, what people see in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from connector.config import Config, load
from connector.ports import Wire
from tests.kill.stand_in import StandIn
from tests.settings import written

Records = Mapping[str, Any]
Lever = tuple[str, dict[str, Any]]
Fault = Mapping[str, Any]


class Stands(Protocol):
    """A stand-in that can be connected to."""

    @property
    def url(self) -> str: ...

    @property
    def login(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A stand-in in this process."""

    url: str
    login: Mapping[str, Any]

    @classmethod
    def of(cls, server: Any) -> Reached:
        names = ("token", "consumer_key", "consumer_secret")
        return cls(url=server.url, login={name: getattr(server.login, name, "") for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """One kind of CRM, seen from outside: product code is not touched."""

    kind: str
    name: str
    """Of its connection."""
    connection: Callable[[Mapping[str, Any]], dict[str, Any]]
    """What is written under the connection, given what the stand-in says of itself; secrets as `${VARIABLE}`."""
    environ: Callable[[Mapping[str, Any]], dict[str, str]]
    audience: dict[str, Any]
    rules: Sequence[dict[str, Any]]
    people: tuple[str, str, str, str, str]
    """Addresses, beside Ann's: two detractors, one passive, one promoter, one who is in no audience."""
    wire: type[Wire]
    place: Callable[[str, str, str, str], str]
    """What labels say of a request, given its method, path, query and body."""
    asks: re.Pattern[str]
    """Paths that only ask, though by POST."""
    tickets: Callable[[Records], list[str]]
    """The ids of the tickets, in the order they were opened."""
    key_of: Callable[[Records], dict[str, dict[str, str]]]
    """By type of record (of receipts) and id, the text that carries its key."""
    seen: Callable[[Records], dict[str, Any]]
    """What people see in it, the same however often a process was killed."""
    closed_by_a_person: Callable[[str], Lever]
    closed_by_a_rule: Callable[[str], Lever]
    faults: Mapping[str, Fault]
    undo_faults: Sequence[str]
    opens: str
    """The place of the request that opens tickets."""
    reads: str
    """That of the one that reads contacts, where some were read before."""
    refuses: Callable[[str], Lever]
    """The lever after which the ticket for this company is refused, alone of its batch."""
    twice: Callable[[Records], Lever]
    """The lever that doubles a ticket, key and all."""
    step: float = 131.0
    """Seconds between passes: a little over the vendor's grace."""
    at_once: int = 1
    """Tickets in one request."""
    prepare: Callable[[], None] = lambda: None
    """In a forked process: forget what a fresh one would not know; make a small story show what a large one would."""

    def serve(self, **how: Any) -> StandIn:
        return StandIn(self.kind, **how)

    def config(self, stand_in: Stands, folder: Path, *, connection: Any = None, **changes: Any) -> Config:
        """`folder/nps.yaml`, loaded; `connection` changes keys of the connection, the rest those of the file."""
        login = stand_in.login
        path = written(
            folder,
            {
                "mode": "live",
                "connections": {self.name: {**self.connection(login), "base_url": stand_in.url, **(connection or {})}},
                "audiences": {"decision-makers": self.audience},
                "rules": list(self.rules),
                **changes,
            },
        )
        return load(path, self.environ(login))

    def is_read(self, method: str, path: str) -> bool:
        return method in ("GET", "HEAD") or self.asks.search(path) is not None


def undated(text: str | None) -> str | None:
    """A text of ours without its due moment, which counts from the receipt of the answer and so differs."""
    return re.sub(r"^Due .*$", "Due", text, flags=re.MULTILINE) if text else text
