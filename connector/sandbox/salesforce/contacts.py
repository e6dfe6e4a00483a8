"""The people, each a pure function of (seed, index), with dirt planted by `dirt.SLOTS`; asked for by columns."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from connector.sandbox import names, people
from connector.sandbox.people import mix
from connector.sandbox.plants import PERIOD

from . import dirt
from .catalogue import PICKLISTS
from .moments import ANCHOR, written
from .shapes import IDS
from .tenant import ALICE, BOB, BUSINESS_CONTACT, CAROL, PARTNER_CONTACT, record_type_id, user_id

NO_FIRM = 0xFFFFFFFF
_KEEP = 200_000
_STALE = 5 * 365 * 86400
_STALE_LABELS = frozenset({"stale_by_age", "replaced"})
_ODD_NAMES = {"non_ascii_name": names.FOREIGN, "long_name": names.LONG, "hostile_name": names.HOSTILE}
# 64 draws: about a quarter decide, a tenth own, half use.
_DECIDES, _OWNS, _USES, _BILLS, _TECHNICAL = PICKLISTS["ContactType"]
_TYPES = (_DECIDES,) * 16 + (_OWNS,) * 6 + (_USES,) * 28 + (_BILLS,) * 5 + (_TECHNICAL,) * 6 + (None,) * 3
_ROLES = ("Decision Maker", "Decision Maker;Billing", "Project Lead", None)
_OWNERS = (ALICE, BOB, CAROL, BOB)

Core = tuple[str, str, str | None]  # first name, last name, address


class Contacts:
    """Columns of the planted contacts."""

    def __init__(self, count: int, firms: int, seed: int) -> None:
        self.count, self._firms, self._seed = count, firms, seed
        self._known: dict[int, Core] = {}
        integration = user_id(BOB)
        self._columns: dict[str, Callable[[Sequence[int]], list[Any]]] = {
            "Id": lambda indices: list(map(IDS["Contact"].of, indices)),
            "IsDeleted": lambda indices: [False] * len(indices),
            "AccountId": lambda indices: list(map(self._account_id, indices)),
            "FirstName": lambda indices: [core[0] for core in self._cores(indices)],
            "LastName": lambda indices: [core[1] for core in self._cores(indices)],
            "Name": lambda indices: [f"{core[0]} {core[1]}" for core in self._cores(indices)],
            "Email": lambda indices: [core[2] for core in self._cores(indices)],
            "RecordTypeId": lambda indices: [_RECORD_TYPES[h[i] >> 11 & 7] for h in (self._hashes,) for i in indices],
            "Phone": lambda indices: [_PHONES[h[i] >> 9 & 63] for h in (self._hashes,) for i in indices],
            "Title": lambda indices: [names.TITLES[h[i] >> 50 & 15] for h in (self._hashes,) for i in indices],
            "OwnerId": lambda indices: [_OWNER_IDS[h[i] & 3] for h in (self._hashes,) for i in indices],
            "HasOptedOutOfEmail": self._labelled("opted_out"),
            "DoNotCall": lambda indices: [False] * len(indices),
            "EmailBouncedReason": lambda indices: [_BOUNCES.get(_slot(i).label) for i in indices],
            "EmailBouncedDate": lambda indices: [
                self._modified(i) if _slot(i).label == "bounced" else None for i in indices
            ],
            "IsEmailBounced": self._labelled("bounced"),
            "CreatedDate": lambda indices: [written(self._changed(i) - 90 * 86400) for i in indices],
            "CreatedById": lambda indices: [integration] * len(indices),
            "LastModifiedDate": lambda indices: list(map(self._modified, indices)),
            "LastModifiedById": lambda indices: [integration] * len(indices),
            "SystemModstamp": lambda indices: list(map(self._modified, indices)),
            "Contact_Type__c": lambda indices: [
                _TYPES[h[i] & 63] if i else _DECIDES for h in (self._hashes,) for i in indices
            ],
            "Contact_Roles__c": lambda indices: [_ROLES[h[i] >> 6 & 3] for h in (self._hashes,) for i in indices],
            "Inactive__c": self._labelled("inactive"),
            "Secondary_Email__c": lambda indices: list(map(self._second, indices)),
            "NPS_Opt_Out__c": self._labelled("opted_out_nps"),
        }

    def column(self, name: str, indices: Sequence[int]) -> list[Any]:
        """Return one field of the contacts at the indices; None where the planted ones have no such value."""
        values = self._columns.get(name)
        return values(indices) if values else [None] * len(indices)

    def firm_of(self, index: int) -> int | None:
        """Return the index of the contact's account, None for a private contact."""
        planted = _slot(index)
        if planted.label == "no_company":
            return None
        if planted.copies and planted.label != "duplicate_across_companies":
            index -= 1
        return people.firm_of(index) % self._firms

    def core(self, index: int) -> Core:
        """Return first name, last name and address, none for those who have none."""
        planted = _slot(index)
        label, variant = planted.label, planted.variant
        if planted.copies:
            first, last, address = self.core(index - 1)
            return first, last, _varied(address or "", label)
        known = people.human(self._seed, index, "salesforce")
        if label == "healthy":
            return known.first, known.last, known.email
        domain = known.email.rpartition("@")[2]
        if label in _ODD_NAMES:
            first, last, plain = _ODD_NAMES[label][variant]
            return first[:40], last[:80], f"{plain}{index}@{domain}"
        if label == "no_email":
            return known.first, known.last, None
        if label == "malformed":
            return known.first, known.last, names.MALFORMED[variant].format(p=known.plain, d=domain)[:80]
        if label == "role_address":
            return known.first, known.last, f"{names.ROLES[variant]}@{domain}"
        if label == "technical_mailbox":
            return known.first, known.last, f"{names.TECHNICAL[variant]}@{domain}"
        return known.first, known.last, known.email

    @cached_property
    def _hashes(self) -> array[int]:
        seed = self._seed
        return array("Q", [mix(seed + 2, index) for index in range(self.count)])

    @cached_property
    def _account_ids(self) -> list[str]:
        return [IDS["Account"].of(k) for k in range(self._firms)]

    def _account_id(self, index: int) -> str | None:
        firm = self.firm_of(index)
        return None if firm is None else self._account_ids[firm]

    def _cores(self, indices: Sequence[int]) -> list[Core]:
        # First name, last name and address are asked for one after another, and again by the next pull.
        known = self._known
        if len(known) > _KEEP:
            known.clear()
        for index in indices:
            if index not in known:
                known[index] = self.core(index)
        return [known[index] for index in indices]

    def _changed(self, index: int) -> int:
        if index == 0:
            return ANCHOR - 30 * 86400
        # Last changed before the world began: within two years, or long ago for what has gone stale.
        changed = ANCHOR - (self._hashes[index] >> 32 & 0xFFFF) * 900
        return changed - _STALE if _IS_STALE[(index - 1) % PERIOD] else changed

    def _modified(self, index: int) -> str:
        return written(self._changed(index))

    def _second(self, index: int) -> str | None:
        return f"home{index}@home.example.org" if _slot(index).label == "second_email" else None

    @staticmethod
    def _labelled(label: str) -> Callable[[Sequence[int]], list[bool]]:
        marks = [planted.label == label for planted in dirt.SLOTS]
        return lambda indices: [marks[(i - 1) % PERIOD] and i > 0 for i in indices]


_slot = dirt.slot
_IS_STALE = [planted.label in _STALE_LABELS for planted in dirt.SLOTS]
_OWNER_IDS = [user_id(place) for place in _OWNERS]
_PHONES = [f"+1 555 01{n:02d}" for n in range(64)]
_RECORD_TYPES = [record_type_id(PARTNER_CONTACT if n == 3 else BUSINESS_CONTACT) for n in range(8)]
_BOUNCES = {"bounced": "550 5.1.1 The email account that you tried to reach does not exist"}


def _varied(address: str, label: str) -> str:
    if label == "duplicate_by_case":
        return address.upper()
    if label == "duplicate_by_plus":
        return address.replace("@", "+crm@", 1)
    if label == "replaced":
        return f"old.{address}"
    return address
