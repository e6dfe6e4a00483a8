"""Whatever a person does to the example, the outcome is a Config or a ConfigError with places that exist."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector import config
from connector.errors import ConfigError

from .conftest import ENVIRON, ROOT, Load

EXAMPLE = (ROOT / "config" / "example.yaml").read_text(encoding="utf-8")
FULL = (ROOT / "config" / "full.yaml").read_text(encoding="utf-8").replace("${file:secrets/smtp-password}", "hush")
PIECES = [
    "[", "]", "{", "}", ":", "- ", "\n", "  ", "#", "&a ", "*a", "!!int ", "? ", "|", ">", "'", '"', "${", "}", "~",
    "null", "[]", "{}", "0", "-1", "1e999", ".nan", "true", "9" * 30, "\t", "\x00", "%", "@", "é", "\ud83d", "<<: ",
    "0x", "2026-01-01", "'': x", "{{", "{% for x in y %}", "member:", "a" * 300, "\\", "1_0", "---\n", "...\n",
]  # fmt: skip
_quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _holds(text: str, load: Load) -> None:
    text = text.encode("utf-8", "replace").decode("utf-8")
    try:
        loaded = load(text)
    except ConfigError as error:
        lines = text.count("\n") + 2
        if not error.problems:
            raise AssertionError("a ConfigError without a problem") from error
        for problem in error.problems:
            assert 0 <= problem.line <= lines, problem
            assert problem.message
            assert "pydantic" not in str(problem).lower(), problem
            assert "https://errors" not in str(problem), problem
            for secret in ENVIRON.values():
                assert secret not in str(problem)
    else:
        assert config.restore(loaded.redacted()).fingerprint == loaded.fingerprint


@_quick
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4), which=st.sampled_from([EXAMPLE, FULL]))
def test_text_changed_at_random(load: Load, seed: int, count: int, which: str) -> None:
    chance, text = random.Random(seed), which
    for _ in range(count):
        at, length = chance.randrange(len(text)), chance.choice([0, 0, 1, 1, 2, 5, 20, 200])
        text = text[:at] + chance.choice([*PIECES, "", "", text[at : at + length] * 2]) + text[at + length :]
    _holds(text, load)


@_quick
@given(seed=st.integers(0, 2**32), which=st.sampled_from([EXAMPLE, FULL]))
def test_lines_moved_doubled_and_lost(load: Load, seed: int, which: str) -> None:
    chance, lines = random.Random(seed), which.splitlines()
    for _ in range(chance.randint(1, 3)):
        at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                lines[at], lines[to] = lines[to], lines[at]
            case 1:
                lines.insert(to, lines[at])
            case 2:
                del lines[at]
            case _:
                lines[at] = chance.choice([lines[at].lstrip(), f"  {lines[at]}", lines[at].partition(":")[0] + ":"])
    _holds("\n".join(lines), load)


@_quick
@given(seed=st.integers(0, 2**32), which=st.sampled_from([EXAMPLE, FULL]))
def test_values_replaced_by_values_of_another_kind(load: Load, seed: int, which: str) -> None:
    chance, lines = random.Random(seed), which.splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.choice([at for at, line in enumerate(lines) if ": " in line.partition("#")[0]])
        key = lines[at].partition(": ")[0]
        value = chance.choice(
            ["", "~", "[]", "{}", "[[]]", "{a: b}", "0", "-1", "1.5", "true", "text", "''", "[1, a]", "9e9"]
        )
        lines[at] = f"{key}: {value}"
    _holds("\n".join(lines), load)


@_quick
@given(text=st.text(max_size=200))
def test_any_text_at_all(load: Load, text: str) -> None:
    _holds(text, load)
