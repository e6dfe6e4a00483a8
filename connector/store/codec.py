"""Between the nouns and the bytes kept of them. Contacts and companies are kept whole as JSON beside a few columns."""

from __future__ import annotations

from typing import Any

import msgspec

from connector.domain import CHANGES, Change, Company, Contact, Decision

_encoder = msgspec.json.Encoder()
encode = _encoder.encode
_contact = msgspec.json.Decoder(Contact)
_company = msgspec.json.Decoder(Company)
_decision = msgspec.json.Decoder(Decision)

decode_contact = _contact.decode
decode_company = _company.decode
decode_decision = _decision.decode


def to_text(value: Any) -> str:
    return encode(value).decode()


def from_text(text: str | bytes, kind: Any = Any) -> Any:
    return msgspec.json.decode(text, type=kind)


def decode_change(kind: str, text: str) -> Change:
    return msgspec.json.decode(text, type=CHANGES[kind])
