"""Callbacks: what one hints at, and the reading of what was hinted at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain import Company, Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a proved callback hints at: a contact or company (`kind`) that changed, or is gone."""

    kind: str  # contact | company
    record_id: str


class Ear(Protocol):
    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard | None:
        """What a callback hints at, None where nothing is of use. Raises RejectedError where it is not proved.

        Header names are lower case. Asks nobody but the connection's own hosts, and answers within seconds.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Hinted records as they are now; those missing were asked for one by one and are not there."""

    contacts: Sequence[Contact] = ()
    companies: Sequence[Company] = ()
    missing_contacts: Sequence[str] = ()
    missing_companies: Sequence[str] = ()


class HintSource(Protocol):
    def register(self, address: str) -> tuple[list[str], list[str]]:
        """Ask for callbacks to this address; what was there already, and what was made."""

    def remove(self, address: str) -> list[str]:
        """Take back our own callbacks of this address."""

    def registered(self, address: str) -> list[str]:
        """Our own callbacks of this address that are in force."""

    def these(self, contact_ids: list[str], company_ids: list[str]) -> Iterator[Seen]:
        """Read hinted records by id, many in a call."""
