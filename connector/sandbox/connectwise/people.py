"""The people, each a pure function of (seed, index), with dirt planted by `dirt.SLOTS`."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from connector.sandbox import names
from connector.sandbox.people import human, is_shared, mix
from connector.sandbox.plants import PERIOD, Slot

from . import dirt
from .firms import Firms
from .layout import ANCHOR, Layout
from .tenant import SHOE_SIZE, planted_stamp

Row = dict[str, Any]
EMAIL, DIRECT, FAX, MOBILE, EMAIL_2 = 1, 2, 3, 4, 5
DECISION_MAKER, OWNER, END_USER, BILLING, TECHNICAL = 1, 2, 3, 4, 5

# 64 draws: about a quarter decide, a tenth own, half use.
_TYPES: tuple[tuple[int, ...], ...] = (
    ((DECISION_MAKER,),) * 12
    + ((DECISION_MAKER, BILLING),) * 4
    + ((OWNER,),) * 4
    + ((OWNER, DECISION_MAKER),) * 2
    + ((END_USER,),) * 28
    + ((BILLING,),) * 5
    + ((TECHNICAL,),) * 6
    + ((),) * 3
)
_STALE = 5 * 365 * 86400
_STALE_LABELS = ("stale_by_age", "replaced")
_FIRST, _LAST = len(names.FIRST), len(names.LAST)
_ODD_NAMES = {"non_ascii_name": names.FOREIGN, "long_name": names.LONG, "hostile_name": names.HOSTILE}
_COUNTRY = {"id": 1, "name": "United States"}
_NONE: Row = {}


class People:
    """Renders contacts on demand, and whole columns of the members that conditions ask for."""

    def __init__(self, layout: Layout, firms: Firms, seed: int) -> None:
        self._layout, self._firms, self._seed = layout, firms, seed

    def name(self, index: int) -> tuple[str, str, str]:
        """Return first name, last name and the plain form for addresses."""
        planted = dirt.slot(index)
        if planted.copies:
            return self.name(index - 1)
        return self._name(index, planted, mix(self._seed, index))

    def _name(self, index: int, planted: Slot, h: int) -> tuple[str, str, str]:
        if planted.label in _ODD_NAMES:
            first, last, plain = _ODD_NAMES[planted.label][planted.variant]
            return first, last, f"{plain}{index}"
        if is_shared(index):
            known = human(self._seed, index, "connectwise")
            return known.first, known.last, known.plain
        first, last = names.FIRST[(h >> 16) % _FIRST], names.LAST[(h >> 24) % _LAST]
        return first, last, f"{first.lower()}.{last.lower()}{index}"

    def emails(self, index: int) -> list[tuple[str, bool]]:
        """Return the person's addresses, each with its default flag."""
        return self._emails(index, dirt.slot(index), self._layout.company_of(index), self.name(index)[2])

    def _emails(self, index: int, planted: Slot, company: int | None, plain: str) -> list[tuple[str, bool]]:
        label, variant = planted.label, planted.variant
        if label == "no_email":
            return []
        if planted.copies and label != "replaced":
            [(address, _)] = self.emails(index - 1)
            return [(_varied(address, label), True)]
        domain = "mail.example.org" if company is None else self._firms.domain(company)
        address = self._address(index - 1 if planted.copies else index, plain, domain)
        if label == "healthy":
            return [(address, True)]
        if label == "replaced":
            return [(f"old.{address}", True)]
        if label == "malformed":
            return [(names.MALFORMED[variant].format(p=plain, d=domain), True)]
        if label == "role_address":
            return [(f"{names.ROLES[variant]}@{domain}", True)]
        if label == "technical_mailbox":
            return [(f"{names.TECHNICAL[variant]}@{domain}", True)]
        if label == "several_emails_one_default":
            return [(f"{plain}@home.example.org", False), (address, True)]
        if label == "several_emails_no_default":
            return [(address, False), (f"{plain}@home.example.org", False)]
        return [(address, True)]

    def _address(self, index: int, plain: str, domain: str) -> str:
        """Return the address at the person's firm, or the one by which every CRM knows a shared person."""
        if is_shared(index) and dirt.slot(index).label not in _ODD_NAMES:
            return human(self._seed, index, "connectwise").email
        return f"{plain}@{domain}"

    def row(self, index: int) -> Row:
        """Return one contact as it is stored: references as ids, custom fields by id."""
        h = mix(self._seed, index)
        planted = dirt.slot(index)
        label = planted.label
        number = self._layout.contact_ids.of(index)
        first, last, plain = self.name(index) if planted.copies else self._name(index, planted, h)
        company = self._layout.company_of(index)
        city, state, code = names.CITIES[h >> 6 & 7]
        # Last changed before the world began: within two years, or long ago for what has gone stale.
        updated = ANCHOR - (h >> 32 & 0xFFFF) * 900 if index else ANCHOR - 30 * 86400
        if label in _STALE_LABELS:
            updated -= _STALE
        phone = f"+1 555 01{h >> 9 & 63:02d}" if index else "+1 555 0100"
        row: Row = {
            "id": number,
            "firstName": first,
            "lastName": last,
            "addressLine1": f"{1 + (h >> 40 & 1023)} Example Street",
            "city": city,
            "state": state,
            "zip": code,
            "country": _COUNTRY,
            "inactiveFlag": label == "inactive",
            "title": names.TITLES[h >> 50 & 15],
            "portalSecurityLevel": 1,
            "disablePortalLoginFlag": True,
            "unsubscribeFlag": label == "unsubscribed_contact",
            "defaultPhoneType": "Direct",
            "defaultPhoneNbr": phone,
            "defaultBillingFlag": False,
            "defaultFlag": company is not None and self._layout.is_default(index, company),
            "companyLocation": 2,
            "communicationItems": _items(number, phone, self._emails(index, planted, company, plain)),
            "types": _TYPES[h & 63] if index else (DECISION_MAKER,),
            "customFields": {SHOE_SIZE: 36 + (h >> 54) % 12} if index % 5 == 0 else _NONE,
            "ignoreDuplicates": False,
            "_info": planted_stamp(updated, 30 + (h >> 13 & 511)),
        }
        if company is not None:
            company_id = self._layout.company_ids.of(company)
            row["company"] = company_id
            row["site"] = {"id": company_id, "name": "Main"}
        if label == "legacy_bad":
            row["userDefinedField1"] = "entered before the limit of fifty characters was enforced by the server"
        return row

    def columns(self) -> dict[str, Sequence[int]]:
        """Return the members that filters ask for, one entry a contact; types as bits."""
        count = self._layout.contacts
        flags = {
            name: bytes(1) + bytes(s.label == label for s in dirt.SLOTS) * (count // PERIOD + 1)
            for name, label in (("inactiveFlag", "inactive"), ("unsubscribeFlag", "unsubscribed_contact"))
        }
        bits = [sum(1 << t for t in types) for types in _TYPES]
        seed = self._seed
        types, updated = bytearray(count), array("I", bytes(4 * count))
        for index in range(count):
            h = mix(seed, index)
            types[index] = bits[h & 63]
            updated[index] = ANCHOR - (h >> 32 & 0xFFFF) * 900
        types[0], updated[0] = 1 << DECISION_MAKER, ANCHOR - 30 * 86400
        for place, planted in enumerate(dirt.SLOTS):
            if planted.label in _STALE_LABELS:
                here = slice(place + 1, count, PERIOD)
                updated[here] = array("I", [seconds - _STALE for seconds in updated[here]])
        return {
            "inactiveFlag": flags["inactiveFlag"][:count],
            "unsubscribeFlag": flags["unsubscribeFlag"][:count],
            "types": types,
            "lastUpdated": updated,
            "company": self._layout.company_column(),
        }


def _items(number: int, phone: str, emails: list[tuple[str, bool]]) -> list[Row]:
    items: list[Row] = [
        {
            "id": number * 10 + place,
            "type": EMAIL_2 if place else EMAIL,
            "value": address,
            "defaultFlag": default,
            "domain": f"@{address.rpartition('@')[2]}",
            "communicationType": "Email",
        }
        for place, (address, default) in enumerate(emails)
    ]
    direct = {"id": number * 10 + 5, "type": DIRECT, "value": phone, "defaultFlag": True, "communicationType": "Phone"}
    return [*items, direct]


def _varied(address: str, label: str) -> str:
    if label == "duplicate_by_case":
        return address.upper()
    if label == "duplicate_by_plus":
        return address.replace("@", "+crm@", 1)
    if label == "duplicate_by_space":
        return f" {address} "
    return address
