"""Marketing groups spread out to contacts: a company in a group stands for all its contacts or its default contact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from connector.domain import Company, Membership

_NOBODY: frozenset[str] = frozenset()


class Member(Protocol):
    """A contact, as far as groups are concerned."""

    @property
    def id(self) -> str: ...
    @property
    def company_id(self) -> str | None: ...


class Groups:
    """Which groups a contact is in, and which it opted out of, by itself or through its company.

    Holds the membership rows only: looking up costs the same however many contacts stream past.
    """

    def __init__(self) -> None:
        self._contacts: dict[str, frozenset[str]] = {}
        self._companies: dict[str, frozenset[str]] = {}
        self._defaults: dict[str, frozenset[str]] = {}
        self._contact_opt_outs: dict[str, frozenset[str]] = {}
        self._company_opt_outs: dict[str, frozenset[str]] = {}
        self._default_opt_outs: dict[str, frozenset[str]] = {}

    def groups_of(self, contact: Member, company: Company | None) -> frozenset[str]:
        """Ids of the groups the contact is in. An opted-out row still is a membership: the opt-out says the rest."""
        return _union(contact, company, self._contacts, self._companies, self._defaults)

    def opt_outs_of(self, contact: Member, company: Company | None) -> frozenset[str]:
        """Ids of the groups the contact opted out of, or its company did for it.

        A company's opt-out holds for all its contacts unless the row is about its default contact only.
        """
        return _union(contact, company, self._contact_opt_outs, self._company_opt_outs, self._default_opt_outs)


def expand(memberships: Iterable[Membership]) -> Groups:
    """Read the rows of one connection's groups into look-ups by contact and by company."""
    groups = Groups()
    shared: dict[frozenset[str], frozenset[str]] = {}

    def add(table: dict[str, frozenset[str]], key: str, group: str) -> None:
        union = table.get(key, _NOBODY) | {group}
        table[key] = shared.setdefault(union, union)

    for row in memberships:
        if row.contact_id is not None:
            add(groups._contacts, row.contact_id, row.group_id)
            if row.opted_out:
                add(groups._contact_opt_outs, row.contact_id, row.group_id)
        if row.company_id is not None:
            only_default = row.default_contact and not row.all_contacts
            if row.all_contacts or row.default_contact:
                add(groups._defaults if only_default else groups._companies, row.company_id, row.group_id)
            if row.opted_out:
                opt_outs = groups._default_opt_outs if only_default else groups._company_opt_outs
                add(opt_outs, row.company_id, row.group_id)
    return groups


def _union(
    contact: Member,
    company: Company | None,
    by_contact: dict[str, frozenset[str]],
    by_company: dict[str, frozenset[str]],
    by_default: dict[str, frozenset[str]],
) -> frozenset[str]:
    found = by_contact.get(contact.id, _NOBODY)
    company_id = contact.company_id
    if company_id is None:
        return found
    if extra := by_company.get(company_id):
        found = found | extra if found else extra
    if company is not None and company.default_contact_id == contact.id and (extra := by_default.get(company_id)):
        found = found | extra if found else extra
    return found
