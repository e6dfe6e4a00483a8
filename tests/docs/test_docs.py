"""The documentation is held to the program: what exists is documented, and what is documented exists."""

from __future__ import annotations

import dataclasses
import inspect
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from ruamel.yaml import YAML

from connector import config, domain
from connector.adapters.folder.columns import ANSWER_COLUMNS, HISTORY_COLUMNS
from connector.adapters.folder.history import read_history
from connector.adapters.folder.rows import read
from connector.cli import main
from connector.config.settings import Document
from connector.domain import REASON_TEXT, Reason, WriteBackState
from connector.jobs import runner
from connector.jobs.records import journal
from connector.ports import BadRow
from connector.registry import BUILT_IN, spec
from connector.rules.actions import Action
from connector.rules.business_time import CalendarSettings
from connector.rules.conditions import Condition
from connector.rules.settings import Rule
from connector.rules.templates import NAMES
from connector.store import tables
from tests.docs.pages import PAGES, ROOT, Block, blocks, command_lines, mentions, prose, text_of
from tests.settings import ENVIRON

TREE = typer.main.get_command(main.app)
SHARED = {"--config", "--json", "--show-addresses", "--log-level", "--debug"}


def _commands() -> Iterator[tuple[str, Any]]:
    """(full name, command) of everything that can be run."""
    for name in main.COMMANDS:
        command = main.load(name)
        for below, sub in getattr(command, "commands", {"": command}).items():
            yield f"{name} {below}".strip(), sub


COMMANDS = dict(_commands())


def _section(page: str, heading: str) -> str:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"docs/{page} has no section {heading!r}"
    return found[1]


# ------------------------------------------------------------ what exists is documented
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_each_of_its_options_is_documented_with_an_example(name: str) -> None:
    section = _section("commands.md", f"connector {name}")
    assert f"$ connector {name}" in section
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts + parameter.secondary_opts}
    missing = {o for o in options if o.startswith("--") and o not in section} - SHARED - {"--help"}
    assert not missing


def test_the_readme_names_every_command() -> None:
    readme = text_of("README.md")
    assert not [name for name in main.COMMANDS if f"`connector {name}" not in readme]


def test_the_shared_options_are_documented() -> None:
    assert not [option for option in SHARED if f"`{option}" not in text_of("commands.md")]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_documented_in_its_own_words(reason: Reason) -> None:
    row = re.search(rf"^\| `{reason}` \| (.*?) \|", text_of("commands.md"), re.MULTILINE)
    assert row, f"{reason} is not in docs/commands.md"
    words = REASON_TEXT[reason].partition(" (")[0].split(" beside ")[0]
    assert row[1].startswith(words)


def test_every_condition_and_action_and_their_options_are_documented() -> None:
    rules = text_of("rules.md")
    conditions = [field.alias or name for name, field in Condition.model_fields.items()]
    assert not [key for key in conditions if f"| `{key}` |" not in rules]
    for kind in Action.model_fields:
        section = re.search(rf"^### {kind}\n(.*?)(?=^##|\Z)", rules, re.DOTALL | re.MULTILINE)
        assert section, f"{kind} is not in docs/rules.md"
        options = spec_options(kind)
        assert not [key for key in options if f"`{key}" not in section[1]]


def spec_options(kind: str) -> list[str]:
    """The options of one action, without `id`, which all have."""
    model = next(m for m in _models(Action.model_fields[kind].annotation) if m.__name__ != "Action")
    return [name for name in model.model_fields if name != "id"]


def _models(annotation: Any) -> list[type[BaseModel]]:
    return [
        part for part in getattr(annotation, "__args__", ()) if inspect.isclass(part) and issubclass(part, BaseModel)
    ]


def test_every_name_of_the_templates_is_documented() -> None:
    assert not [name for name in NAMES if f"`{name}`" not in text_of("rules.md")]


@pytest.mark.parametrize("page", ["README.md", "commands.md"])
def test_every_exit_code_is_documented(page: str) -> None:
    codes = {0, 2, *runner.EXIT.values()}
    assert not [code for code in codes if f"\n| {code} |" not in text_of(page)]
    assert all(f"  {code}  " in main.EPILOG for code in codes)


def test_every_column_is_documented() -> None:
    answers, history = _section("responses.md", "Answers"), _section("responses.md", "History")
    assert not [column for column in ANSWER_COLUMNS if f"\n| `{column}` |" not in answers]
    assert not [column for column in HISTORY_COLUMNS if f"\n| `{column}` |" not in history]


def test_every_state_of_a_write_back_is_documented() -> None:
    life = _section("architecture.md", "Life of a write-back")
    assert not [state for state in WriteBackState if f"\n| `{state}` |" not in life]


def test_every_kind_of_frame_in_a_record_is_documented() -> None:
    section = _section("architecture.md", "Record and replay")
    kinds = re.findall(r"`(\w+)` \(", inspect.getdoc(journal) or "")
    assert len(kinds) >= 4
    assert not [kind for kind in kinds if f"| `{kind}` |" not in section]


# ------------------------------------------------------------ the glossary
GLOSSARY = text_of("glossary.md")


def test_every_noun_is_in_the_glossary() -> None:
    own = [name for name in domain.__all__ if inspect.isclass(getattr(domain, name))]
    assert len([name for name in own if dataclasses.is_dataclass(getattr(domain, name))]) >= 14
    assert not [name for name in own if f"`{name}`" not in GLOSSARY]


def test_every_table_is_in_the_glossary_and_no_other() -> None:
    section = _section("glossary.md", "Tables")
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(tables.metadata.tables)


def test_every_key_of_the_configuration_is_in_the_glossary() -> None:
    section = _section("glossary.md", "Keys of the YAML")
    adapters = [spec(kind).settings for kind in BUILT_IN if kind != "memory"]  # memory is for tests
    models: list[Any] = [Document, CalendarSettings, Rule, *adapters]
    keys: set[str] = set()
    while models:
        model = models.pop()
        for name, field in model.model_fields.items():
            keys.add(field.alias or name)
            inner = [field.annotation, *getattr(field.annotation, "__args__", ())]
            models += [m for m in inner if _is_model(m) and m not in (Condition, Action, Rule)]
    assert len(keys) > 50
    assert not sorted(key for key in keys if f"`{key}`" not in section)


def _is_model(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseModel)


# ------------------------------------------------------------ what is documented exists
LINES = list(command_lines())


def test_there_are_examples() -> None:
    assert len(LINES) > 40


@pytest.mark.parametrize(("place", "line"), LINES, ids=[place for place, _ in LINES])
def test_every_example_line_parses(place: str, line: str) -> None:
    command, words = _resolved(shlex.split(line))
    command.make_context("connector", words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_named_in_a_sentence_exists_with_its_options(page: Path) -> None:
    for line in mentions(page):
        words = [word.strip("[]…,.") for word in line.split("`")[0].split()]
        if words[0] in ("COMMAND", "…") or words[0].startswith("-"):
            continue
        command, rest = _resolved(words)
        known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
        wrong = [word for word in rest if word.startswith("--") and word not in known | {"--help"}]
        assert not wrong, f"{page.name}: connector {line}: {wrong}"


def _resolved(words: list[str]) -> tuple[Any, list[str]]:
    """The command these words name, and what stands after its name."""
    assert words[0] in main.COMMANDS, f"no command {words[0]!r}"
    command, rest = main.load(words[0]), words[1:]
    below = getattr(command, "commands", {})
    if below and rest and not rest[0].startswith("-"):
        assert rest[0] in below, f"no command {' '.join(words[:2])!r}"
        return below[rest[0]], rest[1:]
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        assert ROOT in (file, *file.parents), f"{page.name}: {target} leads out of the repository"
        if anchor:
            assert anchor in _anchors(file), f"{page.name}: {target}"


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_file_named_in_back_ticks_exists() -> None:
    for page in PAGES:
        for name in re.findall(r"`((?:connector|config|docs|tests)/[\w./-]+)`", prose(page)):
            assert name == "config/nps.yaml" or (ROOT / name).exists(), f"{page.name}: {name}"
    rooms = re.findall(r"`((?:sync|rules|report|jobs|store|adapters)/[\w./-]*)`", text_of("architecture.md"))
    assert not [name for name in rooms if not (ROOT / "connector" / name).exists()]


def test_the_rooms_drawn_are_the_rooms_there_are() -> None:
    drawn = re.findall(r"^  (\w+)(?:/|\.py) ", text_of("architecture.md"), re.MULTILINE)
    folders = {path.parent.name for path in (ROOT / "connector").glob("*/__init__.py")}
    assert folders <= set(drawn)


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.place)
def test_every_yaml_block_loads(block: Block, tmp_path: Path) -> None:
    """A block without connections stands for the keys it has, over config/example.yaml."""
    shown = YAML(typ="safe", pure=True).load(block.text)
    file = tmp_path / "nps.yaml"
    if "connections" in shown:
        file.write_text(block.text, encoding="utf-8")
    else:
        whole = YAML(typ="safe", pure=True).load((ROOT / "config" / "example.yaml").read_text(encoding="utf-8"))
        with file.open("w", encoding="utf-8") as target:
            YAML(typ="safe", pure=True).dump({**whole, **shown}, target)
    config.load(file, ENVIRON)


def test_the_readme_shows_the_example_file() -> None:
    shown = next(block for block in blocks("yaml") if block.page.name == "README.md")
    yaml = YAML(typ="safe", pure=True)
    assert yaml.load(shown.text) == yaml.load((ROOT / "config" / "example.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("block", blocks("csv", "jsonl"), ids=lambda block: block.place)
def test_every_example_of_a_file_is_taken_whole(block: Block, tmp_path: Path) -> None:
    file = tmp_path / f"shown.{block.language}"
    file.write_text(block.text, encoding="utf-8")
    remarks: list[str] = []
    reader = read_history if block.heading == "History" or block.text.startswith("kind,") else read
    rows = list(reader(file, remark=remarks.append))
    assert len(rows) >= 2
    assert not [row for row in rows if isinstance(row, BadRow)]
    assert not remarks, "columns left out"


def test_every_picture_is_there_small_and_shown_with_words_for_those_who_do_not_see_it() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.png"))
    assert {picture.stem for picture in pictures} == {"ticket", *pictures_of_terminals()}
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 200_000
        shown = re.findall(rf"!\[([^\]]+)\]\((?:docs/)?pictures/{picture.name}\)", text_of())
        assert shown, f"{picture.name} is on no page"
        assert all(len(words) > 20 for words in shown), picture.name


def pictures_of_terminals() -> list[str]:
    script = runpy.run_path(str(ROOT / "docs" / "pictures.py"), run_name="pictures")
    return list(script["AT_A_TERMINAL"])


def test_people_in_the_documentation_are_invented() -> None:
    for page in PAGES:
        addresses = re.findall(r"[\w.+-]+@([\w.-]+\.\w+)", page.read_text(encoding="utf-8"))
        assert all(re.search(r"(^|\.)example\.(com|org)$", domain) for domain in addresses), page.name
