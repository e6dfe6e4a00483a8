"""One named switch for each thing the public material leaves open about the vendor's server.

Nobody here has seen the real server answer these cases, so the stand-in can be told to answer either way and
the adapter has to survive both. `lenient` is the answer that is easiest on a client, `strict` the one that is
hardest. The fact is the section of the project's fact sheet on this vendor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One open question, the answers the stand-in can give, and where the question comes from."""

    lenient: str
    strict: str
    sentence: str
    fact: str
    others: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        return (self.lenient, self.strict, *self.others)


def _reading(lenient: str, strict: str, fact: str, sentence: str, *others: str) -> Reading:
    return Reading(lenient=lenient, strict=strict, fact=fact, sentence=sentence, others=others)


READINGS: dict[str, Reading] = {
    # signing in
    "missing_client_id": _reading("401", "403", "1, 11", "The status of a call without a clientId."),
    "bad_credentials": _reading("401", "404", "1", "On-premises says 401 to wrong keys, the cloud may say 404."),
    "system_info_unauthenticated": _reading("yes", "no", "1", "Whether /system/info answers without a login."),
    "is_cloud_form": _reading("bool", "text", "1", 'companyinfo: IsCloud is true, or the text "True".'),
    "rate_limit": _reading(
        "none", "1000_per_minute", "6, 11", "Whether more than 1000 calls within a minute are answered with 429."
    ),
    # paging
    "page_size_over_1000": _reading("cap", "error", "2, 11", "A pageSize over 1000 is capped, or is a 400."),
    "order_by_with_forward_only": _reading(
        "ignored", "error", "2, 11", "orderBy in forward-only mode is ignored, or is a 400."
    ),
    "forward_only_served": _reading(
        "yes", "no", "2", "Whether the header is honoured, or the endpoint answers with navigable pages."
    ),
    "forward_only_last_link": _reading(
        "empty",
        "until_empty_page",
        "2",
        "The last page has an empty Link, none at all, or a next that leads to an empty page.",
        "absent",
    ),
    "link_on_single_page": _reading("present", "absent", "2", "Whether a result of one page has a Link header."),
    "unordered_listing": _reading(
        "by_id", "newest_first", "2 [I]", "Without orderBy rows come by id, or newest change first and so move."
    ),
    "unknown_projection_field": _reading("ignored", "error", "2", "An unknown name in `fields`."),
    "null_properties": _reading("omitted", "explicit", "2", "Unset members are left out, or are an explicit null."),
    # conditions
    "condition_times": _reading(
        "exact", "empty", "3", "A condition on [date and time] is exact, or finds nothing (only [date] works)."
    ),
    "unfilterable_flags": _reading(
        "none", "defaultFlag_unsubscribeFlag", "3", "Whether some returned flags are not recognised names."
    ),
    "external_xref_filter": _reading("yes", "no", "4.3 [I]", "Whether conditions may name externalXRef."),
    "in_child_conditions": _reading(
        "accepted", "error", "3, 11", "`in` inside childConditions and customFieldConditions."
    ),
    "child_terms_same_element": _reading(
        "same", "any", "3, 11", "Two and-ed child terms hold on one element, or each on any element."
    ),
    "quote_escape": _reading("backslash", "none", "3, 11 [I]", "Whether a backslash escapes a quote in a string."),
    "brackets_in_like": _reading(
        "literal", "class", "3", "`[` inside like and contains is itself, or opens a set of characters."
    ),
    "string_case": _reading("ignored", "exact", "3 (not stated)", "Whether = on text ignores case."),
    "null_not_equal": _reading("matches", "never", "3 (not stated)", "Whether `!= value` holds for an unset member."),
    # records
    "member_rows": _reading("full", "sparse", "8", "Member rows lack most members, as clients have reported."),
    "number_field_value": _reading("number", "text", "4.5", "A Number custom field returns a number, or its text."),
    "default_contact_flag": _reading(
        "company_default_contact",
        "nobody",
        "4.4 [I]",
        "A company row with defaultContactFlag brings the company's default contact into the group, or nobody.",
    ),
    "contacts_default_parameter": _reading(
        "query", "refused", "4.1 [I]", "/company/contacts/default takes companyId from the query, or is refused."
    ),
    # writing
    "summary_over_100": _reading("truncate", "error", "4.3, 11", "A ticket summary over 100 characters."),
    "ticket_text_newlines": _reading("kept", "space", "4.3", "Line breaks in ticket and note text."),
    "ticket_mandatory_fields": _reading(
        "none",
        "type",
        "4.3, 11",
        "Whether the tenant's workflow makes a ticket type mandatory; `many`: and subtype, item, source and location.",
        "many",
    ),
    "ticket_contact_elsewhere": _reading(
        "accepted", "error", "4.3 (not stated)", "A ticket whose contact belongs to another company."
    ),
    "note_sections": _reading(
        "any", "exactly_one", "4.3 [I]", "Whether a ticket note may set none or several of the section flags."
    ),
    "note_mails_by_default": _reading(
        "no", "yes", "4.3", "Whether a ticket note without processNotifications mails the contact."
    ),
    "automatic_email_default": _reading(
        "off", "on", "4.3", "automaticEmailContactFlag of a new ticket that does not name it."
    ),
    "patch_revalidates": _reading(
        "no", "yes", "5", "Whether PATCH refuses a record for old bad text in members it does not touch."
    ),
    "type_association_touches_contact": _reading(
        "yes", "no", "4.1 (not stated)", "Whether a changed type moves the contact's lastUpdated."
    ),
    "membership_post_by_id": _reading(
        "accepted", "needs_group", "4.4, 11", "A group member is created by {id} alone, or groupId must be given."
    ),
    "membership_post_again": _reading(
        "replaces", "error", "4.4 (not stated)", "A second POST of a group member replaces its row, or is refused."
    ),
    "custom_field_creation": _reading(
        "accepted", "refused", "4.5 (not stated)", "Whether the key's role may create custom fields."
    ),
    "duplicate_contact": _reading(
        "accepted", "error", "4.1, 11", "A second contact with the same e-mail unless ignoreDuplicates is true."
    ),
    "delete_in_use": _reading("409", "400", "6, 11", "The status of deleting a contact that tickets point at."),
    "callback_levels": _reading(
        "any", "owner_only", "7, 11", "Which levels a callback may have besides the recorded owner level."
    ),
}


class Readings(Mapping[str, str]):
    """The answers chosen for one server."""

    def __init__(self, chosen: str | Mapping[str, str] = "lenient") -> None:
        """Take "lenient", "strict", or single answers over lenient ones.

        A mapping may name its ground with the key `*`. Raise ValueError for an unknown name or answer.
        """
        single = {} if isinstance(chosen, str) else dict(chosen)
        ground = chosen if isinstance(chosen, str) else single.pop("*", "lenient")
        if ground not in ("lenient", "strict"):
            raise ValueError(f"readings: {ground!r} is neither lenient nor strict")
        self._answers = {name: r.strict if ground == "strict" else r.lenient for name, r in READINGS.items()}
        for name, answer in single.items():
            if name not in READINGS:
                raise ValueError(f"readings: no reading {name!r}; known: {', '.join(sorted(READINGS))}")
            if answer not in READINGS[name].values:
                raise ValueError(f"readings: {name} is one of {READINGS[name].values}, not {answer!r}")
            self._answers[name] = answer

    def __getitem__(self, name: str) -> str:
        return self._answers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)
