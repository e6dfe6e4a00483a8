from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from connector.campaigns.settings import Caps
from connector.sync.settings import Audience, Cleaning, FacetLists


def test_an_empty_cleaning_section_has_the_documented_defaults() -> None:
    cleaning = Cleaning.model_validate({})
    assert cleaning.role_addresses == "keep_if_only"
    assert cleaning.stale.age.over.text == "18 months"
    assert cleaning.stale.age.do == "report"
    assert cleaning.built_in == ["own_company", "vendors", "leads", "no_company"]
    caps = Caps.model_validate({})
    assert (caps.cool_down.days, caps.per_company) == (90, 3)


@pytest.mark.parametrize(
    ("model", "written", "message"),
    [
        (Audience, {"from": "psa"}, "selects nobody: add at least one of contact_types"),
        (Audience, {"from": "psa", "exclude": {"contact_types": ["Former"]}}, "selects nobody"),
        (Audience, {"from": "psa", "contact_types": [" "]}, "contact_types"),
        (Audience, {"contact_types": ["Owner"]}, "from"),
        (Audience, {"from": "psa", "contact_type": ["Owner"]}, "contact_type"),
        (Cleaning, {"stale": {"age": {"over": "3 business days"}}}, "needs a business calendar"),
        (Cleaning, {"stale": {"age": {"over": "often"}}}, "no length of time"),
        (Cleaning, {"built_in": ["friends"]}, "built_in"),
        (Caps, {"cool_down": "8 working hours"}, "needs a business calendar"),
        (Caps, {"per_company": 0}, "per_company"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(
    model: type[BaseModel], written: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(written)


@pytest.mark.parametrize("model", [Audience, FacetLists, Cleaning, Caps])
def test_every_field_is_described_in_the_schema(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    for definition in (schema, *schema.get("$defs", {}).values()):
        for name, prop in definition["properties"].items():
            assert prop.get("description"), name


def test_spans_are_strings_in_schema_and_dump() -> None:
    schema = Caps.model_json_schema()["properties"]["cool_down"]
    assert (schema["type"], schema["default"]) == ("string", "90 days")
    caps = Caps.model_validate({"cool_down": "6 months"})
    assert caps.model_dump(mode="json") == {"cool_down": "6 months", "per_company": 3}
    assert Caps.model_validate(caps.model_dump()) == caps
