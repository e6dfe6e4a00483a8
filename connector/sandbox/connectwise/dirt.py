"""What is planted among the contacts, and the true name of each plant; how they are laid out, see `..plants`."""

from __future__ import annotations

from connector.sandbox.plants import Plants

# The label of each plant, and what is true of such a contact.
LABELS = {
    "healthy": "nothing is wrong with the person or the firm",
    "no_email": "has no e-mail address",
    "malformed": "the e-mail address cannot exist as written",
    "several_emails_one_default": "two addresses, the second one is the default",
    "several_emails_no_default": "two addresses, none is the default",
    "role_address": "a shared mailbox such as info@",
    "technical_mailbox": "a machine's mailbox such as noreply@",
    "duplicate_in_company": "the same person and address as another contact of the firm",
    "duplicate_across_companies": "the same person and address as a contact of another firm",
    "duplicate_by_case": "the same address but for upper case",
    "duplicate_by_plus": "the same address but for a +tag",
    "duplicate_by_space": "the same address but for spaces around it",
    "duplicated": "another contact repeats this one",
    "replaced": "a newer contact of the same name and firm has another address",
    "replacement": "the newer one of a replaced contact",
    "inactive": "inactiveFlag is set",
    "unsubscribed_contact": "unsubscribeFlag is set on the contact",
    "unsubscribed_company": "unsubscribeFlag is set on the firm",
    "unsubscribed_group": "unsubscribeFlag is set on the membership in NPS 2026",
    "unsubscribed_group_company": "unsubscribeFlag is set on the firm's membership in NPS 2026",
    "stale_by_age": "nobody has touched the record for years",
    "non_ascii_name": "a name outside ASCII",
    "long_name": "a name longer than most forms allow",
    "hostile_name": "a name that does harm where it is not escaped",
    "legacy_bad": "an untouched member breaks today's rules, so that a re-validating PATCH fails",
    "no_company": "belongs to no firm",
    "company_former_client": "the firm is a Former Client",
    "company_prospect": "the firm is a Prospect",
    "company_vendor": "the firm is a Vendor",
    "company_own": "the firm is the MSP itself",
    "company_deleted": "the firm is deleted",
    "company_inactive": "the firm's status is inactive",
    "company_lead": "the firm has the lead flag",
    "group_member": "a contact row in NPS 2026",
    "group_member_by_company": "in NPS 2026 through a row of the firm",
}
# Labels that say where somebody belongs, not that anything is wrong.
BELONGING = frozenset({"group_member", "group_member_by_company"})

_PLANTS = Plants(
    copies=(
        ("duplicate_in_company", 4),
        ("duplicate_by_case", 1),
        ("duplicate_by_plus", 1),
        ("duplicate_by_space", 1),
        ("duplicate_across_companies", 3),
        ("replaced", 3),
    ),
    others=(
        ("no_email", 6),
        ("malformed", 12),
        ("several_emails_one_default", 4),
        ("several_emails_no_default", 2),
        ("role_address", 5),
        ("technical_mailbox", 4),
        ("inactive", 12),
        ("unsubscribed_contact", 4),
        ("stale_by_age", 6),
        ("non_ascii_name", 8),
        ("long_name", 2),
        ("hostile_name", 7),
        ("legacy_bad", 1),
        ("no_company", 3),
    ),
)
SLOTS = _PLANTS.slots
slot, followed_by = _PLANTS.slot, _PLANTS.followed_by
