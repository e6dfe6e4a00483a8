"""What is planted among the contacts, and the true name of each plant; how they are laid out, see `..plants`."""

from __future__ import annotations

from connector.sandbox.plants import Plants

# The label of each plant, and what is true of such a contact.
LABELS = {
    "healthy": "nothing is wrong with the person or the firm",
    "no_email": "has no e-mail address",
    "malformed": "the e-mail address cannot exist as written; an old import let it in",
    "additional_email": "hs_additional_emails holds a second address",
    "role_address": "a shared mailbox such as info@",
    "technical_mailbox": "a machine's mailbox such as noreply@",
    "duplicate_by_plus": "the address of another contact but for a +tag",
    "duplicate_by_additional": "the name of another contact, whose main address is here as a tagged additional one",
    "duplicated": "another contact repeats this one",
    "replaced": "a newer contact of the same name and firm has another address",
    "replacement": "the newer one of a replaced contact",
    "opted_out": "hs_email_optout is true",
    "hard_bounce": "hs_email_hard_bounce_reason_enum is set",
    "quarantined": "hs_email_quarantined is true",
    "bad_address": "hs_email_bad_address is true",
    "stale_by_age": "nobody has touched the record for years",
    "non_ascii_name": "a name outside ASCII",
    "long_name": "a name longer than most forms allow",
    "hostile_name": "a name that does harm where it is not escaped",
    "no_company": "belongs to no firm",
    "several_companies": "belongs to two firms, one of them primary",
    "labelled_company": "the second firm bears the portal's own label Billing contact",
    "consultant": "belongs to more than a hundred firms",
    "talkative": "has more than a hundred notes",
    "merged": "swallowed other contacts, whose ids still lead here",
    "company_former_client": "the primary firm is a former client",
    "company_prospect": "the primary firm is a prospect",
    "company_vendor": "the primary firm is a vendor",
    "group_member": "in the static list NPS 2026",
}
# Labels that say where somebody belongs or what hangs there, not that anything is wrong.
BELONGING = frozenset({"group_member", "several_companies", "labelled_company", "consultant", "talkative", "merged"})

BOUNCES = ("UNKNOWN_USER", "MAILBOX_FULL", "CONTENT", "POLICY", "OTHER")

_PLANTS = Plants(
    copies=(("duplicate_by_plus", 3), ("duplicate_by_additional", 3), ("replaced", 4)),
    others=(
        ("consultant", 1),
        ("talkative", 1),
        ("merged", 1),
        ("no_email", 6),
        ("malformed", 12),
        ("additional_email", 5),
        ("role_address", 5),
        ("technical_mailbox", 4),
        ("opted_out", 6),
        ("hard_bounce", 5),
        ("quarantined", 3),
        ("bad_address", 3),
        ("stale_by_age", 5),
        ("non_ascii_name", 8),
        ("long_name", 2),
        ("hostile_name", 7),
        ("no_company", 4),
        ("several_companies", 5),
        ("labelled_company", 2),
    ),
    once=frozenset({"consultant", "talkative", "merged"}),
)
SLOTS = _PLANTS.slots
slot, followed_by, once = _PLANTS.slot, _PLANTS.followed_by, _PLANTS.once
