"""The properties that the portal has from the beginning, by object type."""

from __future__ import annotations

from dataclasses import dataclass

CONTACTS, COMPANIES, TICKETS, NOTES, TASKS = "contacts", "companies", "tickets", "notes", "tasks"
FEEDBACK, CUSTOM = "feedback_submissions", "nps_response"
TYPES = (CONTACTS, COMPANIES, TICKETS, NOTES, TASKS, FEEDBACK, CUSTOM)
TYPE_IDS = {
    CONTACTS: "0-1",
    COMPANIES: "0-2",
    TICKETS: "0-5",
    NOTES: "0-46",
    TASKS: "0-27",
    FEEDBACK: "0-19",
    CUSTOM: "2-7700001",
}
CUSTOM_NAME = "p4242_nps_response"
# Every name by which a path may call a type.
NAMES = {
    **{name: name for name in TYPES},
    **{number: name for name, number in TYPE_IDS.items()},
    "contact": CONTACTS,
    "company": COMPANIES,
    "ticket": TICKETS,
    "note": NOTES,
    "task": TASKS,
    "feedback_submission": FEEDBACK,
    CUSTOM_NAME: CUSTOM,
    "p_nps_response": CUSTOM,
}
SINGULAR = {CONTACTS: "contact", COMPANIES: "company", TICKETS: "ticket", NOTES: "note", TASKS: "task"}
DEFAULTS = {
    CONTACTS: ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    COMPANIES: ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    TICKETS: (
        "content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline", "hs_pipeline_stage",
        "hs_ticket_category", "hs_ticket_priority", "subject",
    ),
}  # fmt: skip
OTHER_DEFAULTS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
REQUIRED = {TICKETS: ("subject", "hs_pipeline_stage"), NOTES: ("hs_timestamp",), TASKS: ("hs_timestamp",)}
NO_TYPE = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property definition; options are (internal value, label)."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: tuple[tuple[str, str], ...] = ()
    unique: bool = False
    read_only: bool = False
    planted: bool = True
    description: str = ""
    # When it was made, in milliseconds.
    made: int = 1577836800000
    # The options as they were posted, for what a caller said about each.
    archived: bool = False

    @property
    def values(self) -> frozenset[str]:
        return frozenset(value for value, _ in self.options)


def changed_name(kind: str) -> str:
    """Return the property that tells when a record of that type was last changed."""
    return "lastmodifieddate" if kind == CONTACTS else "hs_lastmodifieddate"


def created_name(kind: str) -> str:
    return "createdate" if kind in (CONTACTS, COMPANIES, TICKETS) else "hs_createdate"


def planted(*, bare: bool = False) -> dict[str, dict[str, Property]]:
    """Return all definitions, by object type and name; `bare`: without those the connector's set-up makes."""
    found = {
        CONTACTS: _CONTACTS,
        COMPANIES: _COMPANIES,
        TICKETS: _TICKETS,
        NOTES: _NOTES,
        TASKS: _TASKS,
        FEEDBACK: _FEEDBACK,
        CUSTOM: _CUSTOM,
    }
    return {
        kind: {p.name: p for p in (*rows, *_common(kind), *(() if bare else OURS.get(kind, ())))}
        for kind, rows in found.items()
    }


def groups() -> dict[str, dict[str, dict[str, object]]]:
    """Return the property groups, by object type and name."""
    return {
        kind: {
            f"{stem}information": {
                "name": f"{stem}information",
                "label": f"{stem.title()} information",
                "displayOrder": 0,
                "archived": False,
            }
        }
        for kind, stem in ((kind, SINGULAR.get(kind, kind)) for kind in TYPES)
    }


def _options(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((value, value.replace("_", " ").title()) for value in text.split())


def _enum(
    name: str, label: str, values: str = "", options: tuple[tuple[str, str], ...] = (), **more: object
) -> Property:
    field_type = str(more.pop("field_type", "select"))
    return Property(
        name=name, label=label, type="enumeration", field_type=field_type, options=options or _options(values), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _text(name: str, label: str, *, long: bool = False, read_only: bool = False) -> Property:
    return Property(name=name, label=label, field_type="textarea" if long else "text", read_only=read_only)


def _flag(name: str, label: str, *, read_only: bool = True) -> Property:
    options = (("true", "Yes"), ("false", "No"))
    return Property(
        name=name, label=label, type="bool", field_type="booleancheckbox", options=options, read_only=read_only
    )


def _when(name: str, label: str, *, read_only: bool = False) -> Property:
    return Property(name=name, label=label, type="datetime", field_type="date", read_only=read_only)


def _number(name: str, label: str, *, read_only: bool = False) -> Property:
    return Property(name=name, label=label, type="number", field_type="number", read_only=read_only)


def _common(kind: str) -> tuple[Property, ...]:
    return (
        _number("hs_object_id", "Record ID", read_only=True),
        _when(created_name(kind), "Create Date", read_only=True),
        _when(changed_name(kind), "Last Modified Date", read_only=True),
        _number("hs_updated_by_user_id", "Updated by user ID", read_only=True),
        _text("hs_merged_object_ids", "Merged record IDs", read_only=True),
        _text("hubspot_owner_id", "Owner"),
    )


STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
    ("268435456", "Churned"),  # a stage of the portal's own has a number for a name
)
_LIFECYCLE = _enum("lifecyclestage", "Lifecycle Stage", options=STAGES, field_type="radio")
_BOUNCES = "UNKNOWN_USER MAILBOX_FULL CONTENT POLICY SPAM BLOCKED OTHER"

_CONTACTS = (
    _text("email", "Email"),
    _text("firstname", "First Name"),
    _text("lastname", "Last Name"),
    _text("phone", "Phone Number"),
    _text("mobilephone", "Mobile Phone Number"),
    _text("jobtitle", "Job Title"),
    _text("company", "Company Name"),
    _text("city", "City"),
    _text("state", "State/Region"),
    _text("zip", "Postal Code"),
    _LIFECYCLE,
    _enum(
        "contact_role",
        "Contact role",
        options=(
            ("decision_maker", "Decision Maker"),
            ("owner", "Owner"),
            ("end_user", "End User"),
            ("billing", "Billing"),
        ),
        field_type="checkbox",
        planted=False,
    ),
    _enum(
        "hs_lead_status",
        "Lead Status",
        "NEW OPEN IN_PROGRESS OPEN_DEAL UNQUALIFIED ATTEMPTED_TO_CONTACT CONNECTED BAD_TIMING",
    ),
    _text("hs_additional_emails", "Additional email addresses"),
    _flag("hs_email_optout", "Unsubscribed from all email"),
    _flag("hs_email_optout_7001", "Opted out of email: Customer surveys"),
    _flag("hs_email_quarantined", "Email Address Quarantined"),
    _enum(
        "hs_email_quarantined_reason",
        "Email address quarantine reason",
        "SUSPENSION_REMEDIATION BLOCKLIST_REMEDIATION OTHER",
        read_only=True,
    ),
    _flag("hs_email_bad_address", "Invalid email address"),
    _flag("hs_email_is_ineligible", "Is globally ineligible"),
    _number("hs_email_bounce", "Marketing emails bounced", read_only=True),
    _text("hs_email_hard_bounce_reason", "Email hard bounce reason (text)", read_only=True),
    _enum("hs_email_hard_bounce_reason_enum", "Email hard bounce reason", _BOUNCES, read_only=True),
    _enum(
        "hs_marketable_status",
        "Marketing contact status",
        options=(("true", "Marketing contact"), ("false", "Non-marketing contact")),
        read_only=True,
    ),
    _when("notes_last_contacted", "Last Contacted", read_only=True),
    _number("associatedcompanyid", "Primary Associated Company ID"),
    _text("hs_calculated_merged_vids", "Merged vids with timestamps of a contact", read_only=True),
)
_COMPANIES = (
    _text("name", "Company name"),
    _text("domain", "Company Domain Name"),
    _text("phone", "Phone Number"),
    _text("city", "City"),
    _text("state", "State/Region"),
    _text("industry", "Industry"),
    _LIFECYCLE,
    _enum(
        "type",
        "Type",
        options=(
            ("PROSPECT", "Prospect"),
            ("PARTNER", "Partner"),
            ("RESELLER", "Reseller"),
            ("VENDOR", "Vendor"),
            ("OTHER", "Other"),
            ("MANAGED_CLIENT", "Managed Client"),
            ("FORMER_CLIENT", "Former Client"),
        ),
    ),
)
_TICKETS = (
    _text("subject", "Ticket name"),
    _text("content", "Ticket description", long=True),
    _enum("hs_pipeline", "Pipeline"),
    _enum("hs_pipeline_stage", "Ticket status"),
    _enum("hs_ticket_priority", "Priority", "LOW MEDIUM HIGH URGENT"),
    _enum(
        "hs_ticket_category",
        "Category",
        "PRODUCT_ISSUE BILLING_ISSUE FEATURE_REQUEST GENERAL_INQUIRY",
        field_type="checkbox",
    ),
    _enum("source_type", "Source", "CHAT EMAIL FORM PHONE"),
    _when("closed_date", "Close date"),
    _when("hs_first_agent_message_sent_at", "First agent response date", read_only=True),
    _when("hs_last_message_received_at", "Last message received", read_only=True),
    _flag("hs_is_closed", "Is closed"),
)
_NOTES = (_when("hs_timestamp", "Activity date"), _text("hs_note_body", "Note body", long=True))
_TASKS = (
    _when("hs_timestamp", "Due date"),
    _text("hs_task_subject", "Task Title"),
    _text("hs_task_body", "Task Notes", long=True),
    _enum("hs_task_status", "Task Status", "NOT_STARTED IN_PROGRESS WAITING COMPLETED DEFERRED"),
    _enum("hs_task_priority", "Priority", "NONE LOW MEDIUM HIGH"),
    _enum("hs_task_type", "Task Type", "TODO CALL EMAIL"),
    _text("hs_task_reminders", "Reminders"),
)
# What the connector's own set-up would have made; a portal by the reading tenant_fields=bare has none of these.
OURS = {
    CONTACTS: (
        Property(name="nps_score", label="NPS Score", type="number", field_type="number", planted=False),
        Property(name="nps_date", label="NPS Date", planted=False),
        _enum("nps_band", "NPS Band", "detractor passive promoter", planted=False),
        Property(name="nps_comment", label="NPS Comment", field_type="textarea", planted=False),
        Property(name="nps_connector_lists", label="NPS connector lists", field_type="textarea", planted=False),
    ),
    COMPANIES: (
        Property(name="nps_status", label="NPS Status", planted=False),
        Property(name="nps_status_date", label="NPS Status Date", planted=False),
    ),
    TICKETS: (Property(name="nps_response_key", label="NPS response key", unique=True, planted=False),),
}
_FEEDBACK = (
    _text("hs_survey_id", "Survey ID", read_only=True),
    _text("hs_survey_name", "Survey name", read_only=True),
    _enum("hs_survey_type", "Survey type", "NPS CSAT CES CUSTOM", read_only=True),
    _enum("hs_survey_channel", "Survey channel", "EMAIL WEB LINK", read_only=True),
    _number("hs_value", "Rating", read_only=True),
    _enum("hs_response_group", "Sentiment", "PROMOTER PASSIVE DETRACTOR", read_only=True),
    _text("hs_content", "Response", long=True, read_only=True),
    _text("hs_contact_id", "Contact ID", read_only=True),
    _when("hs_submission_timestamp", "Submission date", read_only=True),
    _text("hs_ingestion_id", "Ingestion ID", read_only=True),
)
_CUSTOM = (
    Property(name="nps_response_key", label="NPS response key", unique=True, planted=False),
    Property(name="score", label="Score", type="number", field_type="number", planted=False),
    _enum("band", "Band", "detractor passive promoter", planted=False),
    Property(name="comment", label="Comment", field_type="textarea", planted=False),
    Property(name="campaign", label="Campaign", planted=False),
    Property(name="responded_at", label="Responded at", type="datetime", field_type="date", planted=False),
)
