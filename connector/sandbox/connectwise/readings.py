"""What the public material leaves open about ConnectWise PSA; see `connector.sandbox.readings`."""

from __future__ import annotations

from connector.sandbox.readings import Chosen, Reading, reading

READINGS: dict[str, Reading] = {
    # signing in
    "missing_client_id": reading("401", "403", "1, 11", "The status of a call without a clientId."),
    "bad_credentials": reading("401", "404", "1", "On-premises says 401 to wrong keys, the cloud may say 404."),
    "system_info_unauthenticated": reading("yes", "no", "1", "Whether /system/info answers without a login."),
    "is_cloud_form": reading("bool", "text", "1", 'companyinfo: IsCloud is true, or the text "True".'),
    "rate_limit": reading(
        "none", "1000_per_minute", "6, 11", "Whether more than 1000 calls within a minute are answered with 429."
    ),
    # paging
    "page_size_over_1000": reading("cap", "error", "2, 11", "A pageSize over 1000 is capped, or is a 400."),
    "order_by_with_forward_only": reading(
        "ignored", "error", "2, 11", "orderBy in forward-only mode is ignored, or is a 400."
    ),
    "forward_only_served": reading(
        "yes", "no", "2", "Whether the header is honoured, or the endpoint answers with navigable pages."
    ),
    "forward_only_last_link": reading(
        "empty",
        "until_empty_page",
        "2",
        "The last page has an empty Link, none at all, or a next that leads to an empty page.",
        "absent",
    ),
    "link_on_single_page": reading("present", "absent", "2", "Whether a result of one page has a Link header."),
    "unordered_listing": reading(
        "by_id", "newest_first", "2 [I]", "Without orderBy rows come by id, or newest change first and so move."
    ),
    "unknown_projection_field": reading("ignored", "error", "2", "An unknown name in `fields`."),
    "null_properties": reading("omitted", "explicit", "2", "Unset members are left out, or are an explicit null."),
    # conditions
    "condition_times": reading(
        "exact", "empty", "3", "A condition on [date and time] is exact, or finds nothing (only [date] works)."
    ),
    "unfilterable_flags": reading(
        "none", "defaultFlag_unsubscribeFlag", "3", "Whether some returned flags are not recognised names."
    ),
    "external_xref_filter": reading("yes", "no", "4.3 [I]", "Whether conditions may name externalXRef."),
    "in_child_conditions": reading(
        "accepted", "error", "3, 11", "`in` inside childConditions and customFieldConditions."
    ),
    "child_terms_same_element": reading(
        "same", "any", "3, 11", "Two and-ed child terms hold on one element, or each on any element."
    ),
    "quote_escape": reading("backslash", "none", "3, 11 [I]", "Whether a backslash escapes a quote in a string."),
    "brackets_in_like": reading(
        "literal", "class", "3", "`[` inside like and contains is itself, or opens a set of characters."
    ),
    "string_case": reading("ignored", "exact", "3 (not stated)", "Whether = on text ignores case."),
    "null_not_equal": reading("matches", "never", "3 (not stated)", "Whether `!= value` holds for an unset member."),
    # records
    "member_rows": reading("full", "sparse", "8", "Member rows lack most members, as clients have reported."),
    "number_field_value": reading("number", "text", "4.5", "A Number custom field returns a number, or its text."),
    "default_contact_flag": reading(
        "company_default_contact",
        "nobody",
        "4.4 [I]",
        "A company row with defaultContactFlag brings the company's default contact into the group, or nobody.",
    ),
    "contacts_default_parameter": reading(
        "query", "refused", "4.1 [I]", "/company/contacts/default takes companyId from the query, or is refused."
    ),
    # writing
    "summary_over_100": reading("truncate", "error", "4.3, 11", "A ticket summary over 100 characters."),
    "ticket_text_newlines": reading("kept", "space", "4.3", "Line breaks in ticket and note text."),
    "ticket_mandatory_fields": reading(
        "none",
        "type",
        "4.3, 11",
        "Whether the tenant's workflow makes a ticket type mandatory; `many`: and subtype, item, source and location.",
        "many",
    ),
    "ticket_contact_elsewhere": reading(
        "accepted", "error", "4.3 (not stated)", "A ticket whose contact belongs to another company."
    ),
    "note_sections": reading(
        "any", "exactly_one", "4.3 [I]", "Whether a ticket note may set none or several of the section flags."
    ),
    "note_mails_by_default": reading(
        "no", "yes", "4.3", "Whether a ticket note without processNotifications mails the contact."
    ),
    "automatic_email_default": reading(
        "off", "on", "4.3", "automaticEmailContactFlag of a new ticket that does not name it."
    ),
    "patch_revalidates": reading(
        "no", "yes", "5", "Whether PATCH refuses a record for old bad text in members it does not touch."
    ),
    "type_association_touches_contact": reading(
        "yes", "no", "4.1 (not stated)", "Whether a changed type moves the contact's lastUpdated."
    ),
    "membership_post_by_id": reading(
        "accepted", "needs_group", "4.4, 11", "A group member is created by {id} alone, or groupId must be given."
    ),
    "membership_post_again": reading(
        "replaces", "error", "4.4 (not stated)", "A second POST of a group member replaces its row, or is refused."
    ),
    "custom_field_creation": reading(
        "accepted", "refused", "4.5 (not stated)", "Whether the key's role may create custom fields."
    ),
    "duplicate_contact": reading(
        "accepted", "error", "4.1, 11", "A second contact with the same e-mail unless ignoreDuplicates is true."
    ),
    "delete_in_use": reading("409", "400", "6, 11", "The status of deleting a contact that tickets point at."),
    "callback_levels": reading(
        "any", "owner_only", "7, 11", "Which levels a callback may have besides the recorded owner level."
    ),
}


class Readings(Chosen):
    """The answers chosen for one server."""

    known = READINGS
