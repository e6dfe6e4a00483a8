"""What an admin writes under a connection of kind `hubspot`."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connector.adapters.hubspot.paths import ApiVersion
from connector.timespan import parse_span

CLOUD = "https://api.hubapi.com"
_APP = "https://app.hubspot.com"
_NAME = r"^[a-z][a-z0-9_]{0,99}$"  # a property's internal name


def _calendar_span(text: str) -> str:
    if parse_span(text).business:
        raise ValueError(f"{text!r} counts working time; write for example 5 minutes or 7 days")
    return text


Span = Annotated[str, AfterValidator(_calendar_span)]


class HubSpotSettings(BaseModel):
    """One portal, and how the connector signs in to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    access_token: SecretStr = Field(
        SecretStr(""), description="Token of a service key or private app (pat-…). Or the three for OAuth, below."
    )
    client_id: SecretStr = Field(SecretStr(""), description="OAuth: client id of your app.")
    client_secret: SecretStr = Field(SecretStr(""), description="OAuth: client secret of your app.")
    refresh_token: SecretStr = Field(
        SecretStr(""), description="OAuth: refresh token of this portal; one that HubSpot renews is kept encrypted."
    )
    portal: str = Field(
        "", pattern=r"^\d{0,20}$", description="The portal's Hub ID (top right in HubSpot), for links to records."
    )
    api_version: ApiVersion = Field(
        "2026-03", description="Which paths are used: v3 (ends in 2027), 2026-03 or 2026-09 (which also applies your "
        "portal's rules for required properties to what is written)."
    )  # fmt: skip
    base_url: str = Field("", description="Only for test servers: the address to use in place of HubSpot's.")
    contact_type: str = Field(
        "lifecyclestage", pattern=_NAME, description="Contact property (internal name) that is the contact type."
    )
    company_type: str = Field(
        "type", pattern=_NAME, description="Company property (internal name) that is the company type."
    )
    company_from: str = Field(
        "property", pattern="^(property|associations)$", description="How a contact's company is known: by its "
        "primary company (property), or, where that is empty, by any associated company too (associations: one more "
        "call for each 1,000 contacts)."
    )  # fmt: skip
    subscription: str = Field(
        "", pattern=r"^\d{0,20}$", description="Id of the subscription type that surveys belong to: who opted out of "
        "it is left out too. Empty: only who opted out of all e-mail."
    )  # fmt: skip
    own_company: str = Field("", description="Domain or record id of your own company, whose contacts are never asked.")
    page_size: int = Field(100, ge=1, le=100, description="Rows asked for with each call of a list.")
    overlap: Span = Field(
        "5 minutes", description="How far each pull reads again into the time of the one before; HubSpot's search may "
        "be half a minute behind."
    )  # fmt: skip
    full_pull_every: Span = Field(
        "7 days", description="How often everything in scope is read anew: contacts that were erased are noticed by it."
    )
    calls_per_10_seconds: int | None = Field(
        None, ge=10, le=250, description="What your subscription allows in 10 seconds, of which 95 % are used: 100 "
        "(Free, Starter), 190 (Professional, Enterprise), 250 (API add-on), 110 (OAuth). Empty: as HubSpot says."
    )  # fmt: skip
    daily_reserve: int = Field(
        5, ge=0, le=90, description="Percent of the portal's daily calls that are left to other integrations: nothing "
        "is begun once only so many remain."
    )  # fmt: skip
    ticket_key: str = Field(
        "nps_response_key", pattern=_NAME, description="Ticket property with unique values that holds our key."
    )
    lists_property: str = Field(
        "nps_connector_lists", pattern=_NAME, description="Contact property in which is noted to which lists the "
        "connector added somebody."
    )  # fmt: skip
    property_group: str = Field(
        "nps_connector", pattern=_NAME, description="Group in which `connector setup` creates properties."
    )
    response_object: str = Field(
        "", pattern=r"^[A-Za-z0-9_\-]{0,100}$", description="Custom object (its fully qualified name or object type "
        "id) that answers are recorded in too. Empty: none."
    )  # fmt: skip
    response_key: str = Field(
        "nps_response_key", pattern=_NAME, description="Property with unique values of that object, for our key."
    )

    @field_validator("base_url")
    @classmethod
    def _http_only_nearby(cls, value: str) -> str:
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(f"{parts.hostname or value!r}: write for example http://127.0.0.1:4130")
        if parts.scheme == "http" and parts.hostname != "127.0.0.1" and "." in parts.hostname:
            raise ValueError("tokens would travel unencrypted: write https:// for any host but a local one")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        oauth = [self.client_id, self.client_secret, self.refresh_token]
        given = [bool(each.get_secret_value()) for each in oauth]
        if self.access_token.get_secret_value():
            if any(given):
                raise ValueError("write either access_token, or client_id, client_secret and refresh_token; not both")
        elif not all(given):
            raise ValueError("write access_token, or all of client_id, client_secret and refresh_token")
        return self

    @property
    def oauth(self) -> bool:
        return not self.access_token.get_secret_value()

    @property
    def api_root(self) -> str:
        """What every path of a Call is appended to."""
        return self.base_url or CLOUD

    @property
    def tenant(self) -> str:
        """The account's identity: host and Hub ID, or, where that is not given, a digest of the credentials."""
        secret = self.access_token.get_secret_value() or self.client_id.get_secret_value()
        of = self.portal or hashlib.sha256(secret.encode()).hexdigest()[:12]
        return f"{urlsplit(self.api_root).netloc}/{of}".lower()

    def link(self, object_type_id: str, record_id: str) -> str:
        """The address that opens a record in the browser (0-1 contact, 0-2 company, 0-5 ticket); empty where the
        portal's id is not known."""
        root = self.base_url or _APP
        return f"{root}/contacts/{self.portal}/record/{object_type_id}/{record_id}" if self.portal else ""

    def read_from(self, watermark: datetime) -> datetime:
        return parse_span(self.overlap).before(watermark)

    def full_pull_due(self, last: datetime, *, now: datetime) -> bool:
        return parse_span(self.full_pull_every).after(last) <= now
