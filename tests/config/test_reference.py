"""docs/configuration.md is the one the models give, and it has every key at its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from connector.config import reference, schema

from .conftest import ROOT

PAGE = ROOT / "docs" / "configuration.md"


def test_the_committed_page_is_the_one_the_models_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.text(), "run: make reference"


def _keys() -> Iterator[tuple[str, str]]:
    """(model, key) of every key in the schema for editors."""
    for name, model in json.loads(schema.text())["$defs"].items():
        if not name.startswith("Memory"):
            yield from ((name, key) for key in model.get("properties", {}))


@pytest.mark.parametrize(("model", "key"), list(_keys()))
def test_every_key_is_on_the_page_with_its_meaning_default_and_values(model: str, key: str) -> None:
    rows = re.findall(rf"^\| `{re.escape(key)}` \| (.*) \| (.*) \| (.*) \|$", reference.text(), re.MULTILINE)
    assert rows, f"{model}.{key}"
    assert all(means and default and allowed for means, default, allowed in rows)


def test_no_place_is_on_the_page_twice_and_each_that_is_referred_to_is_there() -> None:
    text = reference.text()
    headings = re.findall(r"^## (\S+)", text, re.MULTILINE)
    kinds = [heading for heading in re.findall(r"^## (.*)$", text, re.MULTILINE) if "(" not in heading]
    assert len(kinds) == len(set(kinds))
    referred = set(re.findall(r"see `([^`]+)`", text))
    assert not [place for place in referred if place not in headings and not place.startswith("rules[].when")]
