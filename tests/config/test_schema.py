"""The schema for editors and the file of all options are held to the models that `load` uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from connector import config, registry
from connector.config import schema
from connector.config.compose import connection_model
from connector.config.settings import Document
from connector.config.shapes import fields, flat, keys_at, models_at
from connector.config.source import Steps, dotted

from .conftest import ENVIRON, OF_OTHERS, ROOT

FOLDER = ROOT / "config"
COMMITTED = json.loads((FOLDER / "nps.schema.json").read_text(encoding="utf-8"))


def _tree(name: str) -> dict[str, Any]:
    tree: dict[str, Any] = YAML(typ="safe", pure=True).load((FOLDER / name).read_text(encoding="utf-8"))
    return tree


def test_the_committed_schema_is_the_one_the_models_give() -> None:
    assert (FOLDER / "nps.schema.json").read_text(encoding="utf-8") == schema.text(), "run: make schema"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(COMMITTED)


@pytest.mark.parametrize("name", ["example.yaml", "full.yaml"])
def test_our_own_files_validate_and_name_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator(COMMITTED).validate(_tree(name))
    first = (FOLDER / name).read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=nps.schema.json"


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        (("mode",), "previw"),
        (("connections", "psa", "adapter"), "conectwise"),
        (("connections", "psa", "sit"), "x"),
        (("rules", 1, "when", "bnad"), "detractor"),
        (("rules", 1, "when", "band"), "detracter"),
        (("rules", 0, "then", 0), "open_tickt"),
        (("cleaning", "role_addresses"), "keep-if-only"),
    ],
)
def test_an_editor_marks_a_mistake(steps: Steps, wrong: str) -> None:
    tree = part = _tree("example.yaml")
    for step in steps[:-1]:
        part = part[step]  # type: ignore[index]
    part[steps[-1]] = wrong  # type: ignore[index]
    assert list(jsonschema.Draft202012Validator(COMMITTED).iter_errors(tree)), steps


def test_references_are_allowed_where_numbers_and_words_stand() -> None:
    tree = _tree("example.yaml")
    tree["mode"] = "${NPS_MODE:-preview}"
    tree["limits"] = {"tickets_per_day": "${TICKETS}"}
    jsonschema.Draft202012Validator(COMMITTED).validate(tree)


def test_full_yaml_loads(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "smtp-password").write_text("hush-hush\n")
    (tmp_path / "full.yaml").write_text((FOLDER / "full.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    loaded = config.load(tmp_path / "full.yaml", ENVIRON | OF_OTHERS)
    assert loaded.notices == ()
    assert config.restore(loaded.redacted()).fingerprint == loaded.fingerprint


def test_full_yaml_has_every_option_and_no_other() -> None:
    tree = _tree("full.yaml")
    used = {model: set[str]() for model, _ in _used(tree)}
    for model, keys in _used(tree):
        used[model] |= keys
    for model, keys in used.items():
        known = set(fields(model))
        if {"adapter", "calendar"} <= known and any("calendar" in other for other in used.values()):
            keys.add("calendar")  # common to all connections; shown once
        assert keys <= known, model
        assert keys == known, f"config/full.yaml lacks {sorted(known - keys)} of {model.__name__}"
    reached = {model for top in (Document, *map(connection_model, _shown())) for model in _reached(top)}
    missing = {model.__name__ for model in reached} - {model.__name__ for model in used}
    assert not missing, f"config/full.yaml shows nothing of {sorted(missing)}"


def test_full_yaml_shows_every_adapter_an_admin_can_use() -> None:
    kinds = {values["adapter"] for values in _tree("full.yaml")["connections"].values()}
    assert kinds == set(_shown())


def test_every_option_says_what_it_is() -> None:
    for top in (Document, *map(connection_model, _shown())):
        for model in _reached(top):
            for name, field in model.model_fields.items():
                assert field.description, f"{model.__name__}.{name}"


def test_the_schema_knows_every_adapter() -> None:
    whole = json.dumps(COMMITTED)
    for kind in registry.BUILT_IN:
        assert f'"{kind}": "#/$defs/' in whole, kind


def _shown() -> list[str]:
    # memory is for tests and the demo; a folder is not written as a connection but as answers.folder
    return [kind for kind in registry.BUILT_IN if kind not in ("memory", "folder")]


def _used(tree: dict[str, Any]) -> Iterator[tuple[type[BaseModel], set[str]]]:
    yield from _keys(Document, tree, ())
    for values in tree["connections"].values():
        yield from _keys(connection_model(values["adapter"]), values, ())


def _keys(top: type[BaseModel], tree: Any, steps: Steps) -> Iterator[tuple[type[BaseModel], set[str]]]:
    here = tree
    for step in steps:
        here = here[step]
    if isinstance(here, dict):
        for model in models_at(top, steps):
            yield model, set(here)
        for key in here:
            if not (top is Document and steps == ("connections",)):
                assert not models_at(top, steps) or key in keys_at(top, steps), dotted((*steps, key))
                yield from _keys(top, tree, (*steps, key))
    elif isinstance(here, list):
        for at in range(len(here)):
            yield from _keys(top, tree, (*steps, at))


def _reached(top: Any, seen: set[type[BaseModel]] | None = None) -> set[type[BaseModel]]:
    seen = set() if seen is None else seen
    for kind in flat(top):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind not in seen:
                seen.add(kind)
                for annotation in fields(kind).values():
                    _reached(annotation, seen)
        else:
            for inner in getattr(kind, "__args__", ()):
                _reached(inner, seen)
    return seen
