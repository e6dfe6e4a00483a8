"""What an admin writes under a connection of kind `salesforce`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connector.timespan import parse_span

_FIELD = r"^[A-Za-z][A-Za-z0-9_]{0,79}$"
_MAYBE_FIELD = r"^([A-Za-z][A-Za-z0-9_]{0,79})?$"
_MAYBE_NOT_FIELD = r"^(!?[A-Za-z][A-Za-z0-9_]{0,79})?$"
_HOST = re.compile(r"[a-z0-9]([a-z0-9\-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9\-]*[a-z0-9])?)*")
_SHARED = ("login", "test")
# https://help.salesforce.com/s/articleView?id=release-notes.rn_security_soap_login_retirement.htm
_SOAP = ("password", "security_token", "organization_id", "organizationId")
_SOAP_WHY = (
    "signing in with a name and a password (SOAP login) is not offered: Salesforce has switched it off in new orgs, it "
    "does not exist from API version 65 on and ends in summer 2027; create an External Client App and write its "
    "consumer_key and consumer_secret, or consumer_key, username and private_key"
)


def _calendar_span(text: str) -> str:
    if parse_span(text).business:
        raise ValueError(f"{text!r} counts working time; write for example 10 minutes or 7 days")
    return text


def _field_name(text: str) -> str:
    if re.fullmatch(_FIELD, text) is None:
        raise ValueError(f"{text!r} is no field's API name; write for example HasOptedOutOfEmail or NPS_Opt_Out__c")
    return text


Span = Annotated[str, AfterValidator(_calendar_span)]
FieldName = Annotated[str, AfterValidator(_field_name)]


class SalesforceSettings(BaseModel):
    """One org and the External Client App (or Connected App) the connector signs in with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str = Field(
        description="Your My Domain, for example acme.my.salesforce.com; of a sandbox "
        "acme--uat.sandbox.my.salesforce.com."
    )
    consumer_key: SecretStr = Field(description="Consumer key of the External Client App.")
    consumer_secret: SecretStr | None = Field(
        None, description="Its consumer secret, for the client credentials flow (the app names the user it runs as)."
    )
    username: str = Field("", description="The user to act as, for the JWT bearer flow; with private_key.")
    private_key: SecretStr | None = Field(
        None, description="Private key (PEM) of the certificate that the app knows, for the JWT bearer flow."
    )
    base_url: str = Field("", description="Only for test servers: the address every call goes to in place of the org.")
    api_version: str = Field("64.0", pattern=r"^\d{2,3}\.0$", description="Version of the REST API, 60.0 or later.")
    contact_type_field: FieldName = Field(
        "RecordTypeId",
        description="The Contact field that tells types of contacts, for example Contact_Type__c; RecordTypeId: the "
        "record type.",
    )
    company_type_field: FieldName = Field(
        "Type", description="The Account field that tells types of companies, for example Industry or RecordTypeId."
    )
    opt_out_fields: list[FieldName] = Field(
        ["HasOptedOutOfEmail"],
        min_length=1,
        max_length=5,
        description="Contact checkboxes of which each means: do not mail. One the user may not see leaves consent "
        "unknown.",
    )
    other_email_fields: list[FieldName] = Field(
        [],
        max_length=5,
        description="Contact fields with further addresses of the same person, for finding duplicates.",
    )
    contact_inactive_field: str = Field(
        "",
        pattern=_MAYBE_NOT_FIELD,
        description="A Contact checkbox that means: not there any more; with ! before it, one that means: still there.",
    )
    company_inactive_field: str = Field(
        "",
        pattern=_MAYBE_NOT_FIELD,
        description="An Account checkbox (or Yes and No) that means: no customer any more; with ! before it, one that "
        "means: still one, for example !Active__c.",
    )
    company_opt_out_field: str = Field(
        "", pattern=_MAYBE_FIELD, description="An Account checkbox that means: mail nobody there. Empty: none."
    )
    member_statuses: list[str] = Field(
        [], max_length=50, description="Only campaign members with one of these statuses count as members; empty: all."
    )
    member_opt_out_statuses: list[str] = Field(
        ["Opted Out", "Unsubscribed"],
        max_length=20,
        description="Campaign members with one of these statuses opted out of that campaign, case ignored.",
    )
    own_company: str = Field(
        "", description="Your own company's account, by name or id, whose contacts are never asked; empty: none."
    )
    key_field: str = Field(
        "NPS_Key__c", pattern=_FIELD, description="External id field on Case, Task and CampaignMember for our keys."
    )
    response_object: str = Field(
        "NPS_Response__c", pattern=_MAYBE_FIELD, description="Custom object for answers; empty: none."
    )
    response_key: str = Field("Response_Key__c", pattern=_FIELD, description="Its external id field.")
    response_fields: dict[str, FieldName] = Field(
        {},
        max_length=30,
        description="Its fields, where they are called otherwise: by a caption of the rules (NPS Score: Score__c), or "
        "contact, account, responded_at, note.",
    )
    auto_assign: bool = Field(
        False, description="Let the org's assignment rules choose owners of new cases, whatever the rule says."
    )
    campaign_status: str = Field(
        "", description="Status of contacts put into a campaign; empty: the campaign's default. One that counts as "
        "responded is also given to members who had not."
    )  # fmt: skip
    ticket_type: str = Field("", description="Type of new cases, where the org demands one; empty: left out.")
    ticket_source: str = Field("", description="Origin of new cases, where the org demands one; empty: left out.")
    closed_status: str = Field(
        "", description="Status that `connector undo` gives a case; empty: the first that counts as closed."
    )
    page_size: int = Field(2000, ge=200, le=2000, description="Rows asked for with each REST call.")
    bulk_above: int = Field(
        50_000, ge=0, description="More changed rows than this are read by a Bulk API 2.0 job; 0: always."
    )
    overlap: Span = Field("10 minutes", description="How far each pull reads again into the time of the one before.")
    full_pull_every: Span = Field(
        "7 days",
        description="How often everything in scope is read anew, since edits of formulas leave no mark and emptied "
        "recycle bins none either.",
    )
    share_of_quota: int = Field(
        80,
        ge=1,
        le=100,
        description="Nothing more is asked once this percentage of the org's daily API requests is used.",
    )
    share_of_quota_per_run: int = Field(
        25, ge=1, le=100, description="One job uses at most this percentage of the org's daily API requests."
    )
    max_calls_per_minute: int = Field(600, ge=1, le=6000, description="Never more calls than this in 60 seconds.")

    @model_validator(mode="before")
    @classmethod
    def _no_soap_login(cls, given: Any) -> Any:
        named = [name for name in _SOAP if isinstance(given, dict) and name in given]
        if named:
            raise ValueError(f"{', '.join(named)}: {_SOAP_WHY}")
        return given

    @field_validator("domain")
    @classmethod
    def _my_domain(cls, value: str) -> str:
        """The name before `.salesforce.com`; the browser's lightning.force.com is understood."""
        host = re.sub(r"^[a-z]+://", "", value.strip().lower()).split("/")[0].rstrip(".")
        if re.match(r"(localhost|127\.)", host):
            raise ValueError(f"{value!r} is a test server, not an org; use base_url in its place")
        host = host.replace(".lightning.force.com", ".my.salesforce.com").removesuffix(".salesforce.com")
        if host.endswith((".force.com", ".salesforce.mil", ".sfcrmproducts.cn")) or not _HOST.fullmatch(host):
            raise ValueError(
                f"{value!r} is no My Domain; write for example acme.my.salesforce.com "
                "(Setup, My Domain, Current My Domain URL)"
            )
        if host in _SHARED or host.endswith(".my"):
            return host
        return f"{host}.my" if "." not in host else host

    @field_validator("base_url")
    @classmethod
    def _http_only_nearby(cls, value: str) -> str:
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(f"{parts.hostname or value!r}: write for example http://127.0.0.1:4140")
        if parts.scheme == "http" and parts.hostname != "127.0.0.1" and "." in parts.hostname:
            raise ValueError("tokens would travel unencrypted: write https:// for any host but a local one")
        return value.rstrip("/")

    @field_validator("api_version")
    @classmethod
    def _not_retired(cls, value: str) -> str:
        if float(value) < 60:
            raise ValueError(f"{value}: write 60.0 or later")
        return value

    @model_validator(mode="after")
    def _one_flow(self) -> Self:
        if self.consumer_secret is None and not (self.username and self.private_key is not None):
            raise ValueError(
                "write consumer_secret (client credentials flow), or username and private_key (JWT bearer flow)"
            )
        if self.consumer_secret is not None and (self.username or self.private_key is not None):
            raise ValueError("write either consumer_secret, or username and private_key, not both")
        if self.consumer_secret is not None and self.domain in _SHARED:
            raise ValueError(
                f"domain: {self.domain}.salesforce.com takes no client credentials; write your My Domain, for example "
                "acme.my.salesforce.com"
            )
        return self

    @property
    def jwt(self) -> bool:
        return self.consumer_secret is None

    @property
    def audience(self) -> str:
        """What a JWT says it is for: `login`, or `test` for sandboxes.

        https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
        """
        return "test" if self.domain == "test" or ".sandbox." in f".{self.domain}." else "login"

    @property
    def tenant(self) -> str:
        """The account's identity: its My Domain; of the shared login hosts with the user, in lower case."""
        if self.base_url:
            return urlsplit(self.base_url).netloc.lower()
        host = f"{self.domain}.salesforce.com"
        return f"{host}/{self.username}".lower() if self.domain in _SHARED else host

    def link(self, record_id: str) -> str:
        """The address that opens a record in the browser; empty where the My Domain is not known."""
        if self.base_url:
            return f"{self.base_url}/{record_id}"
        return "" if self.domain in _SHARED else f"https://{self.domain}.salesforce.com/{record_id}"

    def read_from(self, watermark: datetime) -> datetime:
        return parse_span(self.overlap).before(watermark)

    def full_pull_due(self, last: datetime, *, now: datetime) -> bool:
        return parse_span(self.full_pull_every).after(last) <= now
