"""The help of every command reads like a page of a manual, and its examples can be typed."""

from __future__ import annotations

import inspect
import shlex
from importlib import import_module

import pytest

from connector.cli import helping, main
from connector.jobs import runner
from tests.cli.conftest import Connector
from tests.cli.test_main import commands

PAGES = dict(commands())
CODES = {0, 2, *runner.EXIT.values()}


def test_a_docstring_is_taken_apart() -> None:
    found = helping.page("Do it.\n\nAt once.\n\nExample: connector x --y\nExample: connector x\n\nExit 3: it is held")
    assert found == ("Do it.\n\nAt once.", ["connector x --y", "connector x"], [(3, "it is held")])


@pytest.mark.parametrize("name", PAGES)
def test_help_has_a_sentence_options_and_examples_in_this_order(name: str, connector: Connector) -> None:
    said = connector(*name.split(), "--help")
    assert (said.code, said.err) == (0, "")
    usage, options, examples = (said.out.index(part) for part in ("Usage: connector", "Options:", "Examples:"))
    assert usage < options < examples
    sentence = said.out[usage:options].partition("\n\n")[2].strip()
    assert sentence[:1].isupper()
    assert "Example:" not in said.out
    assert "Exit " not in said.out.replace("Exit codes", "")


@pytest.mark.parametrize("name", PAGES)
def test_every_example_in_a_help_is_of_that_command_and_parses(name: str) -> None:
    command = PAGES[name]
    lines = [line.strip() for line in command.epilog.splitlines() if line.startswith("  connector ")]
    assert 1 <= len(lines) <= 3
    for line in lines:
        words = shlex.split(line.partition(" > ")[0])[1:]
        before = words.index(name.split()[0])
        assert words[before : before + len(name.split())] == name.split(), line
        command.make_context(name, words[before + len(name.split()) :])


@pytest.mark.parametrize("name", PAGES)
def test_exit_codes_in_a_help_are_codes_there_are(name: str) -> None:
    lines = PAGES[name].epilog.partition("Exit codes")[2].splitlines()[1:]
    assert {int(line.split()[0]) for line in lines if line.strip()} <= CODES


def test_no_line_of_a_docstring_looks_like_an_example_and_is_none() -> None:
    for name in main.COMMANDS:
        module = import_module(f"connector.cli.{name.replace('-', '_')}")
        lines = [line.strip() for line in inspect.getsource(module).splitlines()]
        wrong = [line for line in lines if line.startswith(("Example:", "Exit ")) and not _read(line)]
        assert not wrong, name


def _read(line: str) -> bool:
    found = helping.page(line)
    return bool(found.examples or found.exits)
