"""A first configuration reads back exactly the names it was made of, whatever people call things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example as case
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from connector import config, registry
from connector.cli.init import example
from connector.config.draft import WIDTH, Draft, render, scalar
from connector.config.fitting import Choice, Named
from connector.domain import Facet
from connector.rules.conditions import Condition

from .conftest import ENVIRON

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda name: name.strip()
)


@given(NAMES)
@case("yes")
@case("null")
@case("1 - Emergency")
@case("R&D: Berlin #2")
@case('say "no"')
@case("${CW_PRIVATE_KEY}")
@case("a\x85b\u2028c")
@case("[x], {y}")
@case("- x")
@case("it's")
def test_a_name_reads_back_as_it_is(name: str) -> None:
    text = f"mode: preview\nnames: [{scalar(name)}]\n"
    (read,) = YAML(typ="safe", pure=True).load(text)["names"]
    assert read == name.replace("${", "$${")


def test_hostile_names_neither_break_out_of_a_list_nor_out_of_a_comment(tmp_path: Path) -> None:
    name = "x]\nmode: live\n# ${CW_PRIVATE_KEY}"
    choice = Choice(include=(name,), others=(Named(name=name, count=3),))
    draft = replace(example(), choices={Facet.CONTACT_TYPE: choice}, boards=[name, "Customer Success"], members=[name])
    file = tmp_path / "nps.yaml"
    loaded = config.load_text(render(draft), file, ENVIRON)
    assert loaded.mode == "preview"
    assert loaded.audiences["decision-makers"].contact_types == [name]


def test_where_nothing_can_be_chosen_the_audience_is_a_comment_and_the_file_loads(tmp_path: Path) -> None:
    draft = replace(example(), choices={}, board="", boards=())
    loaded = config.load_text(render(draft), tmp_path / "nps.yaml", ENVIRON)
    assert not loaded.audiences
    assert [[a.kind for a in rule.then] for rule in loaded.rules] == [["record_response"], ["notify"]]
    assert loaded.rules[0].when == Condition(), "every answer is recorded, also one that was changed"


def test_only_what_the_system_can_do_is_written(tmp_path: Path) -> None:
    assert "open_ticket" not in render(replace(example(), changes=frozenset({"record_response"})))
    assert "record_response" not in render(replace(example(), changes=frozenset({"open_ticket"})))
    neither = config.load_text(render(replace(example(), changes=frozenset())), tmp_path / "nps.yaml", ENVIRON)
    assert [action.kind for action in neither.rules[0].then] == ["notify"]


def test_long_lists_of_names_are_cut_and_lines_stay_readable() -> None:
    many = tuple(Named(name=f"Some Type {number}", count=number) for number in range(500))
    text = render(replace(example(), choices={Facet.CONTACT_TYPE: Choice(include=("Owner",), others=many)}))
    assert "… and 470 more" in text
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_zones_stand_bare(zone: str) -> None:
    assert scalar(zone) == zone


@pytest.mark.parametrize("kind", ["connectwise", "hubspot", "salesforce"])
def test_the_owners_it_begins_with_are_steps_that_the_crm_has(kind: str) -> None:
    owners = registry.spec(kind).owners
    assert ("territory_manager" in owners) == (kind == "connectwise")
    draft = Draft(connection="crm", kind=kind, settings=[], board="Service", owner=owners)
    assert f"          owner: [{', '.join(owners)}]\n" in render(draft)
    assert "owner:" not in render(replace(draft, owner=()))
