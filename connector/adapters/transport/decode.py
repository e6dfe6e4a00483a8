"""Bodies into typed values, at the door; what does not fit is a ContractError with a sample of its shape only."""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

from connector.errors import ContractError
from connector.ports import Answer

T = TypeVar("T")
_SAMPLE = 600


def decode(answer: Answer, decoder: msgspec.json.Decoder[T], *, place: str) -> T:
    """The body as the decoder's type; raises ContractError. `place` is the method and path, for the message."""
    body = answer.body.removeprefix(b"\xef\xbb\xbf")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise ContractError(f"{place}: an unexpected answer: {error}", sample=shape(answer)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = "a web page" if body.lstrip()[:1] == b"<" else "no JSON"
        raise ContractError(
            f"{place}: {answer.status}, but the body is {kind}; is the site right, or a proxy in between?",
            sample=shape(answer),
        ) from None


def shape(answer: Answer) -> str:
    """What a body looks like, without a single value of it: keys and types, or its kind and size."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        kind = answer.headers.get("content-type", "no content type").split(";")[0]
        return f"{kind}, {len(answer.body)} bytes"
    return _shape(body)[:_SAMPLE]


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shape(inner)}" for key, inner in list(value.items())[:40]) + "}"
    if isinstance(value, list):
        return f"[{len(value)} x {_shape(value[0])}]" if value else "[]"
    return "null" if value is None else type(value).__name__
