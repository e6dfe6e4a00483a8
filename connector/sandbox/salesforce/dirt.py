"""What is planted among the contacts, and the true name of each plant; how they are laid out, see `..plants`."""

from __future__ import annotations

from connector.sandbox.plants import Plants

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

_PLANTS = Plants(
    copies=(
        ("duplicate_in_company", 4),
        ("duplicate_by_case", 1),
        ("duplicate_by_plus", 1),
        ("duplicate_across_companies", 3),
        ("replaced", 3),
    ),
    others=(
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
    ),
)
SLOTS = _PLANTS.slots
slot, followed_by = _PLANTS.slot, _PLANTS.followed_by
