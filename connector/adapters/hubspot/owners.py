"""Who owns a follow-up: the chain `account_manager`, `member:<e-mail or owner id>`, tried in order.

The account manager is the owner of the company's record. https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3:
records carry an owner's `id`, not his `userId`; people who left are listed only when archived ones are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property

from connector.adapters.chain import first, of_companies
from connector.adapters.hubspot.batches import Batches
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.paths import COMPANIES
from connector.adapters.hubspot.wire_types import WireOwner, WirePage
from connector.errors import ForbiddenError
from connector.ports import OwnerFound

ACCOUNT_MANAGER, TERRITORY_MANAGER, MEMBER = "account_manager", "territory_manager", "member:"
OWNERS, _OWNER = 500, "hubspot_owner_id"
_log = logging.getLogger(__name__)


class Owners:
    """Resolved when first needed and kept for the session: one call for all owners, one for each 100 companies."""

    def __init__(self, portal: Portal) -> None:
        self._portal, self._batches = portal, Batches(portal)
        self._owner_of: dict[str, str] = {}  # company → owner id; empty: nobody

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[WireOwner, str] | None:
        """The first of the chain who is active, and the step that gave him; None when the whole chain is empty."""
        return first(self, company_id, chain)

    def of_companies(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        return of_companies(self, company_ids, chain, called)

    def step(self, company_id: str, step: str) -> tuple[WireOwner | None, str]:
        """The active owner that one step gives, else why it gives none, in plain words."""
        if step == TERRITORY_MANAGER:
            return None, "HubSpot has no territory manager"
        if step.startswith(MEMBER):
            name = step.removeprefix(MEMBER)
            return self._active(self._called(name), f"there is no member {name}", "member")
        if step != ACCOUNT_MANAGER:
            return None, f"HubSpot has no {step.replace('_', ' ')}"
        owner_id = self._owner(company_id)
        if not owner_id:
            return None, "there is no account manager"
        if self._all is None:  # the key may not see owners: take the company's word
            return WireOwner(id=owner_id), ""
        return self._active(self.by_id(owner_id), f"owner {owner_id} is not there any more", "account manager")

    def by_id(self, owner_id: str) -> WireOwner | None:
        """The owner of that id, one who left too; None where nobody is seen."""
        return (self._all or {}).get(owner_id) or self._left.get(owner_id)

    def by_user(self, user_id: str) -> WireOwner | None:
        """The owner who signs in as this user: histories name users, records name owners."""
        return next((each for each in (self._all or {}).values() if str(each.user_id or "") == user_id), None)

    def read_ahead(self, company_ids: Sequence[str], step: str) -> None:
        """Ask for the account managers of many companies at once."""
        if step != ACCOUNT_MANAGER:
            return
        wanted = [each for each in dict.fromkeys(company_ids) if each and each not in self._owner_of]
        found = self._batches.of_ids(COMPANIES, filter(str.isdecimal, wanted), [_OWNER]) if wanted else {}
        self._owner_of |= dict.fromkeys(wanted, "")
        self._owner_of |= {each: record.properties.get(_OWNER) or "" for each, record in found.items()}

    def members(self) -> list[WireOwner]:
        """Everybody who can own something now."""
        return [each for each in self._list(archived=False) if not each.archived]

    def _owner(self, company_id: str) -> str:
        if company_id and company_id not in self._owner_of:
            self.read_ahead([company_id], ACCOUNT_MANAGER)
        return self._owner_of.get(company_id, "")

    def _active(self, owner: WireOwner | None, nobody: str, as_what: str) -> tuple[WireOwner | None, str]:
        if owner is None:
            return None, nobody
        return (None, f"{called(owner)} is inactive ({as_what})") if owner.archived else (owner, "")

    def _called(self, name: str) -> WireOwner | None:
        """By address (case ignored) or id; one who left only where nobody else is called so."""
        wanted = name.strip().casefold()
        for known in (self._all or {}, self._left):
            for owner in known.values():
                if wanted and wanted in (owner.id, (owner.email or "").casefold()):
                    return owner
        return None

    @cached_property
    def _all(self) -> dict[str, WireOwner] | None:
        try:
            return {owner.id: owner for owner in self.members()}
        except ForbiddenError as error:
            _log.warning("owners are not visible, so they cannot be checked: %s", error)
            return None

    @cached_property
    def _left(self) -> dict[str, WireOwner]:
        """Who left: asked for only when somebody is not among the others."""
        if self._all is None:
            return {}
        left = self._list(archived=True)
        for owner in left:
            owner.archived = True
        return {owner.id: owner for owner in left if owner.id not in (self._all or {})}

    def _list(self, *, archived: bool) -> list[WireOwner]:
        where, after, found = self._portal.path("owners"), "", list[WireOwner]()
        while True:
            query = {"limit": str(OWNERS), "after": after, **({"archived": "true"} if archived else {})}
            page = self._portal.get(where, WirePage[WireOwner], query)
            found += page.results
            following = page.after or ""
            if not following or following == after:
                return found
            after = following


def called(owner: WireOwner) -> str:
    """How rules name this owner: by address, else by id."""
    return owner.email or owner.id
