"""One request and its answer, who carries them, and the secrets that outlive the process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as the adapter means it: no credentials in it, so it can be recorded as it stands."""

    method: str
    path: str  # below the adapter's base URL, starting with "/"
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reads: bool = False  # a POST that only asks, as a search does: it may be repeated, and changes nothing

    @property
    def writes(self) -> bool:
        return not self.reads and self.method not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are lower case; only headers worth keeping are kept."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Wire(Protocol):
    """Carries one Call. Raises UnavailableError if it surely never arrived, OutcomeUnknownError if a write may have."""

    def send(self, call: Call) -> Answer: ...


class Vault(Protocol):
    """Secrets that must outlive the process, such as a rotated refresh token: of one Connection, encrypted."""

    def get(self, name: str) -> str | None:
        """What was kept under this name; None where nothing was, or where the key it was kept with is another.

        Raises ConfigError where something was and the operator gives no key at all.
        """

    def put(self, name: str, secret: str) -> None:
        """Keep it; on disk before it returns. Raises ConfigError where the operator gave no key to encrypt with."""


OpenWire = Callable[[Any, Callable[[], None], Vault], Wire]
"""How an adapter builds its real, authenticated wire: of settings, the guard of writes and the Connection's vault."""
