"""What an admin writes under a connection of kind `smtp`."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.policy import SMTP as POLICY
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class SmtpSettings(BaseModel):
    """One mail server, and the address that notices come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.:_-]+$", description="Name of the mail server.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port; 465 speaks TLS from the first byte.")
    from_: str = Field(alias="from", description='Sender, such as "NPS <nps@example.com>".')
    username: str = Field(default="", description="Name to sign in with; empty: without signing in.")
    password: SecretStr | None = Field(default=None, description="Password to sign in with.")
    starttls: Literal["auto", "never", "always"] = Field(
        default="auto",
        description="auto: encrypt where the server offers it; a password leaves unencrypted only with never.",
    )

    @field_validator("from_")
    @classmethod
    def _one_address(cls, text: str) -> str:
        address(text)
        return text

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.username) != bool(self.password and self.password.get_secret_value()):
            raise ValueError("username and password belong together; write both or neither")
        return self


def address(text: str) -> Address:
    """The one address in the text, with its name. Raises ValueError."""
    found: tuple[Address, ...] = ()
    try:
        header = POLICY.header_factory("From", text) if text.isprintable() else None
        found = tuple(header.addresses) if header is not None and not header.defects else ()
    except (HeaderParseError, ValueError, IndexError):
        found = ()  # the standard parser trips over some garbage
    if len(found) != 1 or not found[0].username or not found[0].domain or re.search(r"[\s<>]", found[0].addr_spec):
        raise ValueError("must be one address, such as NPS <nps@example.com>")
    return found[0]
