"""Why a contact is not asked, and what becomes of each in a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a contact is not asked. `REASON_TEXT` says each in the plain words people read."""

    OUTSIDE_CONTACT_TYPE = "outside_contact_type"
    OUTSIDE_COMPANY_TYPE = "outside_company_type"
    OUTSIDE_MARKETING_GROUP = "outside_marketing_group"
    OPTED_OUT_CONTACT = "opted_out_contact"
    OPTED_OUT_COMPANY = "opted_out_company"
    OPTED_OUT_GROUP = "opted_out_group"
    SUPPRESSED = "suppressed"
    CONSENT_UNKNOWN = "consent_unknown"
    EXCLUDED_CONTACT_TYPE = "excluded_contact_type"
    EXCLUDED_COMPANY_TYPE = "excluded_company_type"
    EXCLUDED_MARKETING_GROUP = "excluded_marketing_group"
    GONE = "gone"
    NO_COMPANY = "no_company"
    COMPANY_NOT_VISIBLE = "company_not_visible"
    COMPANY_DELETED = "company_deleted"
    COMPANY_INACTIVE = "company_inactive"
    OWN_COMPANY = "own_company"
    VENDOR = "vendor"
    LEAD = "lead"
    CONTACT_INACTIVE = "contact_inactive"
    NO_ADDRESS = "no_address"
    MALFORMED = "malformed"
    TECHNICAL_MAILBOX = "technical_mailbox"
    DISPOSABLE = "disposable"
    ROLE_ADDRESS = "role_address"
    BOUNCED = "bounced"
    REPLACED = "replaced"
    STALE_AGE = "stale_age"
    DUPLICATE = "duplicate"
    ASKED_RECENTLY = "asked_recently"
    INVITED_ELSEWHERE = "invited_elsewhere"
    COMPANY_QUOTA = "company_quota"


REASON_TEXT: dict[Reason, str] = {
    Reason.OUTSIDE_CONTACT_TYPE: "has none of the audience's contact types",
    Reason.OUTSIDE_COMPANY_TYPE: "company has none of the audience's company types",
    Reason.OUTSIDE_MARKETING_GROUP: "is in none of the audience's marketing groups",
    Reason.OPTED_OUT_CONTACT: "opted out as a contact",
    Reason.OPTED_OUT_COMPANY: "the company opted out",
    Reason.OPTED_OUT_GROUP: "opted out of the marketing group",
    Reason.SUPPRESSED: "suppressed here (connector suppress)",
    Reason.CONSENT_UNKNOWN: "the CRM does not say whether the contact opted out",
    Reason.EXCLUDED_CONTACT_TYPE: "has an excluded contact type",
    Reason.EXCLUDED_COMPANY_TYPE: "company has an excluded company type",
    Reason.EXCLUDED_MARKETING_GROUP: "is in an excluded marketing group",
    Reason.GONE: "gone from the CRM, or from what is pulled",
    Reason.NO_COMPANY: "belongs to no company",
    Reason.COMPANY_NOT_VISIBLE: "the company is not visible to this key",
    Reason.COMPANY_DELETED: "the company is deleted",
    Reason.COMPANY_INACTIVE: "the company is inactive",
    Reason.OWN_COMPANY: "belongs to your own company",
    Reason.VENDOR: "the company is a vendor",
    Reason.LEAD: "the company is only a lead",
    Reason.CONTACT_INACTIVE: "the contact is inactive",
    Reason.NO_ADDRESS: "has no e-mail address",
    Reason.MALFORMED: "the address cannot exist",
    Reason.TECHNICAL_MAILBOX: "the address is a technical mailbox",
    Reason.DISPOSABLE: "the address is a throw-away one",
    Reason.ROLE_ADDRESS: "a role address beside personal ones",
    Reason.BOUNCED: "the address bounced",
    Reason.REPLACED: "replaced by a newer contact",
    Reason.STALE_AGE: "not changed for a long time",
    Reason.DUPLICATE: "duplicate of a surviving contact",
    Reason.ASKED_RECENTLY: "asked recently",
    Reason.INVITED_ELSEWHERE: "invited already, by another audience",
    Reason.COMPANY_QUOTA: "enough people of the company are asked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason that holds for a contact: the rule that says so, the value seen, and when it ends, where it does."""

    reason: Reason
    rule: str = ""
    seen: str = ""
    eligible_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one contact in one plan. No findings: invited. Else excluded; the first finding decides.

    `notes` are findings that only report (stale by age, say) and exclude nobody.
    """

    contact_id: str
    person_id: str | None = None
    company_id: str | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def invited(self) -> bool:
        return not self.findings
