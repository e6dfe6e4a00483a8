"""Completion: the right words at each place, quickly, and in real shells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connector.cli import main
from connector.cli.completion import candidates
from tests.cli.conftest import Connector, Desk


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (["prev"], ["preview"]),
        (["outbox", "rel"], ["release"]),
        (["check", "--li"], ["--live"]),
        (["pull", ""], ["psa"]),
        (["preview", "dec"], ["decision-makers"]),
        (["preview", "--limit", "5", "dec"], ["decision-makers"]),
        (["preview", "--limit", ""], []),
        (["preview", "decision-makers", "dec"], ["decision-makers"]),
        (["show", "psa", "bo"], ["boards"]),
        (["show", "psa", "boards", ""], []),
        (["outbox", "list", "--connection", "p"], ["psa"]),
        (["--json", "pull", "p"], ["psa"]),
        (["--log-level", "info", "pull", "p"], ["psa"]),
        (["pause", ""], ["psa", "all"]),
        (["init", "--from", "conn"], ["connectwise"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["nonsense", ""], []),
        (["jobs", "nonsense", ""], []),
    ],
)
def test_words_at_each_place(typed: list[str], found: list[str], desk: Desk) -> None:
    assert candidates(typed) == found


def test_all_commands_are_offered_first(desk: Desk) -> None:
    assert candidates([""]) == list(main.COMMANDS)
    assert "--config" in candidates(["--"])


def test_names_come_from_the_file_that_is_named_and_need_no_keys(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CW_PUBLIC_KEY")
    (desk.folder / "nps.yaml").rename(desk.folder / "own.yaml")
    assert candidates(["preview", ""]) == []
    assert candidates(["--config", "own.yaml", "preview", ""]) == ["decision-makers"]
    monkeypatch.setenv("CONNECTOR_CONFIG", "own.yaml")
    assert candidates(["preview", ""]) == ["decision-makers"]


def test_a_broken_configuration_offers_nothing_and_complains_not(desk: Desk, connector: Connector) -> None:
    (desk.folder / "nps.yaml").write_text("audiences: [")
    said = connector("completion", "words", "--", "preview", "")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_an_unknown_shell_names_those_there_are(connector: Connector) -> None:
    said = connector("completion", "tcsh")
    assert said.code == 2
    assert "bash, fish, zsh" in said.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_sound_for_its_shell(shell: str, connector: Connector, tmp_path: Path) -> None:
    said = connector("completion", shell)
    assert said.code == 0
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    script = tmp_path / "script"
    script.write_text(said.out)
    subprocess.run([shell, "-n", str(script)], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("connector prev", ["preview"]),
        ("connector pull ", ["psa"]),
        ("connector check --l", ["--live", "--log-level"]),
    ],
)
def test_bash_completes_a_line(line: str, found: list[str], desk: Desk, connector: Connector, tmp_path: Path) -> None:
    """The function is called as bash would call it after a press of the tabulator."""
    words = [*line.split(), *([""] if line.endswith(" ") else [])]
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f"{connector('completion', 'bash').out}\n"
        f'connector() {{ {sys.executable} -c "from connector.cli.main import main; main()" "$@"; }}\n'
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _connector; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=desk.folder)
    assert sorted(done.stdout.split()) == found


def test_a_name_in_the_file_is_no_command_of_the_shell_and_no_word_to_the_terminal(
    desk: Desk, connector: Connector
) -> None:
    bad = ("x$(touch obeyed)", "x`touch obeyed`", "x;touch obeyed", "x\\e[31m", "x y")
    lines = "".join(f'  "{name}": {{}}\n' for name in bad)
    (desk.folder / "nps.yaml").write_text(f"connections:\n{lines}  psa.1: {{}}\n")
    assert candidates(["pull", ""]) == ["psa.1"]
    script = (
        f"{connector('completion', 'bash').out}\n"
        "connector() { printf '%s\\n' 'x$(touch obeyed)' 'y`touch obeyed`'; }\n"
        'COMP_WORDS=(connector pull ""); COMP_CWORD=2; _connector; printf \'%s\\n\' "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=desk.folder)
    assert done.stdout.splitlines() == ["x$(touch obeyed)", "y`touch obeyed`"]
    assert not (desk.folder / "obeyed").exists()


@pytest.mark.parametrize(
    ("typed", "heavy"),
    [
        ("prev", {"sqlalchemy", "ruamel", "rich", "requests", "structlog", "connector.config"}),
        ("check --l", {"sqlalchemy", "requests"}),
    ],
)
def test_it_imports_little_so_that_it_answers_at_once(typed: str, heavy: set[str], desk: Desk) -> None:
    script = (
        "import sys; from connector.cli import main; "
        f"main.run(['completion', 'words', '--', *{typed.split()!r}]); "
        f"sys.exit(', '.join(sorted({heavy!r} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
