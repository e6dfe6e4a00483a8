"""What the public material leaves open about HubSpot; see `connector.sandbox.readings`."""

from __future__ import annotations

from connector.sandbox.readings import Chosen, Reading, reading

READINGS: dict[str, Reading] = {
    # limits and signing in
    "rate_limits": reading(
        "off", "professional", "6", "Whether limits are enforced, and which tier's.", "free", "enterprise", "addon"
    ),
    "retry_after_on_429": reading(
        "seconds", "absent", "6, 10", "Retry-After of a 429: seconds, absent, or milliseconds.", "milliseconds"
    ),
    "refresh_token": reading(
        "constant",
        "rotates",
        "1.5 (not stated)",
        "A refresh returns the same refresh token, or a new one; the old one is dead then, or stays good (overlaps).",
        "overlaps",
    ),
    "account_info": reading(
        "yes", "refused", "10", "Whether the key may call /account-info, or is refused with 403 MISSING_SCOPES."
    ),
    # reading
    "cursor": reading("record_id", "opaque", "2", "`after` of a list is the next record id, or means nothing to us."),
    "timestamps": reading("fraction", "mixed", "8 (11)", "Times always have a fraction, or none where it is zero."),
    "extra_fields": reading("few", "many", "9.2", "Unknown fields in answers: `url` alone, or more."),
    "primary_company_property": reading(
        "there", "there", "2.4 [M]", "Whether contacts have the property associatedcompanyid.", "absent"
    ),
    "inline_associations": reading(
        "once", "twice", "2", "A primary company stands in inline associations once, or labelled and unlabelled."
    ),
    "to_object_id": reading("text", "number", "3", "toObjectId of associations is text, or a number."),
    "no_associations": reading(
        "absent", "error", "3, 10", "A record without associations is absent from a batch read, or named in a 207."
    ),
    "batch_read_merged": reading("each", "once", "2.3", "Two ids of one merged record are answered twice, or once."),
    "associations_of_merged": reading(
        "resolves",
        "none",
        "2.3 (GET only is stated)",
        "Associations of a merged-away id are answered under it, not at all, or under the id of the survivor.",
        "survivor",
    ),
    "batch_order": reading("given", "reversed", "(not stated)", "The order of results of a batch."),
    "search_in_values": reading(
        "any_case", "lowercase", "2.1 [T]", "IN finds text in any case, or only if the values are in lower case."
    ),
    "search_filters": reading("25", "18", "2.1, 10", "How many filters a search may have in all."),
    "search_lag": reading("none", "10s", "2.1", "How long the search index lags behind the API's writes.", "30s"),
    # writing
    "merge_id": reading("new", "primary", "2.3", "A merge makes a new id, or keeps the primary one (beta)."),
    "write_to_merged_id": reading(
        "resolves", "404", "2.3 (GET only is stated)", "Whether a write to a merged-away id reaches the survivor."
    ),
    "ticket_pipeline": reading(
        "defaults", "required", "5.1", "A ticket without hs_pipeline goes to the default pipeline, or is refused."
    ),
    "unique_conflict": reading(
        "409", "400", "5.4 (not stated)", "The status of a value that a unique property already has elsewhere."
    ),
    "unique_on_activities": reading(
        "accepted", "refused", "5.2, 10", "Whether notes and tasks accept unique custom properties."
    ),
    "upsert_by_email": reading(
        "accepted", "refused", "2 (partial upsert not supported)", "Batch upsert of contacts by idProperty=email."
    ),
    "lifecycle_backwards": reading(
        "refused", "ignored", "2.4", "A lifecycle stage set backwards is a 400, or silently not done."
    ),
    "first_company": reading(
        "primary", "unlabelled", "3 (not stated)", "Whether the first company of a record becomes its primary one."
    ),
    "link_touches_record": reading(
        "no", "yes", "2.2 (5)", "Whether a changed association moves the time of the last change."
    ),
    "error_bodies": reading(
        "full", "bare", "6", "Error bodies have all members, or only status and message: every member is optional."
    ),
    "batch_errors": reading(
        "by_trace",
        "whole",
        "6 (stated of create)",
        "With trace ids one bad row fails alone, or the batch all the same.",
    ),
    "tenant_fields": reading(
        "there", "there", "5.3", "Whether the properties that the connector's set-up makes are there already.", "bare"
    ),
    "existing_property": reading("409", "400", "5.3 [M]", "The status of creating a property that exists."),
}


class Readings(Chosen):
    """The answers chosen for one server."""

    known = READINGS
