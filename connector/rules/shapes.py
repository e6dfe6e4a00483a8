"""How rules read what people write: one value or a list, a length of time, a template. Errors point at what stands."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)
from pydantic.functional_validators import AfterValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from connector.timespan import Span, parse_span

LONGEST_DUE_DAYS = 366


class Settings(BaseModel):
    """Unknown names are errors; what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def wrong(message: str) -> PydanticCustomError:
    """An error whose text is exactly `message` (no "Value error" before it, braces in it left alone)."""
    return PydanticCustomError("rules", "{message}", {"message": message})


def wrong_at(message: str, *location: str | int, given: object = None) -> ValidationError:
    """The same, at a place below the value that is being validated; pydantic puts the way to it in front."""
    return ValidationError.from_exception_data(
        "rules", [InitErrorDetails(type=wrong(message), loc=location, input=given)]
    )


def _filled(value: Any) -> Any:
    # pydantic's own min_length also complains about a list whose entries are wrong.
    if isinstance(value, list | tuple) and not value:
        raise wrong("the list is empty; name at least one, or leave the key out")
    return value


FILLED = (BeforeValidator(_filled), Field(json_schema_extra={"minItems": 1}))
"""Marks on a list that must not be empty."""


class OneOrMore:
    """Mark on `tuple[X, ...]`: a single X may be written without the list, and its errors carry no index."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many | {"minItems": 1}]}

    @staticmethod
    def _listed(value: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, list | tuple):
            return handler(_filled(value))
        try:
            return handler([value])
        except ValidationError as error:
            raise ValidationError.from_exception_data("rules", said_again(error, below=1)) from None


def said_again(error: ValidationError, *, below: int = 0) -> list[InitErrorDetails]:
    """The problems of an error, to be raised again with others, without the first `below` steps of each location."""
    return [
        InitErrorDetails(
            type=wrong(one["msg"]) if one["type"] == "rules" else one["type"],
            loc=one["loc"][below:],
            input=one["input"],
            ctx=one.get("ctx", {}),
        )
        for one in error.errors()
    ]


def matching(pattern: str, message: str, *, words: tuple[str, ...] = ()) -> Any:
    """The type of a text that matches `pattern` as a whole; `message` says, after the text, what may be written, and
    which of `words` was probably meant is said after that."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            near = get_close_matches(text[:100].lower().replace("-", "_").replace(" ", "_"), words, n=1)
            raise wrong(f'"{text}" {message}' + (f'; did you mean "{near[0]}"?' if near else ""))
        return text

    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})]


def _due(value: Any) -> Span:
    if isinstance(value, Span):
        return value
    try:
        span = parse_span(value)
    except ValueError as error:
        raise wrong(str(error)) from None
    days = max(span.seconds / 86400, span.days, span.months * 30.5, span.business_days, span.working_seconds / 86400)
    if not 0 < days <= LONGEST_DUE_DAYS:
        raise wrong(f"{span.text} is no useful due time; write between 1 minute and 1 year")
    return span


def _template(source: str) -> str:
    # jinja2 is loaded with the first template that is read, not with `connector --help`.
    from connector.rules.templates import problems

    if found := problems(source):
        raise wrong("; ".join(found))
    return source


Due = Annotated[
    Span,
    PlainValidator(_due),
    PlainSerializer(lambda span: span.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["1 business day", "8 working hours", "2 days"]}),
]
"""A length of time after which something is due: business or plain, more than nothing, at most a year."""

Template = Annotated[str, AfterValidator(_template)]
"""A text with {{ names }}, checked against the names that exist when it is read."""
