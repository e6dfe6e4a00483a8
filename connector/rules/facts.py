"""What is known when rules are evaluated: one response, and all that a condition or a template may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.domain import Company, Contact, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """How a company answered so far, this response included. `asked` counts its people on record as asked."""

    asked: int = 0
    answered: int = 0
    promoters: int = 0
    passives: int = 0
    detractors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """The contact of the same person at another connection, and its company as far as it was pulled."""

    contact: Contact
    company: Company | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`contact` is None when the response matched nobody; `previous` are the person's earlier answers, newest first.

    The names of types and groups are as the CRM has them now; `group_ids` are the ids behind `groups`.
    `timezone` (IANA) is the one dates are written in. `elsewhere`: by connection, those named by actions (`at`).
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
    elsewhere: Mapping[str, There] = field(default_factory=dict)

    @property
    def connection(self) -> str:
        return self.response.connection

    @property
    def company_id(self) -> str | None:
        """The company as it is now, else the contact's, else the one the response came with."""
        if self.company:
            return self.company.id
        return (self.contact.company_id if self.contact else None) or self.response.company_id

    def at(self, connection: str) -> Facts | None:
        """The same with contact and company of another connection; None where the person is not known there."""
        there = self.elsewhere.get(connection)
        if there is None:
            return None
        company_id = there.company.id if there.company else there.contact.company_id
        response = replace(self.response, contact_id=there.contact.id, company_id=company_id)
        return replace(self, response=response, contact=there.contact, company=there.company)
