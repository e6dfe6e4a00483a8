"""What an admin writes under a connection of kind `connectwise`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connector.timespan import parse_span

_CLOUD = (".myconnectwise.net", ".connectwisedev.com")
_API = "apis/3.0"


def _calendar_span(text: str) -> str:
    if parse_span(text).business:
        raise ValueError(f"{text!r} counts working time; write for example 5 minutes or 7 days")
    return text


Span = Annotated[str, AfterValidator(_calendar_span)]


class ConnectWiseSettings(BaseModel):
    """One tenant and the API member the connector signs in as."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: str = Field(
        "", description="The host you sign in to, for example na.myconnectwise.net, or your own server's name."
    )
    company: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.\-]+$", description="The company id of the login page.")
    public_key: SecretStr = Field(description="Public key of the API member.")
    private_key: SecretStr = Field(description="Private key of the API member; shown once when it is created.")
    client_id: SecretStr = Field(description="The client id (a GUID) registered with the vendor for this integration.")
    base_url: str = Field("", description="Only for test servers: the address to use in place of the site.")
    codebase: str = Field(
        "v4_6_release",
        pattern=r"^/?[A-Za-z0-9_]+/?$",
        description="Part of the API's path; v4_6_release leads to the current version of every tenant.",
    )
    api_version: str = Field(
        "",
        pattern=r"^(\d{4}\.\d{1,2})?$",
        description="Pin the models to a version, for example 2025.1; empty: the latest.",
    )
    page_size: int = Field(1000, ge=1, le=1000, description="Rows asked for with each call.")
    overlap: Span = Field("5 minutes", description="How far each pull reads again into the time of the one before.")
    full_pull_every: Span = Field(
        "7 days",
        description="How often everything in scope is read anew, since some edits leave no mark; "
        "contacts that are not there any more are noticed by it.",
    )
    callbacks: str = Field(
        "", description="Public address of this connector, for example https://nps.example.com, to which the PSA tells "
        "of changes between pulls; served by listen.public, registered by `connector callbacks`. Empty: none."
    )  # fmt: skip
    parallel: int = Field(
        1, ge=1, le=4, description="Ranges of contacts that a full pull reads side by side; more than 1 pays where "
        "the API answers slowly, and costs a few calls more."
    )  # fmt: skip
    own_company: str = Field(
        "", description="Identifier of your own company in the PSA, whose contacts are never asked; "
        "empty: the same as `company`."
    )  # fmt: skip
    ticket_type: str = Field(
        "", description="Type of new tickets, by name, where a board makes one mandatory; empty: left out."
    )
    ticket_subtype: str = Field("", description="Subtype of new tickets, by name; empty: left out.")
    ticket_source: str = Field("", description="Source of new tickets, by name; empty: left out.")
    max_calls_per_minute: int = Field(600, ge=1, le=1000, description="Never more calls than this in 60 seconds.")

    @field_validator("site")
    @classmethod
    def _bare_host(cls, value: str) -> str:
        if re.match(r"http://|([a-z]+://)?(localhost|127\.)", value.strip().lower()):
            raise ValueError(f"{value!r} is a test server, not a site; use base_url in its place")
        host = re.sub(r"^[a-z]+://", "", value.strip().lower()).split("/")[0].rstrip(".")
        if host and not re.fullmatch(r"[a-z0-9]([a-z0-9.\-]*[a-z0-9])?(:\d{1,5})?", host):
            raise ValueError(f"{value!r} is no host name; write for example na.myconnectwise.net")
        return host

    @field_validator("callbacks")
    @classmethod
    def _public_address(cls, value: str) -> str:
        parts = urlsplit(value)
        near = parts.hostname in ("127.0.0.1", "localhost")
        if value and (parts.scheme != "https" and not (near and parts.scheme == "http")):
            raise ValueError(f"{value!r}: write the public address with https, for example https://nps.example.com")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("write the address alone, without a query or a name")
        return value.rstrip("/")

    @field_validator("base_url")
    @classmethod
    def _http_only_nearby(cls, value: str) -> str:
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(f"{parts.hostname or value!r}: write for example http://127.0.0.1:4120")
        if parts.scheme == "http" and parts.hostname != "127.0.0.1" and "." in parts.hostname:
            raise ValueError("keys would travel unencrypted: write https:// for any host but a local one")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if not self.site and not self.base_url:
            raise ValueError("site is missing; write the host you sign in to, for example na.myconnectwise.net")
        return self

    @property
    def api_root(self) -> str:
        """What every path of a Call is appended to."""
        if self.base_url:
            return self.base_url if self.base_url.endswith(_API) else f"{self.base_url}/{self._codebase}/{_API}"
        return f"https://{self._host(api=True)}/{self._codebase}/{_API}"

    @property
    def tenant(self) -> str:
        """The account's identity: host people sign in to, and company id, in lower case."""
        host = urlsplit(self.base_url).netloc if self.base_url else self._host(api=False)
        return f"{host}/{self.company}".lower()

    def link(self, record_type: str, record_id: str) -> str:
        """The address that opens a record in the browser (ServiceFv: a ticket, ContactFv: a contact)."""
        root = self.base_url.removesuffix(f"/{self._codebase}/{_API}") or f"https://{self._host(api=False)}"
        return (
            f"{root}/v4_6_release/services/system_io/router/openrecord.rails"
            f"?companyName={self.company}&recordType={record_type}&recid={record_id}"
        )

    @property
    def own_hosts(self) -> frozenset[str]:
        """Every host (with its port, if one is written) that is this tenant's own."""
        if self.base_url:
            return frozenset({urlsplit(self.base_url).netloc.lower()})
        return frozenset({self._host(api=True), self._host(api=False)})

    def root_of(self, host: str) -> str:
        """The address of one of the own hosts, without a path."""
        return f"{urlsplit(self.base_url).scheme if self.base_url else 'https'}://{host}"

    def read_from(self, watermark: datetime) -> datetime:
        return parse_span(self.overlap).before(watermark)

    def full_pull_due(self, last: datetime, *, now: datetime) -> bool:
        return parse_span(self.full_pull_every).after(last) <= now

    @property
    def own_identifier(self) -> str:
        return (self.own_company or self.company).casefold()

    @property
    def _codebase(self) -> str:
        return self.codebase.strip("/")

    def _host(self, *, api: bool) -> str:
        """Cloud tenants have a second host for the API, `api-` before the name; servers of one's own have not."""
        host = self.site
        if host.partition(":")[0].endswith(_CLOUD):
            host = host.removeprefix("api-")
            return f"api-{host}" if api else host
        return host
