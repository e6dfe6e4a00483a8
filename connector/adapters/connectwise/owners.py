"""Who owns a follow-up: the chain `account_manager`, `territory_manager`, `member:<identifier>`, tried in order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property

from connector.adapters.chain import first, of_companies
from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import id_in, number
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.segments import members
from connector.adapters.connectwise.wire_types import Ref, WireCompany, WireMember, WireTeam
from connector.errors import ForbiddenError, RejectedError
from connector.ports import OwnerFound

_MEMBER = "member:"
_log = logging.getLogger(__name__)


class Owners:
    """Resolved when first needed and kept for the session: one call for all members, one for each company and step."""

    def __init__(self, psa: Psa) -> None:
        self._psa = psa
        self._managers: dict[tuple[str, str], Ref | None] = {}

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[WireMember, str] | None:
        """The first of the chain who is active, and the step that gave him; None when the whole chain is empty."""
        return first(self, company_id, chain)

    def of_companies(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        return of_companies(self, company_ids, chain, lambda member: member.identifier)

    def step(self, company_id: str, step: str) -> tuple[WireMember | None, str]:
        """The active member that one step gives, else why it gives none, in plain words."""
        member = self._member(company_id, step)
        named = step.replace("_", " ")
        if member is None:
            return None, f"there is no {named.replace(':', ' ')}"
        if member.inactive_flag:
            return None, f"{member.identifier} is inactive ({named.partition(':')[0]})"
        return member, ""

    def read_ahead(self, company_ids: Sequence[str], step: str) -> None:
        """Ask for the managers of many companies at once, where the API has a list of them: territory managers.

        Team rows can only be asked for company by company.
        """
        if step != "territory_manager":
            return
        wanted = [company_id for company_id in company_ids if (company_id, step) not in self._managers]
        for condition in id_in("id", wanted):
            query = {"conditions": condition, "fields": "id,territoryManager"}
            for row in self._psa.rows("/company/companies", WireCompany, query):
                self._managers[str(row.id), step] = row.territory_manager

    def _member(self, company_id: str, step: str) -> WireMember | None:
        if step.startswith(_MEMBER):
            return self._by_identifier.get(step.removeprefix(_MEMBER).casefold())
        if not company_id:
            return None  # the answer of nobody's company: it has no managers
        if (company_id, step) not in self._managers:
            self._managers[company_id, step] = self._manager(number(company_id), step)
        manager = self._managers[company_id, step]
        if manager is None or not manager.id:
            return None
        if self._all is None:  # the key may not see members: take the company's word
            return WireMember(id=manager.id, identifier=manager.identifier or manager.name or "")
        return self._by_id.get(manager.id)

    def _manager(self, company_id: str, step: str) -> Ref | None:
        """The account manager is a row of the company's team, the territory manager a field of the company.

        https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/CompanyTeams
        """
        try:
            if step == "account_manager":
                rows = self._psa.rows(f"/company/companies/{company_id}/teams", WireTeam, {})
                return next((row.member for row in rows if row.account_manager_flag and row.member), None)
            if step == "territory_manager":
                path = f"/company/companies/{company_id}"
                return self._psa.one(path, WireCompany, fields="id,territoryManager").territory_manager
        except RejectedError as error:
            if not is_missing(error):
                raise
        return None

    @cached_property
    def _all(self) -> list[WireMember] | None:
        try:
            return members(self._psa)
        except ForbiddenError as error:
            _log.warning("members are not visible, so owners cannot be checked: %s", error)
            return None

    @cached_property
    def _by_id(self) -> dict[int, WireMember]:
        return {member.id: member for member in self._all or ()}

    @cached_property
    def _by_identifier(self) -> dict[str, WireMember]:
        return {member.identifier.casefold(): member for member in self._all or ()}
