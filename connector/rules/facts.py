"""What is known when rules are evaluated: one response, and all that a condition or a template may use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.domain import Company, Contact, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """How a company answered so far, this response included. `asked` counts invitations of its people."""

    asked: int = 0
    answered: int = 0
    promoters: int = 0
    passives: int = 0
    detractors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`contact` is None when the response matched nobody; `previous` are the person's earlier answers, newest first.

    The names of types and groups are as the CRM has them now; `group_ids` are the ids behind `groups`.
    `timezone` (IANA) is the one dates are written in.
    """

    response: Response
    contact: Contact | None = None
    company: Company | None = None
    contact_types: frozenset[str] = frozenset()
    company_types: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    group_ids: frozenset[str] = frozenset()
    previous: tuple[tuple[int, datetime], ...] = ()
    tallies: Tallies = Tallies()
    timezone: str = "UTC"

    @property
    def connection(self) -> str:
        return self.response.connection

    @property
    def company_id(self) -> str | None:
        """The company as it is now, else the contact's, else the one the response came with."""
        if self.company:
            return self.company.id
        return (self.contact.company_id if self.contact else None) or self.response.company_id
