"""Text from outside is shown, not obeyed: at a terminal, in a pipe, in CSV."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from connector.cli import common, output

HOSTILE = "[bold]x[/bold] \x1b[31mred\u202e\r\n=HYPERLINK(1)"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    common.reset()
    yield
    common.reset()


@pytest.mark.parametrize("terminal", [True, False])
def test_table_shows_hostile_text(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    output.table(("name", "count"), [(HOSTILE, 12)], right=("count",))
    out = capsys.readouterr().out
    assert "\x1b[31m" not in out
    assert "\u202e" not in out
    assert "[bold]x[/bold]" in out
    assert "\\x1b[31mred" in out


def test_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(HOSTILE)
    assert capsys.readouterr().out.count("\n") == 1


def test_csv_holds_no_formula() -> None:
    stream = io.StringIO()
    assert output.write_csv(stream, ("a", "b"), [("=1+1", None), ("@x", HOSTILE)]) == 2
    assert stream.getvalue().splitlines()[1:] == [
        "'=1+1,",
        "'@x,[bold]x[/bold] \\x1b[31mred\\u202e\\r\\n=HYPERLINK(1)",
    ]


def test_json_silences_lines(capsys: pytest.CaptureFixture[str]) -> None:
    common.give(json=True)
    output.say("for people")
    output.table(("a",), [("b",)])
    output.facts({"text": HOSTILE})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "for people" not in out
    assert "\x1b" not in out


@pytest.mark.parametrize("terminal", [True, False])
def test_living_line_at_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    live = output.Live()
    live.show("psa: 1,200 contacts")
    live.end()
    assert ("psa: 1,200 contacts" in capsys.readouterr().err) is terminal
