"""The tree of commands: quick help, all of it documented, one meaning for each exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from connector import errors
from connector.cli import main
from connector.cli.shared import with_shared_options
from tests.cli.conftest import Connector, Desk

CONNECTOR = [sys.executable, "-c", "from connector.cli.main import main; main()"]


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its whole name."""
    for name in main.COMMANDS:
        command = main.load(name)
        below = getattr(command, "commands", None)
        if below is None:
            yield name, command
        else:
            yield from ((f"{name} {sub}", found) for sub, found in below.items())


def test_help_answers_within_half_a_second() -> None:
    """By the processor's time: what else a machine does is no matter of ours. `make bench` takes the wall's."""
    fastest = 9.0
    for _ in range(5):
        before = os.times()
        done = subprocess.run([*CONNECTOR, "--help"], capture_output=True, text=True, check=True)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        fastest = min(fastest, used)
        assert "Exit codes:" in done.stdout
    assert fastest < 0.5


def test_help_imports_no_command() -> None:
    script = (
        "import sys; from connector.cli import main; main.run(['--help']); "
        "heavy = {'pydantic', 'sqlalchemy', 'ruamel', 'rich', 'requests', 'structlog', 'connector.config'}; "
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_has_a_docstring_with_an_example() -> None:
    without = [name for name, command in commands() if f"\n  connector {name}" not in (command.epilog or "")]
    assert without == []
    assert not [name for name, command in commands() if not command.help or "Example" in command.help]


def test_every_option_and_argument_is_documented() -> None:
    without = [
        f"{name} {parameter.name}"
        for name, command in commands()
        for parameter in command.params
        if not getattr(parameter, "help", None) and parameter.name != "help"
    ]
    assert without == []


def test_every_command_prints_json_when_asked() -> None:
    without = [name for name, c in commands() if "--json" not in [opt for p in c.params for opt in p.opts]]
    assert without == ["sandbox connectwise", "sandbox hubspot", "sandbox salesforce", "completion"]


@pytest.mark.parametrize("name", list(main.COMMANDS))
def test_help_of_each_command(name: str, connector: Connector) -> None:
    said = connector(name, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: connector {name}")


def test_unknown_command_names_the_nearest(connector: Connector) -> None:
    said = connector("chek")
    assert said.code == 2
    assert 'did you mean "check"?' in said.err


def test_unknown_option_is_told_without_a_traceback(connector: Connector) -> None:
    said = connector("check", "--lvie")
    assert said.code == 2
    assert "--live" in said.err
    assert "Traceback" not in said.err


def test_missing_configuration_says_what_to_do(
    connector: Connector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONNECTOR_CONFIG", raising=False)
    said = connector("check")
    assert said.code == 2
    assert "--config FILE" in said.err


@pytest.mark.parametrize("place", ["config/nps.yaml", "elsewhere.yaml", "named.yaml"])
def test_configuration_is_found(place: str, desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    target = desk.folder / place
    target.parent.mkdir(exist_ok=True)
    (desk.folder / "nps.yaml").rename(target)
    if place == "elsewhere.yaml":
        monkeypatch.setenv("CONNECTOR_CONFIG", str(target))
    before = ["--config", str(target)] if place == "named.yaml" else []
    assert connector(*before, "check").code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("x"), 2),
        (errors.AuthError("x"), 3),
        (errors.FuseError("x"), 4),
        (errors.RejectedError("x"), 5),
        (errors.UnavailableError("x"), 6),
        (errors.ThrottledError("x"), 6),
        (errors.LeaseLostError("x"), 6),
        (errors.OutcomeUnknownError("x"), 6),
        (errors.ContractError("x"), 1),
        (PermissionError(13, "Permission denied", "nps-data"), 1),
        (KeyboardInterrupt(), 130),
        (KeyError("bnad"), 1),
    ],
)
def test_each_error_leaves_with_its_code_and_without_a_traceback(
    error: BaseException, code: int, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, error)
    said = connector("check")
    assert (said.code, said.out) == (code, "")
    assert "Traceback" not in said.err


def test_a_bug_is_shown_with_debug_only(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    _failing(monkeypatch, KeyError("bnad"))
    assert "bnad" not in connector("check").err
    said = connector("check", "--debug")
    assert said.code == 1
    assert "KeyError: 'bnad'" in said.err


def test_an_error_is_an_object_with_json(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    _failing(monkeypatch, errors.AuthError("the keys are wrong"))
    said = connector("check", "--json")
    assert said.facts == {"error": "AuthError", "exit_code": 3, "message": "the keys are wrong"}


def test_a_closed_pipe_is_no_error() -> None:
    script = f"{sys.executable} -c 'from connector.cli.main import main; main()' --help | true"
    done = subprocess.run(
        ["bash", "-c", f"{script}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert done.returncode in (0, 1)
    assert done.stderr == ""


def test_version(connector: Connector) -> None:
    assert connector("--version").out.startswith("nps-connector ")


def _failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def load(_name: str) -> Any:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)

        def check() -> None:
            raise error

        app.command("check")(with_shared_options(check))
        return typer.main.get_command(app)

    monkeypatch.setattr(main, "load", load)
