"""What the public material leaves open about Salesforce; see `connector.sandbox.readings`."""

from __future__ import annotations

from connector.sandbox.readings import Chosen, Reading, reading

READINGS: dict[str, Reading] = {
    # signing in
    "password_grant": reading("accepted", "blocked", "1.2", "Whether the org allows the password grant."),
    "token_instance_url": reading(
        "same_host", "trailing_slash", "1.2 (not stated)", "Whether instance_url in a token answer ends with a slash."
    ),
    # reading
    "page_rows": reading("full", "sometimes_fewer", "2.1", "The server may return fewer rows than batchSize."),
    "uri_too_long": reading("414", "431", "2.1 [MEM]", "The status beyond 16,384 bytes of URI and headers."),
    "bad_locator_status": reading("400", "404", "8", "The HTTP status of INVALID_QUERY_LOCATOR."),
    "locator_prefix": reading("0r8", "01g", "2.1", "What query locators begin with; they are opaque either way."),
    "record_types_on_contact": reading(
        "yes", "no", "2.3 [MEM]", "Without record types on an object RecordTypeId does not exist there."
    ),
    "opt_out_field": reading(
        "visible", "hidden", "2.3", "HasOptedOutOfEmail is hidden by field-level security in many orgs."
    ),
    "text_equals": reading("ignores_case", "exact", "2.2 [MEM]", "Whether = on text ignores case."),
    "limits_endpoint": reading(
        "served", "forbidden", "4", "/limits needs View Setup and Configuration, which a lean user lacks."
    ),
    "limit_info": reading("short", "long", "4", "Sforce-Limit-Info has api-usage alone, or bursts and per-app too."),
    # bulk
    "bulk_query": reading("accepted", "forbidden", "2.6", "Whether the user may create bulk query jobs."),
    "bulk_job_states": reading(
        "at_once", "in_progress_first", "2.6", "A job is complete at the first look, or in progress for two looks."
    ),
    # writing
    "upsert_status": reading("by_version", "204", "3.1", "An update by external id is 200 with a body, or 204 empty."),
    "several_matches_body": reading("urls", "empty", "8", "The exact body of HTTP 300 is not established."),
    "update_only_miss": reading("404", "400", "8", "updateOnly=true on a miss."),
    "external_id_in_body": reading("refused", "accepted", "3.1 [MEM]", "The key of an upsert repeated in its body."),
    "case_account_from_contact": reading(
        "yes", "no", "3.2 [MEM]", "AccountId of a new Case fills itself from its contact."
    ),
    "is_email_bounced_writable": reading("no", "yes", "8", "Whether IsEmailBounced is writable in all editions."),
    "collections_duplicate": reading(
        "with_details", "bare", "3.3, 8", "Whether a row of a collection shows what a duplicate rule found."
    ),
    "new_key_race": reading(
        "waits", "duplicate_value", "3.1 [MEM]", "Two upserts of one new key at once: one may get DUPLICATE_VALUE."
    ),
    "rows_of_one_account": reading(
        "wait", "lock_error", "3.4", "Rows of one account in parallel requests wait, or end in UNABLE_TO_LOCK_ROW."
    ),
    "case_validation": reading(
        "none", "origin_required", "3.2", "Whether a validation rule of the tenant demands Case.Origin."
    ),
    "unknown_member_status": reading(
        "error",
        "default",
        "3.2 (not stated)",
        "A member status that the campaign lacks is refused, or becomes its default.",
    ),
    "composite_queries": reading(
        "25", "5", "3.4 [MEM]", "How many of the sub-requests of a composite may be queries or collections."
    ),
}


class Readings(Chosen):
    """The answers chosen for one server."""

    known = READINGS
