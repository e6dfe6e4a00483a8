"""Personal data: the keys, objects and types under which CRMs and our own rows hold what is about people."""

from __future__ import annotations

import re
from typing import Any

TEXTS = frozenset(
    [
        "firstName",
        "lastName",
        "nickName",
        "title",
        "school",
        "text",
        "summary",
        "contactName",
        "contactEmailAddress",
        "contactPhoneNumber",
        "contact_name",
        "contact_email",
        "contact_phone",
        "notes",
        "defaultPhoneNbr",
        "addressLine1",
        "addressLine2",
        "city",
        "zip",
        "domain",
        "updatedBy",
        "enteredBy",
        "createdBy",
        "closedBy",
        "closed_by",
        "initialDescription",
        "initialInternalAnalysis",
        "initialResolution",
        "officeEmail",
        "primaryEmail",
        "mail_to",
        "escalate_to",
        "first_name",
        "last_name",
        "email",
        "other_emails",
        "phone",
        "comment",
        "discussion",
        "internal",
        "note",
        "subject",
        "to",
        "undeliverable",
        # HubSpot
        "firstname",
        "lastname",
        "jobtitle",
        "mobilephone",
        "hs_additional_emails",
        "hs_note_body",
        "hs_task_body",
        "hs_task_subject",
        "hs_content",
        "content",
        # Salesforce
        "FirstName",
        "LastName",
        "Title",
        "Email",
        "Phone",
        "MobilePhone",
        "Subject",
        "Description",
        "CommentBody",
        "Comments",
        "Username",
        "Alias",
        "SuppliedName",
        "SuppliedEmail",
        "EmailBouncedReason",
        "reason",
    ]
)
"""Keys whose values are about people, wherever they stand."""
VALUES_IN = frozenset(("communicationItems", "customFields", "fields"))
"""Lists and mappings whose values are about people, and whose captions are not."""
VALUES_BY_CAPTION = frozenset(("fields", "before"))
"""The same where the caption is the key."""
SAYS_NOBODY = re.compile(
    r"\d{1,3}|true|false|yes|no|detractor|passive|promoter|\d{4}-\d\d-\d\d(T[\d:.]{5,15}(Z|[+-]\d\d:\d\d)?)?",
    re.IGNORECASE,
)
"""Values of custom fields that are a number, flag, choice or moment by the field's type, and so must stay one."""
OF_A_PERSON = re.compile(r"nps|comment|remark", re.IGNORECASE)
"""In the name of a custom field: it holds what somebody said."""
OURS = re.compile(r"key|lists", re.IGNORECASE)
"""In the name of one: it holds what we find our own records by."""
WORDY = 4
"""So many words in a property are no name of a type or stage."""
HTML = frozenset(("hs_note_body", "hs_task_body"))
"""Texts in which line breaks and special characters are HTML."""
NAMED_IN = frozenset(
    ["company", "contact", "defaultContact", "member", "owner", "territoryManager", "assignTo", "rehearsal"]
)
"""Objects whose name and identifier say who somebody is."""
FIELD_MARKS = frozenset(("soapType", "picklistValues"))
"""Keys of what Salesforce tells of a field itself, in which nobody is named."""
NAMED_TYPES = frozenset(("Account", "Contact", "Lead", "User"))
"""Types of Salesforce's records whose Name says the same."""
PLAIN_PARAMS = frozenset(
    ["audience", "connection", "campaign", "at", "do", "job", "keys", "again", "found", "contact_id", "create", "who"]
)
"""Parameters of a Job that are ids, moments and names of the configuration; any other may hold a person's words."""


def about_people(key: str, inside: str) -> bool:
    """Whether the value of a key in an object of that name is about people."""
    if key in TEXTS or (key == "value" and inside in (*VALUES_IN, "change")) or inside in VALUES_BY_CAPTION:
        return True
    if is_custom(key, inside) and OF_A_PERSON.search(key) and not OURS.search(key):
        return True
    return (key in ("name", "identifier") and inside in NAMED_IN) or (key, inside) == ("owner", "follow_up")


def is_custom(key: str, inside: str) -> bool:
    """Whether a value is of a field that a tenant made: a property of HubSpot, a field of Salesforce."""
    return inside == "properties" or key.endswith("__c")


def type_of(row: dict[str, Any]) -> str:
    """The type that a record of Salesforce says it is; empty for all else."""
    attributes = row.get("attributes")
    return str(attributes.get("type", "")) if isinstance(attributes, dict) else ""
