"""Who owns a follow-up: the chain `account_manager` (the account's owner), `member:<username, e-mail, alias or id>`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.adapters.chain import first, of_companies
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.segments import USER_FIELDS, user_rows
from connector.adapters.salesforce.soql import is_id, long_id, pieces, select, soql
from connector.adapters.salesforce.wire_types import WireOwned, WireUser
from connector.ports import OwnerFound

MANAGER, MEMBER = "account_manager", "member:"
_OWNER_FIELDS = ("Id", "OwnerId", *(f"Owner.{name}" for name in USER_FIELDS))


class Owners:
    """Resolved when first needed and kept for the session: one call for many accounts, one for each person named."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._managers: dict[str, WireUser | None] = {}
        self._named: dict[str, WireUser | None] = {}
        self._users: dict[str, WireUser | None] = {}

    def owner(self, company_id: str, chain: Sequence[str]) -> tuple[WireUser, str] | None:
        """The first of the chain who is active, and the step that gave him; None when the whole chain is empty."""
        return first(self, company_id, chain)

    def of_companies(self, company_ids: Sequence[str], chain: Sequence[str]) -> Iterator[OwnerFound]:
        return of_companies(self, company_ids, chain, lambda user: user.username)

    def step(self, company_id: str, step: str) -> tuple[WireUser | None, str]:
        """The active person that one step gives, else why it gives nobody, in plain words."""
        if step == "territory_manager":
            return None, "there is no territory manager: Salesforce accounts have none"
        if step.startswith(MEMBER):
            user = self._called(step.removeprefix(MEMBER).strip())
        else:
            user = self._manager(company_id) if step == MANAGER else None
        shown = step.replace("_", " ")
        if user is None:
            return None, f"there is no {shown.replace(':', ' ')}"
        if user.is_active is False:
            return None, f"{user.username or user.id} is inactive ({shown.partition(':')[0]})"
        return user, ""

    def read_ahead(self, company_ids: Sequence[str], step: str) -> None:
        """Ask for the owners of many accounts at once."""
        if step != MANAGER:
            return
        wanted = [each for each in map(long_id, company_ids) if is_id(each, "001") and each not in self._managers]
        for ids in pieces(wanted):
            self._managers |= dict.fromkeys(ids)
            for row in self._org.rows(select(_OWNER_FIELDS, "Account", soql("Id IN {ids}", ids=ids)), WireOwned):
                self._managers[row.id] = row.owner

    def by_id(self, user_id: str) -> WireUser | None:
        """A person, inactive ones too; None where there is none of that id, or it is a queue's."""
        if user_id not in self._users:
            found = user_rows(self._org, soql("Id = {id}", id=user_id)) if is_id(user_id, "005") else iter(())
            self._users[user_id] = next(found, None)
        return self._users[user_id]

    def _manager(self, company_id: str) -> WireUser | None:
        if not is_id(company_id, "001"):
            return None  # the answer of nobody's company: it has no managers
        self.read_ahead([company_id], MANAGER)
        return self._managers.get(long_id(company_id))

    def _called(self, name: str) -> WireUser | None:
        """Usernames are unique in the world, aliases and addresses not even in an org: active people come first."""
        wanted = name.casefold()
        if not name:
            return None
        if is_id(name, "005"):
            return self.by_id(long_id(name))
        if wanted not in self._named:
            condition = soql("(Username = {name} OR Email = {name} OR Alias = {name})", name=name)
            found = list(user_rows(self._org, condition))
            best = sorted(found, key=lambda row: (row.is_active is False, row.username.casefold() != wanted, row.id))
            self._named[wanted] = best[0] if best else None
        return self._named[wanted]
