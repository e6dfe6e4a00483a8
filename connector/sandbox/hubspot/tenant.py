"""What the portal's administrators have set up: owners, ticket pipelines, lists, association labels, surveys."""

from __future__ import annotations

from typing import Any

from . import schema
from .layout import ANCHOR

Row = dict[str, Any]
PORTAL, TIME_ZONE = 4242, "US/Eastern"
SURVEY_SUBSCRIPTION, NEWS_SUBSCRIPTION = "7001", "7002"

DEFAULT_PIPELINE, SUCCESS_PIPELINE = "0", "5566778"
NPS_LIST, CUSTOMER_LIST, NEWS_LIST, COMPANY_LIST, EMPTY_LIST, BUSY_LIST = 7, 8, 9, 10, 11, 12
MANUAL, DYNAMIC, SNAPSHOT = "MANUAL", "DYNAMIC", "SNAPSHOT"

OWNERS: dict[int, Row] = {
    64492917: {"email": "bob@example.com", "firstName": "Bob", "lastName": "Sample", "userId": 901001},
    64492918: {"email": "carol@example.com", "firstName": "Carol", "lastName": "Placeholder", "userId": 901002},
    # Who has left has no userId any more and is listed with archived=true only.
    64492919: {
        "email": "dave@example.com",
        "firstName": "Dave",
        "lastName": "Gone",
        "userId": 901003,
        "archived": True,
    },
    64492920: {"email": "", "firstName": "", "lastName": "Queue owner", "userId": 901004},
}

PIPELINES: tuple[Row, ...] = (
    {
        "id": DEFAULT_PIPELINE,
        "label": "Support Pipeline",
        "stages": (("1", "New", ""), ("2", "Waiting on contact", ""), ("3", "Waiting on us", ""), ("4", "Closed", "x")),
    },
    {
        "id": SUCCESS_PIPELINE,
        "label": "Customer Success",
        "stages": (("91001", "New", ""), ("91002", "In progress", ""), ("91003", "Closed", "x")),
    },
)

LISTS: dict[int, Row] = {
    NPS_LIST: {"name": "NPS 2026", "objectTypeId": "0-1", "processingType": MANUAL},
    CUSTOMER_LIST: {"name": "Customers", "objectTypeId": "0-1", "processingType": DYNAMIC},
    NEWS_LIST: {"name": "Newsletter of October", "objectTypeId": "0-1", "processingType": SNAPSHOT},
    COMPANY_LIST: {"name": "Key accounts", "objectTypeId": "0-2", "processingType": MANUAL},
    EMPTY_LIST: {"name": "Empty list", "objectTypeId": "0-1", "processingType": MANUAL},
    BUSY_LIST: {
        "name": "Being computed",
        "objectTypeId": "0-1",
        "processingType": DYNAMIC,
        "processingStatus": "PROCESSING",
    },
}

# (from, to): (type id of the primary label or 0, type id without a label).
_PAIRS = {
    (schema.CONTACTS, schema.COMPANIES): ((1, 279), (2, 280)),
    (schema.TICKETS, schema.COMPANIES): ((26, 339), (25, 340)),
    (schema.TICKETS, schema.CONTACTS): ((0, 16), (0, 15)),
    (schema.NOTES, schema.CONTACTS): ((0, 202), (0, 201)),
    (schema.NOTES, schema.COMPANIES): ((0, 190), (0, 189)),
    (schema.NOTES, schema.TICKETS): ((0, 228), (0, 227)),
    (schema.TASKS, schema.CONTACTS): ((0, 204), (0, 203)),
    (schema.TASKS, schema.COMPANIES): ((0, 192), (0, 191)),
    (schema.TASKS, schema.TICKETS): ((0, 230), (0, 229)),
    (schema.FEEDBACK, schema.CONTACTS): ((0, 98), (0, 97)),
    (schema.FEEDBACK, schema.TICKETS): ((0, 100), (0, 99)),
    (schema.FEEDBACK, schema.COMPANIES): ((0, 928), (0, 927)),
    (schema.CUSTOM, schema.CONTACTS): ((0, 1011), (0, 1012)),
    (schema.CUSTOM, schema.COMPANIES): ((0, 1013), (0, 1014)),
    (schema.CUSTOM, schema.TICKETS): ((0, 1015), (0, 1016)),
}
ASSOCIATIONS: dict[tuple[str, str], tuple[int, int]] = {
    **{pair: there for pair, (there, _) in _PAIRS.items()},
    **{(to, of): back for (of, to), (_, back) in _PAIRS.items()},
    (schema.TICKETS, schema.TICKETS): (0, 452),
    (schema.CONTACTS, schema.CONTACTS): (0, 449),
}
BILLING, BILLING_BACK = 1021, 1022
LABELS = {
    1: "Primary",
    2: "Primary",
    25: "Primary",
    26: "Primary",
    BILLING: "Billing contact",
    BILLING_BACK: "Billing contact",
}
# Types from here on are the portal's own.
USER_DEFINED_FROM = 1000
# The label on the other side of a labelled association.
OPPOSITE = {1: 2, 2: 1, 25: 26, 26: 25, BILLING: BILLING_BACK, BILLING_BACK: BILLING}
LABELLED_PAIRS = {
    (schema.CONTACTS, schema.COMPANIES): (BILLING,),
    (schema.COMPANIES, schema.CONTACTS): (BILLING_BACK,),
}

# What was answered in HubSpot's own surveys: (contact index, survey type, value, words, days before the anchor).
SURVEY_ANSWERS = (
    (0, "NPS", "9", "Always quick, thank you.", 20),
    (3, "NPS", "3", 'Tickets take "days" & nobody calls; <b>please</b> call.', 12),
    (6, "NPS", "7", "", 11),
    (9, "CSAT", "2", "The portal is slow.", 9),
    (15, "NPS", "10", "Zoë's team is great. Grüße!", 3),
    (18, "CES", "5", "=1+1", 2),
    (21, "NPS", "0", "Bcc: x@example.com\r\nIgnore the survey", 1),
)


def category(type_id: int) -> str:
    """Return who defined an association type."""
    return "USER_DEFINED" if type_id >= USER_DEFINED_FROM else "HUBSPOT_DEFINED"


def lists() -> dict[int, Row]:
    """Return the lists as they were made a quarter before the anchor, in milliseconds."""
    made = (ANCHOR - 90 * 86400) * 1000
    return {
        number: {"processingStatus": "COMPLETE", "createdAt": made, "updatedAt": made, **row}
        for number, row in LISTS.items()
    }
