"""What is planted among the contacts, and the true name of each plant.

Contact `i` gets slot `(i - 1) % 199`, so every kind is present from 200 contacts on, at any seed. Contact 0 is
Ann Example, who is healthy in every world. A slot that copies a person copies contact `i - 1`, whose slot is
healthy by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

PERIOD = 199

# The label of each plant, and what is true of such a contact.
LABELS = {
    "healthy": "nothing is wrong with the person or the account",
    "no_email": "has no e-mail address",
    "malformed": "the e-mail address, imported long ago, cannot exist as written",
    "second_email": "has another address in Secondary_Email__c",
    "role_address": "a shared mailbox such as info@",
    "technical_mailbox": "a machine's mailbox such as noreply@",
    "duplicate_in_company": "the same person and address as another contact of the account",
    "duplicate_across_companies": "the same person and address as a contact of another account",
    "duplicate_by_case": "the same address but for upper case",
    "duplicate_by_plus": "the same address but for a +tag",
    "duplicated": "another contact repeats this one",
    "replaced": "a newer contact of the same name and account has another address",
    "replacement": "the newer one of a replaced contact",
    "bounced": "EmailBouncedReason and EmailBouncedDate are set",
    "opted_out": "HasOptedOutOfEmail is set",
    "opted_out_nps": "NPS_Opt_Out__c is set on the contact",
    "opted_out_company": "NPS_Opt_Out__c is set on the account",
    "opted_out_group": "the member's status in NPS 2026 is Opted Out",
    "inactive": "Inactive__c is set",
    "stale_by_age": "nobody has touched the record for years",
    "non_ascii_name": "a name outside ASCII",
    "long_name": "a name as long as the fields allow",
    "hostile_name": "a name that does harm where it is not escaped",
    "no_company": "a private contact: belongs to no account",
    "company_former_client": "the account is a Former Customer",
    "company_prospect": "the account is a Prospect",
    "company_vendor": "the account is a Vendor",
    "company_inactive": "the account's Active__c is No",
    "group_member": "a contact in the campaign NPS 2026",
}
# Labels that say where somebody belongs, not that anything is wrong.
BELONGING = frozenset({"group_member", "second_email"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One plant: its label, which variant of it, and whether the person copies the contact before."""

    label: str = "healthy"
    variant: int = 0
    copies: bool = False


_COPIES = (
    ("duplicate_in_company", 4),
    ("duplicate_by_case", 1),
    ("duplicate_by_plus", 1),
    ("duplicate_across_companies", 3),
    ("replaced", 3),
)
_OTHERS = (
    ("no_email", 6),
    ("malformed", 9),
    ("second_email", 4),
    ("role_address", 5),
    ("technical_mailbox", 4),
    ("bounced", 6),
    ("opted_out", 6),
    ("opted_out_nps", 2),
    ("inactive", 10),
    ("stale_by_age", 6),
    ("non_ascii_name", 8),
    ("long_name", 2),
    ("hostile_name", 7),
    ("no_company", 3),
)


def _slots() -> tuple[Slot, ...]:
    plants = [Slot(label=label, variant=n, copies=True) for label, count in _COPIES for n in range(count)]
    plants += [Slot(label=label, variant=n) for label, count in _OTHERS for n in range(count)]
    slots = [Slot()] * PERIOD
    # Every second place from 1 on, so that the place before a copy is always healthy.
    for place, plant in zip(range(1, PERIOD, 2), plants, strict=False):
        slots[place] = plant
    return tuple(slots)


SLOTS = _slots()
_STAYS = Slot()


def slot(index: int) -> Slot:
    """Return what is planted at one contact; Ann Example, index 0, is always healthy."""
    return SLOTS[(index - 1) % PERIOD] if index else _STAYS


def followed_by(index: int, count: int) -> Slot:
    """Return the slot of the contact after this one, which may copy it."""
    return slot(index + 1) if index + 1 < count else _STAYS
