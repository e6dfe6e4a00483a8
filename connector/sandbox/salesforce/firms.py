"""The accounts, each a pure function of (seed, index); account 0 is Acme Ltd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connector.sandbox import names, people
from connector.sandbox.people import mix

from .catalogue import PICKLISTS
from .moments import ANCHOR, written
from .shapes import IDS
from .tenant import ALICE, BOB, CAROL, GONE, user_id

DIRECT, CHANNEL, PROSPECT, FORMER, VENDOR, OTHER = range(6)
# What is odd about an account, by its place among forty; the rest are customers.
_ODD = {7: FORMER, 13: PROSPECT, 19: VENDOR, 26: FORMER, 31: OTHER}
_OPTED_OUT, _INACTIVE, _NO_TYPE = 10, 16, 22
_PERIOD = 40
_OWNERS = (ALICE, BOB, CAROL, BOB)
_STAMP = 65536 * 900


class Firms:
    """Columns of the planted accounts."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self._seed = count, seed
        self._columns: dict[str, Callable[[int], Any]] = {
            "Id": IDS["Account"].of,
            "Name": lambda k: people.firm_name(seed, k),
            "Type": self.type_of,
            "BillingStreet": lambda k: f"{1 + (self._h(k) >> 24 & 1023)} Example Street",
            "BillingCity": lambda k: names.CITIES[self._h(k) & 7][0],
            "BillingState": lambda k: names.CITIES[self._h(k) & 7][1],
            "BillingPostalCode": lambda k: names.CITIES[self._h(k) & 7][2],
            "BillingCountry": lambda _: "United States",
            "Phone": lambda k: f"+1 555 01{self._h(k) >> 34 & 63:02d}",
            "Website": lambda k: f"https://{people.firm_domain(seed, k)}",
            "Industry": lambda k: PICKLISTS["Industry"][self._h(k) >> 40 & 3],
            "NumberOfEmployees": lambda k: 1 + (self._h(k) >> 43 & 511),
            "OwnerId": self._owner,
            "CreatedDate": lambda k: written(ANCHOR - _STAMP - (self._h(k) >> 8 & 0xFFFF) * 900),
            "LastModifiedDate": self._modified,
            "SystemModstamp": self._modified,
            "CreatedById": lambda _: user_id(ALICE),
            "LastModifiedById": lambda _: user_id(BOB),
            "Active__c": lambda k: "No" if self.is_inactive(k) else "Yes",
            "NPS_Opt_Out__c": self.has_opted_out,
            "IsDeleted": lambda _: False,
        }

    def column(self, name: str, indices: Sequence[int]) -> list[Any]:
        """Return one field of the accounts at the indices; None where the planted ones have no such value."""
        value = self._columns.get(name)
        return [value(k) for k in indices] if value else [None] * len(indices)

    def type_of(self, k: int) -> str | None:
        place = k % _PERIOD
        if place == _NO_TYPE:
            return None
        return PICKLISTS["AccountType"][_ODD.get(place, CHANNEL if self._h(k) >> 20 & 3 == 0 and k else DIRECT)]

    def is_inactive(self, k: int) -> bool:
        return k % _PERIOD == _INACTIVE

    def has_opted_out(self, k: int) -> bool:
        return k % _PERIOD == _OPTED_OUT

    def _owner(self, k: int) -> str:
        # One of twenty-nine accounts still belongs to somebody who has left.
        return user_id(GONE if k % 29 == 13 else ALICE if k == 0 else _OWNERS[self._h(k) & 3])

    def _modified(self, k: int) -> str:
        return written(ANCHOR - (self._h(k) >> 8 & 0xFFFF) * 900)

    def _h(self, k: int) -> int:
        return mix(self._seed + 1, k)
