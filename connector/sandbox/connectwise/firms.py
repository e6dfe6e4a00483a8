"""The customers' firms, each a pure function of (seed, index)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from connector.sandbox.names import CITIES, FIRM_FIRST, FIRM_FORM, FIRM_SECOND
from connector.sandbox.people import mix

from .layout import ANCHOR, Layout
from .tenant import ACTIVE, FORMER, INACTIVE, MANAGED, OWN, PROSPECT, VENDOR, stamp

Row = dict[str, Any]

# The first firms are fixed, so that the smallest world has every kind.
FIXED: tuple[Row, ...] = (
    {"identifier": "NorthwindExample", "name": "Northwind Example Ltd"},
    {"identifier": "acme", "name": "Acme Managed Services", "types": [OWN]},
    {"identifier": "VendorExample", "name": "Vendor Example Inc", "types": [VENDOR], "isVendorFlag": True},
    {"identifier": "FormerExample", "name": "Former Example Ltd", "types": [FORMER]},
    {"identifier": "LeadExample", "name": "Lead Example LLC", "types": [PROSPECT], "leadFlag": True},
    {"identifier": "DeletedExample", "name": "Deleted Example Co", "deletedFlag": True},
    {"identifier": "InactiveExample", "name": "Inactive Example Ltd", "status": INACTIVE},
    {"identifier": "QuietExample", "name": "Quiet Example Group", "unsubscribeFlag": True},
)
# From firm 8 on, every forty firms: place -> what is odd about it.
PLANTED: dict[int, Row] = {
    3: {"deletedFlag": True},
    9: {"status": INACTIVE},
    14: {"unsubscribeFlag": True},
    19: {"leadFlag": True, "types": [PROSPECT]},
    23: {"types": [VENDOR], "isVendorFlag": True},
    29: {"name": '"Quote" & <b>Sons</b> {{7*7}}'},
    33: {"name": "Ünïcode Łtd Ørsted", "types": [MANAGED, VENDOR]},
    # Accepted years ago, refused today: whole-record revalidation trips over it (facts 5).
    37: {"yearEstablished": 99},
}
_LOWER_FIRST, _LOWER_SECOND = [w.lower() for w in FIRM_FIRST], [w.lower() for w in FIRM_SECOND]
_TYPES = ([MANAGED],) * 11 + ([FORMER],) * 2 + ([PROSPECT], [VENDOR], [MANAGED, FORMER])


class Firms:
    """Renders companies and their teams on demand."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout, self._seed = layout, seed

    def name(self, k: int) -> str:
        odd = self._odd(k)
        if "name" in odd:
            return str(odd["name"])
        first, second, form = self._words(k)
        return f"{first} {second} {k} {form}"

    def identifier(self, k: int) -> str:
        if k < len(FIXED):
            return str(FIXED[k]["identifier"])
        first, second, _ = self._words(k)
        return f"{first}{second}{k}"

    def reference(self, k: int) -> Row:
        """Return identifier and name, as references to the firm show them."""
        if k < len(FIXED) or "name" in self._odd(k):
            return {"identifier": self.identifier(k), "name": self.name(k)}
        first, second, form = self._words(k)
        return {"identifier": f"{first}{second}{k}", "name": f"{first} {second} {k} {form}"}

    def domain(self, k: int) -> str:
        if k == 0:
            return "example.com"
        if k < len(FIXED):
            return f"{self.identifier(k).lower()}.example.com"
        h = mix(self._seed + 4, k)
        return f"{_LOWER_FIRST[h % 30]}-{_LOWER_SECOND[(h >> 8) % 24]}{k}.example.com"

    def types(self, k: int) -> list[int]:
        odd = self._odd(k)
        if "types" in odd:
            return list(odd["types"])
        return [MANAGED] if k < len(FIXED) else _TYPES[mix(self._seed + 3, k) >> 20 & 15]

    def flags(self, k: int) -> Row:
        """Return what differs from an ordinary firm: deletedFlag, status, unsubscribeFlag, leadFlag…"""
        return self._odd(k)

    def row(self, k: int) -> Row:
        h = mix(self._seed + 1, k)
        number = self._layout.company_ids.of(k)
        city, state, code = CITIES[h & 7]
        entered = ANCHOR - 86400 * 400 - (h >> 8 & 0xFFFF) * 1800
        row: Row = {
            "id": number,
            "identifier": self.identifier(k),
            "name": self.name(k),
            "status": ACTIVE,
            "addressLine1": f"{1 + (h >> 24 & 1023)} Example Street",
            "city": city,
            "state": state,
            "zip": code,
            "country": {"id": 1, "name": "United States"},
            "phoneNumber": f"+1 555 01{h >> 34 & 63:02d}",
            "website": f"https://{self.domain(k)}",
            "territory": 2 + (h >> 40 & 1),
            "market": {"id": 1 + (h >> 41 & 3), "name": ("Retail", "Health", "Trade", "Services")[h >> 41 & 3]},
            "accountNumber": str(number),
            "annualRevenue": float((h >> 43 & 1023) * 10000),
            "numberOfEmployees": 1 + (h >> 43 & 511),
            "leadFlag": False,
            "unsubscribeFlag": False,
            "deletedFlag": False,
            "isVendorFlag": False,
            "types": self.types(k),
            "site": {"id": number, "name": "Main"},
            "customFields": {},
            "_info": stamp(ANCHOR - (h >> 8 & 0xFFFF) * 900, "bob", entered, "alice"),
        }
        default = self._layout.default_contact(k)
        if default is not None:
            row["defaultContact"] = self._layout.contact_ids.of(default)
        # Most firms have a territory manager; every ninth has none.
        if k % 9 != 8:
            row["territoryManager"] = 101 + (h >> 52) % 3
        row.update(self._odd(k))
        if row["deletedFlag"]:
            row["dateDeleted"] = row["_info"]["lastUpdated"]
            row["deletedBy"] = "bob"
        return row

    def columns(self) -> dict[str, Sequence[int]]:
        """Return the members that filters ask for, one entry a firm; types as bits."""
        count = self._layout.companies
        odd = [self._odd(k) for k in range(count)]
        updated = [ANCHOR - (mix(self._seed + 1, k) >> 8 & 0xFFFF) * 900 for k in range(count)]
        columns: dict[str, Sequence[int]] = {
            name: bytes(bool(row.get(name)) for row in odd)
            for name in ("deletedFlag", "unsubscribeFlag", "leadFlag", "isVendorFlag")
        }
        columns["lastUpdated"] = array("I", updated)
        columns["types"] = bytes(sum(1 << t for t in self.types(k)) for k in range(count))
        return columns

    def teams(self, k: int) -> dict[int, Row]:
        """Return the team rows of one firm; about five of six firms have an account manager."""
        h = mix(self._seed + 2, k)
        number = self._layout.company_ids.of(k)
        info = stamp(ANCHOR - 86400 * 300, "alice", ANCHOR - 86400 * 900, "alice")
        manager = 101 if k == 0 else 104 if k % 29 == 13 else 101 + h % 3
        rows = {}
        if k == 0 or h >> 8 & 15 > 2:
            rows[number * 10] = self._team(number, 0, manager, "accountManagerFlag") | {"_info": info}
        rows[number * 10 + 1] = self._team(number, 1, 101 + (h >> 16) % 3, "techFlag") | {"_info": info}
        return rows

    @staticmethod
    def _team(company: int, place: int, member: int, flag: str) -> Row:
        flags = {name: name == flag for name in ("accountManagerFlag", "techFlag", "salesFlag")}
        return {
            "id": company * 10 + place,
            "company": company,
            "teamRole": 1 + place,
            "location": 2,
            "department": 10,
            "member": member,
            **flags,
        }

    def _odd(self, k: int) -> Row:
        return FIXED[k] if k < len(FIXED) else PLANTED.get((k - len(FIXED)) % 40, {})

    def _words(self, k: int) -> tuple[str, str, str]:
        h = mix(self._seed + 4, k)
        return FIRM_FIRST[h % 30], FIRM_SECOND[(h >> 8) % 24], FIRM_FORM[(h >> 16) % 5]
