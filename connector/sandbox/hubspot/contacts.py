"""The contacts, each a pure function of (seed, index), with dirt planted by `dirt.SLOTS`."""

from __future__ import annotations

from array import array

from connector.sandbox import names
from connector.sandbox.people import Human, human, mix
from connector.sandbox.plants import PERIOD

from . import dirt
from .layout import ANCHOR, Layout
from .state import Record

# 32 draws: half are customers, one in thirty-two is in the portal's own stage.
STAGES = (
    ("customer",) * 16
    + ("lead",) * 4
    + ("marketingqualifiedlead",) * 3
    + ("salesqualifiedlead",) * 2
    + ("opportunity",) * 2
    + ("subscriber", "evangelist", "other", "268435456", "")
)
ROLES = (
    "decision_maker",
    "decision_maker;billing",
    "owner",
    "owner;decision_maker",
    "end_user",
    "end_user",
    "billing",
    "",
)
_STALE = 5 * 365 * 86400_000
_STALE_LABELS = ("stale_by_age", "replaced")
_ODD_NAMES = {"non_ascii_name": names.FOREIGN, "long_name": names.LONG, "hostile_name": names.HOSTILE}
_OWNERS = ("64492917", "64492918", "")


class Contacts:
    """Renders planted contacts on demand, and the columns that searches ask for."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout, self._seed = layout, seed

    def human(self, index: int) -> Human:
        """Return name and main address; the address may be empty or broken."""
        planted = dirt.slot(index)
        label, variant = planted.label, planted.variant
        if planted.copies:
            of = human(self._seed, index - 1, "hubspot")
            return Human(first=of.first, last=of.last, plain=of.plain, email=_varied(of, label, index))
        who = human(self._seed, index, "hubspot")
        if label == "healthy":
            return who
        first, last, plain, address = who.first, who.last, who.plain, who.email
        domain = address.rpartition("@")[2]
        if label in _ODD_NAMES:
            first, last, plain = _ODD_NAMES[label][variant]
            plain = f"{plain}{index}"
            address = f"{plain}@{domain}"
        elif label == "no_email":
            address = ""
        elif label == "malformed":
            # An address is unique in HubSpot, a broken one too.
            address = names.MALFORMED[variant].format(p=plain, d=domain).lower()
            address = address if "{p}" in names.MALFORMED[variant] else f"{index}{address}"
        elif label == "role_address":
            address = f"{names.ROLES[variant]}@{domain}"
        elif label == "technical_mailbox":
            address = f"{names.TECHNICAL[variant]}@{domain}"
        if label in ("role_address", "technical_mailbox") and index > PERIOD:
            address = address.replace("@", f"@d{index}.", 1)
        return Human(first=first, last=last, plain=plain, email=address)

    def updated(self, index: int) -> int:
        """Return when the contact was last changed, in milliseconds since 1970."""
        if not index:
            return (ANCHOR - 30 * 86400) * 1000
        h = mix(self._seed + 11, index)
        # Every third falls on a whole second, whose time some endpoints write without a fraction.
        millis = ANCHOR * 1000 - (h >> 32 & 0xFFFF) * 900_000 - (h % 997 if h % 3 else 0)
        return millis - _STALE if dirt.slot(index).label in _STALE_LABELS else millis

    def stage(self, index: int) -> str:
        return STAGES[mix(self._seed + 11, index) & 31] if index else "customer"

    def record(self, index: int) -> Record:
        """Return one contact as it is stored; absent properties are unset."""
        h = mix(self._seed + 11, index)
        planted = dirt.slot(index)
        label, variant = planted.label, planted.variant
        who = self.human(index)
        city, state, code = names.CITIES[h >> 6 & 7]
        updated = self.updated(index)
        properties = {
            "email": who.email,
            "firstname": who.first,
            "lastname": who.last,
            "phone": f"+1 555 01{h >> 9 & 63:02d}" if index else "+1 555 0100",
            "jobtitle": names.TITLES[h >> 50 & 15],
            "city": city,
            "state": state,
            "zip": code,
            "lifecyclestage": STAGES[h & 31] if index else "customer",
            "contact_role": ROLES[h >> 20 & 7] if index else "decision_maker",
            "hs_lead_status": "CONNECTED" if h >> 40 & 1 else "",
            "hs_marketable_status": "true" if h >> 41 & 3 else "false",
            "hs_email_optout": "true" if label == "opted_out" else "false" if h >> 43 & 1 else "",
            "hubspot_owner_id": _OWNERS[(h >> 44) % 3] if index else _OWNERS[0],
        }
        if not properties["email"]:
            del properties["email"]
        if label == "hard_bounce":
            properties |= {"hs_email_hard_bounce_reason_enum": dirt.BOUNCES[variant], "hs_email_bounce": "1"}
        elif label == "quarantined":
            properties |= {"hs_email_quarantined": "true", "hs_email_quarantined_reason": "SUSPENSION_REMEDIATION"}
        elif label == "bad_address":
            properties["hs_email_bad_address"] = "true"
        elif label in ("additional_email", "duplicate_by_additional"):
            properties["hs_additional_emails"] = self.additional(index)
        return Record(
            id=self._layout.contact_ids.of(index),
            properties={name: value for name, value in properties.items() if value},
            created=updated - (30 + (h >> 13 & 511)) * 86400_000,
            updated=updated,
        )

    def additional(self, index: int) -> str:
        """Return hs_additional_emails, several parted by semicolons."""
        planted = dirt.slot(index)
        if planted.label == "duplicate_by_additional":
            return human(self._seed, index - 1, "hubspot").email.replace("@", "+old@", 1)
        if planted.label == "additional_email":
            plain = self.human(index).plain
            more = f";{plain}@club.example.org" if planted.variant % 2 else ""
            return f"{plain}@home.example.org{more}"
        return ""

    def updated_column(self) -> array[int]:
        return array("q", [self.updated(index) for index in range(self._layout.contacts)])


def _varied(of: Human, label: str, index: int) -> str:
    if label == "duplicate_by_plus":
        return of.email.replace("@", "+crm@", 1)
    if label == "duplicate_by_additional":
        return f"{of.plain}.{index}@home.example.org"
    return f"old.{of.email}"
